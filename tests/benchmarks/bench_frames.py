"""How good the frame classifier is on coded corpora, beside plain TF-IDF.

    python -m tests.benchmarks.bench_frames [--parts coded unseen values comments cascade speed]
        [--models tfidf pieces base embed] [--repeats 5] [--kept FOLDER] [--write]

Every model, its penalties and thresholds included, is fitted without the posts it is judged on.
`tfidf` is a logistic regression of scikit-learn on words with the same rule for thresholds;
`pieces` the classifier without vectors of words, `base` with them, `embed` with MiniLM's vectors of
whole posts too (the extra). `--write` puts what was printed into docs/benchmarks.md.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from threadpoolctl import threadpool_limits

from analysis.frames.cascade import FrameCascade
from analysis.frames.classifier import FrameClassifier, best_threshold
from analysis.frames.evaluation import OutOfSample, cross_validate, evaluate
from analysis.frames.features import FrameFeatures
from tests.benchmarks import frames_corpora as corpora
from tests.benchmarks.frames_corpora import Corpus, Rows
from tests.benchmarks.page_sections import write_section

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
HEADING = "## Frames"
MODELS = ("tfidf", "pieces", "base", "embed")
Measured = dict[str, dict[str, Any]]


class PlainTfidf:
    """One logistic regression a label on TF-IDF of words, in the interface of the classifier."""

    def fit(self, counts: csr_array, values: NDArray[np.float64], words: Sequence[str]) -> Any:
        """Learn from the majority; thresholds by expected F1 of five folds."""
        self.weighting = FrameFeatures().word_weighting().fit(counts, words)
        features = self.weighting.transform(counts, words)
        folds = np.random.default_rng(0).permutation(len(values)) % 5
        self.models, self.thresholds = [], []
        for column in (values > 0.5).T:
            inside = np.full(len(values), column.mean())
            for fold in range(5):
                rest = folds != fold
                if column[rest].any():
                    model = self._model().fit(features[rest], column[rest])
                    inside[~rest] = model.predict_proba(features[~rest])[:, 1]
            self.models.append(self._model().fit(features, column) if column.any() else None)
            self.thresholds.append(best_threshold(inside))
        return self

    def say(self, counts: csr_array, words: Sequence[str]) -> OutOfSample:
        """Return probabilities, and which reach the threshold."""
        features = self.weighting.transform(counts, words)
        p = np.column_stack(
            [
                np.zeros(counts.shape[0]) if m is None else m.predict_proba(features)[:, 1]
                for m in self.models
            ]
        )
        return OutOfSample(p, p >= np.array(self.thresholds))

    def _model(self) -> Any:
        return LogisticRegression(C=10.0, solver="liblinear")


class Bench:
    """Models over corpora; vectors are made once."""

    def __init__(self, kept: Path) -> None:
        self.kept = kept
        self.vectors = cache(self._vectors)

    def _vectors(self, model: str, corpus_name: str) -> dict[str, Any]:
        corpus = self.corpus_of[corpus_name]
        words = corpus.word_vectors() if model in ("base", "embed") else None
        posts = corpus.post_vectors(self.kept) if model == "embed" else None
        return {"word_vectors": words, "post_vectors": posts}

    corpus_of: dict[str, Corpus] = {}  # noqa: RUF012 # filled as corpora are read

    def crossed(self, model: str, corpus: Corpus, folds: Rows, seed: int = 0) -> OutOfSample:
        """Return what models say of each post that were fitted without its fold."""
        self.corpus_of[corpus.name] = corpus
        if model != "tfidf":
            return cross_validate(
                FrameClassifier(random_state=seed),
                corpus.words.counts,
                corpus.values,
                corpus.words.words,
                folds=folds,
                **self.vectors(model, corpus.name),
            )
        p, said = np.zeros(corpus.values.shape), np.zeros(corpus.values.shape, dtype=bool)
        for fold in np.unique(folds):
            held, rest = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
            p[held], said[held] = self.split(model, corpus, rest, held)
        return OutOfSample(p, said)

    def split(self, model: str, corpus: Corpus, train: Rows, test: Rows) -> OutOfSample:
        """Return what a model says of the test that was fitted to the training texts."""
        self.corpus_of[corpus.name] = corpus
        counts, words = corpus.words.counts, corpus.words.words
        if model == "tfidf":
            plain = PlainTfidf().fit(counts[train], corpus.values[train], words)
            return plain.say(counts[test], words)
        given = self.vectors(model, corpus.name)
        posts = given["post_vectors"]
        seen, unseen = (
            {**given, "post_vectors": None if posts is None else posts[rows]}
            for rows in (train, test)
        )
        fitted = FrameClassifier().fit(counts[train], corpus.values[train], words, **seen)
        p = fitted.predict_proba(counts[test], words, **unseen)
        return OutOfSample(p, fitted.expressed(p))


def measured(found: OutOfSample, values: Any, labels: Sequence[str]) -> Measured:
    """Return value, lower and upper by measure and label."""
    rows: Measured = {}
    for row in evaluate(found, values, labels, version="").to_pylist():
        rows.setdefault(row["measure"], {})[row["frame"]] = row
    return rows


def coded(bench: Bench, models: Sequence[str], repeats: int) -> Iterator[str]:
    """Five folds of the 1,300 posts, several times over: means over the repetitions."""
    corpus = corpora.coded_posts()
    n = len(corpus.values)
    yield f"{n:,} coded posts, {repeats} times five folds: macro-F1 of each time, mean (SD)."
    yield ""
    yield "| model | macro-F1 | average precision | Brier skill | calibration error |"
    yield "|---|---|---|---|---|"
    by_model = {}
    for model in models:
        runs = []
        for seed in range(repeats):
            folds = np.random.default_rng(seed).permutation(n) % 5
            runs.append(
                measured(bench.crossed(model, corpus, folds, seed), corpus.values, corpus.labels)
            )
        by_model[model] = runs
        yield f"| {model} | " + " | ".join(_mean_sd(runs, name) for name in _NAMES) + " |"
    yield ""
    yield "By frame: F1, average precision; Brier skill with its 95 % interval over posts."
    yield ""
    yield "| frame | " + " | ".join(models) + " | Brier skill of the last |"
    yield "|---" * (len(models) + 2) + "|"
    for label in corpus.labels:
        cells = [
            f"{_mean(by_model[m], 'f1', label):.2f}, "
            f"{_mean(by_model[m], 'average_precision', label):.3f}"
            for m in models
        ]
        skill = by_model[models[-1]][0]["brier_skill"][label]
        last = f"{skill['value']:.2f} ({skill['lower']:.2f} to {skill['upper']:.2f})"
        yield f"| {label} | " + " | ".join(cells) + f" | {last} |"


_NAMES = ("f1", "average_precision", "brier_skill", "expected_calibration_error")


def _mean(runs: Sequence[Measured], name: str, label: str) -> float:
    return float(np.mean([run[name][label]["value"] for run in runs]))


def _mean_sd(runs: Sequence[Measured], name: str) -> str:
    numbers = [run[name]["all"]["value"] for run in runs]
    return f"{np.mean(numbers):.3f} ({np.std(numbers):.3f})"


def unseen(bench: Bench, models: Sequence[str], _: int) -> Iterator[str]:
    """Folds that keep whole communities, or whole years, out of training."""
    corpus = corpora.coded_posts()
    yield "Communities, and years, that no model saw: macro-F1 (mean average precision)."
    yield ""
    strata = corpora.strata_of_coded_posts()
    yield "| model | " + " | ".join(f"by {name}" for name in strata) + " |"
    yield "|---" * (len(strata) + 1) + "|"
    for model in models:
        cells = []
        for keys in strata.values():
            among = np.random.default_rng(0).permutation(keys.max() + 1)[keys] % 5
            found = measured(bench.crossed(model, corpus, among), corpus.values, corpus.labels)
            f1, precision = (found[name]["all"]["value"] for name in _NAMES[:2])
            cells.append(f"{f1:.3f} ({precision:.3f})")
        yield f"| {model} | " + " | ".join(cells) + " |"


def values(bench: Bench, models: Sequence[str], _: int) -> Iterator[str]:
    """Touché ValueEval'23, official training and test texts."""
    yield from _split(bench, models, *corpora.arguments())


def comments(bench: Bench, models: Sequence[str], _: int) -> Iterator[str]:
    """Comments of NHS service users by theme."""
    yield from _split(bench, models, *corpora.comments())


def _split(
    bench: Bench, models: Sequence[str], corpus: Corpus, train: Rows, test: Rows
) -> Iterator[str]:
    learned = f"{len(train):,} texts to learn {len(corpus.labels)} labels"
    yield f"{corpus.name}: {learned}, {len(test):,} to test."
    yield ""
    yield "| model | micro-F1 | macro-F1 | CPU s |"
    yield "|---|---|---|---|"
    true = corpus.values[test] > 0.5
    for model in models:
        started = process_time()
        said = bench.split(model, corpus, train, test).expressed
        micro, macro = (
            f1_score(true, said, average=a, zero_division=0) for a in ("micro", "macro")
        )
        yield f"| {model} | {micro:.3f} | {macro:.3f} | {process_time() - started:.0f} |"


def speed(bench: Bench, models: Sequence[str], _: int) -> Iterator[str]:
    """Posts scored in a CPU second, from counts of words, vectors of words included."""
    corpus = corpora.coded_posts()
    counts, words = corpus.words.counts, corpus.words.words
    many = np.arange(20_000) % len(corpus.values)
    yield "Posts scored in a CPU second, from counts of words; vectors of words are made in it."
    yield ""
    for model in [model for model in models if model in ("pieces", "base")]:
        bench.corpus_of[corpus.name] = corpus
        fitted = FrameClassifier().fit(
            counts, corpus.values, words, **bench.vectors(model, "coded")
        )
        started = process_time()
        vectors = corpus.word_vectors() if model == "base" else None
        fitted.predict_proba(counts[many], words, word_vectors=vectors)
        yield f"{model}: {len(many) / (process_time() - started):,.0f}"


def cascade(bench: Bench, _models: Sequence[str], _: int) -> Iterator[str]:
    """MiniLM's vectors for the doubtful posts alone: five folds of the 1,300."""
    corpus = corpora.coded_posts()
    bench.corpus_of[corpus.name] = corpus
    given = bench.vectors("embed", corpus.name)
    static, vectors = given["word_vectors"], given["post_vectors"]
    counts, words, values = corpus.words.counts, corpus.words.words, corpus.values
    folds = np.random.default_rng(0).permutation(len(values)) % 5
    p = {share: np.zeros(values.shape) for share in SHARES}
    said = {share: np.zeros(values.shape, dtype=bool) for share in SHARES}
    seen = dict.fromkeys(SHARES, 0)
    for fold in range(5):
        held, rest = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        model = FrameCascade().fit(
            counts[rest], values[rest], words, word_vectors=static, post_vectors=vectors[rest]
        )
        distances = model._distances(model.cheap_.cross_fitted_)
        for share in SHARES:
            model.band_ = float(np.quantile(distances, share))
            found = model.score(
                counts[held],
                words,
                word_vectors=static,
                vectors_of=lambda rows, held=held: vectors[held[rows]],
            )
            p[share][held], said[share][held] = found.probabilities, found.expressed
            seen[share] += int(found.dear.sum())
    yield "MiniLM for the doubtful posts alone, five folds of the coded posts."
    yield ""
    yield "| wanted share | share of posts with MiniLM | macro-F1 | average precision |"
    yield "|---|---|---|---|"
    for share in SHARES:
        rows = measured(OutOfSample(p[share], said[share]), values, corpus.labels)
        f1, precision = (rows[name]["all"]["value"] for name in _NAMES[:2])
        yield f"| {share} | {seen[share] / len(values):.2f} | {f1:.3f} | {precision:.3f} |"


SHARES = (0.0, 0.1, 0.3, 0.5, 1.0)
PARTS: dict[str, Callable[[Bench, Sequence[str], int], Iterator[str]]] = {
    part.__name__: part for part in (coded, unseen, values, comments, cascade, speed)
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print every table, and write them where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=MODELS)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--kept", type=Path)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(arguments)
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as scratch, threadpool_limits(limits=1):
        bench = Bench(given.kept or Path(scratch))
        for part in given.parts:
            for line in PARTS[part](bench, given.models, given.repeats):
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
                lines.append(line)
            sys.stdout.write("\n")
            lines.append("")
    if given.write:
        write_section(PAGE, HEADING, ["    python -m tests.benchmarks.bench_frames", "", *lines])


if __name__ == "__main__":
    main()

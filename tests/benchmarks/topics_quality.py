"""What each step of weighing terms gives, what phrases give, and how many topics are chosen.

    python -m tests.benchmarks.topics_quality [--corpora NAME ...] [--seeds 3] [--peers] [--choose]

Every figure is a mean over starts: the model's own and random ones. The parameters of the steps
were chosen on the papers of M10 and on the archive of communities; the news and the papers of DBLP
were read with them as they are. `--peers` also asks others for twenty topics of the papers, where
`bench_topics` asks for as many as there are labels; tomotopy is installed into an environment of
its own, and left out with a line that says so where that fails. `--choose` prints the curves by
which a number of topics is chosen. Figures alone are printed, no text and no term.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scipy.sparse import csr_array

from analysis.topics.choose import choose_k
from analysis.topics.evaluation import fit_from, summarise, topic_quality
from analysis.topics.model import TopicModel, leading_topics
from analysis.topics.reading.labels import topic_terms
from analysis.topics.terms.phrases import Phrases, find_phrases, merge_phrases
from analysis.topics.terms.topic_terms import TopicTerms
from analysis.vectorise import document_term_counts
from flows.topics.corpus_file import CorpusFile, read_corpus_file
from tests.benchmarks.bench_topics import LIGHT, compare
from tests.benchmarks.topics_corpora import CORPORA, DATA, Described, prepare

TWENTY = 20
PAPERS = ("DBLP", "M10")
KS = (5, 10, 15, 20, 30, 40)
LEAST = (0.5, 0.4, 0.3)
_WHOLE: dict[str, Any] = {
    "sublinear": False,
    "background": False,
    "strongest": 10**6,
    "related": 0.0,
}
STEPS: Mapping[str, dict[str, Any]] = {
    "whole rows": _WHOLE,
    "cut to the 20 strongest": _WHOLE | {"strongest": 20},
    "logarithm of counts": _WHOLE | {"strongest": 20, "sublinear": True},
    "background weighs less": {"related": 0.0},
    "spread onto related terms": {},
}
_HEADER = (
    "| corpus | terms | CPU s | NPMI | diversity | NPMI x diversity | AMI |",
    "|---" * 7 + "|",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", nargs="*", default=[corpus.name for corpus in CORPORA])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--choose", action="store_true")
    given = parser.parse_args(arguments)
    chosen = [c for c in CORPORA if c.name in given.corpora and (DATA / c.file).exists()]
    if not chosen:
        _tell(f"no corpus of {', '.join(given.corpora)} is under {DATA}; nothing is measured")
        return
    _tell(*_HEADER)
    for described in chosen:
        corpus = read_corpus_file(DATA / described.file, text=described.text, label=described.label)
        for line in _steps(described, corpus, given.seeds):
            _tell(line)
        if described.name not in PAPERS:
            for line in _with_phrases(described, corpus, given.seeds):
                _tell(line)
    if given.choose:
        _choices(chosen)
    if given.peers:
        _peers([c for c in chosen if c.name in PAPERS], given.seeds)


def _steps(described: Described, corpus: CorpusFile, seeds: int) -> Iterator[str]:
    counts, words = corpus.terms()
    labels = corpus.labels or []
    for name, options in STEPS.items():
        yield _line(described, name, counts, words, labels, options=options, seeds=seeds)
    if described.name in PAPERS and described.k != TWENTY:
        twenty = replace(described, k=TWENTY)
        for name in ("whole rows", "spread onto related terms"):
            yield _line(twenty, name, counts, words, labels, options=STEPS[name], seeds=seeds)


def _with_phrases(described: Described, corpus: CorpusFile, seeds: int) -> Iterator[str]:
    """Yield a line for each bar that phrases have to pass; terms are judged as they are counted."""
    began = time.process_time()
    stream = corpus.token_posts, corpus.token_words, corpus.words
    found = find_phrases(*stream, least=min(LEAST))
    spent = time.process_time() - began
    for least in LEAST:
        n = sum(score >= least for score in found.scores)
        phrases = Phrases(found.words[:n], found.scores[:n], found.n_posts[:n])
        merged = merge_phrases(*stream, phrases)
        terms = document_term_counts(range(corpus.n_posts), merged.posts, merged.words)
        words = [merged.texts[word] for word in terms.word_ids.tolist()]
        name = f"and {n} phrases from {least} on, found in {spent:.1f} CPU s"
        labels = corpus.labels or []
        yield _line(described, name, terms.counts, words, labels, options={}, seeds=seeds)


def _line(
    described: Described,
    name: str,
    counts: csr_array,
    words: Sequence[str],
    labels: Sequence[str | None],
    *,
    options: Mapping[str, Any],
    seeds: int,
) -> str:
    spent, fits = 0.0, []
    for seed in range(seeds):
        model = TopicModel(n_topics=described.k, terms=TopicTerms(**options))
        began = time.process_time()
        fitted = fit_from(model, seed, counts=counts, words=words)
        spent += time.process_time() - began
        listing = topic_terms(fitted.components_, fitted.vocabulary_)
        leading = leading_topics(fitted.transform(counts, words))
        fits.append(topic_quality(listing, leading, counts=counts, words=words, labels=labels))
    mean = {measure: spread.mean for measure, spread in summarise(fits).items()}
    return (
        f"| {described.name}, k={described.k} | {name} | {spent / seeds:.1f} | {mean['npmi']:.3f} |"
        f" {mean['diversity']:.3f} | {mean['npmi_x_diversity']:.3f} | {mean['ami']:.3f} |"
    )


def _choices(corpora: Sequence[Described]) -> None:
    for described in corpora:
        corpus = read_corpus_file(DATA / described.file, text=described.text, label=described.label)
        began = time.process_time()
        found = choose_k(*corpus.terms(), ks=KS)
        _tell(
            "",
            f"{described.name}: {found.reason} ({time.process_time() - began:.0f} CPU s)",
            "",
            "| " + " | ".join(found.table.column_names) + " |",
            "|---" * found.table.num_columns + "|",
        )
        for row in found.table.to_pylist():
            figures = [f"{value:.3f}" for name, value in row.items() if name != "k"]
            _tell("| " + " | ".join([str(row["k"]), *figures]) + " |")


def _peers(corpora: Sequence[Described], seeds: int) -> None:
    _tell("", "Twenty topics of the papers, beside others:", "")
    with tempfile.TemporaryDirectory() as scratch:
        for described in corpora:
            folder = Path(scratch) / described.name
            folder.mkdir()
            prepared = prepare(replace(described, k=TWENTY), folder)
            for row in compare(prepared, LIGHT, seeds=seeds, kept=folder):
                _tell(row.markdown())


def _tell(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

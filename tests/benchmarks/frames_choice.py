"""How the weights of the classifier's blocks of features were fixed: on other corpora.

    python -m tests.benchmarks.frames_choice [--kept FOLDER] [--embed]

Each setting is fitted to 1,000 texts of Touché's training split and judged on 1,000 of its
validation split, and likewise within the training comments of the NHS; neither the coded posts nor
a test split is touched.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, f1_score
from threadpoolctl import threadpool_limits

from analysis.frames.classifier import FrameClassifier
from tests.benchmarks import frames_corpora as corpora
from tests.benchmarks.frames_corpora import Corpus, Rows

SAMPLE = 1_000
STATIC = (0.0, 0.5, 1.0, 2.0)
POST = (1.0, 2.0, 4.0)


def parts() -> Iterator[tuple[Corpus, Rows, Rows]]:
    """Yield each corpus, with texts to learn from and texts to choose by."""
    draw = np.random.default_rng(1)
    for read in (corpora.arguments_to_choose_by, corpora.comments):
        corpus, train, held = read()
        if read is corpora.comments:
            train, held = np.array_split(draw.permutation(train), 2)
        rows = (draw.permutation(some)[:SAMPLE] for some in (train, held))
        yield (corpora.sample(corpus, *rows))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print macro-F1 and mean average precision of each setting on each corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kept", type=Path)
    parser.add_argument("--embed", action="store_true")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch, threadpool_limits(limits=1):
        for corpus, train, held in parts():
            posts = corpus.post_vectors(given.kept or Path(scratch)) if given.embed else None
            vectors = corpus.word_vectors()
            tried = (
                [(s, p) for s in STATIC for p in POST] if given.embed else [(s, 0) for s in STATIC]
            )
            for static, post in tried:
                model = FrameClassifier(static_weight=static, post_weight=post)
                seen, unseen = (
                    {
                        "word_vectors": vectors,
                        "post_vectors": None if posts is None else posts[rows],
                    }
                    for rows in (train, held)
                )
                counts, words = corpus.words.counts, corpus.words.words
                model.fit(counts[train], corpus.values[train], words, **seen)
                p = model.predict_proba(counts[held], words, **unseen)
                true = corpus.values[held] > 0.5
                known = true.any(axis=0)
                f1 = f1_score(true, model.expressed(p), average="macro", zero_division=0)
                ap = average_precision_score(true[:, known], p[:, known])
                said = f"{corpus.name} static {static} post {post}: F1 {f1:.3f} AP {ap:.3f}\n"
                sys.stdout.write(said)
                sys.stdout.flush()


if __name__ == "__main__":
    main()

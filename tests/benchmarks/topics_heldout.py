"""Do the terms of topics go together in posts that the model never saw?

    python -m tests.benchmarks.topics_heldout [--corpora NAME ...]

The model spreads posts onto terms that go together in the same posts, and coherence is measured by
terms that go together: so it is measured again where that cannot help. Each corpus is halved at
random; topics are found in one half and their terms judged in both. Beside it scikit-learn's NMF.
Prints figures alone.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.sparse import csr_array
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import TfidfTransformer
from threadpoolctl import threadpool_limits

from analysis.topics.evaluation import fit_from
from analysis.topics.quality import npmi_coherence
from analysis.topics.reading.labels import topic_terms
from analysis.vectorise import TermWeighting, align_columns
from flows.topics.evaluate import Settings, new_model
from tests.benchmarks.topics_corpora import CORPORA, Prepared, prepare

SPLITS = 5
Listing = list[list[str]]
Fit = Callable[[csr_array, Sequence[str], int], Listing]


def ours(counts: csr_array, words: Sequence[str], k: int) -> Listing:
    """Return the terms of our topics."""
    model = fit_from(new_model(Settings(k=k)), 0, counts=counts, words=words)
    return topic_terms(model.components_, model.vocabulary_)


def plain_nmf(counts: csr_array, words: Sequence[str], k: int) -> Listing:
    """Return the terms of scikit-learn's NMF of TF-IDF."""
    names = TermWeighting().fit(counts, words).vocabulary_
    weights = TfidfTransformer().fit_transform(align_columns(counts, words, names))
    model = NMF(k, init="nndsvda", max_iter=400, random_state=0).fit(weights)
    return topic_terms(model.components_, names)


def halves(prepared: Prepared, seed: int) -> tuple[csr_array, csr_array]:
    """Return two halves of the posts, the same ones for each seed."""
    order = np.random.default_rng(seed).permutation(prepared.n_posts)
    middle = len(order) // 2
    return tuple(prepared.counts[np.sort(part)] for part in (order[:middle], order[middle:]))


def judged(prepared: Prepared, fit: Fit) -> tuple[float, float]:
    """Return the mean coherence over splits in the half that was fitted, and in the other."""
    found = []
    for seed in range(SPLITS):
        fitted, unseen = halves(prepared, seed)
        listing = fit(fitted, prepared.words, prepared.described.k)
        found.append(
            [npmi_coherence(listing, half, prepared.words).mean() for half in (fitted, unseen)]
        )
    same, other = np.mean(found, axis=0)
    return float(same), float(other)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", nargs="*", default=[corpus.name for corpus in CORPORA])
    given = parser.parse_args(arguments)
    sys.stdout.write("| corpus | model | NPMI where fitted | NPMI elsewhere |\n|---|---|---|---|\n")
    with TemporaryDirectory() as folder, threadpool_limits(limits=1):
        for described in (corpus for corpus in CORPORA if corpus.name in given.corpora):
            prepared = prepare(described, Path(folder))
            for name, fit in (("valuetalk", ours), ("sklearn NMF", plain_nmf)):
                same, other = judged(prepared, fit)
                row = f"| {described.name} | {name} | {same:.3f} | {other:.3f} |\n"
                sys.stdout.write(row)
                sys.stdout.flush()


if __name__ == "__main__":
    main()

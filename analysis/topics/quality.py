"""How good topics are: whether their terms go together in posts, and how much they differ."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.vectorise import align_columns

Floats = NDArray[np.float64]


def npmi_coherence(
    topic_terms: Sequence[Sequence[str]], counts: csr_array, words: Sequence[str]
) -> Floats:
    """Return each topic's mean normalised pointwise mutual information over pairs of its terms.

    Two terms go together where they occur in the same post; a pair that never does counts -1
    (Bouma 2009; Lau, Newman and Baldwin 2014). NaN for a topic with less than two terms.
    """
    terms = sorted({term for topic in topic_terms for term in topic})
    present = align_columns(counts, words, terms)
    present.data = (present.data > 0).astype(np.float64)
    together = np.asarray((present.T @ present).todense(), dtype=np.float64) / counts.shape[0]
    column = {term: number for number, term in enumerate(terms)}
    scores = _npmi(together)
    coherence = []
    for topic in topic_terms:
        members = [column[term] for term in topic]
        pairs = scores[np.ix_(members, members)][np.triu_indices(len(members), k=1)]
        coherence.append(pairs.mean() if len(pairs) else np.nan)
    return np.array(coherence, dtype=np.float64)


def _npmi(together: Floats) -> Floats:
    """Return the NPMI of every pair from the shares of posts that hold both."""
    alone = np.diag(together)
    never, always = together <= 0, together >= 1
    open_share = np.where(never | always, 0.5, together)
    expected = np.where(never | always, 1.0, np.outer(alone, alone))
    scores = np.log(open_share / expected) / -np.log(open_share)
    return np.where(never, -1.0, np.where(always, 1.0, scores))


def topic_diversity(topic_terms: Sequence[Sequence[str]]) -> float:
    """Return the share of all listed terms that are different; NaN without any term."""
    listed = [term for topic in topic_terms for term in topic]
    return len(set(listed)) / len(listed) if listed else float("nan")

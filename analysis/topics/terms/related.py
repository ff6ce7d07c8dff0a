"""Which terms go together, and how a post's row is spread onto the terms that go with its own.

A short post names one or two of a theme's words and leaves the others out, so that a factorisation
of its plain row finds topics of one word each. Spread onto what goes with them elsewhere, the row
says more (Viegas and others 2019, with embeddings; Shi and others 2018, with co-occurrence, which
is what is counted here).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array, vstack

from analysis.vectorise import strongest_terms

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

TERMS_AT_ONCE = 2_000
"""Terms whose neighbours are counted together, which bounds the memory that it takes."""
POSTS_AT_ONCE = 8_000
"""Posts whose rows are spread together, for the same reason."""
_ALWAYS = 0.999


def related_terms(
    weights: csr_array, *, n: int = 30, least: float = 0.1, min_posts: int = 3
) -> csr_array:
    """Return how strongly each term goes with its nearest others: (n_terms, n_terms), NPMI.

    Two terms go together where both weigh in the same post. The measure is normalised pointwise
    mutual information (Bouma 2009): 0 where they meet as often as by chance, 1 where always.

    Parameters
    ----------
    weights : (n_posts, n_terms)
        Rows cut to each post's strongest terms, which bounds what long posts cost.
    n : int
        Others kept of each term, the nearest; of equal ones the leftmost.
    least : float
        Pairs under it are not related.
    min_posts : int
        Pairs that meet in fewer posts are not related either.
    """
    present = csr_array((np.ones(weights.nnz), weights.indices, weights.indptr), weights.shape)
    by_term = csr_array(present.T)
    parts = []
    for start in range(0, weights.shape[1], TERMS_AT_ONCE):
        together = csr_array(by_term[start : start + TERMS_AT_ONCE] @ present)
        rows, columns, npmi = _associations(together, by_term, start=start, min_posts=min_posts)
        kept = _nearest(rows, columns, npmi, n=n) & (npmi >= least)
        parts.append(csr_array((npmi[kept], (rows[kept], columns[kept])), shape=together.shape))
    return csr_array(vstack(parts, format="csr")) if parts else csr_array((0, 0))


def _associations(
    together: csr_array, by_term: csr_array, *, start: int, min_posts: int
) -> tuple[Integers, Integers, Floats]:
    """Return the pairs of some terms, the first of them `start`, that meet often enough."""
    n_posts, n_with = by_term.shape[1], np.diff(by_term.indptr).astype(np.float64)
    rows = np.repeat(np.arange(together.shape[0]), np.diff(together.indptr))
    wanted = (rows + start != together.indices) & (together.data >= min_posts)
    rows, columns, both = rows[wanted], together.indices[wanted], together.data[wanted]
    expected = n_with[rows + start] * n_with[columns] / n_posts
    npmi = np.log(both / expected) / -np.log(np.minimum(both / n_posts, _ALWAYS))
    return rows, columns, npmi


def _nearest(rows: Integers, columns: Integers, npmi: Floats, *, n: int) -> NDArray[np.bool_]:
    """Tell which pairs are among the `n` greatest of their row."""
    order = np.lexsort((columns, -npmi, rows))
    begins = np.searchsorted(rows[order], rows[order])
    near = np.empty(len(order), dtype=np.bool_)
    near[order] = np.arange(len(order)) - begins < n
    return near


def spread_rows(
    weights: csr_array, related: csr_array, *, share: float, n: int, favour: Floats | None = None
) -> csr_array:
    """Return rows of length one, spread onto related terms and cut to their `n` strongest.

    Each term hands `share` times its weight times its association to each of its related terms.

    Parameters
    ----------
    favour : (n_terms,) floats, optional
        What goes from one term to another is multiplied by the favour of the other over its own.
    """
    if not weights.shape[0]:
        return weights
    handed = csr_array(share * related)
    if favour is not None:
        given = np.repeat(1 / favour, np.diff(handed.indptr))
        handed.data = given * handed.data * favour[handed.indices]
    moves = csr_array(eye_array(related.shape[0], format="csr") + handed)
    parts = [
        strongest_terms(csr_array(weights[start : start + POSTS_AT_ONCE] @ moves), n=n)
        for start in range(0, weights.shape[0], POSTS_AT_ONCE)
    ]
    return parts[0] if len(parts) == 1 else csr_array(vstack(parts, format="csr"))

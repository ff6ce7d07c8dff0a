"""Background vocabulary: words that stand in posts about anything, and so tell none apart.

*Feel*, *thanks* and *really* are everywhere in a forum, yet a stop list of them would take words
away that a study of value is about: *need*, *help*, *together*. So no word is taken out here. A
word weighs less the more the posts that have it are like all posts, as far as their other terms
show; measured in the posts themselves, once, and frozen with the model.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_SHARE = 0.01
LEAST_POSTS = 20
"""A word can be background only in at least this share of the posts and so many of them."""
FULL_WEIGHT = 0.75
"""The quantile of distinctness, among words that can be background, from which on none is."""
LEAST_WEIGHT = 0.2
"""What a word keeps of its weight however evenly it is spread."""
TERMS_AT_ONCE = 500


def background_weights(present: csr_array, strongest: csr_array) -> Floats:
    """Return what each term's weight is multiplied by, from `LEAST_WEIGHT` to 1.

    In proportion to the term's distinctness, and 1 from that of the `FULL_WEIGHT` quantile on; 1
    for a term of too few posts.

    Parameters
    ----------
    present : (n_posts, n_terms)
        Above zero where a post has a term.
    strongest : (n_posts, n_terms)
        Rows cut to each post's strongest terms, as they weigh without any background.
    """
    weights = np.ones(present.shape[1])
    n_with = np.bincount(present.indices[present.data > 0], minlength=present.shape[1])
    common = np.flatnonzero(n_with >= max(LEAST_SHARE * present.shape[0], LEAST_POSTS))
    if len(common):
        found = distinctness(present, strongest, common)
        full = float(np.quantile(found, FULL_WEIGHT))
        if full > 0:
            weights[common] = np.clip(found / full, LEAST_WEIGHT, 1.0)
    return weights


def distinctness(present: csr_array, strongest: csr_array, terms: Integers) -> Floats:
    """Return how unlike the posts with each of some terms are to all posts (n,), in nats.

    The Kullback-Leibler divergence of the other terms' shares in the weight of the posts with the
    term from their shares in the weight of all posts: 0 where a term says nothing of what else is
    in a post.
    """
    whole = np.asarray(strongest.sum(axis=0), dtype=np.float64).ravel()
    by_term = csr_array(
        (present.data > 0, present.indices, present.indptr), present.shape
    ).T.tocsr()
    found = np.zeros(len(terms))
    for start in range(0, len(terms), TERMS_AT_ONCE):
        chosen = terms[start : start + TERMS_AT_ONCE]
        around = csr_array(by_term[chosen] @ strongest).tocoo()
        rows, columns, weight = around.row, around.col, around.data
        other = (columns != chosen[rows]) & (weight > 0)
        rows, columns, weight = rows[other], columns[other], weight[other]
        here = weight / np.bincount(rows, weight, minlength=len(chosen))[rows]
        everywhere = whole[columns] / (whole.sum() - whole[chosen[rows]])
        found[start : start + TERMS_AT_ONCE] = np.bincount(
            rows, here * np.log(here / everywhere), minlength=len(chosen)
        )
    return np.maximum(found, 0.0)

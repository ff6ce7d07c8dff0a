"""What a topic model does not explain: which posts, where and when, and in which words.

A model gives every post that shares a term with it some topic. How much of the post that explains
is another question: `explained_share` answers it for each post, and a post of which next to
nothing is explained is not forced into a topic. Where such posts gather, something is talked about
for which the model has no topic.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from analysis.corpus.keyness import keyness

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

LEAST_EXPLAINED = 0.0025
"""Share of a post under which no topic leads it: a cosine of .05 with what topics make of it."""
BADLY_EXPLAINED = 0.01
"""Share of a post under which it counts as badly explained: a cosine of .1."""
LEAST_POSTS = 10
"""Posts, and authors where they are known, that a cell needs for its figures."""
LEAST_COUNTED = 8
"""Badly explained posts from which on a cell tells how many it has; none may be told too."""
LEAST_POSTS_WITH_WORD = 10


def explained_share(terms: csr_array, components: Floats, loadings: Floats) -> Floats:
    """Return which share of each post the topics explain, from 0 to 1.

    1 - |x - wH|² / |x|² for the row x of a post and its loadings w on the basis H: the square of
    the cosine between the post and its best approximation. 0 for a post without a term.

    Parameters
    ----------
    terms : (n, n_terms) sparse weights
    components : (n_topics, n_terms) floats
    loadings : (n, n_topics) floats
        As they come from least squares, not divided by their sum.
    """
    length = np.asarray(terms.multiply(terms).sum(axis=1)).ravel()
    along = np.einsum("ij,ij->i", np.asarray(terms @ components.T), loadings)
    approximated = np.einsum("ij,ij->i", loadings @ (components @ components.T), loadings)
    explained = np.zeros_like(length)
    np.divide(2 * along - approximated, length, out=explained, where=length > 0)
    return np.clip(explained, 0.0, 1.0)


def leading_where_explained(
    leading: ArrayLike, explained: ArrayLike, *, least: float = LEAST_EXPLAINED
) -> Integers:
    """Return each post's leading topic, -1 where less than `least` of the post is explained."""
    topics = np.asarray(leading, dtype=np.int64)
    return np.where(np.asarray(explained, dtype=np.float64) >= least, topics, -1)


def badly_explained_shares(
    badly: ArrayLike,
    *,
    community: ArrayLike,
    period: ArrayLike,
    author: ArrayLike | None = None,
) -> pa.Table:
    """Return how many posts of each community and period are badly explained.

    Parameters
    ----------
    badly : (n,) booleans
    community, period : (n,) integers
    author : (n,) integers, optional
        Negative where unknown; unknown authors count as none.

    Returns
    -------
    pa.Table
        Columns community, period, n_posts, n_badly, share. The last two are null where fewer than
        ten posts, or known authors, stand behind them, or where 1 to 7 posts are badly explained;
        n_posts too where the authors are too few.
    """
    flags = np.asarray(badly, dtype=np.bool_)
    cells = np.stack([np.asarray(community), np.asarray(period)], axis=1).astype(np.int64)
    keys, cell = np.unique(cells.reshape(-1, 2), axis=0, return_inverse=True)
    cell = cell.reshape(-1)
    n_posts = np.bincount(cell, minlength=len(keys))
    n_badly = np.bincount(cell[flags], minlength=len(keys))
    known = n_posts >= LEAST_POSTS
    peopled = np.ones(len(keys), dtype=np.bool_)
    if author is not None:
        peopled = _n_authors(cell, np.asarray(author, dtype=np.int64), len(keys)) >= LEAST_POSTS
    told = known & peopled & ((n_badly == 0) | (n_badly >= LEAST_COUNTED))
    return pa.table(
        {
            "community": keys[:, 0],
            "period": keys[:, 1],
            "n_posts": pa.array(n_posts, mask=~peopled),
            "n_badly": pa.array(n_badly, mask=~told),
            "share": pa.array(n_badly / np.maximum(n_posts, 1), mask=~told),
        }
    )


def _n_authors(cell: Integers, author: Integers, n_cells: int) -> Integers:
    named = author >= 0
    pairs = np.unique(np.stack([cell[named], author[named]], axis=1), axis=0)
    return np.bincount(pairs[:, 0], minlength=n_cells)


def words_of_posts(
    counts: csr_array,
    words: Sequence[str],
    chosen: ArrayLike,
    *,
    n: int = 20,
    least_posts: int = LEAST_POSTS_WITH_WORD,
) -> pa.Table:
    """Return the words that some posts use more than the others, the surest first.

    Surety is the log-likelihood of `analysis.corpus.keyness`, whose q-values take words as drawn
    one by one.

    Parameters
    ----------
    counts : (n, n_words) sparse counts, its columns named by `words`
    chosen : (n,) booleans
        The posts, such as those that are badly explained; the others are compared with.
    n : int
    least_posts : int
        Chosen posts that a word has to be in.

    Returns
    -------
    pa.Table
        Columns word, n_posts, n_posts_elsewhere, log_likelihood, log_ratio, q_value.
    """
    flags = np.asarray(chosen, dtype=np.bool_)
    sides = counts[flags], counts[~flags]
    n_words = [np.asarray(side.sum(axis=0), dtype=np.float64).ravel() for side in sides]
    n_posts = [np.bincount(side.indices, minlength=len(words)) for side in sides]
    found = keyness(
        n_words[0],
        n_words[1],
        size_target=float(n_words[0].sum()),
        size_reference=float(n_words[1].sum()),
        n_posts=(n_posts[0], n_posts[1]),
    )
    common = (n_posts[0] >= least_posts) & (found.log_ratio > 0)
    order = np.lexsort((np.arange(len(words)), -np.nan_to_num(found.log_likelihood)))
    listed = order[common[order]][:n]
    return pa.table(
        {
            "word": [words[column] for column in listed.tolist()],
            "n_posts": n_posts[0][listed],
            "n_posts_elsewhere": n_posts[1][listed],
            "log_likelihood": found.log_likelihood[listed],
            "log_ratio": found.log_ratio[listed],
            "q_value": found.q_value[listed],
        }
    )

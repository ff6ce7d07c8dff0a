"""Document-term matrices from integer tokens, and their weighting by TF-IDF.

Posts are rows, words are columns. Rows are in the order in which the caller names the posts; a
post without a token is a row of zeros. The vocabulary and the inverse document frequencies of a
`TermWeighting` are frozen when it is fitted, so that what a post weighs never depends on the posts
that come later; words are matched by their text, since a rebuilt index may number them anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csr_array
from sklearn.base import BaseEstimator

from analysis.stopwords import load_stopwords

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Label = TypeVar("Label", int, str)

_ROWS_AT_ONCE = 8_192
"""Rows ranked together: more would leave too few digits to tell weights apart."""
_ROWS_LAID_OUT = 256
"""Rows ranked side by side, each as long as the longest, which bounds the memory."""


@dataclass(frozen=True, slots=True)
class DocumentTerms:
    """How often each word occurs in each post.

    `counts` is (n_posts, n_words) in the order of `post_ids` and `word_ids`.
    """

    counts: csr_array
    post_ids: Integers
    word_ids: Integers


def document_term_counts(
    post_ids: ArrayLike, token_posts: ArrayLike, token_words: ArrayLike
) -> DocumentTerms:
    """Count the words of posts.

    Parameters
    ----------
    post_ids : (n_posts,) integers
        The rows, each post once, in any order.
    token_posts, token_words : (n_tokens,) integers
        Post and word of each token, in any order; tokens of other posts are left out.

    Raises
    ------
    ValueError
        Where a post is named twice, or the two token arrays differ in length.
    """
    posts = np.asarray(post_ids, dtype=np.int64)
    words = np.asarray(token_words, dtype=np.int64)
    rows = _rows_of(posts, np.asarray(token_posts, dtype=np.int64))
    if len(rows) != len(words):
        raise ValueError(f"{len(rows)} token posts and {len(words)} token words: give one of each")
    wanted = rows >= 0
    word_ids, columns = np.unique(words[wanted], return_inverse=True)
    return DocumentTerms(
        _count(rows[wanted], columns, (len(posts), len(word_ids))), posts, word_ids
    )


def _rows_of(post_ids: Integers, token_posts: Integers) -> Integers:
    """Return the row of each token's post, -1 where it is none of ours."""
    order = np.argsort(post_ids, kind="stable")
    ranked = post_ids[order]
    if len(ranked) > 1 and bool(np.any(ranked[1:] == ranked[:-1])):
        raise ValueError("a post is named twice in post_ids; name each post once")
    if not len(ranked):
        return np.full(len(token_posts), -1, dtype=np.int64)
    place = np.minimum(np.searchsorted(ranked, token_posts), len(ranked) - 1)
    return np.where(ranked[place] == token_posts, order[place], -1).astype(np.int64)


def _count(rows: Integers, columns: Integers, shape: tuple[int, int]) -> csr_array:
    # 32-bit indices: scikit-learn's solvers take no others.
    indices = (rows.astype(np.int32), columns.astype(np.int32))
    counts = csr_array(coo_array((np.ones(len(rows), dtype=np.float64), indices), shape=shape))
    counts.sum_duplicates()
    return counts


def align_columns(counts: csr_array, labels: Sequence[Label], onto: Sequence[Label]) -> csr_array:
    """Return `counts` over the columns `onto`: reordered, unknown ones dropped, missing ones zero.

    Raises
    ------
    ValueError
        Where the labels are not one for each column, or `onto` names a column twice.
    """
    if counts.shape[1] != len(labels):
        raise ValueError(f"{counts.shape[1]} columns and {len(labels)} labels: give one of each")
    return move_columns(counts, columns_among(labels, onto), n_columns=len(onto))


def columns_among(labels: Sequence[Label], onto: Sequence[Label]) -> NDArray[np.int32]:
    """Return the place of each label among the columns `onto`, -1 where it is none of them.

    Raises
    ------
    ValueError
        Where `onto` names a column twice.
    """
    target = {label: column for column, label in enumerate(onto)}
    if len(target) != len(onto):
        raise ValueError("the columns to align to name one twice; name each once")
    return np.array([target.get(label, -1) for label in labels], dtype=np.int32)


def move_columns(counts: csr_array, columns: NDArray[np.int32], *, n_columns: int) -> csr_array:
    """Return `counts` with each column at the place that `columns` gives, -1 to drop it."""
    moved = columns[counts.indices]
    known = moved >= 0
    starts = np.concatenate([[0], np.cumsum(known)])[counts.indptr].astype(np.int32)
    data = counts.data[known].astype(np.float64)
    aligned = csr_array((data, moved[known], starts), shape=(counts.shape[0], n_columns))
    aligned.sum_duplicates()
    return aligned


class NoWordsLeft(ValueError):
    """No word of the posts is neither too rare nor too common to tell them apart."""


class TermWeighting(BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """TF-IDF with a frozen vocabulary; rows have Euclidean length one.

    Parameters
    ----------
    min_posts : int
        Words in fewer posts are left out.
    max_share : float
        Words in a greater share of the posts are left out.
    stop_words : collection of str, optional
        Words left out; our own list of function words if None.
    sublinear : bool
        Weigh 1 + log(count) instead of the count.

    Attributes
    ----------
    vocabulary_ : list of str
        The words kept, in alphabetical order.
    idf_ : (n_kept,) floats
        log((1 + posts) / (1 + posts with the word)) + 1.
    """

    def __init__(
        self,
        *,
        min_posts: int = 5,
        max_share: float = 0.3,
        stop_words: frozenset[str] | None = None,
        sublinear: bool = False,
    ) -> None:
        self.min_posts = min_posts
        self.max_share = max_share
        self.stop_words = stop_words
        self.sublinear = sublinear

    def fit(self, counts: csr_array, words: Sequence[str]) -> Self:
        """Choose the vocabulary and freeze its weights.

        Raises
        ------
        NoWordsLeft
            Where no word is left.
        ValueError
            Where `words` does not name each column once.
        """
        if counts.shape[1] != len(words) or len(set(words)) != len(words):
            raise ValueError("words must name each column of counts once")
        stop_words = load_stopwords() if self.stop_words is None else self.stop_words
        n_posts = counts.shape[0]
        n_with = np.bincount(counts.indices[counts.data > 0], minlength=len(words))
        kept = (n_with >= self.min_posts) & (n_with <= self.max_share * n_posts)
        chosen = sorted(
            (words[column], column)
            for column in np.flatnonzero(kept).tolist()
            if words[column] not in stop_words
        )
        if not chosen:
            raise NoWordsLeft(
                f"no word is in at least {self.min_posts} and at most {self.max_share:.0%} of the"
                f" {n_posts} posts; give more posts or lower min_posts"
            )
        self.vocabulary_ = [word for word, _ in chosen]
        n_chosen = n_with[[column for _, column in chosen]]
        self.idf_ = np.log((1 + n_posts) / (1 + n_chosen)) + 1
        return self

    def transform(self, counts: csr_array, words: Sequence[str]) -> csr_array:
        """Return the weights (n_posts, n_kept) of posts whose columns are `words` in any order."""
        return self.weighted(align_columns(counts, words, self.vocabulary_))

    def weighted(self, aligned: csr_array) -> csr_array:
        """Return the weights of posts whose columns are the vocabulary; the counts are changed."""
        weights = aligned
        if self.sublinear:
            weights.data = 1 + np.log(weights.data)
        weights.data = weights.data * self.idf_[weights.indices]
        return unit_rows(weights)


def unit_rows(weights: csr_array) -> csr_array:
    """Return the matrix with each row scaled to Euclidean length one; rows of zeros stay."""
    sizes = np.diff(weights.indptr)
    rows = np.repeat(np.arange(weights.shape[0]), sizes)
    squares = np.bincount(rows, weights=weights.data**2, minlength=weights.shape[0])
    lengths = np.sqrt(squares)
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    data = weights.data * np.repeat(scale, sizes)
    return csr_array((data, weights.indices.copy(), weights.indptr.copy()), shape=weights.shape)


def strongest_terms(weights: csr_array, *, n: int = 20) -> csr_array:
    """Keep the `n` greatest weights of each row, none below zero, and scale rows to length one.

    Of equal weights the leftmost columns are kept; equal are those that differ by less than 1e-11
    of the greatest weight of all.
    """
    weights = csr_array(weights)
    if not weights.has_sorted_indices:  # the few that may stay are sooner sorted than all
        weights = _entries(weights, _among_greatest(weights, n, all_equal=True))
        weights.sort_indices()
    return unit_rows(_entries(weights, _among_greatest(weights, n)))


def _entries(weights: csr_array, kept: NDArray[np.bool_]) -> csr_array:
    starts = np.concatenate([[0], np.cumsum(kept)])[weights.indptr].astype(np.int32)
    return csr_array((weights.data[kept], weights.indices[kept], starts), shape=weights.shape)


def _among_greatest(weights: csr_array, n: int, *, all_equal: bool = False) -> NDArray[np.bool_]:
    """Tell which entries are among the `n` greatest of their row, the leftmost of equal ones.

    All of those that are equal to the last of them if `all_equal`.
    """
    kept = np.ones(weights.nnz, dtype=np.bool_)
    greatest = max(weights.data.max(initial=0.0), np.finfo(np.float64).tiny)
    for start in range(0, weights.shape[0], _ROWS_AT_ONCE):
        bounds = weights.indptr[start : start + _ROWS_AT_ONCE + 1]
        sizes = np.diff(bounds)
        rows = np.repeat(np.arange(len(sizes)), sizes)
        # A row's number less its weights: of so few digits that equal weights are equal.
        keys = 2 * rows - weights.data[bounds[0] : bounds[-1]] / greatest
        begins = bounds[:-1] - bounds[0]
        last = _last_of_least(keys, begins, sizes, n)[rows]
        if all_equal:
            kept[bounds[0] : bounds[-1]] = keys <= last
            continue
        equal = keys == last
        room = n - np.bincount(rows[keys < last], minlength=len(sizes))
        among_equal = np.cumsum(equal) - np.concatenate([[0], np.cumsum(equal)])[begins][rows]
        kept[bounds[0] : bounds[-1]] = (keys < last) | (equal & (among_equal <= room[rows]))
    return kept


def _last_of_least(keys: Floats, begins: Integers, sizes: Integers, n: int) -> Floats:
    """Return the n-th least key of each row, infinity where it has no more than n."""
    last = np.full(len(sizes), np.inf)
    long = np.flatnonzero(sizes > n)
    for start in range(0, len(long), _ROWS_LAID_OUT):
        chosen = long[start : start + _ROWS_LAID_OUT]
        along = np.arange(sizes[chosen].max())
        place = np.minimum(begins[chosen, None] + along, len(keys) - 1)
        laid_out = np.where(along < sizes[chosen, None], keys[place], np.inf)
        last[chosen] = np.partition(laid_out, n - 1, axis=1)[:, n - 1]
    return last

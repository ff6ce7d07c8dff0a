"""Log ratios of a whole vocabulary with bounds and p-values that hold by author and thread.

What `analysis.corpus.keyness` says of tokens drawn one by one, said of posts that come from people
and conversations: effective counts by `analysis.corpus.clusters`, exact bounds at those by
`analysis.corpus.rates`. There is no resampling, so all words of a corpus can be asked at once;
`analysis.corpus.resampling` gives bootstrap bounds for those that matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from analysis.corpus.checks import (
    Booleans,
    Floats,
    Integers,
    cluster_codes,
    codes_of,
    confidence_of,
    counts_of,
    table_of,
)
from analysis.corpus.clusters import Spread, spread_of
from analysis.corpus.keyness import log_ratio
from analysis.corpus.rates import ratio_of_rates
from analysis.corpus.tables import to_arrow
from analysis.intervals import benjamini_hochberg


@dataclass(frozen=True, slots=True)
class ClusteredLogRatio:
    """Log ratio of each word, and how sure it is.

    Attributes
    ----------
    n_target, n_reference : floats
        Occurrences.
    n_posts_target, n_posts_reference : integers
        Posts with the word.
    effective_target, effective_reference : floats
        Independent occurrences that would be worth as much.
    log_ratio, lower, upper : floats
        Binary log of the ratio of rates, a count of 0 taken as 0.5; a bound is infinite where one
        side does not have the word, and NaN where one cluster holds all tokens of a side.
    p_value, q_value : floats
        Chance of so uneven counts under equal rates, and the same adjusted for the false discovery
        rate over the words that were given: give all that were looked at, not those that another
        measure has chosen from the same posts.
    """

    n_target: Floats
    n_reference: Floats
    n_posts_target: Integers
    n_posts_reference: Integers
    effective_target: Floats
    effective_reference: Floats
    log_ratio: Floats
    lower: Floats
    upper: Floats
    p_value: Floats
    q_value: Floats

    def to_arrow(self) -> pa.Table:
        """Return one row a word."""
        return to_arrow(self)


@dataclass(frozen=True, slots=True)
class Side:
    """The posts of a target or a reference: counts (n_posts, n_words), tokens, cluster codes."""

    counts: csr_array
    n_tokens: Floats
    codes: tuple[Integers, ...]

    def n_posts(self) -> Integers:
        """Return how many posts have each word."""
        posts = np.bincount(self.counts.indices, minlength=self.counts.shape[1])
        return posts.astype(np.int64)

    def spread(self) -> Spread:
        """Return what the occurrences of each word are worth."""
        return spread_of(self.counts, self.n_tokens, tuple(codes_of(code) for code in self.codes))


def clustered_log_ratio(
    counts: Any,
    n_tokens: ArrayLike,
    is_target: ArrayLike,
    *,
    clusters: Sequence[ArrayLike] = (),
    confidence: float = 0.95,
) -> ClusteredLogRatio:
    """Return the log ratio of every word with bounds that hold by cluster.

    Parameters
    ----------
    counts : (n_posts, n_words) sparse or dense counts
    n_tokens : (n_posts,) tokens of each post, of other words too
    is_target : (n_posts,) booleans
        The posts of the target; the others are the reference.
    clusters : up to two (n_posts,) integer arrays
        Author and thread of each post, negative where unknown; without any, each post is one.
    confidence : of the bounds

    Raises
    ------
    ValueError
        Where shapes disagree or a value cannot be.
    """
    level = confidence_of(confidence)
    sides = sides_of(counts, n_tokens, is_target, clusters)
    target, reference = sides[0].spread(), sides[1].spread()
    bounds = ratio_of_rates(target, reference, confidence=level)
    with np.errstate(divide="ignore"):
        lower, upper = np.log2(bounds.lower), np.log2(bounds.upper)
    return ClusteredLogRatio(
        n_target=target.n,
        n_reference=reference.n,
        n_posts_target=sides[0].n_posts(),
        n_posts_reference=sides[1].n_posts(),
        effective_target=target.effective_n,
        effective_reference=reference.effective_n,
        log_ratio=log_ratio(target.n, reference.n, (target.n_tokens, reference.n_tokens)),
        lower=lower,
        upper=upper,
        p_value=bounds.p_value,
        q_value=benjamini_hochberg(bounds.p_value),
    )


def sides_of(
    counts: Any, n_tokens: ArrayLike, is_target: ArrayLike, clusters: Sequence[ArrayLike]
) -> tuple[Side, Side]:
    """Return the checked posts of the target and of the reference; codes are shared by both."""
    table = table_of(counts)
    n_posts = table.shape[0]
    tokens = counts_of(n_tokens, "n_tokens", length=n_posts)
    wanted = _booleans(is_target, n_posts)
    row_totals = np.asarray(table.sum(axis=1)).ravel()
    if (row_totals > tokens).any():
        raise ValueError("a post has more occurrences than tokens; n_tokens counts all its words")
    codes = cluster_codes(clusters, length=n_posts)
    first, second = np.flatnonzero(wanted), np.flatnonzero(~wanted)
    return (
        Side(table[first], tokens[first], tuple(code[first] for code in codes)),
        Side(table[second], tokens[second], tuple(code[second] for code in codes)),
    )


def _booleans(values: ArrayLike, length: int) -> Booleans:
    wanted = np.asarray(values)
    if wanted.shape != (length,) or (length and wanted.dtype != np.bool_):
        raise ValueError(
            f"is_target has the shape {wanted.shape} and holds {wanted.dtype};"
            f" give {length} booleans, one a post"
        )
    return wanted.astype(np.bool_)

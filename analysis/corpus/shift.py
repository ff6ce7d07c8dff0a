"""Shift of collocates: which words come near a node, or leave it, from one time to another.

What is compared are windows: all tokens that stand near the node in posts of either time. A
collocate's share of them, later over earlier, is its log ratio, with bounds and p-values by author
and thread as for keyness (`analysis.corpus.clustered`). That is conditional on the node: that the
node itself grew more frequent moves nothing. Beside it stands the difference of logDice (Rychlý
2008), which also takes in how frequent the collocate is elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from numpy.typing import ArrayLike

from analysis.corpus.association import log_dice
from analysis.corpus.checks import Floats, counts_of, total_of
from analysis.corpus.clustered import clustered_log_ratio
from analysis.corpus.tables import to_arrow


@dataclass(frozen=True, slots=True)
class ShiftOfCollocates:
    """Shift of each collocate from the earlier time to the later one.

    Attributes
    ----------
    n_near_earlier, n_near_later : floats
        Places near the node.
    log_dice_earlier, log_dice_later, log_dice_change : floats
        NaN where the collocate does not stand near the node then.
    log_ratio, lower, upper : floats
        Above 0 where it takes up more of the windows later; a bound is infinite where it was near
        the node at one time only.
    p_value, q_value : floats
        As in `ClusteredLogRatio`.
    """

    n_near_earlier: Floats
    n_near_later: Floats
    log_dice_earlier: Floats
    log_dice_later: Floats
    log_dice_change: Floats
    log_ratio: Floats
    lower: Floats
    upper: Floats
    p_value: Floats
    q_value: Floats

    def to_arrow(self) -> pa.Table:
        """Return one row a collocate."""
        return to_arrow(self)


def shift_of_collocates(
    near: Any,
    n_window: ArrayLike,
    is_later: ArrayLike,
    *,
    n_node: tuple[float, float],
    n_collocate: tuple[ArrayLike, ArrayLike],
    clusters: Sequence[ArrayLike] = (),
    confidence: float = 0.95,
) -> ShiftOfCollocates:
    """Return how each collocate's company with the node changes.

    Parameters
    ----------
    near : (n_posts, n_words) sparse or dense counts
        Places near the node where each collocate stands, of every post that has the node.
    n_window : (n_posts,) tokens near the node in each post
    is_later : (n_posts,) booleans
    n_node : occurrences of the node, earlier and later
    n_collocate : two (n_words,) counts
        Occurrences of each collocate anywhere, earlier and later.
    clusters : up to two (n_posts,) integer arrays
        Author and thread of each post, negative where unknown.
    confidence : of the bounds

    Raises
    ------
    ValueError
        Where shapes disagree or a value cannot be.
    """
    found = clustered_log_ratio(near, n_window, is_later, clusters=clusters, confidence=confidence)
    nodes = total_of(n_node[0], "n_node"), total_of(n_node[1], "n_node")
    n_words = len(found.n_target)
    anywhere = [counts_of(counts, "n_collocate", length=n_words) for counts in n_collocate]
    earlier = log_dice(found.n_reference, anywhere[0], n_node=nodes[0])
    later = log_dice(found.n_target, anywhere[1], n_node=nodes[1])
    return ShiftOfCollocates(
        n_near_earlier=found.n_reference,
        n_near_later=found.n_target,
        log_dice_earlier=earlier,
        log_dice_later=later,
        log_dice_change=later - earlier,
        log_ratio=found.log_ratio,
        lower=found.lower,
        upper=found.upper,
        p_value=found.p_value,
        q_value=found.q_value,
    )

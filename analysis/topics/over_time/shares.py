"""Shares of topics in communities and periods, with intervals from a bootstrap of authors.

Each author of a cell gets a random weight, exponential with mean 1 (the Bayesian bootstrap, Rubin
1981, Annals of Statistics 9:130), and a draw of the share is weighted posts with the topic over
weighted posts. A cell of some dozen authors and a topic of one post in a hundred are too little
for that alone: percentile, BCa and studentised bounds hold such a share half of the time or less.
Three things are added:

- The spread is borrowed. On the scale of log odds a draw's deviation is stretched until its
  variance is that of the intraclass correlation which all cells together tell
  (`analysis.author_cells.likeness`). The shape of the draws stays that of the cell.
- To the side that a bound would have more of, each draw adds a cluster or a part of one, of
  exponential weight and of as many posts as one independent post is worth. Where every author has
  one post, a whole cluster makes the bounds those of Clopper and Pearson, and half of one about
  those of the mid-P test (Lancaster 1961), which hold on average. A whole one is added where the
  topic is not seen at all, so that it still has an upper bound, and soon no more than half of one.
- Bounds lie as far out as Student's t says (the expanded percentile of Hesterberg 2015, American
  Statistician 69:371), with twice the degrees of freedom of the cell's effective authors, since
  the spread is known from other cells, too.

With fewer than `LEAST_EFFECTIVE_AUTHORS` the bounds are those at effective counts, as
`analysis.series.topic_shares` gives them; with one author there are no figures at all.
`tests/benchmarks/topics_intervals.py` prints how often each kind of bounds holds.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.special import ndtr, stdtrit

from analysis.author_cells import (
    AuthorCells,
    Floats,
    Integers,
    author_cells,
    likeness,
    squared_deviations,
)
from analysis.series import effective_interval

Booleans = NDArray[np.bool_]
Singles = NDArray[np.float32]

LEAST_EFFECTIVE_AUTHORS = 5.0
"""Authors of equal numbers of posts that a cell must be worth for its own draws to be used."""
LEAST_ADDED = 0.5
"""Part of a cluster that each draw adds to the side that a bound would have more of."""
BORROWED_DF = 2.0
"""Degrees of freedom of bounds for each of the effective authors but one."""
LEAST_SPREAD = 0.01
"""Share of the borrowed variance under which a cell's own draws tell no shape."""
MIN_DRAWS = 100
VALUES_AT_ONCE = 4_000_000
"""Random weights held together, which bounds the memory."""
BOOTSTRAP, EFFECTIVE, ONE_AUTHOR = "bootstrap", "effective counts", "one author"


def bootstrapped_shares(
    leading: ArrayLike,
    period: ArrayLike,
    *,
    n_topics: int,
    group: ArrayLike | None = None,
    author: ArrayLike | None = None,
    only: ArrayLike | None = None,
    confidence: float = 0.95,
    n_draws: int = 999,
    random_state: int = 0,
) -> pa.Table:
    """Return the share of posts that each topic leads, with bounds from a bootstrap of authors.

    Parameters
    ----------
    leading : (n,) integers
        Leading topic of each post, from 0; -1 for a post without one, which counts among the posts.
    period, group : (n,) integers
        Without groups all posts are in group 0.
    author : (n,) integers
        Negative where unknown: an author of that post alone.
    only : (n_cells, 2) integers, optional
        Group and period of the cells that are returned. The spread is borrowed from all cells all
        the same, so that a cell's figures do not depend on which others are returned.
    n_topics : int
    confidence : of each interval
    n_draws : int
        At least `MIN_DRAWS`.
    random_state : int
        The draws of a cell depend on it, on the cell and on its own posts alone.

    Returns
    -------
    pa.Table
        Columns topic, group, period, share, lower, upper, n_posts and n_authors (all of the cell),
        method ('bootstrap', 'effective counts' or 'one author'), in that order of rows. Where all
        posts are of one author share and bounds are null: nothing is said about a single person.

    Raises
    ------
    ValueError
        Where a post leads with a topic that is not, or draws or confidence cannot give a bound.
    """
    if n_draws < MIN_DRAWS:
        raise ValueError(f"n_draws is {n_draws}; give {MIN_DRAWS} or more, such as 999")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; give one between 0 and 1, such as 0.95")
    cells = author_cells(leading, period, n_topics=n_topics, group=group, author=author)
    alike = likeness(cells)
    chosen = _chosen(cells, only)
    told = _told(cells, chosen)
    bounds = effective_interval(told, alike, confidence=confidence)
    lower, upper = bounds.lower.copy(), bounds.upper.copy()
    drawn = np.zeros(lower.shape, dtype=bool)
    spread = _spread(cells, alike, confidence)
    for block in _blocks(cells, chosen, n_draws):
        found = _drawn_bounds(cells, spread, block, n_draws=n_draws, seed=random_state)
        kept, place = found.usable, np.searchsorted(chosen, block)
        lower[place] = np.where(kept, found.lower, lower[place])
        upper[place] = np.where(kept, found.upper, upper[place])
        drawn[place] = kept
    return _as_table(told, lower, upper, drawn)


def _chosen(cells: AuthorCells, only: ArrayLike | None) -> Integers:
    """Return the numbers of the cells that are asked for, in order."""
    if only is None:
        return np.arange(len(cells.n_posts))
    asked = set(map(tuple, np.asarray(only, dtype=np.int64).reshape(-1, 2).tolist()))
    held = zip(cells.group.tolist(), cells.period.tolist(), strict=True)
    return np.flatnonzero(np.array([cell in asked for cell in held], dtype=np.bool_))


def _told(cells: AuthorCells, chosen: Integers) -> AuthorCells:
    """Return some cells; what is said of pairs of cell and author stays that of all."""
    return cells._replace(
        group=cells.group[chosen],
        period=cells.period[chosen],
        n_posts=cells.n_posts[chosen],
        n_authors=cells.n_authors[chosen],
        mean_company=cells.mean_company[chosen],
        effective_authors=cells.effective_authors[chosen],
        counts=cells.counts[chosen],
    )


class _Spread(NamedTuple):
    """What draws are stretched by.

    `more` and `less` (n_cells, n_topics) are what a draw adds of a topic and of the others, in
    shares of the cell's posts for a weight of 1, `scale` is the
    factor of deviations in log odds, zero where the cell's own draws tell nothing; `tail`
    (n_cells,) is the share of draws beyond each bound.
    """

    more: Floats
    less: Floats
    scale: Floats
    tail: Floats


def _spread(cells: AuthorCells, alike: Floats, confidence: float) -> _Spread:
    n_posts = cells.n_posts[:, None]
    share = cells.counts / n_posts
    worth = 1 + alike[None, :] * (cells.mean_company - 1)[:, None]
    borrowed = share * (1 - share) * worth / n_posts
    shrunk = (cells.n_authors / (cells.n_authors + 1))[:, None]  # variance of exponential weights
    own = squared_deviations(cells) / n_posts**2 * shrunk
    told = (own > LEAST_SPREAD * borrowed) & (borrowed > 0)
    ratio = np.divide(borrowed, own, out=np.zeros_like(own), where=told)
    df = BORROWED_DF * np.maximum(cells.effective_authors - 1, 1)
    return _Spread(
        more=worth / n_posts * _added(cells.counts / worth),
        less=worth / n_posts * _added((n_posts - cells.counts) / worth),
        scale=np.sqrt(ratio),
        tail=np.asarray(ndtr(stdtrit(df, (1 - confidence) / 2)), dtype=np.float64),
    )


def _added(seen: Floats) -> Floats:
    """Return the part of a cluster that is added where so many independent posts were seen."""
    return np.asarray(LEAST_ADDED + (1 - LEAST_ADDED) * np.exp(-seen), dtype=np.float64)


def _blocks(cells: AuthorCells, chosen: Integers, n_draws: int) -> Iterator[Integers]:
    """Yield the cells that have draws of their own, as many together as memory allows."""
    enough = chosen[cells.effective_authors[chosen] >= LEAST_EFFECTIVE_AUTHORS]
    size = np.cumsum(np.maximum(cells.n_authors, cells.counts.shape[1])[enough] * n_draws)
    if len(enough):
        cuts = np.flatnonzero(np.diff(size // VALUES_AT_ONCE)) + 1
        yield from np.split(enough, cuts)


class _Bounds(NamedTuple):
    """Bounds (n_cells, n_topics) of a block, and which of them the draws could tell."""

    lower: Floats
    upper: Floats
    usable: Booleans


def _drawn_bounds(
    cells: AuthorCells, spread: _Spread, block: Integers, *, n_draws: int, seed: int
) -> _Bounds:
    """Return the bounds of some cells."""
    weights, added = _weights(cells, block, n_draws=n_draws, seed=seed)
    n_topics = cells.counts.shape[1]
    counts, n_posts = cells.counts[block], cells.n_posts[block].astype(np.float64)
    unseen, whole = counts <= 0, counts >= n_posts[:, None]
    row, topic = np.nonzero((spread.scale[block] > 0) & ~unseen & ~whole)
    share = counts[row, topic] / n_posts[row]
    odds = _weighted_odds(cells, block, weights, row * n_topics + topic)
    centre = np.log(share / (1 - share)).astype(np.float32)[:, None]
    scale = spread.scale[block][row, topic].astype(np.float32)[:, None]
    with np.errstate(divide="ignore", over="ignore"):
        drawn = 1 / (1 + np.exp(-(centre + (np.log(odds) - centre) * scale)))
    tail, more, less = spread.tail[block], spread.more[block], spread.less[block]
    reach = -np.log(tail)[:, None]  # of the added weight alone the quantile is known
    lower = np.where(whole, 1 / (1 + less * reach), 0.0)
    upper = np.where(unseen, more * reach / (1 + more * reach), 1.0)
    extra = less[row, topic].astype(np.float32)[:, None] * added[row]
    lower[row, topic] = _quantile(drawn / (1 + extra), tail[row])
    extra = more[row, topic].astype(np.float32)[:, None] * added[row]
    upper[row, topic] = _quantile((drawn + extra) / (1 + extra), 1 - tail[row])
    return _Bounds(lower, upper, (spread.scale[block] > 0) | unseen | whole)


def _weights(
    cells: AuthorCells, block: Integers, *, n_draws: int, seed: int
) -> tuple[Floats, Singles]:
    """Return weights (n_pairs, n_draws) of a block's authors, and those of what is added.

    Each cell has a generator of its own, so that neither other cells nor blocks change its draws.
    """
    weights = np.empty((int(cells.n_authors[block].sum()), n_draws))
    added = np.empty((len(block), n_draws), dtype=np.float32)
    keys = np.stack([cells.group, cells.period], axis=1)[block].astype(np.uint64) & 0xFFFFFFFF
    ends = np.cumsum(cells.n_authors[block])
    for place, (key, end, n) in enumerate(zip(keys, ends, cells.n_authors[block], strict=True)):
        random = np.random.default_rng([seed, *key.tolist()])
        random.standard_exponential(dtype=np.float32, out=added[place])
        random.standard_exponential(out=weights[end - n : end])
    return weights, added


def _weighted_odds(
    cells: AuthorCells, block: Integers, weights: Floats, wanted: Integers
) -> Singles:
    """Return draws (n_wanted, n_draws) of the odds of a topic in a cell of the block.

    `wanted` are cell x n_topics + topic, with cells counted within the block, in order.
    """
    n_topics = cells.counts.shape[1]
    within = np.full(len(cells.n_posts), -1, dtype=np.int64)
    within[block] = np.arange(len(block))
    inside = np.flatnonzero(within[cells.cell_of_author] >= 0)
    column = np.full(len(cells.cell_of_author), -1, dtype=np.int64)
    column[inside] = np.arange(len(inside))
    kept = np.flatnonzero(column[cells.pair] >= 0)
    place = within[cells.cell_of_author[cells.pair[kept]]] * n_topics + cells.topic[kept]
    row = np.searchsorted(wanted, place)
    known = row < len(wanted)
    known[known] = wanted[row[known]] == place[known]
    kept, row = kept[known], row[known]
    having = csr_array(
        (cells.times[kept].astype(np.float64), (row, column[cells.pair[kept]])),
        shape=(len(wanted), len(inside)),
    )
    everybody = csr_array(
        (
            cells.posts_of_author[inside].astype(np.float64),
            (within[cells.cell_of_author[inside]], np.arange(len(inside))),
        ),
        shape=(len(block), len(inside)),
    )
    posts = np.asarray(having @ weights)
    others = np.asarray(everybody @ weights)[wanted // n_topics] - posts
    return np.asarray(posts / np.maximum(others, np.finfo(float).tiny), dtype=np.float32)


def _quantile(draws: Singles, level: Floats) -> Floats:
    """Return of each row the smallest draw below or at which a share of `level` lies."""
    n = draws.shape[1]
    place = np.clip(np.ceil(level * n).astype(np.int64) - 1, 0, n - 1)
    ordered = np.sort(draws, axis=1)
    return np.asarray(ordered[np.arange(len(draws)), place], dtype=np.float64)


def _as_table(cells: AuthorCells, lower: Floats, upper: Floats, drawn: Booleans) -> pa.Table:
    n_cells, n_topics = lower.shape
    several = (cells.n_authors > 1)[:, None]
    figures = {"share": cells.counts / cells.n_posts[:, None], "lower": lower, "upper": upper}
    method = np.where(several, np.where(drawn, BOOTSTRAP, EFFECTIVE), ONE_AUTHOR)
    return pa.table(
        {
            "topic": np.repeat(np.arange(n_topics), n_cells),
            "group": np.tile(cells.group, n_topics),
            "period": np.tile(cells.period, n_topics),
            **{
                name: pa.array(np.where(several, values, np.nan).T.ravel(), from_pandas=True)
                for name, values in figures.items()
            },
            "n_posts": np.tile(cells.n_posts, n_topics),
            "n_authors": np.tile(cells.n_authors, n_topics),
            "method": pa.array(method.T.ravel().tolist(), pa.string()),
        }
    )

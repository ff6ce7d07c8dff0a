"""Cells of community and period with their authors, and how alike posts of one author are.

One author's posts are alike, so what is seen in a cell is less certain than its number of posts
suggests. How alike they are is estimated for each topic over all cells together, since a single
cell holds too few authors to tell it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class AuthorCells(NamedTuple):
    """Cells of group and period, their authors, and what topics those lead with.

    Attributes
    ----------
    group, period, n_posts, n_authors : (n_cells,) integers
        In order of group and period.
    mean_company : (n_cells,) floats
        Mean, over a cell's posts, of how many posts their author has in it.
    effective_authors : (n_cells,) floats
        Authors of equal numbers of posts that the cell's authors are worth (Kish 1965).
    cell_of_author, posts_of_author : (n_pairs,) integers
        Of each pair of a cell and an author in it, in order of cells.
    pair, topic, times : (n_kept,) integers
        How many posts of a pair lead with a topic, where there is any, in order of pairs.
    counts : (n_cells, n_topics) floats
        Posts of each cell that lead with each topic.
    """

    group: Integers
    period: Integers
    n_posts: Integers
    n_authors: Integers
    mean_company: Floats
    effective_authors: Floats
    cell_of_author: Integers
    posts_of_author: Integers
    pair: Integers
    topic: Integers
    times: Integers
    counts: Floats


def author_cells(
    leading: ArrayLike,
    period: ArrayLike,
    *,
    n_topics: int,
    group: ArrayLike | None = None,
    author: ArrayLike | None = None,
) -> AuthorCells:
    """Return the cells of posts.

    Parameters
    ----------
    leading : (n,) integers
        Leading topic of each post, from 0; -1 for a post without one.
    period, group : (n,) integers
        Without groups all posts are in group 0.
    author : (n,) integers
        Negative where unknown: an author of that post alone.
    n_topics : int

    Raises
    ------
    ValueError
        Where a post leads with a topic that is not.
    """
    topic = np.asarray(leading, dtype=np.int64)
    n = len(topic)
    if n and topic.max() >= n_topics:
        raise ValueError(f"a post leads with topic {topic.max()}; there are {n_topics}, from 0")
    groups = np.zeros(n, dtype=np.int64) if group is None else np.asarray(group, dtype=np.int64)
    authors = np.full(n, -1) if author is None else np.asarray(author, dtype=np.int64)
    cells, of_post, n_posts = distinct_pairs(groups, np.asarray(period, dtype=np.int64))
    pairs, pair_of_post, posts_of_author = distinct_pairs(of_post, known_authors(authors))
    led = topic >= 0
    kept, _, times = distinct_pairs(pair_of_post[led], topic[led])
    n_cells = cells.shape[1]
    squares = np.bincount(pairs[0], weights=posts_of_author.astype(float) ** 2, minlength=n_cells)
    place = pairs[0][kept[0]] * n_topics + kept[1]
    counts = np.bincount(place, weights=times, minlength=n_cells * n_topics)
    return AuthorCells(
        group=cells[0],
        period=cells[1],
        n_posts=n_posts,
        n_authors=np.bincount(pairs[0], minlength=n_cells),
        mean_company=squares / n_posts,
        effective_authors=n_posts**2 / squares,
        cell_of_author=pairs[0],
        posts_of_author=posts_of_author,
        pair=kept[0],
        topic=kept[1],
        times=times,
        counts=counts.astype(np.float64).reshape(n_cells, n_topics),
    )


def known_authors(author: Integers) -> Integers:
    """Return the numbers of authors with each unknown one made somebody else."""
    unknown = author.max(initial=0) + 1 + np.arange(len(author))
    return np.where(author < 0, unknown, author)


def likeness(cells: AuthorCells) -> Floats:
    """Return for each topic how alike posts of one author in one cell are, from 0 to 1.

    The intraclass correlation that makes the variance of independent posts the one between
    authors, over all cells; at least that of all topics together, since a rare topic shows little
    of it by itself.
    """
    share = cells.counts / cells.n_posts[:, None]
    several = cells.n_authors > 1
    fewer = np.maximum(cells.n_authors - 1, 1)
    between = squared_deviations(cells) * (cells.n_authors / fewer)[:, None]
    alone = share * (1 - share) * cells.n_posts[:, None]
    excess = (between - alone)[several].sum(axis=0)
    possible = (alone * (cells.mean_company - 1)[:, None])[several].sum(axis=0)
    each = np.divide(excess, possible, out=np.zeros(len(excess)), where=possible > 0)
    overall = excess.sum() / possible.sum() if possible.sum() > 0 else 0.0
    return np.asarray(np.clip(np.maximum(each, overall), 0.0, 1.0), dtype=np.float64)


def squared_deviations(cells: AuthorCells) -> Floats:
    """Return (n_cells, n_topics) sums over authors of (posts with the topic - share x posts)^2."""
    n_cells, n_topics = cells.counts.shape
    size = cells.posts_of_author[cells.pair].astype(np.float64)
    place = cells.cell_of_author[cells.pair] * n_topics + cells.topic

    def summed(values: Floats) -> Floats:
        sums = np.bincount(place, weights=values, minlength=n_cells * n_topics)
        return sums.astype(np.float64).reshape(n_cells, n_topics)

    share = cells.counts / cells.n_posts[:, None]
    times = cells.times.astype(np.float64)
    everybody = (cells.mean_company * cells.n_posts)[:, None]
    found = summed(times**2) - 2 * share * summed(times * size) + share**2 * everybody
    return np.asarray(np.maximum(found, 0.0), dtype=np.float64)


def distinct_pairs(first: Integers, second: Integers) -> tuple[Integers, Integers, Integers]:
    """Return the pairs that occur (2, k) in order, which one each is (n,), and how often (k,)."""
    firsts, row = np.unique(first, return_inverse=True)
    seconds, column = np.unique(second, return_inverse=True)
    width = max(len(seconds), 1)
    found, place, times = np.unique(row * width + column, return_inverse=True, return_counts=True)
    return np.stack([firsts[found // width], seconds[found % width]]), place, times

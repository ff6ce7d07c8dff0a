"""Which posts to read of a topic: typical ones, early and recent ones, and those at its edge.

A list of the posts that fit a topic best shows one post many times over. Here each post that is
chosen has to differ from those before it (maximal marginal relevance: Carbonell and Goldstein 1998,
The use of MMR, diversity-based reranking), comes from another author, and from another community
while there is one. Which of the posts that fit well are looked at is drawn by a seed, so that two
readers who name two seeds read different posts, and nobody picks them.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Reason = Literal["typical", "recent", "early", "edge"]

REASONS: tuple[Reason, ...] = ("typical", "recent", "early", "edge")
READABLE_WORDS = 30
"""Words from which on a post is long enough to be read for what it says."""
RELEVANCE = 0.7
"""Weight of how well a post fits, against how far it is from those chosen before."""
DRAWN_FOR_EACH = 8
"""Posts that are drawn to choose each one from."""
TYPICAL, FITTING, END, EDGE = 0.25, 0.5, 0.2, 0.2
"""Of a topic's posts: the typical ones, those that fit, either end of its time, its edge."""


class Candidates(NamedTuple):
    """Posts of one topic; arrays (n,) and a matrix (n, n_terms) in one order of rows.

    Attributes
    ----------
    fit : floats
        How well a post fits the topic: what is greatest is most typical.
    margin : floats
        How much more of a post is about the topic than about the next one.
    day : dates
    author, community : integers
        Author codes, negative where unknown: an author of that post alone.
    n_words : integers
    terms : sparse weights
    """

    fit: Floats
    margin: Floats
    day: NDArray[np.datetime64]
    author: Integers
    community: Integers
    n_words: Integers
    terms: csr_array


class Representative(NamedTuple):
    """Rows of posts to read, and why each of them is among them; in the order of `REASONS`."""

    rows: Integers
    reasons: list[Reason]


def representative_posts(
    posts: Candidates, *, n: int = 8, seed: int = 0, least_words: int = READABLE_WORDS
) -> Representative:
    """Return posts of a topic to read, never two of one author.

    Half of them are typical, the rest recent, early and at the topic's edge in turn. A post is
    chosen for one reason. Where few posts are long enough, the longest ones are taken; where the
    topic has fewer authors than `n`, fewer posts come.

    Parameters
    ----------
    posts : Candidates
        The posts that the topic leads.
    n : int
    seed : int
        Names the draw of the posts that are looked at.
    least_words : int

    Raises
    ------
    ValueError
        Where the arrays are not of one length.
    """
    _check(posts)
    draw = np.random.default_rng(seed)
    chosen = _Chosen(posts)
    reasons: list[Reason] = []
    readable = _readable(posts.n_words, least_words, n)
    pools = dict(zip(REASONS, _pools(posts, readable, n), strict=True))
    for reason in _reasons_of(n):
        row = chosen.next_of(pools[reason], draw)
        if row is not None:
            reasons.append(reason)
    return Representative(np.array(chosen.rows, dtype=np.int64), reasons)


def _check(posts: Candidates) -> None:
    lengths = {len(column) for column in posts[:-1]} | {posts.terms.shape[0]}
    if len(lengths) != 1:
        raise ValueError(f"the posts' arrays have {sorted(lengths)} rows; give one row for each")


def _reasons_of(n: int) -> list[Reason]:
    """Return the reason of each post to come: half typical, the others in turn."""
    n_typical = (n + 1) // 2
    others = [REASONS[1 + number % 3] for number in range(n - n_typical)]
    return [*REASONS[:1] * n_typical, *sorted(others, key=REASONS.index)]


def _readable(n_words: Integers, least: int, n: int) -> Integers:
    """Return the rows that are long enough, or the longest where these are too few to choose."""
    enough = np.flatnonzero(n_words >= least)
    wanted = min(n * DRAWN_FOR_EACH, len(n_words))
    if len(enough) >= wanted:
        return enough
    longest = np.argsort(-n_words, kind="stable")[: max(wanted, len(enough))]
    return np.sort(longest)


def _pools(posts: Candidates, rows: Integers, n: int) -> Iterable[Integers]:
    """Return the rows that may be chosen as typical, recent, early, and of the edge."""
    fit, day = posts.fit[rows], posts.day[rows].astype("datetime64[D]").astype(np.int64)
    typical = max(TYPICAL, min(1.0, n * DRAWN_FOR_EACH / max(len(rows), 1)))
    fitting = fit >= _quantile(fit, 1 - FITTING)
    margin = posts.margin[rows]
    yield rows[fit >= _quantile(fit, 1 - typical)]
    yield rows[fitting & (day >= _quantile(day[fitting], 1 - END))]
    yield rows[fitting & (day <= _quantile(day[fitting], END))]
    yield rows[margin <= _quantile(margin, EDGE)]


def _quantile(values: ArrayLike, share: float) -> float:
    held = np.asarray(values, dtype=np.float64)
    return float(np.quantile(held, share)) if len(held) else 0.0


class _Chosen:
    """The posts chosen so far, and what may follow them."""

    def __init__(self, posts: Candidates) -> None:
        self.rows: list[int] = []
        self._posts = posts
        lengths = np.sqrt(np.asarray(posts.terms.multiply(posts.terms).sum(axis=1)).ravel())
        self._scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
        self._nearest = np.zeros(len(posts.fit), dtype=np.float64)
        self._free = np.ones(len(posts.fit), dtype=np.bool_)
        self._of_community = np.zeros(int(posts.community.max(initial=-1)) + 2, dtype=np.int64)

    def next_of(self, pool: Integers, draw: np.random.Generator) -> int | None:
        """Choose one more post of a pool; None where none is left."""
        open_rows = pool[self._free[pool]]
        if not len(open_rows):
            return None
        heard = self._of_community[self._posts.community[open_rows]]
        open_rows = open_rows[heard == heard.min()]
        if len(open_rows) > DRAWN_FOR_EACH:
            open_rows = np.sort(draw.choice(open_rows, DRAWN_FOR_EACH, replace=False))
        fit = self._posts.fit[open_rows]
        worth = RELEVANCE * _scaled(fit) - (1 - RELEVANCE) * self._nearest[open_rows]
        row = int(open_rows[int(worth.argmax())])
        self._take(row)
        return row

    def _take(self, row: int) -> None:
        self.rows.append(row)
        author = self._posts.author[row]
        self._free[row] = False
        if author >= 0:
            self._free[self._posts.author == author] = False
        self._of_community[self._posts.community[row]] += 1
        terms = self._posts.terms
        product = np.asarray((terms @ terms[[row]].T).todense()).ravel()
        np.maximum(self._nearest, product * self._scale * self._scale[row], out=self._nearest)


def _scaled(values: Floats) -> Floats:
    """Return values over their greatest, so that they can be set against cosines."""
    top = values.max(initial=0.0)
    return values / top if top > 0 else np.zeros_like(values)

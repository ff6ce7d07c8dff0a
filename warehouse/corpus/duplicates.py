"""Near-duplicates: posts whose own words are nearly those of an earlier post.

Two posts are alike where the Jaccard similarity of their sets of words is .8 and more. The set of
words and not runs of two or three: of invented copies in which one word of twenty was replaced, the
set finds all, pairs of words four of five, and runs of three few (docs/benchmarks.md), while texts
that have nothing to do with each other share a tenth of their words and not four fifths.

Compared are posts of at least 20 words that people wrote, across sources, save those in which each
post is one person's short answer. Likely pairs come from the fingerprints of `minhash`; what is
entered as a copy was confirmed on the words themselves. Who is whose original is decided in the
order of time (`families`). A withheld post comes last in that order: it does not hide its copies,
the earliest of which stands for the family until it is back. Automated posts are not compared,
since they count for nobody and would hide what people wrote.

The work follows what changed: what is new or edited, what left, and the copies of both. Of history
only the narrow columns of band keys are read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse.corpus.families import LONE, Neighbourhood, decide
from warehouse.corpus.fingerprints import BAND_COLUMNS, Integers, write_fingerprints
from warehouse.corpus.minhash import FINGERPRINT_VERSION, MOST_DIFFERING_BITS
from warehouse.corpus.runs import transaction
from warehouse.tokeniser import tokens_of

Keys = NDArray[np.uint32]
T = TypeVar("T", bound=np.generic)

LEAST_WORDS = 20
"""Shorter texts repeat by nature, and are not compared."""

_SKETCH = ("sketch_low", "sketch_high")
_TEXTS_AT_ONCE = 4_000
_MOST_PAIRS = 20_000_000  # of posts with a key in common, whose sketches are looked at one by one

_STATE = "SELECT next_g, left_out, fingerprint_version FROM comparison"
_NEXT_G = "SELECT coalesce(max(next_g), 0) FROM token_runs"
_LEFT_OUT = """
SELECT coalesce(list(source ORDER BY source), []) FROM sources WHERE one_post_per_person
"""
_FRESH = f"""
CREATE OR REPLACE TEMP TABLE fresh_posts AS
SELECT post_id, first_g, indexed.n_tokens, withheld,
       indexed.n_tokens >= {LEAST_WORDS} AND NOT automated
           AND source NOT IN (SELECT unnest($left_out::VARCHAR[])) AS is_compared
FROM indexed JOIN posts USING (post_id) WHERE first_g >= $next_g{{turned}}
ORDER BY first_g
"""
_OF_TURNED = " OR source IN (SELECT unnest($changed::VARCHAR[]))"
_FORGET = "DELETE FROM fingerprints WHERE post_id IN (SELECT post_id FROM fresh_posts)"

_WITHHELD = "SELECT post_id FROM {table} WHERE withheld"
_TURN = """
UPDATE fingerprints SET withheld = NOT withheld WHERE post_id IN (SELECT post_id FROM turned_posts)
"""
_FRESH_IDS = "SELECT post_id FROM fresh_posts"
_WAITING = "SELECT post_id FROM waiting_comparisons"
_COPIES = "SELECT post_id, duplicate_of FROM posts WHERE duplicate_of IS NOT NULL"
_HELD = "SELECT post_id FROM {table} WHERE post_id IN (SELECT post_id FROM asked_posts)"
_OWN = "FROM fingerprints WHERE post_id IN (SELECT post_id FROM asked_posts)"
_SAME_KEYS = " UNION ALL ".join(
    f"""
    SELECT {number}::TINYINT AS band, post_id, {column} AS key FROM fingerprints
    WHERE {column} IN (SELECT {column} FROM own_fingerprints)
    """
    for number, column in enumerate(BAND_COLUMNS)
)
_SKETCHES = """
SELECT post_id, sketch_low, sketch_high FROM fingerprints
WHERE post_id IN (SELECT post_id FROM asked_posts) ORDER BY post_id
"""

# In the order of time, in which withheld posts come last.
_FACTS = """
SELECT post_id, sketch_low, sketch_high
FROM involved_posts JOIN fingerprints USING (post_id) JOIN posts USING (post_id)
ORDER BY fingerprints.withheld, created_at, post_id
"""
# The texts and not the index: of few posts out of many they are read twenty times as fast.
_WORDS = f"""
SELECT post_id, list_distinct({tokens_of("own_text")}) AS words FROM posts
WHERE post_id IN (SELECT post_id FROM compared_posts)
"""
_CHANGE = """
UPDATE posts SET duplicate_of = changed_posts.original FROM changed_posts
WHERE posts.post_id = changed_posts.post_id
"""
_ENTER = """
DELETE FROM comparison;
DELETE FROM waiting_comparisons;
INSERT INTO comparison VALUES ($next_g, $left_out, $version)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateCounts:
    """What a comparison did.

    Posts compared anew, posts that became copies or another post's copies, and posts that are none
    any more.
    """

    compared: int = 0
    copies: int = 0
    freed: int = 0


def find_duplicates(connection: duckdb.DuckDBPyConnection) -> DuplicateCounts:
    """Enter in `posts.duplicate_of` whose copy each post is; call it when posts are indexed.

    In one transaction: a process that is ended leaves what was there, and the next call does all.

    Raises
    ------
    WarehouseDamaged
        If the token index holds other tokens than it says.
    """
    with transaction(connection):
        next_g, left_out, changed = _since(connection)
        values = {"next_g": next_g, "left_out": left_out}
        if changed:
            values["changed"] = changed
        connection.execute(_FRESH.format(turned=_OF_TURNED if changed else ""), values)
        connection.execute(_FORGET)
        fresh = connection.execute("FROM fresh_posts ORDER BY first_g").to_arrow_table()
        write_fingerprints(connection, fresh)
        copies = _Copies(connection)
        changes = _changes(connection, copies)
        _write_changes(connection, changes)
        state = {"left_out": left_out, "version": FINGERPRINT_VERSION}
        connection.execute(_ENTER, {"next_g": _one(connection, _NEXT_G), **state})
    connection.execute("DROP TABLE fresh_posts")
    n_copies = sum(original is not None for original in changes.values())
    return DuplicateCounts(
        compared=pc.sum(fresh["is_compared"]).as_py() or 0,
        copies=n_copies,
        freed=len(changes) - n_copies,
    )


def forget_comparisons(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the next call compare every post anew, as after the token index was rebuilt."""
    connection.execute("DELETE FROM fingerprints; DELETE FROM comparison")


def _since(connection: duckdb.DuckDBPyConnection) -> tuple[int, list[str], list[str]]:
    """Return from which position on posts are new, which sources are left out, and which turned."""
    (left_out,) = connection.execute(_LEFT_OUT).fetchone() or ([],)
    state = connection.execute(_STATE).fetchone()
    is_known = state is not None and state[2] == FINGERPRINT_VERSION
    if state is None or not is_known or state[0] > _one(connection, _NEXT_G):
        forget_comparisons(connection)
        return 0, left_out, []
    return state[0], left_out, sorted(set(state[1]) ^ set(left_out))


class _Copies:
    """Which posts are entered as copies of which."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        entered = connection.execute(_COPIES).to_arrow_table()
        self._posts: Integers = entered["post_id"].to_numpy()
        self._originals: Integers = entered["duplicate_of"].to_numpy()
        self.entered: dict[int, int] = dict(
            zip(self._posts.tolist(), self._originals.tolist(), strict=True)
        )

    def of(self, originals: Integers) -> Integers:
        """Return the copies of any of these."""
        return self._posts[np.isin(self._originals, originals)]

    def originals_of(self, posts: Integers) -> Integers:
        """Return whose copy each of these posts is; `LONE` for one that is none."""
        found = [self.entered.get(post, LONE) for post in posts.tolist()]
        return np.array(found, dtype=np.int64)

    def originals(self) -> Integers:
        """Return every post that has copies."""
        return _distinct(self._originals)


def _changes(connection: duckdb.DuckDBPyConnection, copies: _Copies) -> dict[int, int | None]:
    """Return the originals that differ from what is entered, None for posts that are one."""
    unsettled = _unsettled(connection, copies)
    is_open = _held(connection, unsettled)
    words = _Words(connection)
    decided: dict[int, int | None] = {}
    while len(is_open):
        found = _Gathered(connection, is_open, copies)
        decided = found.decide(words)
        copied = [post for post, original in decided.items() if original is not None]
        again = np.append(found.unsettled, copies.of(np.append(found.unsettled, copied)))
        if not len(np.setdiff1d(again, is_open)):
            break
        is_open = np.union1d(is_open, again)
    new = {post: decided.get(post) for post in np.union1d(unsettled, is_open).tolist()}
    entered = copies.entered.get
    return {post: original for post, original in new.items() if entered(post) != original}


def _unsettled(connection: duckdb.DuckDBPyConnection, copies: _Copies) -> Integers:
    """Return the posts to decide: new, turned, and the copies of those and of what went."""
    fresh, waiting = (_posts(connection, sql) for sql in (_FRESH_IDS, _WAITING))
    turned = _turned(connection)
    originals = copies.originals()
    gone = np.setdiff1d(originals, _held(connection, originals))
    moved = np.concatenate((fresh, turned, gone))
    return _distinct(np.concatenate((fresh, turned, waiting, copies.of(moved))))


def _turned(connection: duckdb.DuckDBPyConnection) -> Integers:
    """Return the posts that were withheld since the last comparison, or let back; note it."""
    now, then = (
        _posts(connection, _WITHHELD.format(table=table)) for table in ("posts", "fingerprints")
    )
    turned = _held(connection, np.setxor1d(now, then, assume_unique=True))
    if len(turned):
        connection.register("turned_posts", pa.table({"post_id": turned}))
        connection.execute(_TURN)
        connection.unregister("turned_posts")
    return turned


class _Gathered:
    """Open posts that are near another, and those others, in the order of time."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, is_open: Integers, copies: _Copies
    ) -> None:
        holders, buckets = _near_by_key(connection, is_open)
        involved = _distinct(holders)
        originals = copies.originals_of(involved)
        facts = _ask_of(
            connection, "involved_posts", np.union1d(involved, originals[originals != LONE]), _FACTS
        )
        self.posts: Integers = facts["post_id"].to_numpy()
        owners = self._places(holders)
        order = np.argsort(owners, kind="stable")
        order = order[owners[order] != LONE]  # of a post that was withdrawn
        self.neighbourhood = Neighbourhood(
            is_open=np.isin(self.posts, is_open),
            originals=self._places(copies.originals_of(self.posts)),
            sketches=_sketches(facts),
            owners=owners[order],
            buckets=buckets[order],
        )

    def _places(self, posts: Integers) -> Integers:
        """Return where posts stand in the order of time; `LONE` for one that is not here."""
        order = np.argsort(self.posts)
        found = np.searchsorted(self.posts, posts, sorter=order).clip(max=len(order) - 1)
        if not len(order):
            return np.full(len(posts), LONE)
        places = order[found]
        return np.where(self.posts[places] == posts, places, LONE)

    def decide(self, words: "_Words") -> dict[int, int | None]:
        """Return whose copy each open post is, None for an original; note what that unsettles."""
        posts: list[int] = self.posts.tolist()

        def first_alike(place: int, others: Sequence[int]) -> int:
            own = posts[place]
            return next((q for q in others if words.are_alike(own, posts[q])), LONE)

        words.read(self.posts[_distinct(self.neighbourhood.owners)])
        made = decide(self.neighbourhood, first_alike)
        self.unsettled: Integers = self.posts[sorted(made.unsettled)]
        return {
            posts[place]: None if original == LONE else posts[original]
            for place, original in made.originals.items()
        }


class _Words:
    """The sets of words of posts, each read once."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._sets: dict[int, Integers] = {}
        self._numbers: dict[str, int] = {}

    def read(self, posts: Integers) -> None:
        """Read the words of posts, as far as they are not known."""
        unknown = np.array([post for post in posts.tolist() if post not in self._sets])
        for start in range(0, len(unknown), _TEXTS_AT_ONCE):
            self._read(unknown[start : start + _TEXTS_AT_ONCE])

    def _read(self, posts: Integers) -> None:
        found = _ask_of(self._connection, "compared_posts", posts, _WORDS)
        lists: Any = pa.concat_arrays(found["words"].chunks)  # lists of words
        encoded = lists.flatten().dictionary_encode()
        numbers = self._numbers
        fresh: list[str] = encoded.dictionary.to_pylist()
        known = np.array([numbers.setdefault(word, len(numbers)) for word in fresh])
        words, ends = known[np.asarray(encoded.indices)], np.asarray(lists.offsets)[1:-1]
        for post, own in zip(_numbers(found).tolist(), np.split(words, ends), strict=True):
            self._sets[post] = np.sort(own)

    def are_alike(self, one: int, other: int) -> bool:
        """Whether the Jaccard similarity of two posts' sets of words is .8 and more."""
        for post in (one, other):
            if post not in self._sets:
                self.read(np.array([post]))
        a, b = self._sets[one], self._sets[other]
        if 5 * min(len(a), len(b)) < 4 * max(len(a), len(b)):
            return False
        # Several times as fast as np.intersect1d on sets of a hundred words.
        n_shared = int(np.count_nonzero(a.take(a.searchsorted(b), mode="clip") == b))
        return 9 * n_shared >= 4 * (len(a) + len(b))  # 5 shared >= 4 (a + b - shared)


def _near_by_key(
    connection: duckdb.DuckDBPyConnection, is_open: Integers
) -> tuple[Integers, Integers]:
    """Return posts and the keys under which they are near another, one of the two being open.

    Near are posts with the same key of a band whose sketches differ little.
    """
    own = _ask_of(connection, "asked_posts", is_open, _OWN)
    by_band = [_shared(posts, keys) for posts, keys in _with_same_keys(connection, own)]
    posts = _distinct(np.concatenate([posts for posts, _ in by_band]))
    signed = _ask_of(connection, "asked_posts", posts, _SKETCHES)
    sketch = [_sketch_half(signed, half) for half in _SKETCH]
    is_own = np.isin(posts, is_open)
    holders: list[Integers] = []
    buckets: list[Integers] = []
    n_buckets = 0
    for held_by, bucket in by_band:
        at = np.searchsorted(posts, held_by)
        is_near = _is_near(bucket, is_own[at], [half[at] for half in sketch])
        holders.append(held_by[is_near])
        buckets.append(bucket[is_near] + n_buckets)
        n_buckets += int(bucket.max(initial=-1)) + 1
    return np.concatenate(holders), np.concatenate(buckets)


def _with_same_keys(
    connection: duckdb.DuckDBPyConnection, own: pa.Table
) -> list[tuple[Integers, Keys]]:
    """Return for each band the posts that have a key of an open post, and the keys."""
    keys = [own[column].to_numpy() for column in BAND_COLUMNS]
    if len(own) == _one(connection, "SELECT count(*) FROM fingerprints"):
        return [(_numbers(own), band) for band in keys]
    connection.register("own_fingerprints", own)
    found = connection.execute(_SAME_KEYS).to_arrow_table()
    connection.unregister("own_fingerprints")
    bands, posts, held = (found[name].to_numpy() for name in ("band", "post_id", "key"))
    order = np.argsort(bands, kind="stable")
    ends = np.searchsorted(bands[order], np.arange(len(keys) + 1))
    pieces = (order[start:end] for start, end in pairwise(ends.tolist()))
    return [(posts[at], held[at]) for at in pieces]


def _shared(posts: Integers, keys: Keys) -> tuple[Integers, Integers]:
    """Return the posts that hold a key which another holds, too, and keys from 0 on."""
    _, bucket, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    is_shared = sizes[bucket] > 1
    return posts[is_shared], bucket[is_shared]


def _is_near(
    buckets: Integers, is_own: NDArray[np.bool_], sketch: list[NDArray[np.uint64]]
) -> NDArray[np.bool_]:
    """Return which rows are near another in their bucket, one of the two being `is_own`."""
    own = np.flatnonzero(is_own)
    own = own[np.argsort(buckets[own], kind="stable")]
    first, last = (np.searchsorted(buckets[own], buckets, side) for side in ("left", "right"))
    n_partners = last - first
    if n_partners.sum() > _MOST_PAIRS:
        return np.ones(len(buckets), dtype=np.bool_)
    rows = np.repeat(np.arange(len(buckets)), n_partners)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(n_partners) - n_partners, n_partners)
    partners = own[first[rows] + within]
    differing = np.zeros(len(rows), dtype=np.uint8)
    for half in sketch:
        differing += np.bitwise_count(half[rows] ^ half[partners])
    are_near = (differing <= MOST_DIFFERING_BITS) & (rows != partners)
    is_near = np.zeros(len(buckets), dtype=np.bool_)
    is_near[rows[are_near]] = True
    is_near[partners[are_near]] = True
    return is_near


def _sketch_half(rows: pa.Table, half: str) -> NDArray[np.uint64]:
    return rows[half].to_numpy().view(np.uint64)


def _sketches(facts: pa.Table) -> list[int]:
    """Return the sketches as numbers of 128 bits."""
    low, high = (_sketch_half(facts, half).tolist() for half in _SKETCH)
    return [(upper << 64) | lower for lower, upper in zip(low, high, strict=True)]


def _held(connection: duckdb.DuckDBPyConnection, posts: Integers) -> Integers:
    """Return which of these posts are compared with others, in order.

    One that was withdrawn keeps its fingerprint until it is erased.
    """
    if not len(posts):
        return posts
    signed, current = (
        _numbers(_ask_of(connection, "asked_posts", posts, _HELD.format(table=table)))
        for table in ("fingerprints", "posts")
    )
    return np.intersect1d(signed, current, assume_unique=True)


def _write_changes(connection: duckdb.DuckDBPyConnection, changes: dict[int, int | None]) -> None:
    if changes:
        rows = {
            "post_id": pa.array(list(changes), pa.int64()),
            "original": pa.array(list(changes.values()), pa.int64()),
        }
        connection.register("changed_posts", pa.table(rows))
        connection.execute(_CHANGE)
        connection.unregister("changed_posts")


def _ask_of(
    connection: duckdb.DuckDBPyConnection, name: str, posts: Integers, sql: str
) -> pa.Table:
    """Return the answer to a query that reads post ids from the relation of that name."""
    connection.register(name, pa.table({"post_id": posts}))
    answer = connection.execute(sql).to_arrow_table()
    connection.unregister(name)
    return answer


def _posts(connection: duckdb.DuckDBPyConnection, sql: str) -> Integers:
    return _numbers(connection.execute(sql).to_arrow_table())


def _distinct(numbers: NDArray[T]) -> NDArray[T]:
    """Return the different numbers in order; on millions of them much faster than `np.unique`."""
    ordered = np.sort(numbers)
    is_first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return ordered[is_first]


def _numbers(table: pa.Table) -> Integers:
    return table["post_id"].to_numpy().astype(np.int64, copy=False)


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0

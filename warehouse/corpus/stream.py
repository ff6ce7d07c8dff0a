"""Reading the token stream, and words by their numbers.

The rows of a release's `token_stream` lie in the order of the running position `g`, post after
post, so that a place is a row number. A few posts are read by their number, which zone maps find in
small pieces of the table. For many, the one column `word_id` is read from end to end and cut: that
takes two nanoseconds a token, where a join on the places takes fifteen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Integers = NDArray[np.int64]
WordIds = NDArray[np.int32]

_BATCH = 245_760  # rows; of more, memory is asked for anew each time
_TOKENS_A_POST = 140_000  # reading one post costs as much as reading so many tokens of the column


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPlaces:
    """Posts in the order of their tokens' running position, each (n_posts,).

    `first_g` is the position of a post's first token, `n_tokens` how many it has.
    """

    post_ids: Integers
    first_g: Integers
    n_tokens: Integers

    def rows_of(self, places: Integers) -> Integers:
        """Return the row of the post in which each place lies, -1 where it is none of these."""
        if not len(self.post_ids):
            return np.full(len(places), -1, dtype=np.int64)
        rows = np.searchsorted(self.first_g, places, side="right") - 1
        inside = (rows >= 0) & (places < self.first_g[rows] + self.n_tokens[rows])
        return np.where(inside, rows, -1)

    def of(self, post_ids: Integers) -> "PostPlaces":
        """Return those of the posts that are among `post_ids`."""
        kept = self.are_among(post_ids)
        return PostPlaces(
            post_ids=self.post_ids[kept],
            first_g=self.first_g[kept],
            n_tokens=self.n_tokens[kept],
        )

    def are_among(self, post_ids: Integers) -> NDArray[np.bool_]:
        """Return of each post whether it is among `post_ids`."""
        highest = max(self.post_ids.max(initial=-1), post_ids.max(initial=-1))
        known = np.zeros(highest + 1, dtype=np.bool_)  # numbers of posts are dense
        known[post_ids] = True
        return known[self.post_ids]

    def stream_rows(self, places: Integers, rows: Integers) -> Integers:
        """Return which token of all the posts each place is; `rows` are those of `rows_of`."""
        before = np.cumsum(self.n_tokens) - self.n_tokens
        return before[rows] + places - self.first_g[rows]


def all_posts(connection: duckdb.DuckDBPyConnection) -> PostPlaces:
    """Return where the tokens of every released post lie."""
    found = connection.execute(
        "SELECT post_id, first_g, n_tokens FROM token_posts WHERE n_tokens > 0"
    ).to_arrow_table()
    columns = [found.column(name).to_numpy() for name in ("post_id", "first_g", "n_tokens")]
    post_ids, first_g, n_tokens = (np.asarray(column, dtype=np.int64) for column in columns)
    if (first_g[1:] < first_g[:-1]).any():
        order = np.argsort(first_g, kind="stable")
        post_ids, first_g, n_tokens = post_ids[order], first_g[order], n_tokens[order]
    return PostPlaces(post_ids=post_ids, first_g=first_g, n_tokens=n_tokens)


def words_at(
    connection: duckdb.DuckDBPyConnection,
    places: Integers,
    *,
    posts: PostPlaces | None = None,
    rows: Integers | None = None,
) -> WordIds:
    """Return the number of the word at each place.

    Parameters
    ----------
    places : (n,) distinct running positions of tokens, in rising order
    posts : all posts, if they are at hand
    rows : (n,) the row of the post of each place, if they are at hand
    """
    held = posts or all_posts(connection)
    of_post = held.rows_of(places) if rows is None else rows
    wanted = of_post[np.flatnonzero(np.diff(of_post, prepend=-1))]
    if len(wanted) * _TOKENS_A_POST < held.n_tokens.sum():
        return _words_at_places(connection, held.post_ids[wanted], places)
    return _words_of_column(connection, held.stream_rows(places, of_post))


def positions(low: Integers, high: Integers) -> Integers:
    """Return every position that lies in an interval low <= position < high, once, rising.

    The intervals are in the order of `low`; they may overlap.
    """
    starts, sizes = disjoint(low, high)
    return np.repeat(starts - np.cumsum(sizes) + sizes, sizes) + np.arange(int(sizes.sum()))


def disjoint(low: Integers, high: Integers) -> tuple[Integers, Integers]:
    """Return the starts and sizes of intervals without what an earlier one covers."""
    starts = low.copy()
    starts[1:] = np.maximum(low[1:], np.maximum.accumulate(high)[:-1])
    return starts, np.maximum(high - starts, 0)


def column_batches(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[int, WordIds]]:
    """Yield the words of the whole stream piece by piece, each with the row that it begins at."""
    first = 0
    reader = connection.execute("SELECT word_id FROM token_stream").to_arrow_reader(_BATCH)
    for batch in reader:
        yield first, batch.column(0).to_numpy()
        first += batch.num_rows


def lies_in_order(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the rows of `token_stream` lie in the order of `g`, as all here relies on."""
    last = -1
    for batch in connection.execute("SELECT g FROM token_stream").to_arrow_reader(_BATCH):
        places = batch.column(0).to_numpy()
        if int(places[0]) <= last or (places[1:] <= places[:-1]).any():
            return False
        last = int(places[-1])
    return True


class StreamCut:
    """Cuts the tokens of some posts out of a stream that comes piece by piece."""

    def __init__(self, posts: PostPlaces, chosen: NDArray[np.bool_]) -> None:
        self.stops = np.cumsum(posts.n_tokens)[chosen]
        self.starts = self.stops - posts.n_tokens[chosen]
        self.n_tokens = int(posts.n_tokens[chosen].sum())

    def rows(self, first: int, n: int) -> Integers:
        """Return which of the `n` rows from row `first` on are theirs, from 0."""
        begin = int(np.searchsorted(self.stops, first, side="right"))
        end = int(np.searchsorted(self.starts, first + n))
        starts = np.maximum(self.starts[begin:end] - first, 0)
        sizes = np.minimum(self.stops[begin:end] - first, n) - starts
        return np.repeat(starts - np.cumsum(sizes) + sizes, sizes) + np.arange(int(sizes.sum()))


def words_of_posts(
    connection: duckdb.DuckDBPyConnection, posts: PostPlaces, chosen: NDArray[np.bool_]
) -> WordIds:
    """Return the words of the chosen among all posts, post after post, each in reading order."""
    cut = StreamCut(posts, chosen)
    words = np.empty(cut.n_tokens, dtype=np.int32)
    done = 0
    for first, piece in column_batches(connection):
        rows = cut.rows(first, len(piece))
        words[done : done + len(rows)] = piece[rows]
        done += len(rows)
    return words


def _words_at_places(
    connection: duckdb.DuckDBPyConnection, post_ids: Integers, places: Integers
) -> WordIds:
    if not len(places):
        return np.empty(0, dtype=np.int32)
    named = ", ".join(map(str, post_ids.tolist()))
    read = connection.execute(
        f"SELECT g, word_id FROM token_stream WHERE post_id IN ({named})"
    ).to_arrow_table()
    g, word_ids = read.column("g").to_numpy(), read.column("word_id").to_numpy()
    order = np.argsort(g, kind="stable")
    return np.asarray(word_ids[order][np.searchsorted(g, places, sorter=order)])


def _words_of_column(connection: duckdb.DuckDBPyConnection, rows: Integers) -> WordIds:
    found = np.empty(len(rows), dtype=np.int32)
    done = 0
    for first, words in column_batches(connection):
        stop = int(np.searchsorted(rows, first + len(words)))
        found[done:stop] = words[rows[done:stop] - first]
        done = stop
    return found


def texts_of(
    connection: duckdb.DuckDBPyConnection, word_ids: Sequence[int] | NDArray[np.integer]
) -> list[str]:
    """Return the words of these numbers, in their order."""
    distinct, where = np.unique(np.asarray(word_ids), return_inverse=True)
    table = words_of(connection, distinct)
    words = table.column("word").to_pylist()
    return [str(words[at]) for at in where.tolist()]


def words_of(
    connection: duckdb.DuckDBPyConnection,
    word_ids: NDArray[np.integer],
    *,
    columns: Sequence[str] = ("word_id", "word"),
) -> pa.Table:
    """Return columns of the vocabulary for distinct words, in the order of their numbers."""
    connection.register("wanted_words", pa.table({"word_id": word_ids.astype(np.int32)}))
    try:
        table = connection.execute(
            f"SELECT {', '.join(columns)} FROM words JOIN wanted_words USING (word_id)"
        ).to_arrow_table()
    finally:
        connection.unregister("wanted_words")
    return table.take(np.argsort(table.column("word_id").to_numpy(), kind="stable"))

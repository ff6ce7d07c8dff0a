"""The fingerprints of posts: made of their words in the token index, and kept by post.

Posts are read in order of the running position, some millions of tokens at a time, so that memory
follows the size of a piece and not of the corpus.
"""

from collections.abc import Iterator
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse.corpus import minhash
from warehouse.errors import WarehouseDamaged
from warehouse.tokeniser import MENTION

Integers = NDArray[np.int64]
WordIds = NDArray[np.int32]

BAND_COLUMNS = tuple(f"band_{number:02}" for number in range(1, minhash.BANDS + 1))

TOKENS_AT_ONCE = 4_000_000

# Whom a text addresses is no word of its own, and is another when keys are rotated.
_HASHES = f"""
SELECT word_id, md5_number_lower(
    CASE WHEN starts_with(word, 'author_') AND regexp_full_match(word, '{MENTION}')
         THEN 'author_' ELSE word END) AS hash
FROM words WHERE word_id IN (FROM wanted_words)
"""
_READ = "SELECT g, word_id FROM token_stream WHERE g >= $first AND g < $next{among}"
_AMONG = " AND post_id IN (FROM wanted_posts)"


def write_fingerprints(connection: duckdb.DuckDBPyConnection, posts: pa.Table) -> None:
    """Append the fingerprints of posts.

    Parameters
    ----------
    posts : pyarrow.Table
        post_id, first_g, n_tokens, withheld and is_compared, in the order of `first_g`; those
        that are compared have at least one token, and the others get no fingerprint.
    """
    vocabulary = _Words(connection)
    for every, tokens in _read_words(connection, posts):
        lengths = _numbers(every, "n_tokens")
        is_compared = every["is_compared"].to_numpy()
        piece, words = every.filter(every["is_compared"]), tokens[np.repeat(is_compared, lengths)]
        if not len(piece):
            continue
        cells, values = vocabulary.cells_of(words)
        signature = minhash.signatures(cells, values, lengths[is_compared])
        sketches = minhash.sketches(signature)
        keys = minhash.band_keys(signature)
        columns = {
            "post_id": piece["post_id"],
            "withheld": piece["withheld"],
            "sketch_low": sketches[:, 0],
            "sketch_high": sketches[:, 1],
            **{column: keys[:, band] for band, column in enumerate(BAND_COLUMNS)},
        }
        connection.register("fresh_fingerprints", pa.table(columns))
        connection.execute("INSERT INTO fingerprints BY NAME FROM fresh_fingerprints")
        connection.unregister("fresh_fingerprints")


def _read_words(
    connection: duckdb.DuckDBPyConnection, posts: pa.Table
) -> Iterator[tuple[pa.Table, WordIds]]:
    """Yield posts and all their tokens, a piece of both at a time.

    Parameters
    ----------
    posts : pyarrow.Table
        At least post_id, first_g and n_tokens, in the order of `first_g`.

    Raises
    ------
    WarehouseDamaged
        If the index holds other tokens than it says.
    """
    lengths = _numbers(posts, "n_tokens")
    cuts = np.flatnonzero(np.diff((np.cumsum(lengths) - 1) // TOKENS_AT_ONCE)) + 1
    starts = [0, *cuts.tolist(), len(posts)]
    for start, end in pairwise(starts):
        piece = posts.slice(start, end - start)
        words = _read_piece(connection, piece)
        if len(words) != lengths[start:end].sum():
            raise WarehouseDamaged(
                "the token index holds other tokens than it says; restore the latest backup"
            )
        if len(piece):
            yield piece, words


def _read_piece(connection: duckdb.DuckDBPyConnection, posts: pa.Table) -> WordIds:
    if not len(posts):
        return np.empty(0, dtype=np.int32)
    first, lengths = _numbers(posts, "first_g"), _numbers(posts, "n_tokens")
    span = int(first[-1] + lengths[-1] - first[0])
    between = {"first": int(first[0]), "next": int(first[0]) + span}
    if span == lengths.sum():
        return _in_order(connection.execute(_READ.format(among=""), between).to_arrow_table())
    connection.register("wanted_posts", posts.select(["post_id"]))
    found = connection.execute(_READ.format(among=_AMONG), between).to_arrow_table()
    connection.unregister("wanted_posts")
    return _in_order(found)


def _in_order(tokens: pa.Table) -> WordIds:
    """Return the words by position; they lie so already, unless the database read otherwise."""
    places: Integers = tokens["g"].to_numpy()
    words: WordIds = tokens["word_id"].to_numpy()
    return (
        words
        if bool((places[1:] > places[:-1]).all())
        else words[np.argsort(places, kind="stable")]
    )


class _Words:
    """Where words fall in a signature, by their numbers; each is hashed once."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._cells = np.zeros(0, dtype=np.uint8)
        self._values = np.zeros(0, dtype=np.uint32)
        self._is_known = np.zeros(0, dtype=np.bool_)

    def cells_of(self, words: WordIds) -> tuple[minhash.Cells, minhash.Signatures]:
        """Return the cell of each word, and its value there."""
        self._reach(int(words.max()) + 1)
        is_used = np.zeros(len(self._is_known), dtype=np.bool_)
        is_used[words] = True
        unknown = np.flatnonzero(is_used & ~self._is_known)
        if len(unknown):
            self._hash(unknown)
        return self._cells[words], self._values[words]

    def _hash(self, words: Integers) -> None:
        self._connection.register("wanted_words", pa.table({"word_id": words}))
        found = self._connection.execute(_HASHES).to_arrow_table()
        self._connection.unregister("wanted_words")
        word_ids = found["word_id"].to_numpy()
        cells, values = minhash.cells_of(found["hash"].to_numpy())
        self._cells[word_ids], self._values[word_ids] = cells, values
        self._is_known[words] = True

    def _reach(self, size: int) -> None:
        if size > len(self._is_known):
            size += size // 4
            for name in ("_cells", "_values", "_is_known"):
                held = getattr(self, name)
                longer = np.zeros(size, dtype=held.dtype)
                longer[: len(held)] = held
                setattr(self, name, longer)


def _numbers(table: pa.Table, column: str) -> Integers:
    return table[column].to_numpy().astype(np.int64, copy=False)

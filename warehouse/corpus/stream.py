"""Reading the token stream at given places, and words by their numbers."""

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Integers = NDArray[np.int64]
_NAMED_WORDS = 5_000  # above, the whole vocabulary is read instead


def read_intervals(connection: duckdb.DuckDBPyConnection, places: Integers) -> Integers:
    """Return the word number at each place; the places are distinct and rising."""
    connection.register("read_places", pa.table({"g": places}))
    try:
        found = connection.execute(
            "SELECT word_id FROM token_stream JOIN read_places USING (g) ORDER BY g"
        ).fetchnumpy()
    finally:
        connection.unregister("read_places")
    return np.asarray(found["word_id"], dtype=np.int64)


def texts_of(connection: duckdb.DuckDBPyConnection, word_ids: Integers) -> list[str]:
    """Return the words of these numbers, in their order."""
    distinct, where = np.unique(word_ids, return_inverse=True)
    named = ", ".join(map(str, distinct.tolist()))
    condition = f"WHERE word_id IN ({named})" if 0 < len(distinct) <= _NAMED_WORDS else ""
    table = connection.execute(f"SELECT word_id, word FROM words {condition}").to_arrow_table()
    found = dict(zip(table["word_id"].to_pylist(), table["word"].to_pylist(), strict=True))
    vocabulary = [found[word_id] for word_id in distinct.tolist()]
    return [vocabulary[index] for index in where.tolist()]

"""Hits with the words around them, read from the token stream.

Whatever finds places in the corpus (a word, a query, a draw) hands them over as hits: a table with
`post_id`, `first_g` (the running position of the first token) and `n_tokens`. A few windows are
read one by one, each a short interval that zone maps find; thousands by one join on position.
"""

import duckdb
import numpy as np
import pyarrow as pa

_READ_ONE_BY_ONE = 400  # windows; above, one join over the whole stream is cheaper
_AT_A_TIME = 100
_NAMED_WORDS = 5_000  # above, the whole vocabulary is read instead

_COLUMNS = ("post_id", "source", "community", "created_at")

_POSTS = """
SELECT line, post_id, source, community, created_at,
       greatest(token_posts.first_g, hits.first_g - $width) AS low,
       hits.first_g AS node, hits.first_g + hits.n_tokens AS stop,
       least(token_posts.first_g + token_posts.n_tokens,
             hits.first_g + hits.n_tokens + $width) AS high
FROM read_lines_hits AS hits JOIN token_posts USING (post_id) JOIN posts USING (post_id)
ORDER BY line
"""
_JOINED = """
SELECT line, token_stream.word_id
FROM (SELECT line, unnest(range(low, high)) AS g FROM read_lines_windows) AS wanted
JOIN token_stream ON token_stream.g = wanted.g ORDER BY line, token_stream.g
"""


def read_lines(
    connection: duckdb.DuckDBPyConnection, hits: pa.Table, *, width: int = 8
) -> pa.Table:
    """Return hits as concordance lines, in the order of the hits.

    Parameters
    ----------
    hits : pyarrow.Table
        post_id, first_g, n_tokens; further columns are left out.
    width : int
        Most words on each side; a context never leaves its post.

    Returns
    -------
    pyarrow.Table
        post_id, source, community, created_at, left_context, node, right_context.
    """
    windows = _windows(connection, hits, width)
    bounds = {name: windows.column(name).to_numpy() for name in ("low", "node", "stop", "high")}
    words = _words(connection, _word_ids(connection, windows, bounds))
    starts = np.concatenate([[0], np.cumsum(bounds["high"] - bounds["low"])])[:-1]
    cuts = {name: (starts + bounds[name] - bounds["low"]).tolist() for name in bounds}
    sides = {"left_context": ("low", "node"), "node": ("node", "stop")}
    sides["right_context"] = ("stop", "high")
    texts = {
        name: pa.array(
            [" ".join(words[a:b]) for a, b in zip(cuts[first], cuts[last], strict=True)],
            pa.string(),
        )
        for name, (first, last) in sides.items()
    }
    kept = {name: windows.column(name) for name in _COLUMNS}
    return pa.table({**kept, **texts})


def _windows(connection: duckdb.DuckDBPyConnection, hits: pa.Table, width: int) -> pa.Table:
    """Return line, the post's columns, and the positions low <= node < stop <= high."""
    line = pa.array(np.arange(hits.num_rows))
    given = hits.select(["post_id", "first_g", "n_tokens"]).append_column("line", line)
    connection.register("read_lines_hits", given)
    try:
        return connection.execute(_POSTS, {"width": width}).to_arrow_table()
    finally:
        connection.unregister("read_lines_hits")


def _word_ids(
    connection: duckdb.DuckDBPyConnection, windows: pa.Table, bounds: dict[str, np.ndarray]
) -> np.ndarray:
    """Return the word ids of all windows, window after window."""
    if windows.num_rows > _READ_ONE_BY_ONE:
        connection.register("read_lines_windows", windows.select(["line", "low", "high"]))
        try:
            table = connection.execute(_JOINED).to_arrow_table()
        finally:
            connection.unregister("read_lines_windows")
        return table.column("word_id").to_numpy()
    selects = [
        f"SELECT {line} AS line, g, word_id FROM token_stream WHERE g BETWEEN {low} AND {high - 1}"
        for line, (low, high) in enumerate(zip(bounds["low"], bounds["high"], strict=True))
    ]
    read = [np.empty(0, dtype=np.int32)]
    for first in range(0, len(selects), _AT_A_TIME):
        together = " UNION ALL ".join(selects[first : first + _AT_A_TIME])
        table = (
            connection.execute(together)
            .to_arrow_table()
            .sort_by([("line", "ascending"), ("g", "ascending")])
        )
        read.append(table.column("word_id").to_numpy())
    return np.concatenate(read)


def _words(connection: duckdb.DuckDBPyConnection, word_ids: np.ndarray) -> list[str]:
    """Return the words of these ids, in their order."""
    distinct, where = np.unique(word_ids, return_inverse=True)
    named = ", ".join(map(str, distinct.tolist()))
    condition = f"WHERE word_id IN ({named})" if 0 < len(distinct) <= _NAMED_WORDS else ""
    table = connection.execute(f"SELECT word_id, word FROM words {condition}").to_arrow_table()
    found = dict(zip(table["word_id"].to_pylist(), table["word"].to_pylist(), strict=True))
    vocabulary = [found[word_id] for word_id in distinct.tolist()]
    return [vocabulary[index] for index in where.tolist()]

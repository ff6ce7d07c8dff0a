"""Whole posts, for close reading: a sample that a seed names."""

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

# A post's place in the draw hangs on its number and the seed alone: a larger sample holds the
# smaller one, and an erasure changes no other place.
_DRAWN = """
SELECT post_id, thread_id, source, community, created_at, kind, title, text
FROM posts JOIN (
    SELECT post_id, hash(xor(hash(post_id), hash($seed::BIGINT))) AS draw FROM sample_posts
    ORDER BY draw, post_id LIMIT $n
) USING (post_id) ORDER BY draw, post_id
"""
_THREAD = "SELECT thread_id FROM posts WHERE post_id = $post_id"


def sample_posts(
    connection: duckdb.DuckDBPyConnection, post_ids: NDArray[np.int64], *, n: int, seed: int
) -> pa.Table:
    """Return up to `n` of some posts as they were written, in the order drawn; nobody is named.

    Returns
    -------
    pyarrow.Table
        post_id, thread_id, source, community, created_at, kind, title, text.
    """
    connection.register("sample_posts", pa.table({"post_id": post_ids}))
    try:
        return connection.execute(_DRAWN, {"n": n, "seed": seed}).to_arrow_table()
    finally:
        connection.unregister("sample_posts")


def thread_of(connection: duckdb.DuckDBPyConnection, post_id: int) -> int | None:
    """Return the thread in which a post stands; None where there is no such post."""
    row = connection.execute(_THREAD, {"post_id": post_id}).fetchone()
    return None if row is None else int(row[0])

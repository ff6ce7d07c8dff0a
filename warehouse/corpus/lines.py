"""Hits with the words around them, read from the token stream.

Whatever finds places in the corpus (a word, a query, a draw) hands them over as hits: a table with
`post_id`, `first_g` (the running position of the first token) and `n_tokens`.
"""

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse.corpus.stream import PostPlaces, all_posts, positions, texts_of, words_at

Integers = NDArray[np.int64]
_NAMED_POSTS = 1_000  # above, a join is faster than a list
_COLUMNS = ("post_id", "source", "community", "created_at")


def read_lines(
    connection: duckdb.DuckDBPyConnection,
    hits: pa.Table,
    *,
    width: int = 8,
    posts: PostPlaces | None = None,
) -> pa.Table:
    """Return hits as concordance lines, in the order of the hits.

    Parameters
    ----------
    hits : pyarrow.Table
        post_id, first_g, n_tokens; further columns are left out.
    width : int
        Most words on each side; a context never leaves its post.
    posts : PostPlaces, optional
        Where all posts lie, if that is at hand.

    Returns
    -------
    pyarrow.Table
        post_id, source, community, created_at, left_context, node, right_context.
    """
    posts = posts or all_posts(connection)
    node = np.asarray(hits.column("first_g").to_numpy(), dtype=np.int64)
    stop = node + hits.column("n_tokens").to_numpy()
    rows = posts.rows_of(node)
    low = np.maximum(posts.first_g[rows], node - width)
    high = np.minimum(posts.first_g[rows] + posts.n_tokens[rows], stop + width)
    order = np.argsort(low, kind="stable")
    places = positions(low[order], high[order])
    words = texts_of(connection, words_at(connection, places, posts=posts))
    begins = np.searchsorted(places, low)
    cuts = [(begins + at - low).tolist() for at in (low, node, stop, high)]
    texts = {
        name: pa.array(
            [" ".join(words[a:b]) for a, b in zip(cuts[side], cuts[side + 1], strict=True)],
            pa.string(),
        )
        for side, name in enumerate(("left_context", "node", "right_context"))
    }
    about = posts_about(connection, posts.post_ids[rows])
    return pa.table({**{name: about.column(name) for name in _COLUMNS}, **texts})


def posts_about(connection: duckdb.DuckDBPyConnection, post_ids: Integers) -> pa.Table:
    """Return post_id, source, community, created_at and thread_id of posts, in their order."""
    distinct, where = np.unique(post_ids, return_inverse=True)
    columns = f"SELECT {', '.join(_COLUMNS)}, thread_id FROM posts"
    if len(distinct) <= _NAMED_POSTS:
        named = ", ".join(map(str, distinct.tolist())) or "NULL"
        found = connection.execute(f"{columns} WHERE post_id IN ({named})").to_arrow_table()
    else:
        connection.register("wanted_posts", pa.table({"post_id": distinct}))
        try:
            found = connection.execute(
                f"{columns} JOIN wanted_posts USING (post_id)"
            ).to_arrow_table()
        finally:
            connection.unregister("wanted_posts")
    order = np.argsort(found.column("post_id").to_numpy(), kind="stable")
    return found.take(order[where])

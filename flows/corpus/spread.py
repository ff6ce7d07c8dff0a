"""How evenly a node is spread over posts, threads, communities and people."""

import duckdb
import numpy as np
import pyarrow as pa

from analysis.corpus.dispersion import dispersion
from flows.corpus.nodes import node_counts
from warehouse.corpus.population import Population

PARTS = ("post", "thread", "community", "author")


def spread(connection: duckdb.DuckDBPyConnection, node: str, population: Population) -> pa.Table:
    """Return the dispersion of a node, a row for each kind of part.

    Posts whose author is unknown are left out of the row of authors alone.
    """
    found = node_counts(connection, node, population)
    posts = found.posts
    codes = {
        "post": np.arange(len(found.n)),
        "thread": posts.thread,
        "community": posts.community,
        "author": posts.author,
    }
    rows = []
    for part in PARTS:
        known = codes[part] >= 0
        code = codes[part][known]
        counts = np.bincount(code, weights=found.n[known])
        tokens = np.bincount(code, weights=posts.n_tokens[known])
        result = dispersion(counts[:, None], tokens)
        rows.append({"part": part, "n_parts": result.n_parts, **result.to_arrow().to_pylist()[0]})
    table = pa.Table.from_pylist(rows)
    columns = ("part", "n", "n_parts_with", "n_parts", "dp", "dp_norm", "juilland_d")
    whole = pa.array([int(row["n"]) for row in rows], pa.int64())
    return table.set_column(table.schema.get_field_index("n"), "n", whole).select(columns)

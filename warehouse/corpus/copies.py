"""Families of near-duplicates in a release: how many posted a text again, where and how fast.

Coordinated copying is itself a finding, and shows in counts: many authors and communities, few
hours, every copy to the letter. Families of one author are left out, since they tell of a person;
what a text says stands in the release, under the post_id of the original.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import duckdb
import pyarrow as pa

Order = Literal["posts", "authors", "communities", "sources", "hours", "verbatim"]
ORDERS: tuple[Order, ...] = get_args(Order)

_COLUMN_OF = {"hours": "span_hours ASC", "verbatim": "share_verbatim DESC"}
_FAMILIES = """
SELECT original, n_posts, n_authors, n_communities, n_sources, first_at, last_at, span_hours,
       share_verbatim, n_words
FROM duplicate_families WHERE n_posts >= $least ORDER BY {order}, n_posts DESC, original LIMIT $most
"""
_COUNTS = """
SELECT count(duplicate_of), count(DISTINCT duplicate_of),
       (SELECT count(*) FROM duplicate_families) FROM posts
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyCounts:
    """How many posts are copies, of how many originals, and how many families may be shown."""

    copies: int
    families: int
    shown: int


def largest_families(
    connection: duckdb.DuckDBPyConnection, *, by: Order = "posts", least: int = 2, most: int = 20
) -> pa.Table:
    """Return the families of near-duplicates that come first in an order.

    Parameters
    ----------
    by : {"posts", "authors", "communities", "sources", "hours", "verbatim"}
        Largest first; `hours` puts those first that were posted in the shortest time.
    least : int
        Posts that a family has at least, the original among them.
    most : int
        Rows at most.

    Returns
    -------
    pyarrow.Table
        original (a post_id), n_posts, n_authors, n_communities, n_sources, first_at, last_at,
        span_hours, share_verbatim (of the copies), n_words (of the original).
    """
    order = _COLUMN_OF.get(by, f"n_{by} DESC")
    sql = _FAMILIES.format(order=order)
    return connection.execute(sql, {"least": least, "most": most}).to_arrow_table()


def copy_counts(connection: duckdb.DuckDBPyConnection) -> CopyCounts:
    """Return how many copies and families a release has, those of one author among them."""
    copies, families, shown = connection.execute(_COUNTS).fetchone() or (0, 0, 0)
    return CopyCounts(copies=copies, families=families, shown=shown)

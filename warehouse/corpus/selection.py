"""The corpus as arrays: the posts that count, their tokens, and the vocabulary."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import duckdb
import pyarrow as pa

from warehouse.counted import EXCLUSION, IS_COUNTED, REASONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The counted posts, in the order of `post_id`, and how many were left out by reason.

    `posts` has the columns post_id, source, community, author_key, created_at, thread_id. Every
    post of the warehouse is either in it or counted once in `excluded`.
    """

    posts: pa.Table
    excluded: Mapping[str, int]


def counted_posts(connection: duckdb.DuckDBPyConnection, *, language: str = "en") -> Selection:
    """Return the posts that shares are shares of.

    Current, not withheld, not automated, no duplicate, with at least one own word, in `language`
    (the codebook's). A post without a detected language does not count.
    """
    posts = connection.execute(
        f"""
        SELECT post_id, source, community, author_key, created_at, thread_id
        FROM posts WHERE {IS_COUNTED} ORDER BY post_id
        """,
        {"language": language},
    ).to_arrow_table()
    rows = connection.execute(
        f"SELECT {EXCLUSION} AS reason, count(*) FROM posts GROUP BY reason",
        {"language": language},
    ).fetchall()
    found = {reason: int(n) for reason, n in rows if reason is not None}
    excluded = {reason: found[reason] for reason in REASONS if reason in found}
    return Selection(posts=posts, excluded=MappingProxyType(excluded))


def corpus_tokens(connection: duckdb.DuckDBPyConnection, *, language: str = "en") -> pa.Table:
    """Return post_id and word_id of the counted posts' tokens, each post's in reading order."""
    return connection.execute(
        f"""
        SELECT post_id, word_id FROM token_stream
        WHERE post_id IN (SELECT post_id FROM posts WHERE {IS_COUNTED})
        ORDER BY g
        """,
        {"language": language},
    ).to_arrow_table()


def vocabulary(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Return word_id, word and n (occurrences in the warehouse), in the order of `word_id`."""
    return connection.execute(
        "SELECT word_id, word, n FROM words ORDER BY word_id"
    ).to_arrow_table()

"""Conversations: a whole thread in the order in which it is read."""

import re

import duckdb
import pyarrow as pa

from warehouse.tokeniser import MENTION

_PREFIX = "author_"
SOMEBODY = "@somebody"
"""Stands in a text for a person who is nobody's business here."""
_THREAD = """
WITH RECURSIVE held AS (
    SELECT * FROM posts WHERE thread_id = $thread_id
), placed AS (
    SELECT post_id, 0 AS depth, [(created_at, post_id)] AS path FROM held
    WHERE parent_id IS NULL OR parent_id NOT IN (SELECT post_id FROM held)
    UNION ALL
    SELECT held.post_id, placed.depth + 1, list_append(path, (held.created_at, held.post_id))
    FROM held JOIN placed ON held.parent_id = placed.post_id
), whole AS (
    FROM placed
    UNION ALL
    SELECT post_id, 0, [(created_at, post_id)] FROM held ANTI JOIN placed USING (post_id)
), voices AS (
    SELECT author_key, row_number() OVER (ORDER BY min(created_at), min(post_id)) AS voice
    FROM held WHERE author_key IS NOT NULL GROUP BY author_key
)
SELECT post_id, parent_id, depth, kind, created_at, voice, title, text, author_key
FROM whole JOIN held USING (post_id) LEFT JOIN voices USING (author_key)
ORDER BY path
"""


def thread(connection: duckdb.DuckDBPyConnection, thread_id: int) -> pa.Table:
    """Return a whole thread in reading order: every answer below what it answers.

    Nobody is named: `voice` is the same letter for all posts of one person in this thread, A for
    who wrote first, and tells nothing beyond it. Whom a text mentions has that letter too, such as
    @A, or is @somebody who did not write here.

    Returns
    -------
    pyarrow.Table
        post_id, parent_id, depth (0 for what begins it), kind, created_at, voice, title, text.
    """
    read = connection.execute(_THREAD, {"thread_id": thread_id}).to_arrow_table()
    letters = [None if n is None else _letters(n) for n in read.column("voice").to_pylist()]
    keys = read.column("author_key").to_pylist()
    called = {f"{_PREFIX}{key}": f"@{letter}" for key, letter in zip(keys, letters, strict=True)}
    columns: dict[str, list[str | None]] = {"voice": letters}
    for name in ("title", "text"):
        columns[name] = [_told(str(text), called) for text in read.column(name).to_pylist()]
    shown = read.drop_columns(["author_key"])
    for name, texts in columns.items():
        at = shown.schema.get_field_index(name)
        shown = shown.set_column(at, name, pa.array(texts, pa.string()))
    return shown


def _told(text: str, called: dict[str, str]) -> str:
    """Return a text with letters in the place of pseudonyms."""
    return re.sub(MENTION, lambda found: called.get(found[0], SOMEBODY), text)


def _letters(number: int) -> str:
    """Return A for 1, Z for 26, AA for 27, as the columns of a sheet are named."""
    letters = ""
    while number:
        number, digit = divmod(number - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters

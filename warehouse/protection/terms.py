"""Words that nobody holds any more, in the terms and labels by which topics are known."""

from collections.abc import Collection

import duckdb

_TOPICS = "SELECT model, topic_id, label, terms FROM topics ORDER BY model, topic_id"
_CHANGE = "UPDATE topics SET label = ?, terms = ? WHERE model = ? AND topic_id = ?"
_LABEL_TERMS = 3
NAMELESS = "no terms"


def terms_of_topics(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return every word in the terms of any topic, also of a retired one."""
    return {word for *_, terms in connection.execute(_TOPICS).fetchall() for word in terms}


def forget_terms(connection: duckdb.DuckDBPyConnection, gone: Collection[str]) -> None:
    """Drop words from topics; one whose label has such a word is called by its first terms."""
    for model, topic_id, label, terms in connection.execute(_TOPICS).fetchall():
        left = [word for word in terms if word not in gone]
        named = {part.partition(" (")[0].strip() for part in label.split(",")}
        called = label
        if not named.isdisjoint(gone):
            called = ", ".join(left[:_LABEL_TERMS]) or NAMELESS
        if (called, left) != (label, terms):
            connection.execute(_CHANGE, [called, left, model, topic_id])

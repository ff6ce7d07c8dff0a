"""Words that nobody holds any more, in the terms and names by which topics are known."""

import re
from collections.abc import Collection

import duckdb

from warehouse.tokeniser import tokens_of

NAMELESS = "no terms"
"""Label of a topic that has lost all its terms."""
ERASED = "[erased]"
"""What stands in a person's name or note where a word was that left."""

_TOPICS = "SELECT model, topic_id, label, terms, distinctive_terms FROM topics ORDER BY ALL"
_CHANGE = """
UPDATE topics SET label = $label, terms = $terms, distinctive_terms = $distinctive
WHERE model = $model AND topic_id = $topic_id
"""
_NAMES = "SELECT topic_id, label, note FROM topic_names ORDER BY topic_id"
_RENAME = "UPDATE topic_names SET label = $label, note = $note WHERE topic_id = $topic_id"
_ALL_TERMS = """
SELECT unnest(terms) AS term FROM topics UNION
SELECT unnest(distinctive_terms) FROM topics UNION
SELECT unnest(terms) FROM topic_terms
"""
_HELD = (
    "(list_contains($gone::VARCHAR[], {term})"
    " OR list_has_any(string_split({term}, ' '), $gone::VARCHAR[]))"
)
_FORGET_OF_VERSIONS = f"""
UPDATE topic_terms SET
    weights = list_filter(weights, lambda w, i: NOT {_HELD.format(term="terms[i]")}),
    terms = list_filter(terms, lambda t: NOT {_HELD.format(term="t")})
WHERE list_has_any(terms, $gone::VARCHAR[]) OR {_HELD.format(term="array_to_string(terms, ' ')")}
"""
_WORDS = f"SELECT {tokens_of('said')} FROM (SELECT $said AS said)"
_LABEL_TERMS = 3


def terms_of_topics(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the terms of every topic, words and phrases, of retired ones and earlier versions."""
    return {term for (term,) in connection.execute(_ALL_TERMS).fetchall()}


def forget_terms(connection: duckdb.DuckDBPyConnection, gone: Collection[str]) -> None:
    """Drop words and phrases from topics and their earlier versions; words from names and notes.

    A phrase goes with any of its words. A topic whose label was made of terms and has such a word
    is called by the terms that are left.
    """
    if not gone:
        return
    connection.execute(_FORGET_OF_VERSIONS, {"gone": [*gone]})
    named = _forget_in_names(connection, gone)
    for model, topic_id, label, terms, distinctive in connection.execute(_TOPICS).fetchall():
        left, left_distinctive = _left(terms, gone), _left(distinctive, gone)
        called = named.get(label, label)
        parts = [part.partition(" (")[0].strip() for part in label.split(",")]
        if label not in named and _left(parts, gone) != parts:
            called = ", ".join((left_distinctive or left or [])[:_LABEL_TERMS]) or NAMELESS
        values = {"label": called, "terms": left, "distinctive": left_distinctive}
        if (called, left, left_distinctive) != (label, terms, distinctive):
            connection.execute(_CHANGE, {**values, "model": model, "topic_id": topic_id})


def _forget_in_names(
    connection: duckdb.DuckDBPyConnection, gone: Collection[str]
) -> dict[str, str]:
    """Take words out of names and notes; return what each name became."""
    became: dict[str, str] = {}
    for topic_id, label, note in connection.execute(_NAMES).fetchall():
        said = {"label": label, "note": note}
        cleaned = {part: _without(connection, text, gone) for part, text in said.items()}
        became[label] = cleaned["label"]
        if cleaned != said:
            connection.execute(_RENAME, {**cleaned, "topic_id": topic_id})
    return became


def _without(connection: duckdb.DuckDBPyConnection, said: str, gone: Collection[str]) -> str:
    """Return a text in which words stand erased; words are cut as those of posts are."""
    (words,) = connection.execute(_WORDS, {"said": said}).fetchone() or ([],)
    for word in {*words} & {*gone}:
        said = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", ERASED, said, flags=re.IGNORECASE)
    return said


def _left(terms: Collection[str] | None, gone: Collection[str]) -> list[str] | None:
    if terms is None:
        return None
    return [
        term
        for term in terms
        if term not in gone and not any(word in gone for word in term.split(" "))
    ]

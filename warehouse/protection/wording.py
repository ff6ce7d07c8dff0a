"""Words that may be shown, and examples that are nobody's own words: for the export gate.

A topic's terms, labels and events are made of words that people wrote, and a rare one may be a
name. A word is shown if 10 people used it, in 2 threads, and a term of several words if that many
wrote them in a row, since a first name and a surname may each be common. An example is an approved
paraphrase; it is left out where it shares a long run of words with a post, since such a run finds
the post again.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import duckdb
import pyarrow as pa

from warehouse.tokeniser import MENTION, tokens_of

LEAST_USERS = 10
LEAST_THREADS = 2
HIDDEN = "[withheld]"
OWN_RUN = 5  # words in a row shared with a post that the example was made from
ANY_RUN = 8  # words in a row shared with any post


# Columns made of words that people wrote.
_WORDED = {"topics": ("label", "terms", "distinctive_terms"), "topic_events": ("detail",)}

_TERM_LISTS = {("topics", "terms"), ("topics", "distinctive_terms")}
Worded = str | list[str] | None
_BETWEEN_TERMS = ", "  # in a label that is made of terms

# What the software itself writes into the detail of an event, however rare it is in posts.
OWN_EVENT_WORDS = frozenset(
    (
        *("a", "about", "again", "all", "and", "are", "as", "became", "born", "by", "explained"),
        *("few", "fitted", "from", "in", "into", "is", "it", "its", "last", "merged", "model"),
        *("new", "newer", "nights", "no", "of", "on", "one", "other", "part", "place", "posts"),
        *("refused", "retired", "several", "similarity", "split", "spoke", "stayed", "still"),
        *("terms", "than", "that", "the", "they", "to", "took", "topic", "topics", "version"),
        *("was", "were", "with", "words"),
    )
)
_PLAIN_NUMBER = re.compile(r"\d{1,4}(?:\.\d{1,4})?")


def hide_rare_words(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table]
) -> tuple[dict[str, pa.Table], dict[str, int]]:
    """Return the tables without rare words, and how many texts were hidden in each.

    Texts are hidden piece by piece between blanks, terms as a whole. It reads `gate_posts`.
    """
    columns = [(table, column) for table, names in _WORDED.items() for column in names]
    values: dict[tuple[str, str], list[Any]] = {
        (table, column): tables[table].column(column).to_pylist() for table, column in columns
    }
    rare = _rare_pieces(connection, [text for column in values.values() for text in _flat(column)])
    rare |= _rare_phrases(connection, values)
    rare_in_events = {piece for piece in rare if not _is_own(piece)}
    shown, hidden = dict(tables), Counter[str]()
    for (table, column), texts in values.items():
        kept_out = rare_in_events if table == "topic_events" else rare
        cleaned = [_cleaned(text, kept_out) for text in texts]
        place = shown[table].column_names.index(column)
        field = shown[table].schema.field(column)
        shown[table] = shown[table].set_column(place, field, pa.array(cleaned, field.type))
        hidden[table] += sum(_hidden_in(value) for value in cleaned)
    return shown, dict(hidden)


def _is_own(piece: str) -> bool:
    bare = piece.strip(".,:;()%")
    return bare in OWN_EVENT_WORDS or _PLAIN_NUMBER.fullmatch(bare) is not None


def _flat(column: Iterable[Worded]) -> Iterator[str]:
    for value in column:
        yield from [value] if isinstance(value, str) else value or ()


def _cleaned(value: Worded, rare: set[str]) -> Worded:
    if isinstance(value, str):
        parts = (HIDDEN if part in rare else part for part in value.split(_BETWEEN_TERMS))
        pieces = _BETWEEN_TERMS.join(parts).split()
        return " ".join(HIDDEN if piece in rare else piece for piece in pieces)
    if value is None:
        return None
    return [HIDDEN if rare.intersection([term, *term.split()]) else term for term in value]


def _hidden_in(value: Worded) -> int:
    return "\n".join(_flat([value])).count(HIDDEN)


def _rare_pieces(connection: duckdb.DuckDBPyConnection, texts: Iterable[str]) -> set[str]:
    """Return the pieces of the texts, between blanks, that hold a rare word.

    Rare is what fewer than 10 people used in counted posts, or in one thread only; a pseudonym
    always is. A piece without a word is not rare.
    """
    pieces = sorted({piece for text in texts for piece in text.split()})
    if not pieces:
        return set()
    rows = connection.execute(
        f"""
        WITH pieces AS (SELECT unnest($pieces) AS piece),
        cut AS (SELECT piece, unnest({tokens_of("piece")}) AS word FROM pieces),
        used AS (
            SELECT word_id, word FROM words WHERE word IN (SELECT word FROM cut)
        ),
        common AS (
            SELECT word FROM token_stream JOIN used USING (word_id)
            JOIN gate_posts USING (post_id)
            GROUP BY word
            HAVING count(DISTINCT person) >= {LEAST_USERS}
               AND count(DISTINCT thread_id) >= {LEAST_THREADS}
               AND NOT regexp_full_match(word, '{MENTION}')
        )
        SELECT DISTINCT piece FROM cut WHERE word NOT IN (SELECT word FROM common)
        """,
        {"pieces": pieces},
    ).fetchall()
    return {piece for (piece,) in rows}


_COMMON_PHRASES = f"""
WITH cut AS (
    SELECT phrase, {tokens_of("phrase")} AS cut FROM (SELECT unnest($phrases) AS phrase)
), placed AS (
    SELECT phrase, len(cut) AS length, unnest(cut) AS word, generate_subscripts(cut, 1) AS place
    FROM cut
), runs AS (
    SELECT phrase, post_id FROM placed JOIN words USING (word) JOIN token_stream USING (word_id)
    GROUP BY phrase, length, post_id, g - place HAVING count(*) = length
)
SELECT phrase FROM runs JOIN gate_posts USING (post_id) GROUP BY phrase
HAVING count(DISTINCT person) >= {LEAST_USERS} AND count(DISTINCT thread_id) >= {LEAST_THREADS}
"""


def _rare_phrases(
    connection: duckdb.DuckDBPyConnection, values: Mapping[tuple[str, str], list[Any]]
) -> set[str]:
    """Return the terms of several words that fewer than 10 people wrote in a row."""
    terms = {
        term
        for column, texts in values.items()
        for term in _flat(texts)
        if column in _TERM_LISTS and " " in term
    }
    if not terms:
        return set()
    common = connection.execute(_COMMON_PHRASES, {"phrases": sorted(terms)}).fetchall()
    return terms - {phrase for (phrase,) in common}


_EXAMPLE_WORDS = f"""
CREATE OR REPLACE TEMP TABLE gate_example_words AS
WITH cut AS (
    SELECT row, {tokens_of("text")} AS cut FROM gate_candidates
), placed AS (
    SELECT row, unnest(cut) AS word, generate_subscripts(cut, 1) AS place FROM cut
)
SELECT row, place, word_id, n FROM placed JOIN words USING (word)
"""


def _sharing(length: int, *, own: bool) -> str:
    """Return the SQL of the examples that share a run of `length` words with a post.

    Each run is looked for where its two rarest words stand at their distance, so that hardly any
    place is compared in full.
    """
    only_own = "AND list_contains(post_ids, here.post_id)" if own else ""
    return f"""
    WITH runs AS (
        SELECT first.row, first.place AS start, next.place - first.place AS ahead, next.word_id,
               next.n
        FROM gate_example_words AS first JOIN gate_example_words AS next
        ON first.row = next.row AND next.place - first.place BETWEEN 0 AND {length - 1}
    ), anchors AS (
        SELECT row, start, arg_min({{'ahead': ahead, 'word_id': word_id}}, n, 2) AS rarest
        FROM runs GROUP BY row, start HAVING count(*) = {length}
    ), pairs AS (
        SELECT row, start, rarest[1].ahead AS ahead, rarest[1].word_id AS word_id,
               rarest[2].ahead - rarest[1].ahead AS gap, rarest[2].word_id AS other_id
        FROM anchors
    ), places AS (
        SELECT row, start, here.post_id, here.g - ahead AS base
        FROM pairs JOIN gate_candidates USING (row)
        JOIN token_stream AS here ON here.word_id = pairs.word_id
        JOIN token_stream AS other ON other.post_id = here.post_id
             AND other.g = here.g + gap AND other.word_id = pairs.other_id
        WHERE true {only_own}
    ), expected AS MATERIALIZED (
        SELECT row, start, post_id, base, base + ahead AS g, word_id
        FROM places JOIN runs USING (row, start)
    )
    SELECT row FROM expected JOIN token_stream USING (post_id, g, word_id)
    GROUP BY row, start, post_id, base HAVING count(*) = {length}
    """


def verbatim_examples(connection: duckdb.DuckDBPyConnection) -> set[int]:
    """Return the rows of `gate_candidates` (row, text, post_ids) that share a long run of words.

    Long is 5 words with a post that the example was made from, and 8 with any post: shorter runs
    are common turns of speech. Both are proposals, to be calibrated on real examples.
    """
    if not connection.execute("SELECT count(*) > 0 FROM gate_candidates").fetchall()[0][0]:
        return set()
    connection.execute(_EXAMPLE_WORDS)
    found = connection.execute(
        f"SELECT row FROM ({_sharing(OWN_RUN, own=True)})"
        f" UNION SELECT row FROM ({_sharing(ANY_RUN, own=False)})"
    ).fetchall()
    return {row for (row,) in found}

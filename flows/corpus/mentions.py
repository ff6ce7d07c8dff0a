"""Mentions: pseudonyms in texts, which stand for one person each and are nobody's business here.

They are words of the index like others, so that a text can be read as it was cut. But no question
is about one person: none can be asked about a pseudonym, no table of words has a row for one, and
lines and posts show somebody in its place.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.corpus.conversation import SOMEBODY
from warehouse.tokeniser import MENTION

_PSEUDONYM = "author_"
_NAMED = re.compile(r"author_[a-z2-7]{4}")


class PersonRefused(ValueError):
    """A question is about one person."""

    exit_code = 2


def refuse_person(node: str) -> None:
    """Refuse a node that names a pseudonym, whole or in part."""
    if _PSEUDONYM in node.lower():
        raise PersonRefused(
            "no question is about one person: a pseudonym cannot be looked for; ask about a word"
        )


def refuse_person_in(condition: str) -> None:
    """Refuse a condition that names a pseudonym; that of who wrote is no column of it anyway."""
    if _NAMED.search(condition.lower()):
        raise PersonRefused(
            "no question is about one person: a condition cannot name a pseudonym; choose posts by"
            " their community, time or words"
        )


def without_mentions(table: pa.Table, *, column: str = "word") -> pa.Table:
    """Return the rows whose word, or sequence of words, holds no pseudonym."""
    held = pc.match_substring_regex(table.column(column), MENTION)
    return table.filter(pc.invert(held))


def masked(table: pa.Table) -> pa.Table:
    """Return a table with somebody in the place of every pseudonym in its texts."""
    for at, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            texts = [_masked(text) for text in table.column(at).to_pylist()]
            table = table.set_column(at, field.name, pa.array(texts, pa.string()))
    return table


def _masked(text: str | None) -> str | None:
    if text is None or _PSEUDONYM not in text:
        return text
    return re.sub(MENTION, SOMEBODY, text)

"""Which words of the vocabulary meet the conditions of a query, and how often they stand.

A condition becomes SQL over `words`: regular expressions are RE2's, matched from end to end, and
what is typed is read as the tokeniser reads it. One pass looks up all conditions of a query.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb
import numpy as np

from warehouse.corpus.cql.errors import CqlError
from warehouse.corpus.cql.tree import (
    AllOf,
    AnyOf,
    Chain,
    Choice,
    Condition,
    Is,
    Not,
    Pattern,
    Plain,
    Query,
    Repeat,
    Token,
    names_words,
)
from warehouse.tokeniser import normalised, tokens_of

_NAMED_ONE_BY_ONE = 200
_TYPOGRAPHIC = str.maketrans(
    {"\u2019": "'", "\u02bc": "'", "\u2010": "-", "\u2011": "-", "\u00ad": None}
)
_CLASS_OR_SIGN = re.compile(r"\\[pPx]\{[^}]*\}|\\.|[^\\]+", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words that one condition is about.

    Where `left_out`, the condition is met by every word but these.

    Attributes
    ----------
    rows : str
        SQL condition on `token_places` under which a row is one of these words.
    n : int
        How many tokens they have in the corpus.
    left_out : bool
        Whether they are the words that do not meet the condition.
    """

    rows: str
    n: int
    left_out: bool


def cut_words(connection: duckdb.DuckDBPyConnection, query: Query) -> Pattern:
    """Return the query's pattern with its plain words cut as the tokeniser cuts them."""

    def cut(plain: Plain) -> Pattern:
        row = connection.execute(f"SELECT {tokens_of('$text')}", {"text": plain.text}).fetchone()
        words = row[0] if row else []
        if not words:
            sentence = f"the tokeniser finds no word in {plain.text!r}"
            raise CqlError(sentence, query=query.text, column=plain.column)
        tokens = tuple(Token(Is(word, column=plain.column)) for word in words)
        return tokens[0] if len(tokens) == 1 else Chain(tokens)

    def without_plain(pattern: Pattern) -> Pattern:
        match pattern:
            case Plain():
                return cut(pattern)
            case Token():
                return pattern
            case Chain(parts=parts):
                return Chain(tuple(without_plain(part) for part in parts))
            case Choice(branches=branches):
                return Choice(tuple(without_plain(branch) for branch in branches))
            case Repeat(part=part, least=least, most=most):
                return Repeat(without_plain(part), least, most)

    return without_plain(query.pattern)


def find_words(
    connection: duckdb.DuckDBPyConnection, query: Query, pattern: Pattern
) -> Mapping[Condition, Words]:
    """Look up the words of every condition in a pattern.

    Raises
    ------
    CqlError
        If an expression is none, with the reason that RE2 gives.
    """
    conditions = list(dict.fromkeys(_conditions(pattern)))
    if not conditions:
        return {}
    for condition in conditions:
        for leaf in _leaves(condition):
            _check(connection, query, leaf)
    named = {condition: names_words(condition) for condition in conditions}
    wanted = [
        _sql(condition) if named[condition] else f"NOT ({_sql(condition)})"
        for condition in conditions
    ]
    met = ", ".join(f"({sql}) AS c{i}" for i, sql in enumerate(wanted))
    some = " OR ".join(f"c{i}" for i in range(len(wanted)))
    table = connection.execute(
        f"SELECT * FROM (SELECT word_id, n, {met} FROM words) WHERE {some}"
    ).to_arrow_table()
    word_ids, n = table["word_id"].to_numpy(), table["n"].to_numpy()
    found = {}
    for i, condition in enumerate(conditions):
        is_met = table[f"c{i}"].to_numpy()
        found[condition] = Words(
            rows=_rows(word_ids[is_met], wanted[i]),
            n=int(n[is_met].sum()),
            left_out=not named[condition],
        )
    return found


def absent_words(connection: duckdb.DuckDBPyConnection, query: Query) -> list[str]:
    """Return what a query names, as it is written, that no word of the corpus fits.

    Raises
    ------
    CqlError
        If the query cannot be read.
    """
    pattern = cut_words(connection, query)
    conditions = [condition for condition in _conditions(pattern) if names_words(condition)]
    leaves = list(dict.fromkeys(leaf for each in conditions for leaf in _leaves(each, named=True)))
    found = find_words(connection, query, Chain(tuple(Token(leaf) for leaf in leaves)))
    return [leaf.text for leaf in leaves if not found[leaf].n and not found[leaf].left_out]


def _conditions(pattern: Pattern) -> Iterator[Condition]:
    match pattern:
        case Token(condition=condition) if condition is not None:
            yield condition
        case Chain(parts=parts) | Choice(branches=parts):
            for part in parts:
                yield from _conditions(part)
        case Repeat(part=part):
            yield from _conditions(part)


def _leaves(condition: Condition, *, named: bool = False) -> Iterator[Is]:
    """Yield what a condition compares with, or only what it does not negate."""
    match condition:
        case Is():
            yield condition
        case Not(condition=inner) if not named:
            yield from _leaves(inner)
        case AllOf(conditions=conditions) | AnyOf(conditions=conditions):
            for each in conditions:
                yield from _leaves(each, named=named)


def _check(connection: duckdb.DuckDBPyConnection, query: Query, leaf: Is) -> None:
    if not leaf.is_regex:
        return
    try:
        connection.execute(f"SELECT {_sql(leaf)} FROM (SELECT '' AS word)").fetchone()
    except duckdb.InvalidInputException as error:
        reason = str(error).removeprefix("Invalid Input Error: ")
        sentence = f"the regular expression {leaf.text!r} cannot be read ({reason})"
        raise CqlError(sentence, query=query.text, column=leaf.column) from None


def _sql(condition: Condition) -> str:
    match condition:
        case Is(text=text, is_regex=True):
            return f"regexp_full_match(word, {_quoted(_folded(text))}, 's')"
        case Is(text=text):
            return f"word = {normalised(_quoted(text))}"
        case Not(condition=inner):
            return f"NOT ({_sql(inner)})"
        case AllOf(conditions=conditions):
            return " AND ".join(f"({_sql(each)})" for each in conditions)
        case AnyOf(conditions=conditions):
            return " OR ".join(f"({_sql(each)})" for each in conditions)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _folded(expression: str) -> str:
    """Return an expression in lower case, as words are; what follows a backslash keeps its case."""
    plain = unicodedata.normalize("NFC", expression).translate(_TYPOGRAPHIC)
    return _CLASS_OR_SIGN.sub(
        lambda found: found[0] if found[0].startswith("\\") else found[0].lower(), plain
    )


def _rows(word_ids: np.ndarray, wanted: str) -> str:
    """Return the condition on `token_places`; many ids are left to the database to find."""
    if not len(word_ids):
        return "false"
    if len(word_ids) > _NAMED_ONE_BY_ONE:
        return f"word_id IN (SELECT word_id FROM words WHERE {wanted})"
    named = ", ".join(map(str, np.sort(word_ids).tolist()))
    return f"word_id IN ({named})"

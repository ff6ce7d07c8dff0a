"""Hits: where in the corpus a word, or any word of a pattern, stands."""

import re
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from warehouse.tokeniser import normalised

Integers = NDArray[np.int64]


class PatternRefused(ValueError):
    """A pattern that every word fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Words that are meant: their numbers in rising order, and how often they stand in all."""

    word_ids: Integers
    n: int


def find_words(connection: duckdb.DuckDBPyConnection, word: str) -> Words:
    """Return the words that are meant.

    `word` is read as the tokeniser reads text: in any case, with any apostrophe. In it, ``*``
    stands for any number of signs and ``?`` for one.

    Raises
    ------
    PatternRefused
        If it consists of ``*`` and ``?`` alone.
    """
    typed, condition = word.strip(), f"word = {normalised('$word')}"
    if set(typed) & set("*?"):
        if not typed.strip("*?"):
            raise PatternRefused(f"every word fits {word!r}; write at least one letter beside it")
        typed = _as_like(typed)
        condition = rf"word LIKE {normalised('$word')} ESCAPE '\'"
    found = connection.execute(
        f"SELECT word_id, n FROM words WHERE {condition}", {"word": typed}
    ).to_arrow_table()
    numbers = np.asarray(found.column("word_id").to_numpy(), dtype=np.int64)
    return Words(word_ids=np.sort(numbers), n=int(found.column("n").to_numpy().sum()))


def word_ids(connection: duckdb.DuckDBPyConnection, word: str) -> Integers:
    """Return the numbers of the words that are meant, in rising order; as `find_words`."""
    return find_words(connection, word).word_ids


def word_places(connection: duckdb.DuckDBPyConnection, word: str) -> Integers:
    """Return the running positions of a word, or of all words of a pattern, in rising order.

    Raises
    ------
    PatternRefused
        If the pattern consists of ``*`` and ``?`` alone.
    """
    return places_of(connection, word_ids(connection, word))


def places_of(connection: duckdb.DuckDBPyConnection, numbers: Integers) -> Integers:
    """Return the running positions of the words of these numbers, in rising order."""
    if not len(numbers):
        return np.empty(0, dtype=np.int64)
    found = connection.execute(
        f"SELECT g FROM token_places WHERE {condition_on_words(numbers)}"
    ).to_arrow_table()
    places = np.asarray(found.column("g").to_numpy(), dtype=np.int64)
    return np.sort(places, kind="stable")  # runs that lie in order already


def condition_on_words(numbers: Integers) -> str:
    """Return the SQL condition that `word_id` is one of these, which zone maps can follow."""
    if len(numbers) == 1:
        return f"word_id = {numbers[0]}"
    return f"word_id IN ({', '.join(map(str, numbers.tolist()))})"


def _as_like(pattern: str) -> str:
    escaped = re.sub(r"([\\%_])", r"\\\1", pattern)
    return escaped.replace("*", "%").replace("?", "_")

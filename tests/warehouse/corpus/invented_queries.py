"""Queries that Hypothesis makes, each with what it means to Python's own regular expressions.

Every word of the vocabulary is one letter, so that a post is a string and a query an expression
over it. Nothing of the query's parser or planner is used.
"""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from hypothesis import strategies as st

LETTERS = {"value": "v", "care": "c", "co-care": "o", "help": "h", "we": "w", "wait": "t"}
EXPRESSIONS = (
    "c.*",
    "(co-)?care",
    ".*e",
    "we|wait",
    "w.{1,3}",
    "[hv].+",
    "nobody",
    "Help",
    "VALUE|we",
)
NOTHING = "(?!)"
ONE = frozenset({1})
TIMES = {"?": (0, 1), "*": (0, 3), "+": (1, 3)}  # often enough to tell whether words are needed


@dataclass(frozen=True)
class Condition:
    """A condition on one word: how it is written, which words meet it, whether it names them."""

    text: str
    words: frozenset[str]
    names: bool

    @property
    def negated(self) -> "Condition":
        return Condition(f"!({self.text})", frozenset(LETTERS) - self.words, names=False)


@dataclass(frozen=True)
class Made:
    """A pattern: as a query, as an expression over letters, and how long unnamed matches can be.

    Unnamed are those that need no word which the query names; no length is in it where all do.
    """

    cql: str
    letters: str
    unnamed: frozenset[int]


def _met(expression: str) -> frozenset[str]:
    found = re.compile(expression, re.IGNORECASE)
    return frozenset(word for word in LETTERS if found.fullmatch(word))


def _compared(expression: str, sign: str) -> Condition:
    met = _met(expression)
    words = met if sign == "=" else frozenset(LETTERS) - met
    return Condition(f'word{sign}"{expression}"', words, names=sign == "=")


def _joined(parts: Iterable[Condition], sign: str) -> Condition:
    first, second = parts
    words = first.words & second.words if sign == "&" else first.words | second.words
    names = (first.names or second.names) if sign == "&" else (first.names and second.names)
    return Condition(f"({first.text} {sign} {second.text})", words, names)


def _token(condition: Condition) -> Made:
    met = "".join(sorted(LETTERS[word] for word in condition.words))
    letters = f"[{met}]" if met else NOTHING
    unnamed = frozenset[int]() if condition.names else ONE
    return Made(f"[{condition.text}]", letters, unnamed)


def _short(expression: str) -> Made:
    token = _token(_compared(expression, "="))
    return Made(f'"{expression}"', token.letters, token.unnamed)


def _repeated(part: Made, times: tuple[int, int] | str) -> Made:
    written = times if isinstance(times, str) else f"{{{times[0]},{times[1]}}}"
    least, most = TIMES[times] if isinstance(times, str) else times
    lengths = [frozenset({0})]
    for _ in range(most):
        lengths.append(_sums(lengths[-1], part.unnamed))
    return Made(
        f"({part.cql}){written}",
        f"(?:{part.letters}){written}",
        frozenset[int]().union(*lengths[least:]),
    )


def _sums(some: frozenset[int], others: frozenset[int]) -> frozenset[int]:
    return frozenset(a + b for a in some for b in others)


def _chained(parts: Iterable[Made]) -> Made:
    made = list(parts)
    return Made(
        " ".join(part.cql for part in made),
        "".join(part.letters for part in made),
        functools.reduce(_sums, (part.unnamed for part in made)),
    )


def _chosen(parts: Iterable[Made]) -> Made:
    made = list(parts)
    return Made(
        f"({' | '.join(part.cql for part in made)})",
        f"(?:{'|'.join(part.letters for part in made)})",
        frozenset[int]().union(*(part.unnamed for part in made)),
    )


_single = st.builds(
    _compared, st.sampled_from((*LETTERS, *EXPRESSIONS)), st.sampled_from(("=", "=", "!="))
)
_conditions = st.one_of(
    _single,
    _single,
    st.builds(_joined, st.tuples(_single, _single), st.sampled_from("&|")),
    st.sampled_from((*LETTERS, *EXPRESSIONS)).map(lambda each: _compared(each, "=").negated),
)
_plain = st.sampled_from(list(LETTERS)).map(lambda word: Made(word, LETTERS[word], frozenset()))
_quoted = st.sampled_from((*LETTERS, *EXPRESSIONS)).map(_short)
_tokens = st.one_of(
    _plain, _quoted, _quoted, _conditions.map(_token), st.just(Made("[]", ".", ONE))
)
_times = st.one_of(
    st.sampled_from(("?", "*", "+")),
    st.tuples(st.integers(0, 2), st.integers(1, 4)).filter(lambda each: each[0] <= each[1]),
)


def _longer(parts: st.SearchStrategy[Made]) -> st.SearchStrategy[Made]:
    return st.one_of(
        st.lists(parts, min_size=2, max_size=3).map(_chained),
        st.lists(parts, min_size=2, max_size=3).map(_chosen),
        st.builds(_repeated, parts, _times),
    )


patterns: st.SearchStrategy[Made] = st.recursive(_tokens, _longer, max_leaves=6)


def spans(letters: str, post: str) -> list[tuple[int, int]]:
    """Return every stretch of a post, of at least one word, that an expression fits."""
    fits = re.compile(letters).fullmatch
    places = range(len(post) + 1)
    return [(a, b) for a in places for b in range(a + 1, len(post) + 1) if fits(post, a, b)]


def chosen(every: Iterable[tuple[int, int]], strategy: str) -> set[tuple[int, int]]:
    """Return the stretches that a strategy keeps, by its definition."""
    found = set(every)
    if strategy == "shortest":
        return {span for span in found if not any(_inside(other, span) for other in found)}
    if strategy == "longest":
        return {span for span in found if not any(_inside(span, other) for other in found)}
    nearest = {(a, b) for a, b in found if b == min(stop for start, stop in found if start == a)}
    if strategy == "traditional":
        return nearest
    return {(a, b) for a, b in nearest if a == min(start for start, stop in nearest if stop == b)}


def _inside(span: tuple[int, int], other: tuple[int, int]) -> bool:
    return span != other and other[0] <= span[0] and span[1] <= other[1]

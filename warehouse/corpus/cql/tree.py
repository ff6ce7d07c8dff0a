"""A query as a tree: conditions on one word, and patterns of words that follow one another."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Strategy = Literal["standard", "shortest", "longest", "traditional"]

_MATCH_ANYTHING = (".*", ".+")


@dataclass(frozen=True, slots=True)
class Is:
    """The word is one that is written out, or matches a regular expression from end to end."""

    text: str
    is_regex: bool = False
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class AllOf:
    """All conditions hold."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of the conditions holds."""

    conditions: tuple["Condition", ...]


Condition = Is | Not | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Token:
    """One word that meets a condition; any word where there is none."""

    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Plain:
    """Words as a person types them, which the tokeniser has still to cut."""

    text: str
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Chain:
    """Patterns one after the other."""

    parts: tuple["Pattern", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several patterns."""

    branches: tuple["Pattern", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A pattern `least` to `most` times in a row."""

    part: "Pattern"
    least: int
    most: int


Pattern = Token | Plain | Chain | Choice | Repeat


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query as it was read.

    `strategy` is the one that it names itself, as in `(?longest)`; `capped` says that `*`, `+` or
    `{n,}` stand in it, which repeat up to a maximum.
    """

    text: str
    pattern: Pattern
    strategy: Strategy | None = None
    capped: bool = False


def names_words(condition: Condition | None) -> bool:
    """Say whether a condition picks words out, rather than leaves some out."""
    match condition:
        case None:
            return False
        case Is(text=text, is_regex=is_regex):
            return not (is_regex and text in _MATCH_ANYTHING)
        case Not(condition=inner):
            return _rejects_words(inner)
        case AllOf(conditions=conditions):
            return any(names_words(each) for each in conditions)
        case AnyOf(conditions=conditions):
            return all(names_words(each) for each in conditions)


def _rejects_words(condition: Condition) -> bool:
    """Say whether the opposite of a condition picks words out."""
    match condition:
        case Is():
            return False
        case Not(condition=inner):
            return names_words(inner)
        case AllOf(conditions=conditions):
            return all(_rejects_words(each) for each in conditions)
        case AnyOf(conditions=conditions):
            return any(_rejects_words(each) for each in conditions)


def lengths(pattern: Pattern) -> tuple[int, int]:
    """Return how many words a match of a pattern has, at least and at most."""
    match pattern:
        case Token() | Plain():
            return 1, 1
        case Chain(parts=parts):
            each = [lengths(part) for part in parts]
            return sum(least for least, _ in each), sum(most for _, most in each)
        case Choice(branches=branches):
            each = [lengths(branch) for branch in branches]
            return min(least for least, _ in each), max(most for _, most in each)
        case Repeat(part=part, least=times, most=most_times):
            least, most = lengths(part)
            return least * times, most * most_times


def simplified(pattern: Pattern) -> Pattern:
    """Return a pattern with the same matches that has fewer parts.

    Alternatives of one word each become one condition, and a repeat of a repeated word a longer
    repeat.
    """
    match pattern:
        case Token() | Plain():
            return pattern
        case Chain(parts=parts):
            return Chain(tuple(simplified(part) for part in parts))
        case Choice(branches=branches):
            return _one_of(dict.fromkeys(simplified(branch) for branch in branches))
        case Repeat(part=part, least=least, most=most):
            return _repeated(simplified(part), least, most)


def _one_of(branches: Iterable[Pattern]) -> Pattern:
    """Return the choice between branches, no two of which are equal."""
    single = [branch for branch in branches if isinstance(branch, Token)]
    longer = [branch for branch in branches if not isinstance(branch, Token)]
    conditions = [token.condition for token in single]
    named = [condition for condition in conditions if condition is not None]
    if len(named) < len(conditions):
        single = [Token()]
    elif len(named) > 1:
        single = [Token(AnyOf(tuple(named)))]
    together = (*single, *longer)
    return together[0] if len(together) == 1 else Choice(together)


def _repeated(part: Pattern, least: int, most: int) -> Pattern:
    match part:
        case Repeat(part=Token() as word, least=0 | 1 as inner, most=inner_most):
            return Repeat(word, inner * least, inner_most * most)
        case _:
            return part if least == most == 1 else Repeat(part, least, most)

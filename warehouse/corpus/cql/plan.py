"""Where to begin: the rarest words that every match must hold, from which one walks outwards.

A match is found by its anchor, one token of the pattern that names words. What stands before and
after it is then looked at near the anchor's places alone, so that a query costs as much as its
rarest word is frequent. Where alternatives leave no single token that every match has, each gets
an anchor of its own; the plans together find every match.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from warehouse.corpus.cql.tree import (
    Chain,
    Choice,
    Condition,
    Pattern,
    Plain,
    Repeat,
    Token,
    lengths,
)

SizeOf = Callable[[Condition], int | None]
"""How many tokens meet a condition; none where it names no words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An anchor, and the patterns that lead up to it and follow it."""

    before: tuple[Pattern, ...] = ()
    anchor: Condition
    after: tuple[Pattern, ...] = ()
    n: int

    def between(self, before: Sequence[Pattern], after: Sequence[Pattern]) -> "Plan":
        """Return the plan with more round it."""
        return Plan(
            before=(*before, *self.before),
            anchor=self.anchor,
            after=(*self.after, *after),
            n=self.n,
        )


def plans_for(pattern: Pattern, size_of: SizeOf) -> list[Plan] | None:
    """Return plans that together find every match of at least one word.

    Parameters
    ----------
    pattern : Pattern
        Without plain words.
    size_of : callable
        How many tokens meet a condition.

    Returns
    -------
    list of Plan, or None
        None where a match need not hold any word that is named.
    """
    match pattern:
        case Token(condition=condition):
            n = None if condition is None else size_of(condition)
            return None if condition is None or n is None else [Plan(anchor=condition, n=n)]
        case Plain():
            raise TypeError("plain words are to be cut before")
        case Choice(branches=branches):
            return _all([plans_for(branch, size_of) for branch in branches])
        case Repeat(part=part, least=least, most=most):
            again = [Repeat(part, max(least - 1, 0), most - 1)] if most > 1 else []
            plans = plans_for(part, size_of)
            return None if plans is None else [plan.between((), again) for plan in plans]
        case Chain(parts=parts):
            return _plans_for_chain(parts, size_of)


def _plans_for_chain(parts: Sequence[Pattern], size_of: SizeOf) -> list[Plan] | None:
    """Begin at the part with the fewest places, or at any part where all may be absent."""
    each = [
        None
        if (plans := plans_for(part, size_of)) is None
        else [plan.between(parts[:i], parts[i + 1 :]) for plan in plans]
        for i, part in enumerate(parts)
    ]
    required = [
        plans
        for plans, part in zip(each, parts, strict=True)
        if plans is not None and lengths(part)[0] > 0
    ]
    if required:
        return min(required, key=lambda plans: sum(plan.n for plan in plans))
    may_be_empty = all(lengths(part)[0] == 0 for part in parts)
    return _all(each) if may_be_empty else None


def _all(each: Sequence[list[Plan] | None]) -> list[Plan] | None:
    """Return all plans, or none where one part has none."""
    together: list[Plan] = []
    for plans in each:
        if plans is None:
            return None
        together += plans
    return together

"""Where a query begins to look: at its rarest words, of which every match has one."""

import pytest

from warehouse.corpus.cql import parse
from warehouse.corpus.cql.plan import Plan, plans_for
from warehouse.corpus.cql.tree import Condition, Is, Repeat, Token

SIZES = {"the": 2_000_000, "of": 1_000_000, "value": 7_000, "recovery": 1_500, "ombudsman": 3}


def size_of(condition: Condition) -> int | None:
    return SIZES[condition.text] if isinstance(condition, Is) else None


def plans(query: str) -> list[Plan] | None:
    return plans_for(parse(query).pattern, size_of)


def anchors(query: str) -> list[str] | None:
    found = plans(query)
    if found is None:
        return None
    return [plan.anchor.text for plan in found if isinstance(plan.anchor, Is)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('"the" []{0,3} "recovery" "of"', ["recovery"]),
        ('("the" | "recovery") "value"', ["value"]),
        ('("ombudsman" | "recovery") "value"', ["ombudsman", "recovery"]),
        ('("ombudsman" | "recovery")? "value"', ["value"]),
        ('"ombudsman"? "value"', ["value"]),
        ('"ombudsman"+ "value"', ["ombudsman"]),
        ('"ombudsman"? "value"?', ["ombudsman", "value"]),
        ('("ombudsman"? "value"?)+', ["ombudsman", "value"]),
        ('[word!="the"]? ("of" "value" | "the" "recovery")', ["value", "recovery"]),
        ("[]", None),
        ('[word!="the"]', None),
        ('[]* "value"?', None),
        ('"value" | []', None),
        ('("value" | [word!="the"] [])+', None),
        ('[] "value"?', None),
    ],
)
def test_a_query_begins_at_words_that_every_match_has(
    query: str, expected: list[str] | None
) -> None:
    assert anchors(query) == expected


def test_what_stands_round_an_anchor_is_kept_in_order() -> None:
    (plan,) = plans('"the" []{0,3} ("of" "recovery" "value")+ "of"') or []
    the, of, value = (Token(Is(word)) for word in ("the", "of", "value"))
    group = parse('"of" "recovery" "value"').pattern
    assert plan.before == (the, Repeat(Token(), 0, 3), of)
    assert plan.after == (value, Repeat(group, 0, 19), of)
    assert plan.n == 1_500

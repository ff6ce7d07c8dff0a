"""Rules for local services told by their kind: wards, hospitals, trusts, surgeries, schools, teams.

A service's own name goes and its kind stays: `[place] Ward`. What names a kind of service or a
national body stays whole, since it carries what is said.
"""

import re

from warehouse.protection.contextual import CAPITAL, CONTRACTED, is_strange
from warehouse.protection.lexicon import GENERIC_IN_PLACES, ORDINARY_WORDS
from warehouse.protection.rules import Rule

_NAME_REACH, _TYPE_REACH = 80, 30
_WORD_END = ".,;:!?)\"'"
_PLACE_WORD = rf"(?:St\.|[{CAPITAL}][\w'\u2019-]*)"
_PLACE_LINK = r"(?:(?:and|of|the|upon|on|in|&)[ ]){0,2}"
_PLACE_NAME = rf"{_PLACE_WORD}(?:[ ]{_PLACE_LINK}{_PLACE_WORD}){{0,4}}"


def _place(match: re.Match[str]) -> str | None:
    """Keep what tells one service from another: from the first telling word to the last."""
    words = match["span"].split(" ")
    telling = [place for place, word in enumerate(words) if _tells(word)]
    if not telling:
        return None
    if match["type"][0].islower() and _starts_sentence(match):
        return None
    return " ".join(words[telling[0] : telling[-1] + 1])


def _tells(word: str) -> bool:
    bare = word.strip(_WORD_END).lower()
    return word[0].isupper() and bare not in GENERIC_IN_PLACES and not CONTRACTED.search(bare)


def _starts_sentence(match: re.Match[str]) -> bool:
    before = match.string[: match.start("span")].rstrip(" \"'“\u2018(")
    return not before or before[-1] in ".!?\n:"


def _strange_place(match: re.Match[str]) -> str | None:
    """As `_place`, where the kind is also a common word: one word must be no ordinary one."""
    found = _place(match)
    return found if found and any(map(is_strange, found.split(" "))) else None


def _lower_place(match: re.Match[str]) -> str | None:
    """In lower case, keep the words that are no ordinary ones, and those between them."""
    words = match["span"].split(" ")
    telling = [
        place
        for place, word in enumerate(words)
        if word not in GENERIC_IN_PLACES and word not in ORDINARY_WORDS
    ]
    return " ".join(words[telling[0] : telling[-1] + 1]) if telling else None


_PLACE_TYPES = "|".join(
    (
        *("Ward", "ward", "Hospital", "hospital", "Infirmary", "Hospice", "Clinic", "Unit"),
        r"(?:Surgery|Practice|School|Trust)\b(?![ ][A-Z])",  # not in a headline's `Don't Trust Me`
        r"(?:Medical|Health|Day|Resource|Wellbeing|Children['\u2019]s) Cent(?:re|er)",
        *("Health Board", "Academy", "Nursing Home", "Care Home", "Crisis House"),
    )
)
_TYPE_WORDS = frozenset(
    (
        *("ward", "hospital", "infirmary", "hospice", "clinic", "unit", "surgery", "practice"),
        *("school", "trust", "centre", "center", "board", "academy", "home", "crisis"),
    )
)
_WEAK_TYPES = (
    r"Lodge|House|Cent(?:re|er)|College|CMHT|CAMHS|Crisis[ ]Team|Home[ ]Treatment[ ]Team|"
    r"Recovery[ ]College"
)
_WEAK_TYPE_WORDS = frozenset(
    {"lodge", "house", "centre", "center", "college", "cmht", "camhs", "team"}
)

RULES = (
    Rule(
        "place",
        re.compile(rf"(?<![\w\u2019'-])(?P<span>{_PLACE_NAME})[ ](?P<type>{_PLACE_TYPES})\b"),
        _place,
        words=_TYPE_WORDS,
        at="words",
        reach=(_NAME_REACH, _TYPE_REACH),
        follows_capital=True,
    ),
    Rule(
        "place",
        re.compile(rf"(?<![\w\u2019'-])(?P<span>{_PLACE_NAME})[ ](?P<type>{_WEAK_TYPES})\b"),
        _strange_place,
        words=_WEAK_TYPE_WORDS,
        at="words",
        reach=(_NAME_REACH, _TYPE_REACH),
        follows_capital=True,
    ),
    Rule(
        "place",
        re.compile(rf"(?<!\w)(?P<type>University)[ ]of[ ](?P<span>{_PLACE_WORD})"),
        _strange_place,
        words=frozenset({"university"}),
        at="words",
    ),
    Rule(
        "place",
        re.compile(
            r"\b(?:on|to|from|in|at)[ ](?P<span>[a-z][a-z'\u2019-]+(?:[ ][a-z][a-z'\u2019-]+)?)[ ]"
            r"(?:ward|hospital|surgery)\b"
        ),
        _lower_place,
        words=frozenset({"ward", "hospital", "surgery"}),
        at="words",
        reach=(_NAME_REACH, _TYPE_REACH),
    ),
)

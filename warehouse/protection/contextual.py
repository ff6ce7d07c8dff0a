"""Rules for names that their context gives away: titles, introductions, roles, named services.

A rule hides the name and keeps what makes the sentence: `Dr [name]`, `[place] Ward`.
"""

import re

from warehouse.protection.lexicon import (
    COMMON_NAMES,
    GENERIC_IN_PLACES,
    NEVER_NAMES,
    NOT_AFTER_NAME_IS,
)
from warehouse.protection.rules import Rule

_I = re.IGNORECASE
_CAPITAL = r"A-Z\u00c0-\u00d6\u00d8-\u00de"
_INITIALS = rf"(?:[{_CAPITAL}]\.[ ]?)*"
_NAME = rf"(?:[{_CAPITAL}][\w'\u2019-]+|[{_CAPITAL}]\.)"
_WORD = r"[^\W\d_][\w'\u2019-]+"
_NAMES = rf"{_INITIALS}{_NAME}(?:[ ](?:(?:de|van|von|der|al|bin|ap)[ ])?{_NAME}){{0,2}}"
_POSSESSIVE = re.compile(r"['\u2019]s$|['\u2019]$")
_GOES_ON = re.compile(r"(?:and|i|im|i['\u2019]m)\b")
_CONTRACTED = re.compile(r"n['\u2019]t$|['\u2019](?:re|ve|ll|m|d|ed)$", _I)
_WORD_END = ".,;:!?)\"'"


def _name(match: re.Match[str]) -> str | None:
    """Keep the leading words that can be names."""
    kept: list[str] = []
    for word in match["span"].split(" "):
        bare = _POSSESSIVE.sub("", word)
        if bare.lower() in NEVER_NAMES or _is_acronym(bare) or _CONTRACTED.search(bare):
            break
        kept.append(word)
    return _POSSESSIVE.sub("", " ".join(kept)) or None


def _is_acronym(word: str) -> bool:
    return word.isupper() and len(word.strip(".")) > 1


def _titled(match: re.Match[str]) -> str | None:
    """As `_name`, but a surname in capitals may follow a title."""
    first = _POSSESSIVE.sub("", match["span"].split(" ")[0])
    if first.isupper() and first.isalpha() and first.lower() in COMMON_NAMES:
        return first
    return _name(match)


def _in_role(match: re.Match[str]) -> str | None:
    """After `my brother is`, only a full name is one: `my brother is Welsh`."""
    name = _name(match)
    return None if name and match["is"] and " " not in name else name


def _common(match: re.Match[str]) -> str | None:
    """In lower case, take only what is known to be a name."""
    bare = _POSSESSIVE.sub("", match["span"])
    return bare if bare.lower() in COMMON_NAMES else None


def _introduced(match: re.Match[str]) -> str | None:
    """After `my name is`: capitalised words, or one word in lower case that can be a name."""
    span = match["span"]
    first = _POSSESSIVE.sub("", span.split(" ")[0])
    if not first[0].isupper():
        return first if _could_be_name(first, match) else None
    kept = _name(match)
    if kept is None:
        return None
    words = kept.split(" ")
    last = next((place for place, word in enumerate(words) if not word[0].isupper()), len(words))
    return " ".join(words[:last])


def _could_be_name(word: str, match: re.Match[str]) -> bool:
    if word in COMMON_NAMES:
        return True
    if word in NEVER_NAMES or word in NOT_AFTER_NAME_IS or word.endswith(("ing", "ed", "ly")):
        return False
    after = match.string[match.start("span") + len(word) :].lstrip(" ")
    return (
        not after
        or after[0] in ".,;!\n"
        or re.match(r"(?:and|i|im|i['\u2019]m)\b", after) is not None
    )


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
    return word[0].isupper() and bare not in GENERIC_IN_PLACES and not _CONTRACTED.search(bare)


def _starts_sentence(match: re.Match[str]) -> bool:
    before = match.string[: match.start("span")].rstrip(" \"'“\u2018(")
    return not before or before[-1] in ".!?\n:"


_TITLES = (
    r"Dr|(?<!TL[;:/])DR|Doctor|Mr|Mrs|MRS|Ms|Mx|Miss|Prof|Professor|Nurse|Sister|Matron|Rev|Reverend|"
    r"Father|Pastor|Sir|Dame|Lord|Lady|Cllr|Councillor|Sgt|Sergeant|Constable|Auntie|Aunt|Uncle"
)
_PEOPLE = (
    "woman|man|lady|gentleman|guy|bloke|lad|chap|girl|boy|person|someone|somebody|nurse|doctor|"
    "friend|mate|neighbour|colleague|patient|therapist|counsellor|psychologist|psychiatrist|worker|"
    "volunteer|member|advocate|consultant|daughter|son|baby|child|kid|student|teacher|manager|"
    "carer|facilitator|coach|mentor|lawyer|solicitor|officer"
)
_ROLES = (
    "psychiatrist|psychologist|psychotherapist|therapist|counsellor|counselor|nurse|CPN|GP|OT|"
    "doctor|consultant|social worker|support worker|care worker|key ?worker|care[ -]?coordinator|"
    "care co-ordinator|advocate|mentor|coach|solicitor|manager|boss|teacher|tutor|carer|mum|mother|"
    "mom|dad|father|brother|sister|son|daughter|husband|wife|partner|boyfriend|girlfriend|fiancée?|"
    "ex|uncle|aunt|auntie|nan|gran|grandma|grandad|grandson|granddaughter|cousin|nephew|niece|"
    "friend|best friend|mate|flatmate|neighbour|colleague"
)
_PLACE_TYPES = "|".join(
    (
        *("Ward", "ward", "Hospital", "hospital", "Infirmary", "Hospice", "Clinic", "Unit"),
        r"(?:Surgery|Practice|School|Trust)\b(?![ ][A-Z])",  # not in a headline's `Don't Trust Me`
        r"(?:Medical|Health|Day|Resource|Wellbeing|Children['\u2019]s) Cent(?:re|er)",
        *("Health Board", "Academy", "Nursing Home", "Care Home"),
    )
)
_PLACE_WORD = rf"[{_CAPITAL}][\w'\u2019.-]*"
_PLACE_LINK = r"(?:(?:and|of|the|upon|on|in|&)[ ]){0,2}"

RULES = (
    Rule(
        "name",
        re.compile(rf"\b(?:{_TITLES})\b"),
        re.compile(rf"\b(?:{_TITLES})\b\.?[ ](?P<span>{_NAMES})"),
        _titled,
    ),
    Rule(
        "name",
        re.compile(r"\b(?:dr|mr|mrs|ms|miss|prof|nurse)\b"),
        re.compile(r"\b(?:dr|mr|mrs|ms|miss|prof|nurse)\.?[ ](?P<span>[a-z][a-z'\u2019-]+)"),
        _common,
    ),
    Rule(
        "name",
        re.compile(r"\bname\b", _I),
        re.compile(
            r"\b(?i:(?:my|his|her|their)[ ](?:real[ ]|first[ ]|full[ ])?name)"
            rf"(?:['\u2019]s|[ ]is|[ ]was)[ ](?P<span>{_WORD}(?:[ ]{_WORD}){{0,2}})"
        ),
        _introduced,
    ),
    Rule(
        "name",
        re.compile(r"\b(?:called|named)\b"),
        re.compile(
            rf"(?:\b(?i:{_PEOPLE})|\b[Ii](?:['\u2019]m|[ ]am|m)"
            r"|\b(?:[Hh]e|[Ss]he)(?:['\u2019]s|[ ](?:is|was)))"
            rf"[ ](?:called|named)[ ](?P<span>{_NAMES})"
        ),
        _name,
    ),
    Rule(
        "name",
        re.compile(rf"\b(?:{_ROLES})\b"),
        re.compile(
            r"\b(?i:my|her|his|our|their|your)[ ]"
            r"(?:(?:new|old|eldest|youngest|late|lovely|dear)[ ])?"
            rf"(?:{_ROLES}),?[ ](?:(?:(?P<is>is|was)|called|named)[ ])?(?P<span>{_NAMES})"
        ),
        _in_role,
    ),
    Rule(
        "place",
        re.compile(rf"\b(?:{_PLACE_TYPES})\b"),
        re.compile(
            rf"(?<![\w\u2019'-])(?P<span>{_PLACE_WORD}(?:[ ]{_PLACE_LINK}{_PLACE_WORD}){{0,4}})"
            rf"[ ](?P<type>{_PLACE_TYPES})\b"
        ),
        _place,
    ),
)

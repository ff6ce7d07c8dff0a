"""Rules for people's names that their context gives away: titles, introductions, roles, greetings.

A rule hides the name and keeps what makes the sentence: `Dr [name]`, `my son [name]`. The weaker a
context is, the less a word may be anything else: after `Dr` any capitalised word is a name, after
`I'm` only one that is no ordinary word.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from warehouse.protection.lexicon import (
    COMMON_NAMES,
    NEVER_NAMES,
    NOT_AFTER_NAME_IS,
    ORDINARY_WORDS,
    PEOPLES,
)
from warehouse.protection.rules import Reading, Region, Rule, Screen

CAPITAL = r"A-Z\u00c0-\u00d6\u00d8-\u00de"
_INITIALS = rf"(?:[{CAPITAL}]\.[ ]?)*"
_NAME = rf"(?:[{CAPITAL}][\w'\u2019-]+|[{CAPITAL}]\.)"
_WORD = r"[^\W\d_][\w'\u2019-]+"
_NAMES = rf"{_INITIALS}{_NAME}(?:[ ](?:(?:de|van|von|der|al|bin|ap)[ ])?{_NAME}){{0,2}}"
_LOWER = r"[a-z][a-z'\u2019-]+"
_POSSESSIVE = re.compile(r"['\u2019]s$|['\u2019]$")
CONTRACTED = re.compile(r"n['\u2019]t$|['\u2019](?:re|ve|ll|m|d|ed)$", re.IGNORECASE)
_GOES_ON = re.compile(r"(?:and|i|im|i['\u2019]m)\b")
_AFTER_NAME = re.compile(r"[,.]|[ ](?:is|was|has|who|said|says)\b")
_TITLE_REACH = 30
_SIGNATURE_REACH = 70
_SIGNED = re.compile(r"\n[-\u2013\u2014~]")


def _bare(word: str) -> str:
    return _POSSESSIVE.sub("", word)


def _is_acronym(word: str) -> bool:
    return word.isupper() and len(word.strip(".")) > 1


def _can_be_name(word: str) -> bool:
    bare = _bare(word)
    never = bare.lower() in NEVER_NAMES or _is_acronym(bare) or CONTRACTED.search(bare)
    return not never


def is_strange(word: str) -> bool:
    """Tell whether a word is a known name, or at least no ordinary word."""
    bare = _bare(word).lower().rstrip(".")
    if bare in COMMON_NAMES:
        return True
    ordinary = bare in ORDINARY_WORDS or bare in NEVER_NAMES
    return not (ordinary or _is_acronym(_bare(word)) or CONTRACTED.search(word))


def _name(match: re.Match[str]) -> str | None:
    """Keep the leading words that can be names."""
    kept: list[str] = []
    for word in match["span"].split(" "):
        if not _can_be_name(word):
            break
        kept.append(word)
    return _bare(" ".join(kept)) or None


def _titled(match: re.Match[str]) -> str | None:
    """As `_name`, but a surname in capitals may follow a title."""
    first = _bare(match["span"].split(" ")[0])
    if first.isupper() and first.isalpha() and first.lower() in COMMON_NAMES:
        return first
    return _name(match)


def _strange(match: re.Match[str]) -> str | None:
    """As `_name`, if the first word is no ordinary one."""
    return _name(match) if is_strange(match["span"].split(" ")[0]) else None


def _self(match: re.Match[str]) -> str | None:
    """As `_strange`, but what people are is no name: `I'm Canadian`."""
    first = match["span"].split(" ")[0]
    begins = not re.match(r"[\w'\u2019]", match.string[max(0, match.start() - 1) : match.start()])
    return _strange(match) if begins and not _is_people(first) else None


def _is_people(word: str) -> bool:
    return word.lower() not in COMMON_NAMES and PEOPLES.fullmatch(word) is not None


def _strange_full(match: re.Match[str]) -> str | None:
    """As `_strange`, or two words of which the second is no ordinary one."""
    words = match["span"].split(" ")
    return _name(match) if any(map(is_strange, words[:2])) else None


def _signature(match: re.Match[str]) -> str | None:
    """As `_strange_full`, behind a last dash that does not go on with a list."""
    line_before = match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]
    return None if line_before[:1] in "-*~\u2013\u2014\u2022" else _strange_full(match)


def _known(match: re.Match[str]) -> str | None:
    """Take only what is known to be a name, in lower case, too."""
    bare = _bare(match["span"].split(" ")[0])
    if bare.lower() not in COMMON_NAMES:
        return None
    return _name(match) if bare[0].isupper() else bare


def _greeted(match: re.Match[str]) -> str | None:
    return _known(match) if match["span"][0].islower() else _strange(match)


def _known_or_strange(match: re.Match[str]) -> str | None:
    """Of lower case take a known name or what is no ordinary word; of capitals as `_strange`."""
    first = match["span"].split(" ")[0]
    if first[0].isupper():
        return _strange(match)
    return _bare(first) if is_strange(first) and _bare(first) not in NEVER_NAMES else None


def _in_role(match: re.Match[str]) -> str | None:
    """After `my brother is`, only a full name or no ordinary word is one: `my brother is Welsh`."""
    first = match["span"].split(" ")[0]
    if first[0].islower():
        told = not match["is"] and not match["comma"] and _could_be_in_role(first, match)
        return _bare(first) if told else None
    name = _name(match)
    told = not match["is"] or " " in (name or "") or (is_strange(first) and not _is_people(first))
    return name if told else None


def _could_be_in_role(word: str, match: re.Match[str]) -> bool:
    """In lower case a word is a name if it is known for one, or is followed as a name often is."""
    if _bare(word) in COMMON_NAMES:
        return True
    if "-" in word or not is_strange(word):
        return False
    return _AFTER_NAME.match(match.string, match.start("span") + len(word)) is not None


def _called(match: re.Match[str]) -> str | None:
    """Take a name in lower case only after `a nurse called`, not after `I am called`."""
    if match["span"][0].islower():
        return _known_or_strange(match) if match["people"] else None
    return _name(match)


def _introduced(match: re.Match[str]) -> str | None:
    """After `my name is`: capitalised words, or one word in lower case that can be a name."""
    first = _bare(match["span"].split(" ")[0])
    if not first[0].isupper():
        return first if _could_be_introduced(first, match) else None
    kept = _name(match)
    if kept is None:
        return None
    words = kept.split(" ")
    last = next((place for place, word in enumerate(words) if not word[0].isupper()), len(words))
    return " ".join(words[:last])


def _could_be_introduced(word: str, match: re.Match[str]) -> bool:
    if word in COMMON_NAMES:
        return True
    if word in NEVER_NAMES or word in NOT_AFTER_NAME_IS or word.endswith(("ing", "ed", "ly")):
        return False
    after = match.string[match.start("span") + len(word) :].lstrip(" ")
    return not after or after[0] in ".,;!\n" or _GOES_ON.match(after) is not None


_TITLES = (
    "Drs?|DR|Doctor|Mr|Mrs|MRS|Ms|Mx|Miss|Prof|Professor|Nurse|Matron|Rev|Reverend|Dame|Cllr|"
    "Councillor|Sgt|Sergeant|Constable|Midwife"
)
_WEAK_TITLES = (
    "Doctors|Sister|Father|Pastor|Sir|Lord|Lady|Judge|Auntie|Aunt|Uncle|Officer|doctor|nurse|dr|prof|"
    "professor|mrs|mr|ms|miss|auntie|aunt|uncle"
)
_TITLE_WORDS = frozenset(
    (
        *("dr", "drs", "doctor", "mr", "mrs", "ms", "mx", "miss", "prof", "professor"),
        *("nurse", "matron", "rev", "reverend", "dame", "cllr", "councillor", "sgt", "sergeant"),
        *("constable", "midwife"),
    )
)
_WEAK_TITLE_WORDS = frozenset(_WEAK_TITLES.lower().split("|"))
_PEOPLE = (
    "woman|man|lady|gentleman|guy|bloke|lad|chap|girl|boy|person|someone|somebody|nurse|doctor|"
    "friend|mate|neighbour|colleague|patient|therapist|counsellor|psychologist|psychiatrist|worker|"
    "volunteer|member|advocate|consultant|daughter|son|baby|child|kid|student|teacher|manager|"
    "carer|facilitator|coach|mentor|lawyer|solicitor|officer|assistant"
)
_ROLES = (
    "psychiatrist|psychologist|psychotherapist|therapist|counsellor|counselor|nurse|CPN|cpn|GP|gp|"
    "OT|doctor|consultant|key[ ]?worker|worker|coordinator|co-ordinator|advocate|mentor|coach|"
    "solicitor|manager|boss|teacher|tutor|carer|chair|secretary|mum|mother-in-law|mother|mom|dad|"
    "father-in-law|father|brother-in-law|brother|sister-in-law|sister|"
    "son|daughter|husband|wife|partner|boyfriend|girlfriend|fiancée?|ex|uncle|aunt|auntie|"
    "nan|gran|grandma|grandad|grandson|granddaughter|cousin|nephew|niece|friend|mate|flatmate|"
    "neighbour|colleague|stepson|"
    "stepdaughter|stepdad|stepmum"
)
_ROLE_WORDS = frozenset(
    word for word in re.split(r"\W+", _ROLES.lower()) if word not in {"in", "law", "co", "e"}
) | {"keyworker", "key", "fianc"}
_GREETING_WORDS = frozenset(
    {"hi", "hello", "hey", "hiya", "dear", "thanks", "thank", "cheers", "welcome", "ta"}
)
_CLOSING_WORDS = frozenset(
    {
        "signed",
        "regards",
        "wishes",
        "sincerely",
        "faithfully",
        "love",
        "solidarity",
        "care",
        "cheers",
    }
)
_TALK_WORDS = frozenset(
    (
        *("told", "tell", "asked", "ask", "spoke", "speak", "talked", "talk", "met", "saw", "rang"),
        *("called", "phoned", "emailed", "texted", "contact", "rip"),
    )
)
_SAYING_WORDS = frozenset(
    {"said", "says", "told", "asked", "rang", "wrote", "replied", "phoned", "from", "here"}
)


@dataclass(frozen=True, slots=True)
class _AtEnd(Rule):
    """Looks at the end of a text only."""

    def _matches(self) -> Screen:
        return lambda reading: _SIGNED.search(reading.text, _end(reading)) is not None

    def spans(self, reading: Reading) -> Iterator[Region]:
        yield from self.spans_within(reading.text, _end(reading), len(reading.text))


def _end(reading: Reading) -> int:
    return max(0, len(reading.text) - _SIGNATURE_REACH)


RULES = (
    Rule(
        "name",
        re.compile(rf"(?<!\w)(?<!TL[;:/])(?:{_TITLES})\b\.?[ ](?P<span>{_NAMES})"),
        _titled,
        words=_TITLE_WORDS,
        at="words",
    ),
    Rule(
        "name",
        re.compile(rf"(?<!\w)(?:{_WEAK_TITLES})\b(?:(?<=[dm]r|rs|ms|of)\.)?[ ](?P<span>{_NAMES})"),
        _strange,
        words=_WEAK_TITLE_WORDS,
        at="words",
    ),
    Rule(
        "name",
        re.compile(rf"(?<!\w)(?:dr|mr|mrs|ms|miss|prof|nurse)\.?[ ](?P<span>{_LOWER})"),
        _known,
        words=frozenset({"dr", "mr", "mrs", "ms", "miss", "prof", "nurse"}),
        at="words",
    ),
    Rule(
        "name",
        re.compile(rf"(?<!\w)(?:mr|mrs)\.?[ ](?P<span>{_LOWER})"),
        _known_or_strange,
        words=frozenset({"mr", "mrs"}),
        at="words",
    ),
    Rule(
        "name",
        re.compile(rf"\[name\] (?:and|&) (?P<span>{_NAMES})"),
        _strange,
        words=_TITLE_WORDS | {"doctors"},
    ),
    Rule(
        "name",
        re.compile(
            r"(?i:(?<=my )|(?<=his )|(?<=her )|(?<=their )|(?<=whose )|(?<=real )|(?<=first )"
            r"|(?<=full ))(?i:names?)"
            rf"(?:['\u2019]s|[ ]is|[ ]was|(?<=s))[ ](?P<span>{_WORD}(?:[ ]{_WORD}){{0,2}})"
        ),
        _introduced,
        words=frozenset({"name", "names"}),
        at="words",
    ),
    Rule(
        "name",
        re.compile(rf"(?:(?<=by the )name of|(?<!\w)(?i:name):)[ ](?P<span>{_NAMES})"),
        _strange,
        words=frozenset({"name"}),
        at="words",
    ),
    Rule(
        "name",
        re.compile(
            rf"(?:(?<!\w)(?P<people>(?i:{_PEOPLE}))|(?<!\w)[Ii](?:['\u2019]m|[ ]am|m)"
            r"|(?<!\w)(?:[Hh]e|[Ss]he)(?:['\u2019]s|[ ](?:is|was)))"
            rf"[ ](?:called|named)[ ](?P<span>{_NAMES}|{_LOWER})"
        ),
        _called,
        words=frozenset({"called", "named"}),
        at="words",
        reach=(_TITLE_REACH, 60),
    ),
    Rule(
        "name",
        re.compile(
            r"(?i:(?<!\w)call(?:s|ed)?[ ](?:me|him|her)[ ]|(?<!\w)introduced[ ]myself[ ]as[ ])"
            rf"(?P<span>{_NAMES})"
        ),
        _strange,
        words=frozenset({"call", "calls", "called", "introduced"}),
        at="words",
    ),
    Rule(
        "name",
        re.compile(
            r"(?<!\w)(?i:my|her|his|our|their|your)[ ](?:[a-z-]+[ ]){0,2}"
            rf"(?i:{_ROLES})\b(?P<comma>,|[ ]\()?[ ]?(?<=[ (])"
            r"(?:(?:(?:(?:is|was)[ ])?(?:called|named)|(?P<is>is|was))[ ])?"
            rf"(?P<span>{_NAMES}|{_LOWER})"
        ),
        _in_role,
        words=_ROLE_WORDS,
        at="words",
        reach=(_TITLE_REACH, 70),
    ),
    Rule(
        "name",
        re.compile(rf"I(?:['\u2019]?m|[ ]am)[ ](?P<span>{_NAMES})(?!\w)"),
        _self,
        words=frozenset({"im", "m", "am"}),
    ),
    Rule(
        "name",
        re.compile(
            r"(?<!\w)(?i:hi|hello|hey)(?:[ ]all)?[ ,!.]{1,2}(?i:i['\u2019]?m)[ ]"
            rf"(?P<span>{_LOWER})"
        ),
        _known_or_strange,
        words=frozenset({"hi", "hello", "hey"}),
        at="words",
    ),
    Rule(
        "name",
        re.compile(
            r"(?<!\w)(?i:hi|hello|hey|hiya|dear|thanks|thank[ ]you|cheers|welcome|ta)"
            r"(?:[ ](?:so|very|again|all|to|you|much|then|there)\b){0,2},?[ ]"
            rf"(?P<span>{_NAMES}|{_LOWER})"
        ),
        _greeted,
        words=_GREETING_WORDS,
        at="words",
    ),
    Rule(
        "name",
        re.compile(
            r"(?<!\w)(?i:signed|regards|wishes|sincerely|faithfully|love|solidarity|care|cheers)"
            rf"(?:,?[ ]?\n+|,?[ ])[-\u2013\u2014]?[ ]?(?P<span>{_NAMES})"
            r"(?=[ ]?[.!]?[ ]?x*[ ]?(?:\n|\Z))"
        ),
        _strange_full,
        words=_CLOSING_WORDS,
        at="words",
    ),
    _AtEnd(
        "name",
        re.compile(rf"\n[-\u2013\u2014~]{{1,2}}[ ]?(?P<span>{_NAMES})[ ]?x*\Z"),
        _signature,
    ),
    Rule(
        "name",
        re.compile(
            r"(?<!\w)(?i:told|tell|asked|ask|spoke|speak|talked|talk|met|saw|rang|called|phoned|"
            rf"emailed|texted|contact|rip)[ ](?:(?:to|with|for)[ ])?"
            rf"(?P<span>{_NAMES}|{_LOWER})"
        ),
        _known,
        words=_TALK_WORDS,
        at="words",
    ),
    Rule(
        "name",
        re.compile(rf"(?<!\w)with[ ](?P<span>{_NAME})(?![ ][{CAPITAL}])"),
        _known,
        words=frozenset({"with"}),
        needs=re.compile(rf"with[ ][{CAPITAL}]"),
        at="words",
    ),
    Rule(
        "name",
        re.compile(rf"(?:\A|(?<=\n))(?P<span>{_NAME})[ ]here\b"),
        _strange,
        words=frozenset({"here"}),
        at="words",
        reach=(_TITLE_REACH, 5),
    ),
    Rule(
        "name",
        re.compile(
            rf"(?<![\w'\u2019-])(?P<span>{_NAME})[ ]"
            r"(?:said|says|told|asked|rang|wrote|replied|phoned|from[ ]the|here)\b"
        ),
        _known,
        takes_known_names=True,
        words=_SAYING_WORDS,
        at="words",
        reach=(_TITLE_REACH, 9),
        follows_capital=True,
    ),
)

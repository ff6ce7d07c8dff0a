"""Reduce structured identifiers and names in context to tokens, before anything is written.

Every hit is counted by its kind and forgotten. The rules favour the person: what is an identifier
by its form goes; names go where their context gives them away, and what remains is why texts are
controlled. A change of the rules is a new version: texts of an older one are derived anew from
what the platform shows, never edited where they lie.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from warehouse.protection import contextual, links, numbers, services, structured
from warehouse.protection.lexicon import COMMON_NAMES
from warehouse.protection.rules import Reading, Rule, number_stretches, words_of

REDACTOR_VERSION = 3
RULES = (
    *links.RULES,
    *structured.RULES,
    *numbers.RULES,
    *structured.NUMBERED_RULES,
    *contextual.RULES,
    *services.RULES,
)


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without identifiers, and how many of which kind were taken out."""

    text: str
    counts: Mapping[str, int] = field(default_factory=dict)


def _bits(wanted: Callable[[Rule], bool]) -> int:
    return sum(1 << place for place, rule in enumerate(RULES) if wanted(rule))


# Which rules may be asked, as bits: by each word that some rule looks for, and by the length of the
# longest stretch of digits; longer than any rule asks for is as good as that.
_LONGEST = max(rule.number for rule in RULES)
_BY_NUMBER = [
    _bits(lambda rule, length=length: rule.number <= length)  # type: ignore[misc]
    for length in range(_LONGEST + 1)
]
_AT_NUMBERS = _bits(lambda rule: rule.at == "numbers")
_AT_SIGN = _bits(lambda rule: "@" in rule.signs)
_SLASH = _bits(lambda rule: "/" in rule.signs)
_WORDLESS = _bits(lambda rule: not rule.words)
_OF_NAMES = _bits(lambda rule: rule.takes_known_names)
_STANDS_APART = _bits(lambda rule: rule.kind == "url")
_BY_WORD = {
    word.encode(): _bits(lambda rule, word=word: word in rule.words)  # type: ignore[misc]
    for word in {word for rule in RULES for word in rule.words}
}
# A name of several pieces (o'brien) is known by its longest.
_NAMES = frozenset(max(words_of(name.encode()), key=len) for name in COMMON_NAMES)
_WORDS = _NAMES.union(_BY_WORD)
_SCREENS = [rule.screen() for rule in RULES]


def redact(text: str) -> Redacted:
    """Return `text` with identifiers replaced by tokens such as `[email]`."""
    letters = text.encode(errors="replace")
    met = _WORDS.intersection(words_of(letters))
    asked = _WORDLESS
    if "@" not in text:
        asked &= ~_AT_SIGN
    if "/" not in text and "www." not in text.lower():
        asked &= ~_SLASH
    for word in met:
        asked |= _BY_WORD.get(word, 0)
    numbers = number_stretches(text, letters)
    longest = max([end - start for start, end in numbers]) if numbers else 0
    asked &= _BY_NUMBER[min(longest, _LONGEST)]
    later = asked & _OF_NAMES if text.isascii() and met.isdisjoint(_NAMES) else 0
    words = frozenset([word.decode() for word in met])
    return _redact(Reading(text, words, numbers), asked & ~later, later)


def _redact(reading: Reading, asked: int, later: int) -> Redacted:
    """Ask the rules in their order, those of `later` once one before has cut words anew."""
    counts: dict[str, int] = {}
    text, words = reading.text, reading.words
    while asked:
        lowest = asked & -asked
        asked ^= lowest
        place = lowest.bit_length() - 1
        if not _SCREENS[place](reading):
            continue
        rule = RULES[place]
        text, hits = rule.apply(reading)
        if not hits:
            continue
        counts[rule.kind] = counts.get(rule.kind, 0) + hits
        reading = Reading(text, words)
        if not lowest & _STANDS_APART:
            asked |= later & -lowest
        if asked & _AT_NUMBERS:
            longest = max([end - start for start, end in reading.numbers], default=0)
            asked &= _BY_NUMBER[min(longest, _LONGEST)] | ~_AT_NUMBERS
    return Redacted(text, counts)

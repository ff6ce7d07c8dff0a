"""Reduce structured identifiers and names in context to tokens, before anything is written.

Every hit is counted by its kind and forgotten. The rules favour the person: what is an identifier
by its form goes; names go where their context gives them away, and what remains is why texts are
controlled. A change of the rules is a new version: texts of an older one are derived anew from
what the platform shows, never edited where they lie.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from warehouse.protection import contextual, links, numbers, services, structured
from warehouse.protection.rules import Reading, Rule, number_stretches, words_of

REDACTOR_VERSION = 3
_RULES = (
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
    return sum(1 << place for place, rule in enumerate(_RULES) if wanted(rule))


# Which rules may be asked, as bits: by each word that some rule looks for, and by the length of the
# longest stretch of digits; longer than any rule asks for is as good as that.
_LONGEST = max(rule.number for rule in _RULES)
_BY_NUMBER = [
    _bits(lambda rule, length=length: rule.number <= length)  # type: ignore[misc]
    for length in range(_LONGEST + 1)
]
_AT_SIGN = _bits(lambda rule: "@" in rule.signs)
_SLASH = _bits(lambda rule: "/" in rule.signs)
_WORDLESS = _bits(lambda rule: not rule.words)
_BY_WORD = {
    word.encode(): _bits(lambda rule, word=word: word in rule.words)  # type: ignore[misc]
    for word in {word for rule in _RULES for word in rule.words}
}


def redact(text: str) -> Redacted:
    """Return `text` with identifiers replaced by tokens such as `[email]`."""
    met = _BY_WORD.keys() & words_of(text)
    asked = _WORDLESS
    if "@" not in text:
        asked &= ~_AT_SIGN
    if "/" not in text and "www." not in text.lower():
        asked &= ~_SLASH
    for word in met:
        asked |= _BY_WORD[word]
    numbers = number_stretches(text)
    longest = max([end - start for start, end in numbers]) if numbers else 0
    asked &= _BY_NUMBER[min(longest, _LONGEST)]
    words = frozenset([word.decode() for word in met])
    return _redact(Reading(text, words, numbers), asked)


def _redact(reading: Reading, asked: int) -> Redacted:
    counts: dict[str, int] = {}
    text, words = reading.text, reading.words
    while asked:
        rule = _RULES[(asked & -asked).bit_length() - 1]
        asked &= asked - 1
        text, hits = rule.apply(reading)
        if hits:
            counts[rule.kind] = counts.get(rule.kind, 0) + hits
            reading = Reading(text, words)
    return Redacted(text, counts)

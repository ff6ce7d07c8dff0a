"""What a redaction rule is: where it looks, what it takes for an identifier, and what it checks.

A rule is asked only where the text has what it needs: one of its words, a sign, digits close
together. That is found out once for all rules, so a text without any candidate costs little, and a
rule that is asked looks near its words or digits only, not through the whole text.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Check = Callable[[re.Match[str]], str | None]
Region = tuple[int, int]

# letters and digits become lower case, all else a blank: of words only ASCII letters are compared
_WORD_BYTES = bytes(
    ord(chr(code).lower()) if chr(code).isascii() and chr(code).isalnum() else 32
    for code in range(256)
)
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_FIRST_DIGIT = re.compile(r"[0-9]")
_STRETCH = re.compile(r"[0-9](?:[^0-9\n]{0,4}[0-9])*")


def whole_span(match: re.Match[str]) -> str | None:
    """Accept everything that the pattern's `span` matched."""
    return match["span"]


def lowered(text: str) -> str:
    """Return `text` in lower case, letter under letter: one capital becomes two letters else."""
    low = text.lower()
    return low if len(low) == len(text) else text.replace("\u0130", "I").lower()


def words_of(text: str) -> list[bytes]:
    """Return the words of a text in lower case, cut at all that is no ASCII letter or digit."""
    return text.encode(errors="replace").translate(_WORD_BYTES).split()


def number_stretches(text: str) -> list[Region]:
    """Return where digits stand close together, with at most four other characters between."""
    first = _FIRST_DIGIT.search(text)
    if first is None:
        return []
    return [match.span() for match in _STRETCH.finditer(text, first.start())]


class Reading:
    """A text as the rules read it.

    Attributes
    ----------
    text : str
        The text, with what earlier rules took out replaced.
    words : frozenset of str
        The words of the text, or at least those that some rule looks for.
    """

    __slots__ = ("_low", "_numbers", "text", "words")

    def __init__(
        self, text: str, words: frozenset[str], numbers: list[Region] | None = None
    ) -> None:
        self.text = text
        self.words = words
        self._low: str | None = None
        self._numbers = numbers

    @property
    def low(self) -> str:
        """The text in lower case."""
        if self._low is None:
            self._low = lowered(self.text)
        return self._low

    @property
    def numbers(self) -> list[Region]:
        """Where digits stand close together."""
        if self._numbers is None:
            self._numbers = number_stretches(self.text)
        return self._numbers

    def places(self, words: frozenset[str]) -> list[int]:
        """Return where words start, in order."""
        low, found = self.low, []
        for word in words & self.words:
            place = low.find(word)
            while place >= 0:
                end = place + len(word)
                if low[place - 1 : place] not in _LETTERS and low[end : end + 1] not in _LETTERS:
                    found.append(place)
                place = low.find(word, end)
        found.sort()
        return found


@dataclass(frozen=True, slots=True)
class Rule:
    """Takes out one kind of identifier.

    `pattern` names what is to go `span`; `check` returns the part of the span that goes (its own
    characters, somewhere in the span), or None where the match is innocent. After an innocent match
    the search goes on behind it, or, with `again_within`, from its second character: digits of two
    numbers can read as one.

    A text without any of `words` or of `signs` (both in lower case), without a stretch of digits as
    long as `number`, or without a match of `trigger` in lower case is not searched. `at` says where
    the pattern is looked for: in `all` of the text, or at each of its `words` or of its `numbers`.
    There it is looked for in what lies within `reach` of the place; a reach of nothing before means
    that the match starts at the word. With `follows_capital` a word that follows one in lower case
    is no such place.
    """

    kind: str
    pattern: re.Pattern[str]
    check: Check = whole_span
    words: frozenset[str] = frozenset()
    signs: tuple[str, ...] = ()
    number: int = 0
    trigger: re.Pattern[str] | None = None
    again_within: bool = False
    at: Literal["all", "words", "numbers"] = "all"
    reach: Region = (0, 0)
    follows_capital: bool = False

    def apply(self, reading: Reading) -> tuple[str, int]:
        """Return the text with accepted spans replaced by the kind's token, and their number."""
        text = reading.text
        if self.signs:
            low = reading.low
            if not any(sign in low for sign in self.signs):
                return text, 0
        if self.trigger and not self.trigger.search(reading.low):
            return text, 0
        parts: list[str] = []
        copied = hits = 0
        for start, end in self.spans(reading):
            hits += 1
            parts += (text[copied:start], f"[{self.kind}]")
            copied = end
        return ("".join((*parts, text[copied:])), hits) if hits else (text, 0)

    def spans(self, reading: Reading) -> Iterator[Region]:
        """Yield where the accepted spans start and end, in order."""
        if self.at == "all":
            yield from self.spans_within(reading.text, 0, len(reading.text))
        elif self.at == "numbers":
            yield from self._spans_near(
                reading.text,
                (place for place in reading.numbers if place[1] - place[0] >= self.number),
            )
        elif self.reach[0]:
            places = reading.places(self.words)
            if self.follows_capital:
                places = [place for place in places if _may_follow_capital(reading.text, place)]
            yield from self._spans_near(reading.text, ((place, place) for place in places))
        else:
            yield from self._spans_at(reading.text, reading.places(self.words))

    def _spans_at(self, text: str, places: Iterable[int]) -> Iterator[Region]:
        """Yield the accepted spans of matches that start at one of the places."""
        behind = 0
        for place in places:
            match = self.pattern.match(text, place) if place >= behind else None
            found = self.check(match) if match else None
            if match and found:
                start = text.index(found, match.start("span"))
                behind = start + len(found)
                yield start, behind

    def _spans_near(self, text: str, places: Iterable[Region]) -> Iterator[Region]:
        """Yield the accepted spans of what lies within reach of one of the places."""
        before, after = self.reach
        behind = 0
        for first, last in places:
            for span in self.spans_within(text, max(first - before, behind), last + after):
                behind = span[1]
                yield span

    def spans_within(self, text: str, position: int, end: int) -> Iterator[Region]:
        """Yield the accepted spans of a part of the text."""
        while match := self.pattern.search(text, position, end):
            found = None if _is_cut(text, match.end(), end) else self.check(match)
            if found:
                start = text.index(found, match.start("span"))
                yield start, start + len(found)
            step_in = self.again_within and not found
            position = match.start() + 1 if step_in else max(match.end(), position + 1)


def _may_follow_capital(text: str, place: int) -> bool:
    before = place - 1
    start = max(text.rfind(" ", 0, before), text.rfind("\n", 0, before)) + 1
    return not text[start : start + 1].islower()


def _is_cut(text: str, matched: int, end: int) -> bool:
    """Tell whether a match ends within a word only because what was searched ends there."""
    return matched == end < len(text) and text[end - 1].isalnum() and text[end].isalnum()

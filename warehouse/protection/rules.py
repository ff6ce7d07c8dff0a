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
_NO_DIGITS = bytes(code for code in range(256) if code not in b"0123456789")
_STRETCH = re.compile(r"[0-9](?:[^0-9\n]{0,4}[0-9])*")


def whole_span(match: re.Match[str]) -> str | None:
    """Accept everything that the pattern's `span` matched."""
    return match["span"]


def lowered(text: str) -> str:
    """Return `text` in lower case, letter under letter: one capital becomes two letters else."""
    low = text.lower()
    return low if len(low) == len(text) else text.replace("\u0130", "I").lower()


def words_of(letters: bytes) -> list[bytes]:
    """Return the words of a text in lower case, cut at all that is no ASCII letter or digit."""
    return letters.translate(_WORD_BYTES).split()


def number_stretches(text: str, letters: bytes | None = None) -> list[Region]:
    """Return where digits stand close together, with at most four other characters between.

    `letters` is the text as bytes, in which is seen sooner that there is no digit.
    """
    if letters is not None and not letters.translate(None, _NO_DIGITS):
        return []
    return [match.span() for match in _STRETCH.finditer(text)]


class Reading:
    """A text as the rules read it.

    Attributes
    ----------
    text : str
        The text, with what earlier rules took out replaced.
    words : frozenset of str
        The words of the text, or at least those that some rule looks for.
    """

    __slots__ = ("_found", "_low", "_numbers", "text", "words")

    def __init__(
        self, text: str, words: frozenset[str], numbers: list[Region] | None = None
    ) -> None:
        self.text = text
        self.words = words
        self._low: str | None = None
        self._numbers = numbers
        self._found: dict[str, list[int]] = {}

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
        places: list[int] = []
        for word in words & self.words:
            found = self._found.get(word)
            places += self._find(word) if found is None else found
        places.sort()
        return places

    def _find(self, word: str) -> list[int]:
        low, length = self.low, len(word)
        found = self._found[word] = []
        place = low.find(word)
        while place >= 0:
            end = place + length
            if low[place - 1 : place] not in _LETTERS and low[end : end + 1] not in _LETTERS:
                found.append(place)
            place = low.find(word, end)
        return found


Screen = Callable[[Reading], bool]


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

    Three more say what follows from pattern and check, which saves time and changes no result: that
    what matches has a match of `needs` in it, that one of the words stands in `capitals` behind a
    blank, that every accepted span begins with a name of the lexicon (`takes_known_names`).
    """

    kind: str
    pattern: re.Pattern[str]
    check: Check = whole_span
    words: frozenset[str] = frozenset()
    signs: tuple[str, ...] = ()
    number: int = 0
    trigger: re.Pattern[str] | None = None
    needs: re.Pattern[str] | None = None
    capitals: bool = False
    takes_known_names: bool = False
    again_within: bool = False
    at: Literal["all", "words", "numbers"] = "all"
    reach: Region = (0, 0)
    follows_capital: bool = False

    def apply(self, reading: Reading) -> tuple[str, int]:
        """Return the text with accepted spans replaced by the kind's token, and their number."""
        text = reading.text
        spans = [*self.spans(reading)]
        if not spans:
            return text, 0
        parts: list[str] = []
        copied = 0
        for start, end in spans:
            parts += (text[copied:start], f"[{self.kind}]")
            copied = end
        parts.append(text[copied:])
        return "".join(parts), len(spans)

    def screen(self) -> Screen:
        """Return what tells soon whether a text can hold anything that the rule would take."""
        matches = self._matches()
        signs, trigger, needs = self.signs, self.trigger, self.needs
        words = self.words if self.capitals else None
        if not (signs or trigger or needs or words):
            return matches

        def possible(reading: Reading) -> bool:
            if signs and not any(sign in reading.low for sign in signs):
                return False
            if trigger and not trigger.search(reading.low):
                return False
            if words and not _stand_capital(reading, words):
                return False
            return (needs is None or needs.search(reading.text) is not None) and matches(reading)

        return possible

    def _matches(self) -> Screen:
        """Return what tells whether the pattern matches at any place, whatever the check says."""
        if self.at == "all":
            return lambda reading: self.pattern.search(reading.text) is not None
        if self.at == "numbers":
            return self._matches_near_numbers
        return self._matches_near_words if self.reach[0] else self._matches_at_words

    def _matches_near_numbers(self, reading: Reading) -> bool:
        search, text, (before, after) = self.pattern.search, reading.text, self.reach
        return any(
            search(text, max(first - before, 0), last + after)
            for first, last in reading.numbers
            if last - first >= self.number
        )

    def _matches_near_words(self, reading: Reading) -> bool:
        search, text, (before, after) = self.pattern.search, reading.text, self.reach
        places = self._places(reading)
        return any(search(text, max(place - before, 0), place + after) for place in places)

    def _matches_at_words(self, reading: Reading) -> bool:
        match, text = self.pattern.match, reading.text
        return any(match(text, place) for place in reading.places(self.words))

    def _places(self, reading: Reading) -> list[int]:
        places = reading.places(self.words)
        if self.follows_capital:
            places = [place for place in places if _may_follow_capital(reading.text, place)]
        return places

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
            near = ((place, place) for place in self._places(reading))
            yield from self._spans_near(reading.text, near)
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


def _stand_capital(reading: Reading, words: frozenset[str]) -> bool:
    return any(f" {word.capitalize()}" in reading.text for word in words & reading.words)


def _may_follow_capital(text: str, place: int) -> bool:
    before = place - 1
    start = max(text.rfind(" ", 0, before), text.rfind("\n", 0, before)) + 1
    return not text[start : start + 1].islower()


def _is_cut(text: str, matched: int, end: int) -> bool:
    """Tell whether a match ends within a word only because what was searched ends there."""
    return matched == end < len(text) and text[end - 1].isalnum() and text[end].isalnum()

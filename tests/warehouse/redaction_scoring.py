"""Reads the marked sentences and counts what a redaction hid of them, letter by letter.

What was hidden is read off the result alone: the pieces between its tokens must stand in the
sentence in their order, and what lies between them is what went.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from warehouse.protection.keys import KeyRing
from warehouse.protection.mentions import replace_mentions
from warehouse.protection.redaction import redact

_FOLDER = Path(__file__).parent / "redaction_sentences"
_MARK = re.compile(r"«([a-z-]+)\|([^«»]+)»")
_TOKEN = re.compile(
    r"\[(email|phone|nhs-number|ni-number|postcode|url|card|account|date-of-birth|reference|"
    r"address|handle|vehicle|name|place)\]|\bauthor_[a-z2-7]{24}\b"
)
CONTEXT_KINDS = frozenset({"name", "place"})
KEYS = KeyRing(study="s", author=(b"1" * 32,), content=b"2" * 32, erasure=b"3" * 32)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text, and what kind of identifier it is."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text without its marks, and the spans that were marked."""

    text: str
    spans: tuple[Span, ...]

    def lowered(self) -> "Sentence":
        """Return the sentence without a capital."""
        return Sentence(self.text.lower(), self.spans)


def parse(line: str) -> Sentence:
    """Read a line with its marks."""
    text, spans, copied = "", [], 0
    for mark in _MARK.finditer(line):
        text += line[copied : mark.start()].replace("\\n", "\n")
        spans.append(Span(mark[1], len(text), len(text) + len(mark[2])))
        text += mark[2]
        copied = mark.end()
    return Sentence(text + line[copied:].replace("\\n", "\n"), tuple(spans))


@cache
def sentences(name: str) -> tuple[Sentence, ...]:
    """Return the sentences of one file: `structured`, `names` or `innocent`."""
    groups = tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    lines = [line for group in groups.values() for line in group["sentences"].splitlines()]
    return tuple(parse(line) for line in lines if line)


def protect(text: str) -> str:
    """Do to a text what is done before anything is written."""
    mentions = replace_mentions(text, platform="discourse", host="forum.example", keys=KEYS)
    return redact(mentions.text).text


def hidden_spans(text: str, result: str) -> Iterator[Span]:
    """Yield what stands in `text` where `result` has its tokens."""
    tokens = list(_TOKEN.finditer(result))
    pieces = _TOKEN.sub("\0", result).split("\0")
    aligned = re.fullmatch("(.+?)".join(map(re.escape, pieces)), text, re.DOTALL)
    assert aligned, "more was changed than what became a token"
    for number, token in enumerate(tokens, start=1):
        yield Span(token[1] or "mention", *aligned.span(number))


@dataclass(slots=True)
class Score:
    """How many marked spans were hidden, and how many hidden ones were marked."""

    marked: int = 0
    found: int = 0
    found_as_kind: int = 0
    hidden: int = 0
    right: int = 0
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """The share of marked spans that were hidden."""
        return self.found / self.marked

    @property
    def precision(self) -> float:
        """The share of hidden spans that lie within marked ones."""
        return self.right / self.hidden


def score(
    read: Iterable[Sentence], counts: Callable[[str], bool], protected: Callable[[str], str]
) -> Score:
    """Count the spans whose kind `counts`; a span is hidden if no letter or digit of it is left."""
    total = Score()
    for sentence in read:
        text = sentence.text
        hidden = list(hidden_spans(text, protected(text)))
        gone = {place for span in hidden for place in range(span.start, span.end)}
        marked = {place for span in sentence.spans for place in range(span.start, span.end)}
        for span in sentence.spans:
            if counts(span.kind):
                total.marked += 1
                total.found += _letters(text, span) <= gone
                total.found_as_kind += span in hidden
                total.missed += [] if _letters(text, span) <= gone else [f"{span.kind}: {text}"]
        for span in hidden:
            if counts(span.kind):
                total.hidden += 1
                total.right += _letters(text, span) <= marked
                total.false += [] if _letters(text, span) <= marked else [f"{span.kind}: {text}"]
    return total


def _letters(text: str, span: Span) -> set[int]:
    return {place for place in range(span.start, span.end) if text[place].isalnum()}

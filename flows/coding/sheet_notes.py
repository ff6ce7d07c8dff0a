"""Content notes: what a post may speak of that a coder may not want to meet unprepared.

A list of words, shipped beside this module; it hides nothing from anybody who wants to read.
"""

import re
from functools import cache
from importlib.resources import files

_STRAIGHT = str.maketrans({"\N{RIGHT SINGLE QUOTATION MARK}": "'"})
_END = "*"


def content_note(text: str) -> tuple[str, ...]:
    """Return what a text may speak of, in the order of the list; empty for most."""
    read = text.translate(_STRAIGHT)
    return tuple(kind for kind, pattern in _patterns() if pattern.search(read))


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    listed = files("flows.coding").joinpath("distress_terms.txt").read_text(encoding="utf-8")
    lines = [line for line in listed.splitlines() if line and not line.startswith("#")]
    return tuple(_pattern_of(line) for line in lines)


def _pattern_of(line: str) -> tuple[str, re.Pattern[str]]:
    kind, _, terms = line.partition(": ")
    forms = "|".join(_form(term) for term in terms.split(", "))
    return kind, re.compile(rf"(?<!\w)(?:{forms})(?!\w)", re.IGNORECASE)


def _form(term: str) -> str:
    ending = r"\w*" if term.endswith(_END) else ""
    words = [re.escape(word) for word in term.removesuffix(_END).split()]
    return r"\s+".join(words) + ending

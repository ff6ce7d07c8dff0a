"""Reduce structured identifiers and names in context to tokens, before anything is written.

Every hit is counted by its kind and forgotten. The rules favour the person: what is an identifier
by its form goes; names go where their context gives them away, and what remains is why texts are
controlled.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from warehouse.protection import contextual, links, structured

REDACTOR_VERSION = 2
_ANY_DIGIT = re.compile(r"\d")
_RULES_FOR_WORDS = (*links.RULES, *structured.RULES, *contextual.RULES)
_RULES = (*links.RULES, *structured.RULES, *structured.NUMERIC_RULES, *contextual.RULES)


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without identifiers, and how many of which kind were taken out."""

    text: str
    counts: Mapping[str, int] = field(default_factory=dict)


def redact(text: str) -> Redacted:
    """Return `text` with identifiers replaced by tokens such as `[email]`."""
    counts: Counter[str] = Counter()
    for rule in _RULES if _ANY_DIGIT.search(text) else _RULES_FOR_WORDS:
        if rule.trigger.search(text):
            text, hits = rule.apply(text)
            if hits:
                counts[rule.kind] += hits
    return Redacted(text, dict(counts))

"""What a redaction rule is: a trigger that is cheap, a pattern with a `span`, and a check."""

import re
from collections.abc import Callable
from dataclasses import dataclass

Check = Callable[[re.Match[str]], str | None]


def whole_span(match: re.Match[str]) -> str | None:
    """Accept everything that the pattern's `span` matched."""
    return match["span"]


@dataclass(frozen=True, slots=True)
class Rule:
    """Takes out one kind of identifier.

    `pattern` names what is to go `span`; `check` returns the part of the span that goes (its own
    characters, somewhere in the span), or None where the match is innocent. `trigger` is searched
    first and is much cheaper than the pattern. After an innocent match the search goes on behind
    it, or, with `again_within`, from its second character: digits of two numbers can read as one.
    """

    kind: str
    trigger: re.Pattern[str]
    pattern: re.Pattern[str]
    check: Check = whole_span
    again_within: bool = False

    def apply(self, text: str) -> tuple[str, int]:
        """Return `text` with every accepted span replaced by the kind's token, and their number."""
        parts: list[str] = []
        copied = position = hits = 0
        while match := self.pattern.search(text, position):
            found = self.check(match)
            if found:
                hits += 1
                start = text.index(found, match.start("span"))
                parts += (text[copied:start], f"[{self.kind}]")
                copied = start + len(found)
            step_in = self.again_within and not found
            position = match.start() + 1 if step_in else max(match.end(), position + 1)
        return "".join((*parts, text[copied:])), hits

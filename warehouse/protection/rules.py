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
    first and is much cheaper than the pattern.
    """

    kind: str
    trigger: re.Pattern[str]
    pattern: re.Pattern[str]
    check: Check = whole_span

    def apply(self, text: str) -> tuple[str, int]:
        """Return `text` with every accepted span replaced by the kind's token, and their number."""
        hits = 0

        def replaced(match: re.Match[str]) -> str:
            nonlocal hits
            found = self.check(match)
            if not found:
                return match[0]
            hits += 1
            start = match.string.index(found, match.start("span")) - match.start()
            whole = match[0]
            return f"{whole[:start]}[{self.kind}]{whole[start + len(found) :]}"

        return self.pattern.sub(replaced, text), hits

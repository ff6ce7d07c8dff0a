"""What a coding sheet holds, whatever it is written as: posts, the codebook, and who codes.

A post is known on a sheet by an item, a word of letters made up for this sheet alone. Sheets leave
the machine, get copied, mailed and left on sticks. Under its `post_id` a post on a lost sheet could
be looked up in a release that somebody holds, with its source, its thread and its author's other
posts, and told to be the same post as on another sheet; an item leads nowhere without the
warehouse, and its way back goes with the post when that is erased. Letters only, and no vowels: no
spreadsheet takes an item for a number or a date, and none is a word.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, Literal

from analysis.codebook import Codebook

LETTERS: Final = "bcdfghjkmnpqrstvwxz"
ITEM_LENGTH: Final = 12
SHEET_LENGTH: Final = 8

SKIP_REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "distressing": "Too distressing for me now",
        "known": "I know, or may know, who wrote it",
        "unclear": "I cannot tell what it says",
        "language": "Not in a language that I code in",
        "unsaid": "I would rather not say",
        "other": "Another reason (say it in the note)",
    }
)

UNSAID: Final = "unsaid"
"""Why a post was skipped where nobody said: nobody has to."""

SheetForm = Literal["html", "xlsx", "csv"]
SHEET_FORMS: Final[tuple[SheetForm, ...]] = ("html", "xlsx", "csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPost:
    """A post as a coder sees it: nothing tells who wrote it, where it links, or on which day."""

    item: str
    community: str
    month: str
    text: str
    content_note: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet for one coder."""

    sheet: str
    coder: str
    study: str
    made_on: date
    codebook: Codebook
    posts: tuple[SheetPost, ...]
    support: tuple[str, ...] = ()


def new_word(length: int) -> str:
    """Return a word that nobody can guess."""
    return "".join(secrets.choice(LETTERS) for _ in range(length))

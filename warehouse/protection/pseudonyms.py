"""Pseudonyms that stand in texts, as they are after a rotation of the author key."""

from warehouse.protection.keys import KeyRing
from warehouse.protection.mentions import AUTHOR_TOKEN

_MARK = "author_"


def advance_mentions(text: str, keys: KeyRing, *, since: int) -> str:
    """Return `text` with author tokens made under `since` links as they are under all of them."""
    if _MARK not in text:
        return text
    return AUTHOR_TOKEN.sub(
        lambda found: _MARK + keys.advanced(found[0].removeprefix(_MARK), since=since), text
    )

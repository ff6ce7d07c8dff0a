"""Which forums were read before the eyes of somebody who knows them, and by which profile.

A profile that nobody tested may read a board wrongly without a sign of it: dates of another day
order, a signature taken for the text. So it yields nothing until a person has confirmed what it
made of one thread; a changed profile has another digest and is to be confirmed anew.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from warehouse.home import make_private_folder, write_private


def read_confirmed(state: Path) -> dict[str, str]:
    """Return the digest of the confirmed profile of each source."""
    return {
        source: str(entry["digest"])
        for source, entry in _entries(state).items()
        if isinstance(entry, Mapping) and "digest" in entry
    }


def confirm(state: Path, source: str, *, digest: str, n_posts: int, now: datetime) -> None:
    """Record that somebody confirmed what a profile made of a source's board."""
    entries = _entries(state)
    entries[source] = {"digest": digest, "n_posts": n_posts, "confirmed_at": now.isoformat()}
    make_private_folder(state)
    write_private(_file(state), json.dumps(entries, indent=1).encode())


def _entries(state: Path) -> dict[str, Any]:
    try:
        entries = json.loads(_file(state).read_bytes())
    except (OSError, ValueError):
        return {}  # a board that is not known to be confirmed is confirmed again
    return entries if isinstance(entries, dict) else {}


def _file(state: Path) -> Path:
    return state / "confirmed.json"

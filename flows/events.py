"""Events in the world that series are looked at beside: laws, elections, reports, strikes.

An event is a public fact of a study, and everybody can read it. What names or could lead to a
person is taken out of its label, and a link to somebody's post or profile is refused.
"""

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

import pyarrow as pa

from warehouse.gateway import Warehouse
from warehouse.protection.redaction import redact

LONGEST_LABEL = 120
_COLUMNS: dict[str, pa.DataType] = {
    "event_id": pa.int32(),
    "day": pa.date32(),
    "label": pa.string(),
    "url": pa.string(),
    "added_by": pa.string(),
}


class EventRefused(ValueError):
    """An event that cannot be entered; the message says why."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event as it is stored."""

    event_id: int
    day: date
    label: str
    url: str | None


def add_event(warehouse: Warehouse, day: str, label: str, *, url: str | None = None) -> Event:
    """Enter an event.

    Parameters
    ----------
    warehouse : Warehouse
    day : str
        As 2024-07-04.
    label : str
        What happened, on one line; it is stored as the redactor leaves it.
    url : str, optional
        Where it can be read about.

    Raises
    ------
    EventRefused
        If the day is none, the label empty or long, the link no page that everybody may be shown,
        or the same event is there already.
    """
    event = Event(
        event_id=_next_number(warehouse), day=_day(day), label=_label(label), url=_url(url)
    )
    same = "SELECT 1 FROM events WHERE day = ? AND label = ?"
    if warehouse.query(same, [event.day, event.label]).num_rows:
        raise EventRefused(f"the event '{event.label}' of {event.day} is entered already")
    row = {"event_id": event.event_id, "day": event.day, "label": event.label, "url": event.url}
    rows = pa.Table.from_pylist([row], pa.schema(_COLUMNS))
    warehouse.replace("events", rows, keys=["event_id"])
    return event


def _next_number(warehouse: Warehouse) -> int:
    (row,) = warehouse.query(
        "SELECT coalesce(max(event_id), 0) + 1 AS next FROM events"
    ).to_pylist()
    return int(row["next"])


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise EventRefused(f"{text} is no day; write one such as 2024-07-04") from None


def _label(text: str) -> str:
    label = " ".join(redact(text).text.split())
    if not label or not label.isprintable():
        raise EventRefused("an event needs a label: say in a few words what happened")
    if len(label) > LONGEST_LABEL:
        raise EventRefused(
            f"the label has {len(label)} characters; say in at most {LONGEST_LABEL} what happened"
        )
    return label


def _url(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.username is None
    except ValueError:
        sound = False
    if not sound or not text.isprintable() or " " in text:
        raise EventRefused(
            "the link is no address of a page; write one such as https://example.org"
        )
    if redact(text).text != text:
        raise EventRefused(
            "the link may lead to a person's post or profile: an event's link is public, give a"
            " page of whoever made the event known"
        )
    return text

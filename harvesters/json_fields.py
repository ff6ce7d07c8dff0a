"""Reading JSON that a stranger's server sent: every field is checked before it is used.

No message of these errors quotes a value: values are what people wrote.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from harvesters.base import ParseError

_LARGEST = 2**63


class MalformedItem(ValueError):
    """An item lacks a field that the platform promises, or holds something else in it."""


def parse_json(content: bytes, *, what: str) -> Any:
    """Read a JSON answer; raises `ParseError` for anything else, such as a page of HTML."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ParseError(
            f"{what} answered with something that is no JSON; see whether the address is right "
            "and the site shows its data without a login"
        ) from error


def json_list(content: bytes, *, what: str) -> list[Any]:
    """Read a JSON answer that must be a list."""
    answer = parse_json(content, what=what)
    if not isinstance(answer, list):
        raise ParseError(f"{what} answered with JSON that is no list of items")
    return answer


def json_object(content: bytes, *, what: str) -> dict[str, Any]:
    """Read a JSON answer that must be an object."""
    answer = parse_json(content, what=what)
    if not isinstance(answer, dict):
        raise ParseError(f"{what} answered with JSON that is no object")
    return answer


def as_object(item: object) -> Mapping[str, Any]:
    """Return an item of a list that must be an object."""
    if not isinstance(item, dict):
        raise MalformedItem("an item is no object")
    return item


def object_field(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a field that must hold an object."""
    value = item.get(name)
    if not isinstance(value, dict):
        raise MalformedItem(f"{name} is no object")
    return value


def text_field(item: Mapping[str, Any], name: str) -> str:
    """Return a field that must hold text; it may be empty."""
    value = item.get(name)
    if not isinstance(value, str):
        raise MalformedItem(f"{name} is no text")
    return value


def optional_text(item: Mapping[str, Any], name: str) -> str | None:
    """Return a field's text, or None where there is none."""
    value = item.get(name)
    return value if isinstance(value, str) and value.strip() else None


def web_address(item: Mapping[str, Any], name: str) -> str | None:
    """Return a field's http(s) address, or None where there is none that can be read."""
    value = item.get(name)
    return value if isinstance(value, str) and is_web_address(value) else None


def is_web_address(text: str) -> bool:
    """Tell whether a text is an absolute http(s) address."""
    try:
        return urlsplit(text).scheme in {"http", "https"} and bool(urlsplit(text).hostname)
    except ValueError:
        return False


def whole_field(item: Mapping[str, Any], name: str) -> int:
    """Return a field that must hold a whole number between 0 and 2⁶³."""
    value = item.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LARGEST:
        raise MalformedItem(f"{name} is no whole number")
    return value


def optional_whole(item: Mapping[str, Any], name: str) -> int | None:
    """Return a field's whole number, or None where it is absent or null."""
    return None if item.get(name) is None else whole_field(item, name)


def time_field(item: Mapping[str, Any], name: str) -> datetime:
    """Return a field that must hold an ISO 8601 time; one without a zone is UTC."""
    return utc_time(text_field(item, name), name=name)


def optional_time(item: Mapping[str, Any], name: str) -> datetime | None:
    """Return a field's time, or None where it is absent or null."""
    return None if item.get(name) is None else time_field(item, name)


def utc_time(text: str, *, name: str) -> datetime:
    """Read an ISO 8601 time; one without a zone is UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MalformedItem(f"{name} is no time") from error

"""What the simulated sites are asked and what they answer, before any of it meets a socket."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"
XML = "application/rss+xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Question:
    """One GET request, and the time at which it is answered.

    `path` is decoded and without the query; `query` holds every value of every name, in order.
    """

    path: str
    query: Mapping[str, Sequence[str]]
    now: datetime
    target: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(
        cls, target: str, *, now: datetime, headers: Mapping[str, str] | None = None
    ) -> "Question":
        """Read the target of a request line."""
        address = urlsplit(target)
        return cls(
            path=unquote(address.path),
            query=parse_qs(address.query, keep_blank_values=True),
            now=now,
            target=target,
            headers=headers or {},
        )

    def one(self, name: str) -> str | None:
        """Return the last value of a parameter, as servers do; None where it is absent."""
        values = self.query.get(name)
        return values[-1] if values else None

    def many(self, name: str) -> list[str]:
        """Return the values of a list: `name[]=1&name[]=2`, `name[0]=1` or `name=1,2`."""
        values = [value for key in self._list_keys(name) for value in self.query[key]]
        plain = self.one(name)
        return values + ([part for part in plain.split(",") if part] if plain else [])

    def _list_keys(self, name: str) -> list[str]:
        return [key for key in self.query if key.startswith(f"{name}[") and key.endswith("]")]


@dataclass(frozen=True, slots=True)
class Answer:
    """One response: status, type, further headers, body."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


class Site(Protocol):
    """A simulated site: a pure function from questions to answers."""

    def answer(self, question: Question) -> Answer:
        """Answer one request."""
        ...


def dumps(value: Any, *, php: bool = False) -> bytes:
    """Write JSON as Ruby does (UTF-8) or as PHP does (ASCII, slashes escaped)."""
    if php:
        return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def json_answer(
    value: Any,
    *,
    status: int = 200,
    headers: Sequence[tuple[str, str]] = (),
    php: bool = False,
) -> Answer:
    """Return a JSON answer."""
    return Answer(status, dumps(value, php=php), JSON, tuple(headers))


def listed(fragments: Sequence[bytes]) -> bytes:
    """Join JSON values that were written before into a list."""
    return b"[" + b",".join(fragments) + b"]"


def whole(text: str | None, *, otherwise: int) -> int | None:
    """Read a whole number; None where there is something else."""
    if text is None:
        return otherwise
    return int(text) if text.isascii() and text.removeprefix("-").isdigit() else None


def iso_milliseconds(moment: datetime) -> str:
    """Return a time as Rails writes it: `2026-01-05T07:30:00.125Z`."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def http_date(moment: datetime) -> str:
    """Return a time as HTTP writes it, in whole seconds."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)

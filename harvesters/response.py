"""What the polite client hands out: plain values, no type of the HTTP library."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from harvesters.base import ParseError
from warehouse.records import Validator


class Headers(Mapping[str, str]):
    """Response headers, found in any case; repeated ones are joined by commas."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            self._values[key] = f"{self._values[key]}, {value}" if key in self._values else value

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer that is worth reading.

    `url` is where it came from after redirects; `content` is decoded and empty when
    `not_modified`; `validator` is to be kept for the next read of the same address.
    """

    url: str
    status: int
    headers: Headers
    content: bytes
    not_modified: bool
    validator: Validator
    fetched_at: datetime

    def json(self) -> Any:
        """Return the content read as JSON.

        Raises
        ------
        ParseError
            If it is not JSON.
        """
        try:
            return json.loads(self.content)
        except ValueError:
            kind = self.headers.get("content-type", "no content type")
            raise ParseError(
                f"{urlsplit(self.url).netloc} promised JSON and sent {len(self.content)} bytes "
                f"that are none ({kind}); check the source's url and platform"
            ) from None

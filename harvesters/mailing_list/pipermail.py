"""Pipermail, the archive of Mailman 2: a text file of mails for each month, week or year.

The list's page names the volumes; the one of today and the one before it are asked for each night
on the condition that they changed, older ones when their mails are due for a second look. Addresses
are written `ann at example.org` and made whole again before a person's key is made. Mails carry
`References`, so threads are known from each mail itself.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import ClassVar
from urllib.parse import quote

from harvesters.base import ParseError
from harvesters.mail.messages import Mail
from harvesters.mail.posts import MailThreads
from harvesters.mailing_list.archives import Desk, Mailbox, batch_of, first_moment
from harvesters.rechecking import gone
from warehouse.records import (
    Batch,
    Community,
    Known,
    PostRef,
    Sighting,
    Validator,
)

OVERLAP = timedelta(days=7)
_VOLUME = re.compile(
    rb"href=[\"']?((?:\d{4}-[A-Z][a-z]{2,8}|\d{4}q[1-4]|\d{4}|\d{8}|Week-of-Mon-\d{8})"
    rb"\.txt(?:\.gz)?)[\"'\s>]"
)
_PLACE = re.compile(r"/([^/]+)/thread\.html$")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True, order=True)
class Volume:
    """One file of mails: when it begins and when the next one may, and its name."""

    begins: datetime
    ends: datetime
    file: str

    @property
    def name(self) -> str:
        """The volume's name, which its own pages bear too."""
        return self.file.partition(".")[0]


class Pipermail:
    """Reads the lists of one Pipermail; a community is the path of a list's archive."""

    kind: ClassVar[str] = "pipermail"

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._volumes: dict[str, tuple[Volume, ...]] = {}

    def harvest(
        self, community: Community, *, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        """Yield the mails of the volumes in which something may be new, oldest first."""
        self._volumes.clear()
        now = self._desk.clock.now()
        start = first_moment(known, since, overlap=OVERLAP, kind=self.kind)
        bound = None if known.cursor else since
        threads = MailThreads()
        for volume in self.volumes(community.community):
            if volume.ends <= start:
                continue
            cursor = {"archive": self.kind, "read_to": min(volume.ends, now).isoformat()}
            yield self._batch(community, volume, threads, cursor, since=bound, known=known)

    def groups(self, posts: Sequence[PostRef]) -> Sequence[Sequence[PostRef]]:
        """Put together the mails of a volume."""
        groups: dict[tuple[str, str], list[PostRef]] = {}
        for ref in posts:
            place = _PLACE.search(ref.url or "")
            groups.setdefault((ref.community, place[1] if place else ""), []).append(ref)
        return list(groups.values())

    def look_again(self, refs: Sequence[PostRef]) -> Iterator[Sighting]:
        """Read a volume again; what it holds no more is gone."""
        community = refs[0].community
        place = _PLACE.search(refs[0].url or "")
        volumes = [v for v in self.volumes(community) if place and v.name == place[1]]
        if not volumes:
            # the list's page is there, and names the volume no more
            for ref in refs:
                yield gone(ref, reason="not_found", seen_at=self._desk.clock.now())
            return
        box, _ = self._read(community, volumes[0], None)
        shown = self._desk.named(box)
        url_of = partial(self.url_of, community, volumes[0])
        for ref in refs:
            mail = shown.get(ref.native_id)
            if mail is None:
                yield gone(ref, reason="removed", seen_at=box.fetched_at)
            else:
                yield self._desk.seen(ref, mail, url_of, box.fetched_at)

    def volumes(self, community: str) -> tuple[Volume, ...]:
        """Return the volumes that a list's page names, oldest first; raises `ParseError`."""
        if community not in self._volumes:
            page = self._desk.client.get(self.list_url(community)).content
            found = volumes_of(page)
            if not found:
                raise ParseError(
                    f"the page of a list of {self._desk.spec.source} names no volumes; see whether "
                    "it is a Pipermail archive that guests may read"
                )
            self._volumes[community] = found
        return self._volumes[community]

    def list_url(self, community: str) -> str:
        """Return the address of a list's archive, with a slash at its end."""
        name = community.strip("/")
        return f"{self._desk.spec.url}/{quote(name)}/" if name else f"{self._desk.spec.url}/"

    def url_of(self, community: str, volume: Volume, _: Mail) -> str:
        """Return the address of the volume's page: the file does not say mails' own numbers."""
        return f"{self.list_url(community)}{volume.name}/thread.html"

    def _batch(
        self,
        community: Community,
        volume: Volume,
        threads: MailThreads,
        cursor: dict[str, str],
        *,
        since: datetime | None,
        known: Known,
    ) -> Batch:
        name = community.community
        address = f"{self.list_url(name)}{volume.file}"
        box, validator = self._read(name, volume, known.validators.get(address))
        threads.note(box.mails)
        reading = self._desk.reading(box, name, threads, partial(self.url_of, name, volume))
        return batch_of(
            community, reading, since=since, cursor=cursor, validators={address: validator}
        )

    def _read(
        self, community: str, volume: Volume, validator: Validator | None
    ) -> tuple[Mailbox, Validator]:
        """Read a volume; one that has not changed is empty."""
        response = self._desk.client.get(
            f"{self.list_url(community)}{volume.file}", validator=validator
        )
        if response.not_modified:
            return self._desk.no_mails(response.fetched_at), response.validator
        return self._desk.mailbox(response.content, response.fetched_at), response.validator


def volumes_of(page: bytes) -> tuple[Volume, ...]:
    """Return the volumes that a list's page links to, oldest first."""
    files = {found.decode("ascii") for found in _VOLUME.findall(page)}
    volumes = (_volume(file) for file in files)
    named = {v.name: v for v in sorted(filter(None, volumes), key=lambda v: v.file)}
    return tuple(sorted(named.values()))


def _volume(file: str) -> Volume | None:
    name = file.partition(".")[0]
    try:
        begins, days = _span(name)
        return Volume(begins, begins + timedelta(days=days), file)
    except (ValueError, OverflowError):
        return None


def _span(name: str) -> tuple[datetime, int]:
    """Return when a volume begins and how many days it may cover; raises `ValueError`."""
    if name.startswith("Week-of-Mon-"):
        return _day(name.removeprefix("Week-of-Mon-")), 7
    if name.isdigit() and len(name) == len("20260301"):
        return _day(name), 1
    year, rest = int(name[:4]), name[4:]
    if not rest:
        return datetime(year, 1, 1, tzinfo=UTC), 366
    if rest.startswith("q"):
        return datetime(year, 3 * int(rest[1]) - 2, 1, tzinfo=UTC), 92
    return datetime(year, _MONTHS.index(rest[1:]) + 1, 1, tzinfo=UTC), 31


def _day(digits: str) -> datetime:
    return datetime(int(digits[:4]), int(digits[4:6]), int(digits[6:8]), tzinfo=UTC)

"""Mailing lists by their archives: HyperKitty, Pipermail and public-inbox.

Which archive a site has is said by the option `archive`, or found out by the list's own page and
then remembered in the cursor. Mails are not edited; one that is deleted is missing where it stood.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import ClassVar
from urllib.parse import quote

from harvesters.base import Blocked, HarvestError, ParseError, SourceSpec
from harvesters.client import PoliteClient
from harvesters.mailing_list.archives import Desk, ListArchive
from harvesters.mailing_list.hyperkitty import HyperKitty
from harvesters.mailing_list.pipermail import Pipermail, volumes_of
from harvesters.mailing_list.public_inbox import PublicInbox
from harvesters.rechecking import front_page_answers, recheck_groups, unknown
from warehouse.protection.keys import KeyRing
from warehouse.records import Batch, Clock, Community, Known, PostRef, Sighting

ARCHIVES: Mapping[str, Callable[[Desk], ListArchive]] = MappingProxyType(
    {"hyperkitty": HyperKitty, "pipermail": Pipermail, "public-inbox": PublicInbox}
)
NOT_THERE = (403, 404)
EVIDENCE: Mapping[str, str] = MappingProxyType(
    {
        "hyperkitty": "real server: HyperKitty 1.3.12",
        "pipermail": "recording",
        "public-inbox": "real server: public-inbox 1.9.0",
    }
)
_ANY_EVIDENCE = "real server: HyperKitty 1.3.12, public-inbox 1.9.0; recording: Pipermail"
_INBOX_MARKS = (b"new.atom", b"_/text/help")
_API_MARK = b"archive_policy"
_HYPERKITTY_MARK = b"hyperkitty"
_AS_JSON = {"format": "json"}


class MailingListHarvester:
    """Reads mailing lists; a community is a list's address, or the path of its archive."""

    platform: ClassVar[str] = "mailing_list"
    needs_communities: ClassVar[bool] = True
    needs_secrets: ClassVar[tuple[str, ...]] = ()
    needs_approval: ClassVar[bool] = False

    def __init__(
        self, spec: SourceSpec, *, client: PoliteClient, keys: KeyRing, clock: Clock
    ) -> None:
        self._spec = spec
        self._desk = Desk(spec=spec, client=client, keys=keys, clock=clock)
        self._archive: ListArchive | None = None

    @property
    def evidence(self) -> str:
        """Against what the reading of this site's archive was tested."""
        kind = self._archive.kind if self._archive else str(self._spec.options.get("archive"))
        return EVIDENCE.get(kind, _ANY_EVIDENCE)

    def communities(self) -> Iterator[Community]:
        """Yield the configured lists."""
        yield from self._spec.communities

    def harvest(
        self, community: Community, *, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        """Yield what was written to a list since the last harvest; `since` bounds a first one."""
        archive = self._opened(community.community, str(known.cursor.get("archive") or ""))
        yield from archive.harvest(community, since=since, known=known)

    def recheck(self, posts: Sequence[PostRef]) -> Iterator[Sighting]:
        """Yield one sighting for each mail, those of about the same time by one request."""
        if not posts:
            return
        try:
            archive = self._opened(posts[0].community, "")
        except HarvestError as error:
            reason = "blocked" if isinstance(error, Blocked) else "error"
            for ref in posts:
                yield unknown(ref, reason=reason, seen_at=self._desk.clock.now())
            raise
        yield from recheck_groups(
            archive.groups(posts),
            archive.look_again,
            clock=self._desk.clock,
            site_answers=partial(front_page_answers, self._desk.client, self._spec.url),
        )

    def _opened(self, community: str, remembered: str) -> ListArchive:
        """Return the site's archive: as the entry says, as was remembered, or as its page shows."""
        if self._archive is None:
            said = str(self._spec.options.get("archive") or "") or remembered
            if said and said not in ARCHIVES:
                raise ParseError(
                    f"source {self._spec.source} has an archive {said!r}, which is not one of "
                    f"{', '.join(ARCHIVES)}; correct the option archive in its entry"
                )
            self._archive = ARCHIVES[said or self._detected(community)](self._desk)
        return self._archive

    def _detected(self, community: str) -> str:
        """Tell an archive by what its list's page holds."""
        client, url = self._desk.client, self._spec.url
        name = quote(community.strip("/"), safe="@/")
        if "@" in community:
            api = client.get(f"{url}/api/list/{name}/", params=_AS_JSON, accept=NOT_THERE)
            if _API_MARK in api.content:
                return HyperKitty.kind
            if _HYPERKITTY_MARK in client.get(f"{url}/list/{name}/", accept=(404,)).content:
                return HyperKitty.kind
        page = client.get(f"{url}/{name}/").content
        if all(mark in page for mark in _INBOX_MARKS):
            return PublicInbox.kind
        if volumes_of(page):
            return Pipermail.kind
        raise ParseError(
            f"the page of a list of {self._spec.source} is of no archive that is known; check its "
            f"url and communities, or say with the option archive which of {', '.join(ARCHIVES)} "
            "it is"
        )

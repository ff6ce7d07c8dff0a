"""A home over archives of one mailing list, or over boards, with nights a virtual day apart."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar, Protocol

from flows import stages
from flows.night import Night, open_warehouse, prepare_night
from flows.settings import key_file, load_settings
from flows.stages import CommunityReport
from tests.real_servers.forum_servers import ForumServer
from warehouse.home import Home
from warehouse.protection.keys import KeyRing
from warehouse.records import LoadCounts, VirtualClock

STUDY = """
[study]
name = "Real server"
contact = "tests@example.org"
[harvest]
spacing_seconds = 0.0
history_days = 90
"""
SOURCE = """
[[sources]]
name = "{name}"
platform = "mailing_list"
url = "{url}"
licence = "invented"
ethics_ref = "simulated"
[[sources.communities]]
community = "{community}"
name = "Invented list"
"""
FORUM = """
[[sources]]
name = "{name}"
platform = "forum"
url = "{url}"
licence = "invented"
ethics_ref = "simulated"
options = {{ profile = "{name}" }}
[[sources.communities]]
community = "{community}"
name = "Invented board"
"""


class StudiedServer(Protocol):
    """What a study must know of a server."""

    @property
    def archive(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def community(self) -> str: ...


class ListStudy:
    """Every server is a source of its archive's name; nothing says which archive it is."""

    source: ClassVar[str] = SOURCE

    def __init__(self, root: Path, servers: Sequence[StudiedServer]) -> None:
        self.home = Home(root)
        self.home.create()
        self.home.simulated_mark.write_text("{}")
        sources = (
            self.source.format(name=s.archive.replace("-", "_"), url=s.url, community=s.community)
            for s in servers
        )
        self.home.settings_file.write_text(STUDY + "".join(sources))
        KeyRing.create(key_file(self.home, load_settings(self.home)))
        self.clock = VirtualClock(datetime.now(UTC))

    def night(self) -> tuple[list[CommunityReport], LoadCounts]:
        self.clock.advance_to(self.clock.now() + timedelta(days=1))
        night = prepare_night(self.home.root, flow="test", clock=self.clock)
        reports = []
        for source in night.settings.sources:
            reports += stages.harvest_source(night, source)
            reports += stages.recheck_source(night, source)
        with open_warehouse(night) as warehouse:
            counts = stages.load_landed(warehouse, night)
            stages.erase(warehouse, night)
        return reports, counts

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        night: Night = prepare_night(self.home.root, flow="test", clock=self.clock)
        with open_warehouse(night) as warehouse:
            return [tuple(row.values()) for row in warehouse.query(sql).to_pylist()]

    def every_byte(self) -> bytes:
        """Return all that the home holds, segments unpacked by the warehouse's own reader."""
        return b"".join(p.read_bytes() for p in sorted(self.home.root.rglob("*")) if p.is_file())


class BoardStudy(ListStudy):
    """Every server is a source of the name of the profile by which it is read."""

    source = FORUM

    def __init__(self, root: Path, servers: Sequence[ForumServer]) -> None:
        super().__init__(root, servers)
        self.servers = servers

    def night(self) -> tuple[list[CommunityReport], LoadCounts]:
        for server in self.servers:
            server.tell_time(self.clock.now() + timedelta(days=1))
        return super().night()

"""Bluesky and Lemmy over several nights with the real loader, over HTTP on this machine."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows import stages
from flows.night import open_warehouse, prepare_night
from flows.settings import key_file, load_settings
from tests.harvesters import invented_appview as sky
from tests.harvesters import invented_lemmy as lemmy
from warehouse.home import Home
from warehouse.protection.keys import KeyRing
from warehouse.records import LoadCounts, VirtualClock

pytestmark = pytest.mark.slow

SETTINGS = """
[study]
name = "Open networks"
contact = "tests@example.org"
[harvest]
spacing_seconds = 0.0
history_days = 3650
[[sources]]
name = "{platform}"
platform = "{platform}"
url = "{url}"
licence = "invented"
ethics_ref = "simulated"
options = {{ threads = true }}
[[sources.communities]]
community = "{community}"
name = "Peers"
"""
Site = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def serve() -> Iterator[Callable[[Site], str]]:
    """Serve what a function answers on a free port of this machine."""
    servers: list[ThreadingHTTPServer] = []

    def served(site: Site) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = f"http://127.0.0.1{self.path}"
                is_robots = self.path == "/robots.txt"
                answer = httpx.Response(404) if is_robots else site(httpx.Request("GET", url))
                self.send_response(answer.status_code)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield served
    for server in servers:
        server.shutdown()
        server.server_close()


class Study:
    """A home over one site, with nights a virtual day apart."""

    def __init__(self, root: Path, settings: str) -> None:
        self.home = Home(root)
        self.home.create()
        self.home.simulated_mark.write_text("{}")
        self.home.settings_file.write_text(settings)
        KeyRing.create(key_file(self.home, load_settings(self.home)))
        self.clock = VirtualClock(datetime(2026, 1, 5, 2, tzinfo=UTC))
        self.n_harvest_requests = 0

    def night(self) -> LoadCounts:
        self.clock.advance_to(self.clock.now() + timedelta(days=1))
        night = prepare_night(self.home.root, flow="test", clock=self.clock)
        source = night.settings.sources[0]
        reports = stages.harvest_source(night, source)
        self.n_harvest_requests = sum(report.requests for report in reports)
        reports = reports + stages.recheck_source(night, source)
        assert {report.status for report in reports} == {"complete"}, reports
        with open_warehouse(night) as warehouse:
            counts = stages.load_landed(warehouse, night)
            stages.erase(warehouse, night)
        return counts

    def n_withheld(self) -> int:
        night = prepare_night(self.home.root, flow="test", clock=self.clock)
        with open_warehouse(night) as warehouse:
            rows = warehouse.query("SELECT count(*) AS n FROM posts WHERE withheld")
        n_posts: int = rows.to_pylist()[0]["n"]
        return n_posts


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Study]:
    monkeypatch.setenv("VALUETALK_KEY_FILE", str(tmp_path / "keys" / "test.key"))
    return lambda **entry: Study(tmp_path / "home", SETTINGS.format(**entry))


@pytest.mark.parametrize("version", ["0.19.9", "1.0.0"])
def test_lemmy_over_three_nights(serve: Any, study: Any, version: str) -> None:
    talk = [lemmy.post(n, 4 * n) for n in range(1, 201)]
    talk += [lemmy.comment(1000 + n, 4 * n + 1, n) for n in range(1, 201)]
    server = lemmy.Lemmy(*talk, version=version)
    peers = study(platform="lemmy", url=serve(server), community=lemmy.COMMUNITY)

    assert peers.night().new == 400
    unchanged = peers.night()
    assert (unchanged.new, unchanged.edited, unchanged.missed) == (0, 0, 0)
    assert peers.n_harvest_requests <= 5 + 1  # and a day's robots.txt

    server.add(lemmy.comment(5000, 300, 190))  # it reached the server late
    server.comments[1195]["content"] = "Put otherwise."
    server.comments[1196]["deleted"] = True
    server.posts[197]["removed"] = True
    changed = peers.night()
    assert (changed.new, changed.edited) == (1, 1)
    assert peers.n_withheld() == 2
    assert peers.night().confirmed == 2


def test_bluesky_over_three_nights(serve: Any, study: Any) -> None:
    view = sky.AppView()
    for n in range(200):
        root = sky.post(f"d{n:03}", 3 * n)
        view.add(root, sky.reply(f"r{n:03}", 3 * n + 1, root))
    trust = study(platform="bluesky", url=serve(view), community="listening.example")

    assert trust.night().new == 400
    unchanged = trust.night()
    assert (unchanged.new, unchanged.edited, unchanged.missed) == (0, 0, 0)
    assert trust.n_harvest_requests <= 5

    view.add(sky.reply("late", 700, view.posts[sky.uri("d150")]))
    view.posts[sky.uri("d199")]["record"]["text"] = "Put otherwise."
    view.delete(sky.uri("r198", sky.READER))
    changed = trust.night()
    assert (changed.new, changed.edited) == (1, 1)
    assert trust.n_withheld() == 1
    assert trust.night().confirmed == 1

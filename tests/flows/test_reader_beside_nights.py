"""A researcher who keeps the releases open neither blocks nor breaks the nights that publish."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.demo import run_plain_night
from flows.night import open_warehouse, prepare_night
from flows.publish_stage import publish
from flows.simulated_home import Simulation, make_simulated_home, write_settings
from harvesters.simulation.server import SimulatedSites
from tests.flows.watched_nights import DAY, START
from warehouse.home import Home
from warehouse.records import VirtualClock

pytestmark = pytest.mark.slow
READER = Path(__file__).with_name("release_reader.py")
NIGHTS = 6  # the first makes the release that is held open, five more publish beside it
SIMULATION = Simulation(seed=11, start=START, nights=NIGHTS, scale=0.3)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("VALUETALK_KEY_FILE", raising=False)
    return make_simulated_home(tmp_path / "home", SIMULATION)


class Reader:
    """The other process, and what it answers."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def tell(self, word: str) -> tuple[int, list[list[str]]]:
        """Return how often it has asked since it opened the files, and its different answers."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        said: dict[str, Any] = json.loads(self.process.stdout.readline())
        return said["asked"], said["heard"]

    def files(self) -> list[str]:
        """Return the databases that it holds open, as the system names them."""
        descriptors = Path(f"/proc/{self.process.pid}/fd")
        if not descriptors.is_dir():
            pytest.skip("this system does not say which files a process holds open (no /proc)")
        links = [link.readlink() for link in descriptors.iterdir()]
        return sorted(str(link) for link in links if ".duckdb" in str(link))


@contextmanager
def reader_of(home: Home) -> Iterator[Reader]:
    process = subprocess.Popen(
        [sys.executable, str(READER), str(home.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Reader(process)
        _, stderr = process.communicate(timeout=300)
        assert (process.returncode, stderr) == (0, "")
    finally:
        process.kill()
        process.wait()


def publishing_night(home: Home, moment: datetime, *, analyse: bool) -> int:
    """Run a night as it is and publish both releases; return how many posts named people get."""
    run_plain_night(home, moment, analyse=analyse)
    night = prepare_night(home.root, flow="nightly", as_of=moment)
    with open_warehouse(night) as warehouse:
        publish(warehouse, night)
        (row,) = warehouse.query("SELECT count(*) AS n FROM posts WHERE NOT withheld").to_pylist()
    return int(row["n"])


def test_five_nights_publish_beside_a_reader_of_the_first(home: Home) -> None:
    first = datetime.combine(START, time(2, tzinfo=UTC))
    clock = VirtualClock(first)
    with SimulatedSites(SIMULATION.world(), clock=clock) as sites:
        write_settings(home, sites.specs())
        text = home.settings_file.read_text()
        quick = text.replace("[harvest]", "[harvest]\nspacing_seconds = 0.0", 1)
        home.settings_file.write_text(quick)
        clock.advance_to(first + DAY)
        held = publishing_night(home, first + DAY, analyse=True)
        with reader_of(home) as reader:
            _, (before,) = reader.tell("count")
            assert before[0].startswith(f"[({held}, ")
            counts = []
            for number in range(2, NIGHTS + 1):
                clock.advance_to(first + number * DAY)
                counts.append(publishing_night(home, first + number * DAY, analyse=False))
                n_asked, heard = reader.tell("count")
                assert heard == [before]
                assert n_asked > 2 * number
            assert counts == sorted(counts)
            assert counts[-1] > held
            assert all(name.endswith("(deleted)") for name in reader.files())
            _, (after,) = reader.tell("reopen")
            assert after[0].startswith(f"[({counts[-1]}, ")
            assert after != before
            assert not any(name.endswith("(deleted)") for name in reader.files())
    with duckdb.connect(home.controlled / "discourse.duckdb", read_only=True) as newest:
        assert newest.execute("SELECT count(*) FROM posts").fetchone() == (counts[-1],)
    assert {path.name for path in home.controlled.iterdir()} == {
        "discourse.duckdb",
        "manifest.json",
        "parquet",
        "queries",
    }

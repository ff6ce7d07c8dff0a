"""Clients of other versions of DuckDB read the releases, and read the same as ours."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.real_servers.environments import environment
from tests.warehouse.invented import JANUARY, healthy_study, insert
from warehouse.home import Home
from warehouse.protection.gate import pass_gate
from warehouse.records import Run
from warehouse.release.controlled import publish_controlled
from warehouse.release.public import publish_public

pytestmark = pytest.mark.slow
CLIENT = Path(__file__).with_name("reading_client.py")
OTHERS = {"1.1.3": ["duckdb==1.1.3", "pytz"], "2": ["duckdb>=2", "pytz"]}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("clients"))
    study = healthy_study()
    study.add_posts(5, text="we help ourselves at last", duplicate_of=1)
    study.index()
    at = datetime(2026, 3, 1, tzinfo=UTC)
    harvest = {"run_id": "run-1", "source": "forum", "community": "anxiety", "activity": "harvest"}
    counts = dict.fromkeys(("fetched", "new", "edited", "gone", "dropped", "requests"), 1)
    kept = {"drops": {"too_long": 1}, "not_modified": 0, "throttled_seconds": 0.5}
    gaps = [{"since": at, "until": at, "reason": "window"}]
    row = {**harvest, **counts, **kept, "gaps": gaps, "status": "complete", "error": None}
    insert(study.connection, "harvests", row)
    day = {"source": "forum", "community": "anxiety", "day": JANUARY}
    insert(study.connection, "coverage", {**day, "status": "complete", "n_posts": 1})
    publish_controlled(study.connection, home)
    run = Run(run_id="run-1", flow="nightly", started_at=at, version="0.1.0")
    publish_public(pass_gate(study.connection), home, dashboard="", run=run)
    study.connection.close()
    return home


def read_by(python: str, home: Home) -> dict[str, Any]:
    done = subprocess.run(
        [python, str(CLIENT), str(home.root)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def by_us(home: Home) -> dict[str, Any]:
    found = read_by(sys.executable, home)
    assert found["version"] == "1.5.5"
    assert found["found"]["discourse.duckdb"]["posts"][0] == 605
    assert found["found"]["discourse.duckdb"]["kwic('help', width := 3, lines := 20)"][0] == 20
    assert found["found"]["trends.duckdb"]["frame_prevalence"][0] == 6
    return found


@pytest.mark.parametrize("version", sorted(OTHERS))
def test_another_version_reads_the_same(version: str, home: Home, by_us: dict[str, Any]) -> None:
    python = environment(f"duckdb-{version}", OTHERS[version])
    found = read_by(python, home)
    assert found["version"].startswith(version)
    for part, expected in by_us["found"].items():
        differing = {
            name: (value, found["found"][part].get(name))
            for name, value in expected.items()
            if found["found"][part].get(name) != value
        }
        assert differing == {}, part
    assert found["found"].keys() == by_us["found"].keys()

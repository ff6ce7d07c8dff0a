"""Recheck and backfill, run for real: one finds edits and deletions, the other goes back."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.simulated_home import Simulation, make_simulated_home, write_settings
from harvesters.simulation.server import SimulatedSites
from warehouse.records import VirtualClock

pytestmark = pytest.mark.slow

SIMULATION = Simulation(seed=3, start=date(2026, 1, 5), nights=9, scale=0.2)
FIRST_NIGHT = datetime(2026, 1, 12, 2, 0, tzinfo=UTC)
RUN = """
import json, sys
from datetime import datetime
from flows.engine import run_entrypoint
values = json.loads(sys.argv[2])
for name in ("as_of", "since"):
    if name in values:
        values[name] = datetime.fromisoformat(values[name])
summary = run_entrypoint(sys.argv[1], **values)
print(json.dumps([summary.status, summary.load.new, summary.load.edited, summary.load.missed]))
"""


@pytest.fixture
def run(tmp_path: Path, prefect: Any) -> Any:
    """Return what runs a flow against one simulated world, and that world's clock and home."""
    home = make_simulated_home(tmp_path / "home", SIMULATION)
    clock = VirtualClock(FIRST_NIGHT)

    def _run(flow: str, at: datetime, **values: str) -> list[Any]:
        clock.advance_to(at)
        parameters = {"home": str(home.root), "as_of": at.isoformat(), **values}
        done = subprocess.run(
            [sys.executable, "-c", RUN, flow, json.dumps(parameters)],
            env=prefect.environment,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return list(json.loads(done.stdout.splitlines()[-1]))

    with SimulatedSites(SIMULATION.world(), clock=clock) as sites:
        write_settings(home, sites.specs())
        yield _run, home


def activities(home: Any) -> dict[str, set[str]]:
    with duckdb.connect(home.controlled / "discourse.duckdb", read_only=True) as released:
        rows = released.execute(
            "SELECT runs.flow, harvests.activity FROM harvests JOIN runs USING (run_id)"
        ).fetchall()
    found: dict[str, set[str]] = {}
    for flow, activity in rows:
        found.setdefault(flow, set()).add(activity)
    return found


def test_recheck_and_backfill_do_their_part_of_a_night_and_publish(
    run: tuple[Callable[..., list[Any]], Any],
) -> None:
    flow, home = run
    status, first, _, _ = flow("nightly", FIRST_NIGHT)
    assert status == "complete"
    assert first > 0

    status, new, edited, missed = flow("recheck", FIRST_NIGHT + timedelta(days=1))
    assert status == "complete"
    assert new == 0
    assert edited + missed > 0

    since = SIMULATION.start.isoformat() + "T00:00:00+00:00"
    status, new, _, _ = flow(
        "backfill", FIRST_NIGHT + timedelta(days=1, hours=1), source="sim_forum", since=since
    )
    assert status == "complete"
    with duckdb.connect(home.controlled / "discourse.duckdb", read_only=True) as released:
        held = released.execute("SELECT count(DISTINCT post_id), count(*) FROM posts").fetchone()
    assert held is not None
    assert held[0] == held[1] > first
    assert new > 0
    assert activities(home) == {
        "nightly": {"harvest"},
        "recheck": {"recheck"},
        "backfill": {"harvest"},
    }

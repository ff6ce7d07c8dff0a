"""One source that answers with rubbish costs the night that source, and nothing else."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.simulated_home import Simulation, make_simulated_home, write_settings
from harvesters.simulation.faults import Faults, PlannedFault
from harvesters.simulation.server import SimulatedSites
from warehouse.records import VirtualClock

pytestmark = pytest.mark.slow

SIMULATION = Simulation(seed=3, start=date(2026, 1, 5), nights=3, scale=0.2)
AT = datetime(2026, 1, 8, 2, 0, tzinfo=UTC)
NIGHT = """
import json, sys
from datetime import datetime
from flows.engine import run_entrypoint
summary = run_entrypoint("nightly", home=sys.argv[1], as_of=datetime.fromisoformat(sys.argv[2]))
print(json.dumps([summary.status, summary.error, summary.load.new]))
"""


def test_a_failing_source_makes_the_night_partial_and_loses_no_other(
    tmp_path: Path, prefect: Any
) -> None:
    home = make_simulated_home(tmp_path / "home", SIMULATION)
    rubbish = Faults(plan=[PlannedFault("garbage", "/", site="sim_forum", times=10_000)])
    with SimulatedSites(SIMULATION.world(), clock=VirtualClock(AT), faults=rubbish) as sites:
        write_settings(home, sites.specs())
        done = subprocess.run(
            [sys.executable, "-c", NIGHT, str(home.root), AT.isoformat()],
            env=prefect.environment,
            check=False,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    status, error, n_new = json.loads(done.stdout.splitlines()[-1])
    assert status == "partial"
    assert error.startswith("sim_forum: ")
    with duckdb.connect(home.controlled / "discourse.duckdb", read_only=True) as released:
        counts = dict(released.execute("SELECT source, count(*) FROM posts GROUP BY 1").fetchall())
        runs = released.execute("SELECT status, error FROM runs").fetchall()
        passes = dict(
            released.execute(
                "SELECT source, list(DISTINCT status) FROM harvests GROUP BY 1"
            ).fetchall()
        )
    assert set(counts) == {"sim_blog", "sim_social", "sim_feed"}
    assert sum(counts.values()) == n_new
    assert runs == [("partial", error)]
    assert passes["sim_forum"] == ["failed"]
    assert "failed" not in {*passes["sim_blog"], *passes["sim_social"], *passes["sim_feed"]}
    assert (home.public / "dashboard.html").is_file()

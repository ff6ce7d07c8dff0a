"""A real Prefect server and worker on 127.0.0.1 fire a schedule and run the night to its end.

With newer SQLAlchemy, schedules silently never fire; nothing else would notice.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.simulated_home import Simulation, make_simulated_home, write_settings
from harvesters.simulation.server import SimulatedSites
from warehouse.records import VirtualClock

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SIMULATION = Simulation(seed=3, start=date(2026, 1, 5), nights=3, scale=0.2)


def test_a_scheduled_night_fires_and_completes(tmp_path: Path, prefect: Any) -> None:
    home = make_simulated_home(tmp_path / "home", SIMULATION)

    def due_every_minute(deployments: dict[str, Any]) -> None:
        nightly = deployments["deployments"][0]
        nightly["schedules"][0]["cron"] = "* * * * *"
        nightly["parameters"] = {"home": str(home.root)}

    still = VirtualClock(datetime(2026, 1, 8, 2, 0, tzinfo=UTC))
    with SimulatedSites(SIMULATION.world(), clock=still) as sites:
        write_settings(home, sites.specs())
        prefect.deploy(due_every_minute)
        with prefect.worker("only"):
            runs = prefect.ended_runs(at_least=1)

    assert runs, "no scheduled run came to an end: do schedules fire at all?"
    assert runs[0]["state_type"] == "COMPLETED", runs[0]["state"]
    assert runs[0]["auto_scheduled"] is True
    assert (home.controlled / "discourse.duckdb").is_file()
    assert (home.public / "dashboard.html").is_file()

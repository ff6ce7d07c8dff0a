"""Two process workers with separate folders and homes keep one host's spacing between them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.simulated_home import Simulation, make_simulated_home, write_settings
from harvesters.simulation.server import SimulatedSites
from warehouse.records import WallClock

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SPACING_SECONDS = 0.8
ARRIVAL_SECONDS = SPACING_SECONDS / 2
"""By how much a request's arrival can lag behind its sending on a busy machine.

Two requests in one slot bring all later ones a whole spacing too early.
"""


def test_two_workers_keep_one_spacing_on_the_servers_clock(tmp_path: Path, prefect: Any) -> None:
    start = (datetime.now(UTC) - timedelta(days=4)).date()
    simulation = Simulation(seed=5, start=start, nights=3, scale=0.4)
    homes = [make_simulated_home(tmp_path / name, simulation) for name in ("first", "second")]

    def one_deployment_a_home(content: dict[str, Any]) -> None:
        nightly = content["deployments"][0]
        nightly.pop("schedules")
        nightly.pop("concurrency_limit")
        content["deployments"] = [
            nightly | {"name": home.root.name, "parameters": {"home": str(home.root)}}
            for home in homes
        ]

    with SimulatedSites(simulation.world(), clock=WallClock()) as sites:
        specs = [spec for spec in sites.specs() if spec.platform != "feed"]
        for home in homes:
            write_settings(home, specs)
            text = home.settings_file.read_text()
            home.settings_file.write_text(
                text.replace("[harvest]", f"[harvest]\nspacing_seconds = {SPACING_SECONDS}")
            )
        prefect.deploy(one_deployment_a_home)
        # Both runs wait before a worker starts, so that each worker, which takes one at a time,
        # finds work at once, however long the command takes that enters a run.
        for home in homes:
            prefect.run("deployment", "run", f"nightly/{home.root.name}")
        with prefect.worker("one"), prefect.worker("two"):
            runs = prefect.ended_runs(at_least=2)
        requests = sites.requests

    assert [run["state_type"] for run in runs] == ["COMPLETED"] * 2, runs
    earlier, later = sorted(runs, key=lambda run: run["start_time"])
    assert later["start_time"] < earlier["end_time"], "the two runs did not overlap"
    for site in {request.site for request in requests}:
        times = [request.monotonic for request in requests if request.site == site]
        assert len(times) > 5
        for first, early in enumerate(times):
            for steps, late in enumerate(times[first:]):
                assert late - early >= SPACING_SECONDS * steps - ARRIVAL_SECONDS, (site, steps)

"""A real Prefect server and worker on 127.0.0.1 fire a schedule and run the night to its end.

With newer SQLAlchemy, schedules silently never fire; nothing else would notice.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from harvesters.simulation.server import SimulatedSites

from flows.prefect_server import TemporaryServer
from flows.simulated_home import Simulation, make_simulated_home, write_settings
from warehouse.records import VirtualClock

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
EVERY_MINUTE = "* * * * *"
PATIENCE_SECONDS = 300


def ask(api: str, path: str, question: object) -> list[dict[str, object]]:
    request = urllib.request.Request(
        f"{api}/{path}",
        data=json.dumps(question).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: list[dict[str, object]] = json.load(answer)
    return found


@contextmanager
def worker(environment: dict[str, str], folder: Path) -> Iterator[None]:
    folder.mkdir()
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "valuetalk"]
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield
    finally:
        os.killpg(process.pid, 15)
        process.wait(timeout=60)


def prefect(environment: dict[str, str], *arguments: str, cwd: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *arguments],
        env=environment | {"PWD": str(cwd)},
        cwd=cwd,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-1000:]


def deploy(environment: dict[str, str], folder: Path) -> None:
    """Deploy from the checkout, with the night due every minute."""
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    deployments["deployments"][0]["schedules"][0]["cron"] = EVERY_MINUTE
    file = folder / "every-minute.yaml"
    file.write_text(yaml.safe_dump(deployments))
    prefect(environment, "work-pool", "create", "valuetalk", "--type", "process", cwd=ROOT)
    prefect(environment, "--no-prompt", "deploy", "--all", "--prefect-file", str(file), cwd=ROOT)


def finished_runs(api: str) -> list[dict[str, object]]:
    question = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}}}}
    return ask(api, "flow_runs/filter", question)


def test_a_scheduled_night_fires_and_completes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALUETALK_KEY_FILE", str(tmp_path / "keys" / "test.key"))
    simulation = Simulation(seed=3, start=date(2026, 1, 5), nights=3, scale=0.2)
    home = make_simulated_home(tmp_path / "home", simulation)
    still = VirtualClock(datetime(2026, 1, 8, 2, 0, tzinfo=UTC))
    with (
        TemporaryServer(tmp_path / "prefect") as server,
        SimulatedSites(simulation.world(), clock=still) as sites,
    ):
        write_settings(home, sites.specs())
        environment = server.environment | {
            "VALUETALK_HOME": str(home.root),
            "VALUETALK_KEY_FILE": str(tmp_path / "keys" / "test.key"),
        }
        server.wait()
        deploy(environment, tmp_path)
        with worker(environment, tmp_path / "worker"):
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not (runs := finished_runs(server.api_url)) and time.monotonic() < deadline:
                time.sleep(2)
    assert runs, "no scheduled run came to an end: do schedules fire at all?"
    assert runs[0]["state_type"] == "COMPLETED", runs[0]["state"]
    assert runs[0]["auto_scheduled"] is True
    assert (home.controlled / "discourse.duckdb").is_file()
    assert (home.public / "dashboard.html").is_file()

"""`valuetalk schedule` deploys the night to a real Prefect server, for the home given."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flows.new_study import begin_study
from warehouse.home import Home

pytestmark = pytest.mark.slow


def test_schedule_deploys_the_night_for_a_home(tmp_path: Path, prefect: Any) -> None:
    home = Home(tmp_path / "home")
    begin_study(
        home,
        environ={"XDG_CONFIG_HOME": str(tmp_path / "config")},
        name="Study",
        contact="a@example.org",
    )

    done = subprocess.run(
        [sys.executable, "-m", "flows.commands", "schedule", "--home", str(home.root)],
        env=prefect.environment,
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert "prefect worker start --pool valuetalk" in done.stdout
    deployed = {entry["name"]: entry for entry in prefect.deployments()}
    assert set(deployed) == {"nightly", "recheck", "backfill"}
    nightly = deployed["nightly"]
    assert nightly["parameters"] == {"home": str(home.root)}
    assert nightly["schedules"][0]["schedule"]["cron"] == "0 2 * * *"
    assert nightly["schedules"][0]["schedule"]["timezone"] == "Europe/London"
    assert nightly["global_concurrency_limit"]["limit"] == 1
    step = nightly["pull_steps"][0]["prefect.deployments.steps.set_working_directory"]
    assert (Path(step["directory"]) / "prefect.yaml").is_file()

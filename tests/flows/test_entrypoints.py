"""Every entrypoint of prefect.yaml loads: no broken import hides in a placeholder."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from flows.engine import WORK_POOL

ROOT = Path(__file__).resolve().parents[2]
LOAD = """
import json, sys
from prefect.flows import load_flow_from_entrypoint
flows = [load_flow_from_entrypoint(e, use_placeholder_flow=False) for e in sys.argv[1:]]
print(json.dumps([[flow.name, flow.fn.__module__] for flow in flows]))
"""


def deployments() -> list[dict[str, object]]:
    listed: list[dict[str, object]] = yaml.safe_load((ROOT / "prefect.yaml").read_text())[
        "deployments"
    ]
    return listed


@pytest.mark.slow
def test_every_entrypoint_loads_without_a_placeholder() -> None:
    entrypoints = [str(deployment["entrypoint"]) for deployment in deployments()]
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *entrypoints],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == [
        ["nightly", "nightly"],
        ["recheck", "recheck"],
        ["backfill", "backfill"],
    ]


def test_every_deployment_goes_to_the_work_pool_that_schedule_creates() -> None:
    pools = [deployment["work_pool"] for deployment in deployments()]
    assert pools == [{"name": WORK_POOL}] * 3


def test_the_night_is_scheduled_at_two_in_london_one_at_a_time() -> None:
    nightly = deployments()[0]
    assert nightly["schedules"] == [
        {"cron": "0 2 * * *", "timezone": "Europe/London", "active": True}
    ]
    assert nightly["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}

"""How flows meet Prefect: which server they may talk to, and how commands run an entrypoint.

Prefect reads its environment at import, so this module imports it inside functions only, after the
environment is settled.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, MutableMapping
from datetime import datetime
from pathlib import Path
from typing import Any

import flows
from flows.doctor import assert_local_prefect, assert_own_packages
from flows.night import Night, prepare_night
from flows.summary import NightSummary
from warehouse.home import Home

STARTUP_TIMEOUT_SECONDS = 180
"""The first start of Prefect's temporary server migrates its database: 25 s and more."""

WORK_POOL = "valuetalk"
"""Where scheduled nights are sent; `prefect.yaml` names it, too."""

QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": str(STARTUP_TIMEOUT_SECONDS),
}


def home_of(home: str | Path | None, environ: Mapping[str, str] | None = None) -> Path:
    """Return the home folder: the one given, else `$VALUETALK_HOME`, else `./valuetalk-home`."""
    named = home or (environ or os.environ).get("VALUETALK_HOME") or "valuetalk-home"
    return Path(named).expanduser()


def begin(entrypoint: str, home: str | None, *, flow: str, as_of: datetime | None = None) -> Night:
    """Open a night inside a flow, after checking the installation and the Prefect server.

    Raises
    ------
    RuntimeError
        If a foreign package shadows one of ours, or the Prefect API is neither on loopback nor
        named in `[prefect] allowed_hosts`.
    """
    from prefect.settings import get_current_settings

    assert_own_packages(entrypoint)
    night = prepare_night(home_of(home), flow=flow, as_of=as_of)
    assert_local_prefect(get_current_settings().api.url, night.settings.prefect.allowed_hosts)
    return night


def settle_environment(environ: MutableMapping[str, str]) -> None:
    """Turn Prefect's analytics off and give its temporary server time to start."""
    for name, value in QUIET.items():
        environ.setdefault(name, value)


def private_environment(folder: Path, api_url: str) -> dict[str, str]:
    """Return an environment in which the user's own Prefect profile and server play no part."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return (
        kept
        | QUIET
        | {
            "PREFECT_HOME": str(folder),
            "PREFECT_PROFILES_PATH": str(folder / "profiles.toml"),
            "PREFECT_API_URL": api_url,
            "PREFECT_LOGGING_LEVEL": "WARNING",
            "PREFECT_LOGGING_SERVER_LEVEL": "WARNING",
        }
    )


class FlowFailed(RuntimeError):
    """A flow ended without a summary."""


def run_entrypoint(name: str, **parameters: Any) -> NightSummary:
    """Run an entrypoint of the installed package's own folder in this process.

    Raises
    ------
    FlowFailed
        If the flow ended without a summary.
    """
    from prefect.flows import load_flow_from_entrypoint

    script = Path(flows.__file__).parent / f"{name}.py"
    entrypoint: Any = load_flow_from_entrypoint(f"{script}:{name}", use_placeholder_flow=False)
    state: Any = entrypoint(**parameters, return_state=True)
    outcome = state.result(raise_on_failure=False)
    if isinstance(outcome, NightSummary):
        return outcome
    if isinstance(outcome, BaseException):
        raise outcome
    raise FlowFailed(f"the flow {name} ended as {state.name} with no summary: {state.message}")


class DeploymentFailed(RuntimeError):
    """Prefect did not take the deployments; the message ends with what it said."""


def deploy(home: Home) -> str:
    """Deploy the flows of `prefect.yaml` for a home to the Prefect server in use.

    Returns
    -------
    str
        What to start next.

    Raises
    ------
    DeploymentFailed
        If there is no `prefect.yaml` beside the packages, or Prefect refuses.
    """
    root = Path(flows.__file__).parents[1]
    if not (root / "prefect.yaml").is_file():
        raise DeploymentFailed(f"{root} has no prefect.yaml: run this from a checkout of valuetalk")
    _prefect(root, home, "work-pool", "create", WORK_POOL, "--type", "process", "--overwrite")
    _prefect(root, home, "--no-prompt", "deploy", "--all")
    return (
        "deployed nightly (02:00 Europe/London), recheck and backfill to the work pool "
        f"{WORK_POOL}; now start a worker: prefect worker start --pool {WORK_POOL}"
    )


def _prefect(root: Path, home: Home, *arguments: str) -> None:
    environment = os.environ | QUIET | {"PWD": str(root), "VALUETALK_HOME": str(home.root)}
    done = subprocess.run(  # noqa: S603 # our own interpreter, fixed arguments
        [sys.executable, "-m", "prefect", *arguments],
        cwd=root,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise DeploymentFailed(f"prefect {arguments[0]} failed: {' '.join(said)}")

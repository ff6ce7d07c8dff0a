"""A real Prefect server on 127.0.0.1 with workers and deployments, for the slow tests of flows."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.prefect_server import TemporaryServer

ROOT = Path(__file__).resolve().parents[2]
ENDED = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]
PATIENCE_SECONDS = 600
"""A server beside other work on two cores may leave a question without an answer for minutes."""


class Prefect:
    """One server, and what tests ask of it."""

    def __init__(self, server: TemporaryServer, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self.environment = server.environment | {
            "PREFECT_API_REQUEST_TIMEOUT": str(PATIENCE_SECONDS)
        }

    def run(self, *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "prefect", *arguments],
            env=self.environment | {"PWD": str(ROOT)},
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-1000:]

    def deploy(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Deploy the checkout's prefect.yaml with a change."""
        content = yaml.safe_load((ROOT / "prefect.yaml").read_text())
        change(content)
        file = self._folder / "changed.yaml"
        file.write_text(yaml.safe_dump(content))
        self.run("work-pool", "create", "valuetalk", "--type", "process")
        self.run("--no-prompt", "deploy", "--all", "--prefect-file", str(file))

    def ended_runs(self, *, at_least: int) -> list[dict[str, Any]]:
        """Wait until so many flow runs have come to an end, and return those that have."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        question = {"flow_runs": {"state": {"type": {"any_": ENDED}}}}
        while len(runs := self._ask("flow_runs/filter", question)) < at_least:
            if time.monotonic() > deadline:
                break
            time.sleep(2)
        return runs

    def deployments(self) -> list[dict[str, Any]]:
        return self._ask("deployments/filter", {})

    def _ask(self, path: str, question: object) -> list[dict[str, Any]]:
        return ask_until_answered(f"{self._server.api_url}/{path}", question)

    @contextmanager
    def worker(self, name: str) -> Iterator[None]:
        """Run a process worker in a folder of its own, one flow run at a time."""
        folder = self._folder / name
        folder.mkdir()
        command = ["worker", "start", "--pool", "valuetalk", "--name", name, "--limit", "1"]
        with (folder / "worker.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "prefect", *command],
                cwd=folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:  # a run that goes on holds its worker up
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def ask_until_answered(
    url: str,
    question: object,
    *,
    within_seconds: float = PATIENCE_SECONDS,
    answer_seconds: float = 30,
    pause_seconds: float = 2,
) -> list[dict[str, Any]]:
    """Ask again when no answer comes; a question that the server refuses is not asked again.

    Raises
    ------
    OSError, http.client.HTTPException
        What the last question met, if none was answered in time.
    """
    request = urllib.request.Request(
        url, data=json.dumps(question).encode(), headers={"content-type": "application/json"}
    )
    deadline = time.monotonic() + within_seconds
    while True:
        try:
            with urllib.request.urlopen(request, timeout=answer_seconds) as answer:
                found: list[dict[str, Any]] = json.load(answer)
        except (OSError, http.client.HTTPException) as error:
            refused = isinstance(error, urllib.error.HTTPError) and error.code < 500
            if refused or time.monotonic() > deadline:
                raise
            time.sleep(pause_seconds)
        else:
            return found


@pytest.fixture
def prefect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Prefect]:
    """A temporary server; the pseudonym keys of the test's homes lie beside it."""
    key_folder = tmp_path / "config"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(key_folder))
    monkeypatch.delenv("VALUETALK_KEY_FILE", raising=False)
    with TemporaryServer(tmp_path / "prefect") as server:
        server.wait()
        yield Prefect(server, tmp_path)

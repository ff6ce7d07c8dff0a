"""A temporary Prefect server on 127.0.0.1, with a home of its own, for the demo and the tests."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import httpx

from flows.engine import STARTUP_TIMEOUT_SECONDS, private_environment
from warehouse.home import make_private_folder


class ServerDidNotStart(RuntimeError):
    """Prefect's server ended, or did not answer in time; its log says why."""


class TemporaryServer:
    """Starts at once and is waited for later, since the first start takes 25 s and more.

    Parameters
    ----------
    folder : Path
        Prefect's home for this server: database, log and profile, nothing of the user's own.
    """

    def __init__(self, folder: Path) -> None:
        make_private_folder(folder)
        self._log = folder / "server.log"
        self._port = _free_port()
        self.environment = private_environment(folder, f"http://127.0.0.1:{self._port}/api")
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 # our own interpreter, fixed arguments
                [
                    *(sys.executable, "-m", "prefect", "server", "start"),
                    *("--host", "127.0.0.1", "--port", str(self._port), "--no-ui"),
                ],
                env=self.environment,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )

    @property
    def api_url(self) -> str:
        """Address of the server's API."""
        return self.environment["PREFECT_API_URL"]

    def __enter__(self) -> Self:
        """Return itself; the server may not answer yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait(self) -> None:
        """Wait until the server answers.

        Raises
        ------
        ServerDidNotStart
            If it ended, or did not answer within 180 s.
        """
        deadline = time.monotonic() + STARTUP_TIMEOUT_SECONDS
        while not _answers(f"{self.api_url}/health"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ServerDidNotStart(
                    f"Prefect's temporary server did not start; its log is {self._log}"
                )
            time.sleep(0.3)

    def settle(self) -> None:
        """Make this process, which must not have imported Prefect yet, use this server alone."""
        for name in [name for name in os.environ if name.startswith("PREFECT_")]:
            del os.environ[name]
        os.environ.update(
            {
                name: value
                for name, value in self.environment.items()
                if name.startswith(("PREFECT_", "DO_NOT_TRACK"))
            }
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _answers(url: str) -> bool:
    try:
        httpx.get(url, timeout=5, trust_env=False).raise_for_status()
    except httpx.HTTPError:
        return False
    return True

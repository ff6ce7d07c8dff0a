"""Fixtures for every test: no network beyond loopback, the shared test data, a still clock.

Tests run in one process a core (pytest-xdist), each file's in one of them; files that are named on
the command line run in one process, where breakpoints and `-s` work.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import typer.main
import typer.testing

from warehouse.records import VirtualClock

REPOSITORY = Path(__file__).resolve().parents[1]
LOOPBACK = ("127.", "::1", "localhost")
TOLD = "told"

if sys.dont_write_bytecode:  # hundreds of processes would compile anew whatever they import
    sys.dont_write_bytecode = False
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(Path(sys.prefix) / "pycache")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so shells start what runs behind them
    signal.signal(signal.SIGINT, signal.default_int_handler)
if "PYTEST_XDIST_WORKER" in os.environ:  # one thread where every core has its own process
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Do without workers where files are named or output is to be seen; else one a core."""
    are_files = all(name.partition("::")[0].endswith(".py") for name in config.args)
    return 0 if are_files or config.option.capture == "no" else None


class NetworkBlocked(RuntimeError):
    """A test tried to reach beyond this machine."""


@pytest.fixture(autouse=True)
def _no_network_beyond_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            raise NetworkBlocked(f"a test tried to connect to {address[0]!r}; use 127.0.0.1")
        connect(self, address)  # type: ignore[arg-type] # passed on as it came

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session", autouse=True)
def _commands_are_built_once() -> Iterator[None]:
    """Build the tree of commands for the first call; it is a process's, and never changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", cache(typer.main.get_command))
        yield


@pytest.fixture
def clock() -> VirtualClock:
    """A virtual clock that stands at two in the morning of a Monday."""
    return VirtualClock(datetime(2026, 1, 5, 2, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The shared test data, or a skip that says how to point to it."""
    named = os.environ.get("VALUETALK_TEST_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}: set VALUETALK_TEST_DATA to run this test")
    return folder


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Tell what a test measured; the run shows it at its end, whichever process measured it."""
    return lambda line: request.node.user_properties.append((TOLD, line))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests told."""
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call"
    ]
    told = [line for each in reports for name, line in each.user_properties if name == TOLD]
    if told:
        terminalreporter.section("what was measured")
        terminalreporter.write("\n".join(told) + "\n")

"""Fixtures for every test: no network beyond loopback, the shared test data, a still clock."""

import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from warehouse.records import VirtualClock

REPOSITORY = Path(__file__).resolve().parents[1]
LOOPBACK = ("127.", "::1", "localhost")


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

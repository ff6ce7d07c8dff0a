"""What the polite client's tests need: scripted sites, a gate on a virtual clock, a client."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harvesters.client import PoliteClient
from harvesters.gate import HostGate
from tests.harvesters.client.scripted_site import AGENT, Site, running
from warehouse.records import VirtualClock


@pytest.fixture
def site(clock: VirtualClock) -> Iterator[Site]:
    yield from running(Site(clock))


@pytest.fixture
def other_site(clock: VirtualClock) -> Iterator[Site]:
    yield from running(Site(clock))


@pytest.fixture
def gate(tmp_path: Path, clock: VirtualClock) -> Iterator[HostGate]:
    with HostGate(tmp_path / "hosts.sqlite", clock, spacing=1.0) as gate:
        yield gate


@pytest.fixture
def client(gate: HostGate, clock: VirtualClock) -> Iterator[PoliteClient]:
    with PoliteClient(user_agent=AGENT, gate=gate, clock=clock, allow_private=True) as client:
        yield client

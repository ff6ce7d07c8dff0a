"""Worlds that the tests of the simulation share; building one takes under a second."""

from datetime import UTC, date, datetime

import pytest

from harvesters.simulation.world import World, build_world

START = date(2026, 1, 5)  # a Monday


@pytest.fixture(scope="session")
def world() -> World:
    """Sixty nights at full scale."""
    return build_world(seed=1, start=START, nights=60)


@pytest.fixture(scope="session")
def small_world() -> World:
    """Twelve nights at a third of the scale."""
    return build_world(seed=5, start=START, nights=12, scale=0.3)


@pytest.fixture(scope="session")
def midwinter() -> datetime:
    """A moment in the midst of the large world, with posts before and after it."""
    return datetime(2026, 2, 12, 2, 0, tzinfo=UTC)

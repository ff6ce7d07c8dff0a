import multiprocessing
import stat
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harvesters.base import RateLimited, Unavailable
from harvesters.gate import FAILURES_TO_OPEN, OPEN_SECONDS, HostGate
from warehouse.records import VirtualClock, WallClock

HOST = "forum.example:443"


@pytest.fixture
def gate(tmp_path: Path, clock: VirtualClock) -> HostGate:
    return HostGate(tmp_path / "hosts.sqlite", clock, spacing=1.0)


def test_slots_of_a_host_are_booked_one_spacing_apart(gate: HostGate) -> None:
    assert [gate.reserve(HOST) for _ in range(4)] == pytest.approx([0.0, 1.0, 2.0, 3.0])


def test_time_that_passes_shortens_the_wait(gate: HostGate, clock: VirtualClock) -> None:
    gate.reserve(HOST)
    clock.sleep(0.75)
    assert gate.reserve(HOST) == pytest.approx(0.25)
    clock.sleep(60)
    assert gate.reserve(HOST) == 0.0


def test_hosts_do_not_wait_for_each_other(gate: HostGate) -> None:
    gate.reserve(HOST)
    assert gate.reserve("other.example:443") == 0.0
    assert gate.reserve("forum.example:80") == 0.0


def test_a_request_may_widen_the_spacing_and_never_narrow_it(gate: HostGate) -> None:
    assert gate.reserve(HOST, 10.0) == 0.0
    assert gate.reserve(HOST, 0.0) == pytest.approx(10.0)
    assert gate.reserve(HOST) == pytest.approx(11.0)


def test_being_pushed_back_holds_every_gate_on_the_file(
    gate: HostGate, tmp_path: Path, clock: VirtualClock
) -> None:
    other = HostGate(tmp_path / "hosts.sqlite", clock)
    gate.push_back(HOST, clock.now() + timedelta(seconds=30))
    gate.push_back(HOST, clock.now() + timedelta(seconds=5))
    assert other.held_for(HOST) == pytest.approx(30.0)
    assert other.reserve(HOST) == pytest.approx(30.0)
    assert gate.reserve(HOST) == pytest.approx(31.0)
    assert other.held_for("other.example:443") == 0.0


def test_a_days_budget_is_kept_and_renewed_the_next_day(
    tmp_path: Path, clock: VirtualClock
) -> None:
    gate = HostGate(tmp_path / "hosts.sqlite", clock, daily_budget=3)
    for _ in range(3):
        gate.reserve(HOST)
    with pytest.raises(RateLimited, match=r"today's 3 requests to forum\.example:443"):
        gate.reserve(HOST)
    gate.reserve("other.example:443")
    clock.sleep(86_400)
    assert gate.reserve(HOST) == 0.0


def test_a_host_that_keeps_failing_is_left_alone_and_tried_once_later(
    gate: HostGate, clock: VirtualClock
) -> None:
    for _ in range(FAILURES_TO_OPEN - 1):
        gate.failed(HOST)
    gate.reserve(HOST)
    gate.failed(HOST)
    with pytest.raises(Unavailable, match="left alone until"):
        gate.reserve(HOST)
    clock.sleep(OPEN_SECONDS + 1)
    gate.reserve(HOST)
    gate.failed(HOST)
    with pytest.raises(Unavailable):
        gate.reserve(HOST)


def test_an_answer_forgets_the_failures(gate: HostGate) -> None:
    for _ in range(FAILURES_TO_OPEN * 2):
        gate.failed(HOST)
        gate.answered(HOST)
    assert gate.reserve(HOST) == 0.0


def test_robots_copies_are_shared_hashed_and_forgotten_in_time(
    gate: HostGate, tmp_path: Path, clock: VirtualClock
) -> None:
    origin = "https://forum.example"
    assert gate.robots(origin) is None
    kept = gate.keep_robots(origin, status=200, body="User-agent: *\n", hours=24)
    other = HostGate(tmp_path / "hosts.sqlite", clock)
    assert other.robots(origin) == kept
    assert kept.sha256 == "fd89345af6aca5dab85f2aa6a830e270a362b1fa6b5f19607ddd773a081ed651"
    assert kept.fetched_at == clock.now()
    clock.sleep(24 * 3600)
    assert other.robots(origin) is None


def test_the_file_is_private_and_outlives_its_gate(tmp_path: Path, clock: VirtualClock) -> None:
    path = tmp_path / "state" / "hosts.sqlite"
    with HostGate(path, clock, spacing=5.0) as gate:
        gate.reserve(HOST)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with HostGate(path, clock) as again:
        assert again.reserve(HOST) == pytest.approx(5.0)


def test_threads_that_share_a_gate_get_different_slots(tmp_path: Path, clock: VirtualClock) -> None:
    gate = HostGate(tmp_path / "hosts.sqlite", clock, spacing=1.0)
    waits: list[float] = []
    threads = [
        threading.Thread(target=lambda: waits.extend(gate.reserve(HOST) for _ in range(25)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(round(wait) for wait in waits) == list(range(100))


def _reserve_many(path: Path, start: datetime, count: int) -> list[float]:
    with HostGate(path, VirtualClock(start), spacing=1.0, daily_budget=10_000) as gate:
        return [gate.reserve(HOST) for _ in range(count)]


def test_processes_that_share_the_file_never_book_one_slot_twice(tmp_path: Path) -> None:
    start = datetime(2026, 1, 5, tzinfo=UTC)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        booked = pool.starmap(_reserve_many, [(tmp_path / "hosts.sqlite", start, 300)] * 2)
    assert sorted(round(wait) for waits in booked for wait in waits) == list(range(600))


def _open_at(path: Path, moment: float) -> float:
    time.sleep(max(0.0, moment - time.time()))
    return _reserve_many(path, datetime(2026, 1, 5, tzinfo=UTC), 1)[0]


def test_processes_may_open_a_new_file_at_the_same_moment(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        for attempt in range(12):
            path = tmp_path / f"hosts-{attempt}.sqlite"
            moment = time.time() + 0.02
            booked = pool.starmap(_open_at, [(path, moment)] * 4, chunksize=1)
            assert sorted(round(wait) for wait in booked) == [0, 1, 2, 3]


def test_booking_a_slot_takes_well_under_a_millisecond(tmp_path: Path) -> None:
    gate = HostGate(tmp_path / "hosts.sqlite", WallClock(), daily_budget=10_000)
    started = time.process_time()
    for _ in range(500):
        gate.reserve(HOST)
    assert (time.process_time() - started) / 500 < 0.001

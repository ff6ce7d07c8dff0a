"""How fast segments load, and whether a long history makes the night dearer.

    python tests/benchmarks/bench_load.py [--history 10000 300000] [--nights 20]

Prints posts a second of a large import and the CPU milliseconds of a small segment of a night, at
each size of history. The text is invented; its lengths are those of forum posts.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from warehouse.gateway import Warehouse
from warehouse.home import Home
from warehouse.landing import write_segment
from warehouse.protection.keys import KeyRing
from warehouse.records import Post, SegmentHeader, Sighting, VirtualClock

START = datetime(2020, 1, 1, tzinfo=UTC)
WORDS = ("the", "service", "was", "kind", "while", "nobody", "called", "me", "for", "months")
IMPORT_SIZE = 33_000


def _post(number: int, *, seen_at: datetime, created_at: datetime, words: random.Random) -> Post:
    thread = number // 12
    text = " ".join(words.choices(WORDS, k=words.randint(10, 110))) + f" {number}"
    return Post(
        source="bench",
        community="board0",
        native_id=f"t1_{number:x}",
        native_thread_id=f"t3_{thread:x}",
        native_parent_id=None if number % 12 == 0 else f"t1_{number - 1:x}",
        kind="post" if number % 12 == 0 else "comment",
        author_key=f"author{number % 997:018d}",
        created_at=created_at,
        edited_at=None,
        harvested_at=seen_at,
        title=f"Thread {thread}" if number % 12 == 0 else "",
        text=text,
        own_text=text,
        language="en",
        url=f"https://forum.example/t/{thread}/{number}",
        content_hash=f"{number:032x}",
        text_version=1,
    )


def _header(number: int, *, at: datetime, activity: str = "harvest") -> SegmentHeader:
    return SegmentHeader(
        run_id=f"run{number}",
        source="bench",
        community="board0",
        activity=activity,  # type: ignore[arg-type] # one of the three
        harvested_at=at,
        final=True,
        cursor={"since": number},
        covers_from=at - timedelta(days=1),
        fetched=20,
        expected=20,
    )


def measure(root: Path, *, history: int, nights: int) -> None:
    """Fill a home with `history` posts, then load `nights` small segments."""
    home, clock, words = Home(root), VirtualClock(START), random.Random(1)
    keys = KeyRing.create(root.parent / f"{root.name}.key")
    with Warehouse.open(home, keys=keys, clock=clock) as warehouse:
        spent = wall = 0.0
        for first in range(0, history, IMPORT_SIZE):
            numbers = range(first, min(first + IMPORT_SIZE, history))
            posts = [
                _post(n, seen_at=START, created_at=START - timedelta(minutes=n), words=words)
                for n in numbers
            ]
            segment = write_segment(
                home.landing, _header(first, at=START, activity="import"), posts=posts
            )
            cpu, clock_time = time.process_time(), time.perf_counter()
            warehouse.load(segment)
            spent, wall = spent + time.process_time() - cpu, wall + time.perf_counter() - clock_time
        sys.stdout.write(
            f"history {history:>8,}: import {history / spent:>9,.0f} posts a CPU second, "
            f"{history / wall:>9,.0f} a second\n"
        )
        _nights(warehouse, clock, words, history=history, nights=nights)


def _nights(
    warehouse: Warehouse, clock: VirtualClock, words: random.Random, *, history: int, nights: int
) -> None:
    harvested: list[float] = []
    rechecked: list[float] = []
    state: list[float] = []
    for night in range(nights):
        clock.sleep(86_400)
        now = clock.now()
        known = [history + night * 15 - 1 - n for n in range(10)]
        posts = [
            _post(history + night * 15 + n, seen_at=now, created_at=now, words=words)
            for n in range(15)
        ] + [_post(n, seen_at=now, created_at=now, words=words) for n in known]
        harvested.append(_timed(warehouse, _header(night, at=now), posts=posts))
        sightings = [
            Sighting(
                source="bench",
                community="board0",
                native_id=f"t1_{number:x}",
                outcome="present" if number % 200 else "gone",
                seen_at=now,
            )
            for number in words.sample(range(history), 200)
        ]
        header = _header(night, at=now, activity="recheck")
        rechecked.append(_timed(warehouse, header, sightings=sightings))
        begin = time.process_time()
        warehouse.write_state()
        state.append(time.process_time() - begin)
    begin = time.process_time()
    erased = warehouse.erase_confirmed()
    copied = time.process_time() - begin
    for name, times in (("harvest", harvested), ("recheck", rechecked), ("state", state)):
        best, middle = min(times), sorted(times)[len(times) // 2]
        sys.stdout.write(f"    {name}: best {best * 1e3:6.1f} ms CPU, median {middle * 1e3:6.1f}\n")
    sys.stdout.write(f"    erase of {erased} posts: {copied * 1e3:.0f} ms CPU\n")


def _timed(
    warehouse: Warehouse,
    header: SegmentHeader,
    *,
    posts: Sequence[Post] = (),
    sightings: Sequence[Sighting] = (),
) -> float:
    segment = write_segment(warehouse.home.landing, header, posts=posts, sightings=sightings)
    begin = time.process_time()
    warehouse.load(segment)
    return time.process_time() - begin


def main() -> None:
    """Measure each history in a home of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--history", type=int, nargs="+", default=[10_000, 300_000])
    parser.add_argument("--nights", type=int, default=20)
    arguments = parser.parse_args()
    for history in arguments.history:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder) / "home", history=history, nights=arguments.nights)


if __name__ == "__main__":
    main()

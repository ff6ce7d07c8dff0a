"""What importing a large table costs up to the warehouse: reading, protecting, landing, loading.

    python -m tests.benchmarks.bench_import FILE.parquet [--processes 2]

Prints CPU and wall seconds of the two steps, of the workers apart from the process that reads, and
the peak memory of each. Nothing but figures is printed.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from flows.import_workers import available_processes, land_parts
from harvesters.archives.reading import Import, read_parts
from warehouse.gateway import Warehouse
from warehouse.home import Home
from warehouse.protection.keys import KeyRing
from warehouse.records import SegmentHeader, WallClock

AT = datetime(2026, 1, 5, tzinfo=UTC)


def _peak(who: int) -> int:
    return resource.getrusage(who).ru_maxrss // 1024


def _land(file: Path, home: Home, keys: KeyRing, *, processes: int) -> None:
    wanted = Import(source="bench", community="bench", keys=keys, harvested_at=AT)
    header = SegmentHeader(
        run_id="bench", source="bench", community="bench", activity="import", harvested_at=AT
    )
    began, before = time.perf_counter(), os.times()
    parts = read_parts(file, wanted)
    landed = [*land_parts(parts, home.landing, header, processes=processes)]
    wall, after = time.perf_counter() - began, os.times()
    own = after.user + after.system - before.user - before.system
    workers = after.children_user + after.children_system
    sys.stdout.write(
        f"landed {sum(part.posts for part in landed):,} posts in {len(landed)} segments by "
        f"{processes} processes: {own:.1f} s CPU here, {workers:.1f} in workers, {wall:.1f} s "
        f"wall; peak {_peak(resource.RUSAGE_SELF)} MB here, "
        f"{_peak(resource.RUSAGE_CHILDREN)} MB in a worker\n"
    )
    sys.stdout.flush()


def _load(home: Home, keys: KeyRing) -> None:
    began, cpu = time.perf_counter(), time.process_time()
    with Warehouse.open(home, keys=keys, clock=WallClock()) as warehouse:
        new = sum(warehouse.load(segment).new for segment in warehouse.pending_segments())
    sys.stdout.write(
        f"loaded {new:,} posts: {time.process_time() - cpu:.1f} s CPU, "
        f"{time.perf_counter() - began:.1f} s wall; peak {_peak(resource.RUSAGE_SELF)} MB\n"
    )


def main() -> None:
    """Import the file into a home that is thrown away."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--processes", type=int, default=available_processes())
    arguments = parser.parse_args()
    if not arguments.file.exists():
        sys.exit(f"{arguments.file} is not there; name a table of posts")
    with tempfile.TemporaryDirectory() as folder:
        home, keys = Home(Path(folder) / "home"), KeyRing.create(Path(folder) / "study.key")
        _land(arguments.file, home, keys, processes=arguments.processes)
        _load(home, keys)


if __name__ == "__main__":
    main()

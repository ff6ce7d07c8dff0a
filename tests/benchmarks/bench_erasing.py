"""What erasing and publishing cost in proportion to the files they touch.

    python -m tests.benchmarks.bench_erasing HOME

Copies the database of a home afresh, as a night with erasures does, makes its controlled release
anew, and verifies it. Nothing of what the home holds changes. Prints seconds and gigabytes alone;
CPU seconds are of user and system time.
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from warehouse.home import Home
from warehouse.protection.fresh_copy import connect_private, copy_afresh
from warehouse.release.controlled import publish_controlled
from warehouse.release.verifying import verify_controlled
from warehouse.space import size_of

GIGABYTE = 1e9


def measured(step: str, work: Callable[[], object], *, written: Callable[[], int]) -> None:
    """Do a step and print what it cost, in all and for each gigabyte that it wrote or read."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    size = written() / GIGABYTE
    sys.stdout.write(
        f"{step:<10} {size:6.2f} GB  cpu {cpu:6.1f} s ({cpu / size:5.1f} a GB)  "
        f"wall {wall:6.1f} s ({wall / size:5.1f} a GB)\n"
    )


def main() -> None:
    """Measure the three steps on one home."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    home = Home(parser.parse_args().home)
    connection = connect_private(home.database)

    def copy() -> None:
        nonlocal connection
        connection = copy_afresh(connection, home.database)

    measured("copy", copy, written=lambda: size_of(home.database))
    measured(
        "publish",
        lambda: publish_controlled(connection, home),
        written=lambda: size_of(home.controlled),
    )
    connection.close()
    measured(
        "verify",
        lambda: verify_controlled(home.controlled),
        written=lambda: size_of(home.controlled),
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    load = os.getloadavg()[0]
    sys.stdout.write(f"peak memory {peak:.1f} GB, {os.cpu_count()} cores, load {load:.1f}\n")


if __name__ == "__main__":
    main()

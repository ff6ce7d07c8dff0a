"""Loads what waits and erases what is confirmed, until it is done or killed; says what it does.

python tests/faults/loader_child.py HOME KEY_FILE
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from warehouse.gateway import Warehouse
from warehouse.home import Home
from warehouse.protection.keys import KeyRing
from warehouse.records import VirtualClock

LOADS_AN_ERASURE = 1


def say(what: str) -> None:
    """Print one word at once: the last one is what the process was killed in."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> None:
    """Do a night's loading and erasing."""
    home, key_file = (Path(argument) for argument in sys.argv[1:3])
    clock = VirtualClock(datetime(2027, 1, 1, tzinfo=UTC))
    say("open")
    with Warehouse.open(Home(home), keys=KeyRing.read(key_file), clock=clock) as warehouse:
        for number, segment in enumerate(warehouse.pending_segments(), start=1):
            # Compressed text cannot be searched for in the file afterwards.
            warehouse.connection.execute("SET force_compression = 'uncompressed'")
            say("load")
            warehouse.load(segment)
            say("between")
            if number % LOADS_AN_ERASURE == 0:
                say("erase")
                warehouse.erase_confirmed()
        say("state")
        warehouse.write_state()
        say("erase")
        warehouse.erase_confirmed()
        say("close")
    say("done")


if __name__ == "__main__":
    main()

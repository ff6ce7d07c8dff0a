"""Rotates the author key, or restores a backup, until it is done or killed; says when it begins.

python tests/faults/people_child.py rotate HOME KEY_FILE
python tests/faults/people_child.py restore HOME KEY_FILE BACKUP LISTS
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse import backup, gateway
from warehouse.home import Home
from warehouse.protection import erasure_list, fresh_copy, rotation, segment_rewriting
from warehouse.protection.keys import KeyRing
from warehouse.records import VirtualClock


def say(what: str) -> None:
    """Print one word at once: the last one is what the process was killed in."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def telling(module: object, *names: str) -> None:
    """Let functions say their name when they are called."""
    for name in names:
        original = getattr(module, name)

        def told(*arguments: object, _name: str = name, _call: object = original, **named: object):  # type: ignore[no-untyped-def]
            say(_name)
            return _call(*arguments, **named)  # type: ignore[operator]

        setattr(module, name, told)


def store_uncompressed(module: Any) -> None:
    """Let databases be stored so that the bytes of a text can be searched for afterwards."""
    original = module.connect_private

    def connect(path: Path) -> duckdb.DuckDBPyConnection:
        connection: duckdb.DuckDBPyConnection = original(path)
        connection.execute("SET force_compression = 'uncompressed'")
        return connection

    module.connect_private = connect


def main() -> None:
    """Do what is asked."""
    store_uncompressed(gateway)
    store_uncompressed(fresh_copy)
    telling(gateway, "copy_afresh")
    telling(rotation, "advance_rows")
    telling(segment_rewriting, "advance_segments")
    telling(erasure_list, "write_lists")
    telling(backup, "_unpack")
    what, home, key_file, *rest = sys.argv[1], *map(Path, sys.argv[2:])
    clock = VirtualClock(datetime(2027, 1, 1, tzinfo=UTC))
    say("begin")
    if what == "rotate":
        keys = KeyRing.read(key_file)
        with gateway.Warehouse.open(Home(home), keys=keys, clock=clock) as warehouse:
            say("rotate_keys")
            warehouse.rotate_keys(key_file)
    else:
        backup.restore(
            rest[0],
            Home(home),
            keys_of=lambda _: KeyRing.read(key_file),
            clock=clock,
            lists=rest[1:],
        )
    say("done")


if __name__ == "__main__":
    main()

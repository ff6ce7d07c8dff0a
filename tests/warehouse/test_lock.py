"""One writer at a time, and a message that says who that is."""

import os
import stat
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from warehouse.errors import WarehouseLocked
from warehouse.lock import WriterLock

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
HOLD = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from warehouse.lock import WriterLock
lock = WriterLock(Path(sys.argv[1])).acquire(now=datetime(2026, 1, 5, 2, tzinfo=UTC))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_writer_is_told_who_holds_the_lock(tmp_path):
    with WriterLock(tmp_path / "lock").acquire(now=NOW), pytest.raises(WarehouseLocked) as caught:
        WriterLock(tmp_path / "lock").acquire(now=NOW)
    message = str(caught.value)
    assert f"process {os.getpid()} " in message
    assert "since 2026-01-05T02:00" in message
    assert "\n" not in message


def test_the_lock_is_free_after_release_and_its_file_is_private(tmp_path):
    lock = WriterLock(tmp_path / "lock").acquire(now=NOW)
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600
    lock.release()
    lock.release()
    WriterLock(tmp_path / "lock").acquire(now=NOW).release()


def test_the_file_of_a_dead_process_is_no_obstacle(tmp_path):
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(WarehouseLocked, match=f"process {child.pid} "):
            WriterLock(path).acquire(now=NOW)
        child.kill()
        child.wait()
    WriterLock(path).acquire(now=NOW).release()


def test_a_lock_file_of_another_hand_still_gives_a_sentence(tmp_path):
    held = WriterLock(tmp_path / "lock").acquire(now=NOW)
    (tmp_path / "lock").write_text("not what we wrote")
    with pytest.raises(WarehouseLocked, match="another process"):
        WriterLock(tmp_path / "lock").acquire(now=NOW)
    held.release()

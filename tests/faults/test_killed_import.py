"""An import that is killed or stopped: whole segments or none, and nobody is left behind."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.commands import app
from flows.import_workers import Landed, land_parts
from harvesters.archives.files import ArchiveError
from harvesters.archives.reading import Part
from harvesters.archives.tables import read_blocks
from warehouse.landing import read_segment
from warehouse.protection.keys import KeyRing
from warehouse.records import SegmentHeader

pytestmark = pytest.mark.slow

NOW = datetime(2026, 1, 5, tzinfo=UTC)
HEADER = SegmentHeader(
    run_id="run", source="notes", community="notes", activity="import", harvested_at=NOW
)
KEYS = KeyRing(study="s", author=(b"1" * 32,), content=b"2" * 32, erasure=b"3" * 32)

# Hands out two parts, then tells of its workers and waits without end for a third.
_PARENT = """
import multiprocessing, sys
from pathlib import Path
from tests.faults.test_killed_import import HEADER, parts_of, table_in
from flows.import_workers import land_parts

def waiting(folder):
    parts = parts_of(table_in(folder))
    yield next(parts)
    yield next(parts)
    yield next(parts)
    print(*[child.pid for child in multiprocessing.active_children()], flush=True)
    sys.stdin.read()

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    list(land_parts(waiting(folder), folder / "landing", HEADER, processes=2))
"""


# An import in parts of ten rows by two processes, which tells of them and waits before the fourth.
_STOPPED = """
import multiprocessing, sys
from flows import import_stage
from flows.commands import app
from flows.import_workers import land_parts
from harvesters.archives.tables import read_blocks

def waiting(file, wanted):
    parts = read_blocks(
        file, source=wanted.source, community=wanted.community, keys=wanted.keys,
        harvested_at=wanted.harvested_at, batch_rows=10,
    )
    for n, part in enumerate(parts):
        if n == 3:
            print(*[child.pid for child in multiprocessing.active_children()], flush=True)
            sys.stdin.read()
        yield part

def landing(*given, processes, **others):
    return land_parts(*given, processes=2, **others)

if __name__ == "__main__":
    import_stage.read_parts, import_stage.land_parts = waiting, landing
    app(sys.argv[1:], prog_name="valuetalk")
"""


def table_in(folder: Path) -> Path:
    path = folder / "answers.csv"
    rows = [f"a{n},2025-03-01,Dr Okoro of ward {n % 2} was kind" for n in range(60)]
    path.write_text("\n".join(["id,date,text", *rows]) + "\n", encoding="utf-8")
    return path


def parts_of(table: Path) -> Iterator[Part]:
    return read_blocks(
        table, source="notes", community="notes", keys=KEYS, harvested_at=NOW, batch_rows=10
    )


def whole_segments(landing: Path) -> int:
    files = sorted(landing.rglob("*.parquet"))
    assert all(read_segment(file).rows.num_rows == 10 for file in files)
    return len(files)


def test_a_worker_that_is_killed_is_told_in_a_sentence_and_leaves_whole_segments(
    tmp_path: Path,
) -> None:
    def killing() -> Iterator[Part]:
        parts = parts_of(table_in(tmp_path))
        yield from (next(parts), next(parts), next(parts))
        for child in multiprocessing.active_children():
            os.kill(child.pid or 0, signal.SIGKILL)
        yield from parts

    done: list[Landed] = []
    with pytest.raises(ArchiveError, match=r"ended from outside .* import the files again"):
        done.extend(land_parts(killing(), tmp_path / "landing", HEADER, processes=2))
    assert whole_segments(tmp_path / "landing") >= len(done)
    assert multiprocessing.active_children() == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no Linux: nobody tells of processes")
def test_workers_end_when_the_process_that_reads_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as parent:
        assert parent.stdout is not None
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(workers) == 2
        parent.kill()
        assert parent.stdout.read() == ""  # the end of the pipe: nobody holds it any more
    assert not any(_is_worker(pid) for pid in workers)
    assert whole_segments(tmp_path / "landing") <= 3


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no Linux: nobody tells of processes")
@pytest.mark.parametrize("heard", ["by all processes of the terminal", "by the one that reads"])
def test_ctrl_c_ends_all_processes_and_keeps_what_was_read(
    heard: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("VALUETALK_HOME", str(tmp_path / "study"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    begin = ["init", "--name", "A study", "--contact", "study@example.org"]
    assert CliRunner().invoke(app, begin).exit_code == 0
    script = tmp_path / "stopped.py"
    script.write_text(_STOPPED)
    call = ["import", str(table_in(tmp_path)), "--source", "notes", "--ethics-ref", "REC 1"]
    with subprocess.Popen(
        [sys.executable, str(script), *call],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(workers) == 2
        stop = os.killpg if heard.startswith("by all") else os.kill
        stop(parent.pid, signal.SIGINT)
        _, said = parent.communicate()
    assert not any(_is_worker(pid) for pid in workers)
    assert parent.returncode == 1
    *progress, last = said.splitlines()
    assert last.startswith("valuetalk: the import was stopped, and what it had read is kept")
    assert all(line.endswith("posts read") for line in progress)
    assert whole_segments(tmp_path / "study" / "landing") == 3

    done = CliRunner().invoke(app, [*call, "--json"], prog_name="valuetalk")
    assert done.exit_code == 0, done.output
    assert {"what": "new", "n": 60} in json.loads(done.stdout)


def _is_worker(pid: int) -> bool:
    """Tell whether a process runs on; one that nobody has fetched yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"

"""A disk that is full or may not be written: one clear sentence, and nothing is lost."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.conftest import Loaded, Study
from warehouse.corpus.index import index_posts
from warehouse.errors import DiskFull, ReadOnlyWarehouse, SchemaError, WarehouseError
from warehouse.records import LoadCounts, VirtualClock
from warehouse.release.controlled import publish_controlled
from warehouse.release.verifying import verify_controlled

pytestmark = pytest.mark.slow

SIZE = 160 << 20
LONG = "we waited, and then we waited again, number {0} of very many words; " * 40


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a small disk of its own; only the superuser can."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small disk can be mounted by the superuser alone")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def study(disk: Path, clock: VirtualClock) -> Study:
    """A study on the small disk that holds a few posts and a release."""
    made = Study(disk, clock)
    with made.open() as warehouse:
        warehouse.load(made.land(*(made.post(str(n), LONG.format(n)) for n in range(50))))
        warehouse.write_state()
        index_posts(warehouse.connection)
        publish_controlled(warehouse.connection, made.home)
    return made


def leave_free(disk: Path, size: int) -> Path:
    """Fill the disk up to so many bytes."""
    filler = disk / "filler"
    filler.unlink(missing_ok=True)
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free - size)
    return filler


def one_sentence(error: pytest.ExceptionInfo[WarehouseError]) -> bool:
    return "\n" not in str(error.value) and "free some" in str(error.value)


def test_a_load_that_finds_the_disk_full_is_done_whole_when_there_is_room(
    study: Study, disk: Path
) -> None:
    study.next_night()
    posts = [study.post(f"late{n}", LONG.format(n)) for n in range(4000)]
    segment = study.land(*posts)
    filler = leave_free(disk, 1 << 20)
    with pytest.raises(DiskFull) as caught, study.open() as warehouse:
        warehouse.load(segment)
    assert one_sentence(caught)
    filler.unlink()
    with study.open() as warehouse:
        assert warehouse.pending_segments() == [segment]
        assert Loaded(study, warehouse).one("SELECT count(*) FROM posts") == 50
        assert warehouse.load(segment) == LoadCounts(new=4000)


def test_erasing_and_publishing_begin_nothing_without_room(study: Study, disk: Path) -> None:
    with study.open() as warehouse:
        warehouse.forget("post", "forum", "7")
        released = sorted(study.home.controlled.rglob("*"))
        filler = leave_free(disk, 8 << 20)
        with pytest.raises(DiskFull, match="a fresh copy of the database needs") as caught:
            warehouse.erase_confirmed()
        assert one_sentence(caught)
        with pytest.raises(DiskFull, match="a new controlled release needs") as caught:
            publish_controlled(warehouse.connection, study.home)
        assert one_sentence(caught)
        assert sorted(study.home.controlled.rglob("*")) == released
        assert verify_controlled(study.home.controlled).wrong == ()
        assert not [*study.home.root.glob("*.fresh")]
        filler.unlink()
        assert warehouse.erase_confirmed() in (0, 1)  # its rows may have gone before the copy
        publish_controlled(warehouse.connection, study.home)
        assert Loaded(study, warehouse).one("SELECT count(*) FROM pending_copies") == 0
    assert b"number 7 of" not in study.home.database.read_bytes()


def test_a_disk_that_may_only_be_read_is_said_to_be_so(study: Study, disk: Path) -> None:
    before = study.home.database.read_bytes()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(ReadOnlyWarehouse, match="may not be written") as caught:
        study.open()
    assert "\n" not in str(caught.value)
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert study.home.database.read_bytes() == before
    study.open().close()


def test_a_database_of_a_later_duckdb_is_refused_and_left_as_it_is(study: Study) -> None:
    content = bytearray(study.home.database.read_bytes())
    at = content.index(b"DUCK") + 4
    content[at : at + 8] = (9999).to_bytes(8, "little")
    study.home.database.write_bytes(content)
    with pytest.raises((SchemaError, WarehouseError)) as caught:
        study.open()
    assert "\n" not in str(caught.value)
    assert study.home.database.read_bytes() == content
    with pytest.raises(duckdb.Error):
        duckdb.connect(study.home.database)

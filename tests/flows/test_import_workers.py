"""Archives protected by several processes: the same segments, whole, whatever happens to one."""

import csv
import multiprocessing
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from flows.import_workers import land_parts
from harvesters.archives.files import ArchiveError
from harvesters.archives.reading import Import, Part
from harvesters.archives.tables import read_blocks
from warehouse.errors import SegmentError
from warehouse.landing import read_segment
from warehouse.protection.keys import KeyRing
from warehouse.records import Batch, SegmentHeader

NOW = datetime(2026, 1, 5, tzinfo=UTC)
HEADER = SegmentHeader(
    run_id="run", source="notes", community="notes", activity="import", harvested_at=NOW
)


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing.create(tmp_path / "study.key")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Invented answers, some without an id, some that repeat, some without a date."""
    path = tmp_path / "answers.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "date", "text", "community"))
        for n in range(60):
            id_ = f"a{n}" if n % 3 else ""
            date = "2025-03-01" if n % 7 else ""
            writer.writerow((id_, date, f"Dr Okoro of ward {n % 2} was kind", f"board{n % 4}"))
    return path


def parts_of(table: Path, keys: KeyRing) -> Iterator[Part]:
    wanted = Import(source="notes", community="notes", keys=keys, harvested_at=NOW)
    return read_blocks(
        table,
        source=wanted.source,
        community=wanted.community,
        keys=keys,
        harvested_at=NOW,
        met=wanted.met,
        batch_rows=10,
    )


def landed(landing: Path) -> list[bytes]:
    """The files of a landing folder in the order of loading."""
    return [path.read_bytes() for path in sorted(landing.rglob("*.parquet"))]


def test_two_processes_land_what_one_does(table: Path, keys: KeyRing, tmp_path: Path) -> None:
    alone = [*land_parts(parts_of(table, keys), tmp_path / "one", HEADER, processes=1)]
    shared = [*land_parts(parts_of(table, keys), tmp_path / "two", HEADER, processes=2)]

    assert landed(tmp_path / "two") == landed(tmp_path / "one")
    assert len(landed(tmp_path / "two")) == 6
    ids = [
        id_
        for path in sorted((tmp_path / "two").rglob("*.parquet"))
        for id_ in read_segment(path).rows.column("native_id").to_pylist()
    ]
    # an id that is made of a keyed hash may begin with an "a", too
    assert [id_ for id_ in ids if re.fullmatch(r"a\d+", id_)] == [
        f"a{n}" for n in range(60) if n % 3 and n % 7
    ]
    for counts in (alone, shared):
        assert sum(part.posts for part in counts) == len(ids) == 60 - 9
        assert [dict(part.drops) for part in counts].count({}) == 0
        assert sum(part.drops["no_date"] for part in counts) == 9
    assert multiprocessing.active_children() == []


def test_counts_of_communities_stand_in_the_header(
    table: Path, keys: KeyRing, tmp_path: Path
) -> None:
    list(land_parts(parts_of(table, keys), tmp_path, HEADER, processes=1))
    for path in tmp_path.rglob("*.parquet"):
        segment = read_segment(path)
        named = segment.rows.column("community").to_pylist()
        assert [count.community for count in segment.header.communities] != []
        for count in segment.header.communities:
            assert count.fetched == named.count(count.community)
            assert count.expected == count.fetched + sum(count.drops.values())


@pytest.mark.parametrize("processes", [1, 2])
def test_what_lies_before_the_place_where_a_file_breaks_off_is_landed(
    table: Path, keys: KeyRing, tmp_path: Path, processes: int
) -> None:
    def breaking() -> Iterator[Part]:
        yield from islice(parts_of(table, keys), 3)
        raise ArchiveError("answers.csv is damaged")

    with pytest.raises(ArchiveError, match="damaged"):
        list(land_parts(breaking(), tmp_path / "landing", HEADER, processes=processes))
    assert len(landed(tmp_path / "landing")) == 3


def test_an_error_of_a_worker_is_the_error_of_the_import(
    table: Path, keys: KeyRing, tmp_path: Path
) -> None:
    parts = [*parts_of(table, keys)][:2]
    parts.insert(1, Batch(source=".hidden", community="notes"))
    with pytest.raises(SegmentError, match="give it another name"):
        list(land_parts(parts, tmp_path / "landing", HEADER, processes=2))
    assert multiprocessing.active_children() == []

"""Segments: whole or not at all, and told from every other file."""

import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from warehouse.errors import SegmentError
from warehouse.landing import read_header, read_rows, verify, write_segment
from warehouse.records import Gap, SegmentHeader, ThreadCount, Traffic, Validator

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def test_a_header_comes_back_as_it_was_written(study):
    header = SegmentHeader(
        run_id="run-é",
        source="forum",
        community="board/one",
        activity="harvest",
        harvested_at=NOON,
        final=True,
        status="partial",
        error="one page was not read",
        expected=12,
        fetched=10,
        drops={"unreadable": 2},
        gaps=(Gap(since=NOON - timedelta(days=2), until=NOON, reason="feed too short"),),
        threads=(ThreadCount(native_thread_id="7", expected=None, fetched=3),),
        validators={"https://forum.example/": Validator(etag='W/"1"', trusted=3)},
        cursor={"page": 2, "since": None, "at": 1.5, "done": False, "id": "x"},
        covers_from=NOON - timedelta(days=1),
        traffic=Traffic(requests=4, not_modified=1, throttled_seconds=0.25),
    )
    assert read_header(write_segment(study.home.landing, header)) == header
    plain = study.header()
    assert read_header(write_segment(study.home.landing, plain)) == plain


def test_rows_come_back_as_they_were_landed(study):
    post = study.post("1", "line\none \N{GRINNING FACE}", redactions={"email": 2}, url=None)
    edited = study.post("2", "edited")
    segment = study.land(
        post,
        study.saw("gone", "3", reason="removed"),
        study.saw("edited", "2", post=edited),
    )
    rows = read_rows(segment).to_pylist()
    assert [(row["entry"], row["native_id"], row["outcome"], row["reason"]) for row in rows] == [
        ("post", "1", None, None),
        ("post", "2", None, None),
        ("sighting", "3", "gone", "removed"),
        ("sighting", "2", "edited", None),
    ]
    assert rows[0]["text"] == post.text
    assert rows[0]["redactions"] == [("email", 2)]
    assert rows[0]["created_at"] == post.created_at
    assert rows[2]["harvested_at"] == study.clock.now()


def test_a_segment_lies_privately_under_its_source(study):
    segment = study.land(study.post("1"))
    assert segment.parent == study.home.landing / "forum"
    assert segment.name.startswith("20260105T020000000000-")
    assert stat.S_IMODE(segment.stat().st_mode) == 0o600
    assert stat.S_IMODE(segment.parent.stat().st_mode) == 0o700
    assert [path.name for path in segment.parent.iterdir()] == [segment.name]


def test_segments_of_one_moment_sort_in_the_order_of_writing(study):
    names = [study.land(study.post(str(n))).name for n in range(20)]
    assert names == sorted(names)


def test_verify_gives_the_digest_of_the_file(study):
    segment = study.land(study.post("1"))
    digest = verify(segment)
    assert digest == sha256(segment.read_bytes()).hexdigest()
    assert digest[:16] in segment.name


def truncate(segment: Path) -> Path:
    segment.write_bytes(segment.read_bytes()[:-100])
    return segment


def rename(segment: Path) -> Path:
    return segment.rename(
        segment.with_name("20260105T020000000000-00000000-" + "0" * 16 + ".parquet")
    )


def without_header(segment: Path) -> Path:
    pq.write_table(read_rows(segment).replace_schema_metadata(None), segment)
    digest = sha256(segment.read_bytes()).hexdigest()[:16]
    return segment.rename(segment.with_name(f"20260105T020000000000-00000000-{digest}.parquet"))


def other_format(segment: Path) -> Path:
    segment.write_bytes(b"not Parquet at all")
    digest = sha256(segment.read_bytes()).hexdigest()[:16]
    return segment.rename(segment.with_name(f"20260105T020000000000-00000000-{digest}.parquet"))


def missing(segment: Path) -> Path:
    segment.unlink()
    return segment


@pytest.mark.parametrize("damage", [truncate, rename, without_header, other_format, missing])
def test_any_other_file_is_refused_in_one_sentence(study, damage):
    segment = damage(study.land(study.post("1")))
    for read in (verify, read_header, read_rows):
        with pytest.raises(SegmentError, match=str(segment)) as caught:
            read(segment)
        assert "\n" not in str(caught.value)


def test_rows_of_another_source_make_a_file_foreign(study):
    segment = write_segment(
        study.home.landing, study.header(), posts=[replace(study.post("1"), source="other")]
    )
    with pytest.raises(SegmentError):
        verify(segment)


@pytest.mark.parametrize("name", ["quarantine", ".hidden"])
def test_a_source_cannot_take_a_name_that_the_landing_folder_needs(study, name):
    with pytest.raises(SegmentError, match="another name"):
        write_segment(study.home.landing, study.header(source=name))


def test_a_source_name_cannot_leave_the_landing_folder(study):
    segment = write_segment(study.home.landing, study.header(source="a/../../b"))
    assert segment.parent.parent == study.home.landing

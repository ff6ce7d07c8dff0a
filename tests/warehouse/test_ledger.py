"""What waits, what is loaded, what was put aside, what goes with time."""

import os
import stat

import pytest

from warehouse.errors import SegmentError
from warehouse.records import LoadCounts


def test_segments_wait_in_the_order_of_landing_over_all_sources(loaded):
    study = loaded.study
    first = study.land(study.post("1"))
    second = study.land(study.post("1", source="blog"), source="blog")
    study.next_night()
    third = study.land(study.post("2"))
    assert loaded.warehouse.pending_segments() == [first, second, third]
    loaded.warehouse.load(second)
    assert loaded.warehouse.pending_segments() == [first, third]


def truncated(segment):
    segment.write_bytes(segment.read_bytes()[:200])
    return segment


def renamed(segment):
    return segment.rename(segment.with_name("my-export.parquet"))


def foreign(segment):
    segment.unlink()
    note = segment.with_name("notes.txt")
    note.write_text("remember the milk")
    return note


@pytest.mark.parametrize("damage", [truncated, renamed, foreign])
def test_a_bad_file_is_put_aside_and_said_and_the_rest_goes_on(loaded, damage):
    study = loaded.study
    bad, good = study.land(study.post("1")), study.land(study.post("2"))
    bad = damage(bad)
    assert loaded.warehouse.pending_segments() == [good]
    assert not bad.exists()
    (aside,) = study.home.quarantine.iterdir()
    assert aside.name == f"forum__{bad.name}"
    (reason,) = loaded.warehouse.quarantined()
    assert str(bad) in reason
    assert loaded.rows("SELECT path, n_rows FROM segments WHERE state = 'quarantined'") == [
        (f"forum/{bad.name}", 0)
    ]
    assert loaded.warehouse.load(good) == LoadCounts(new=1)
    assert loaded.one("SELECT count(*) FROM posts") == 1


def test_loading_a_bad_file_says_where_it_was_put(loaded):
    bad = truncated(loaded.study.land(loaded.study.post("1")))
    with pytest.raises(SegmentError, match=r"put aside as .*quarantine/forum__"):
        loaded.warehouse.load(bad)
    assert loaded.one("SELECT count(*) FROM posts") == 0


def test_a_good_copy_of_what_was_put_aside_is_loaded(loaded):
    segment = loaded.study.land(loaded.study.post("1"))
    whole = segment.read_bytes()
    truncated(segment)
    assert loaded.warehouse.pending_segments() == []
    segment.write_bytes(whole)
    assert loaded.warehouse.pending_segments() == [segment]
    assert loaded.warehouse.load(segment) == LoadCounts(new=1)


def test_a_file_that_is_not_there_or_elsewhere_is_said_so(loaded, tmp_path):
    with pytest.raises(SegmentError, match="cannot be read"):
        loaded.warehouse.load(loaded.study.home.landing / "forum" / "nothing.parquet")
    with pytest.raises(SegmentError, match="does not lie in"):
        loaded.warehouse.load(tmp_path / "elsewhere.parquet")


def test_the_same_content_under_another_name_is_not_loaded_twice(loaded):
    segment = loaded.study.land(loaded.study.post("1"))
    loaded.warehouse.load(segment)
    copy = segment.with_name(segment.name.replace("20260105", "20260106"))
    copy.write_bytes(segment.read_bytes())
    assert loaded.warehouse.pending_segments() == [copy]
    assert loaded.warehouse.load(copy) == LoadCounts(already_loaded=True)
    assert loaded.warehouse.pending_segments() == []


def test_segments_go_after_their_days_and_stay_in_the_ledger(loaded):
    study = loaded.study
    old = study.land(study.post("1"))
    loaded.warehouse.load(old)
    truncated(study.land(study.post("2")))
    loaded.warehouse.pending_segments()
    for _ in range(30):
        study.next_night()
    young = study.land(study.post("3"))
    loaded.warehouse.load(young)
    waiting = study.land(study.post("4"))
    assert loaded.warehouse.remove_old_segments(days=30) == 0
    study.next_night()
    assert loaded.warehouse.remove_old_segments(days=30) == 2
    assert not old.exists()
    assert not [*study.home.quarantine.iterdir()]
    assert young.exists()
    assert waiting.exists()
    states = dict(loaded.rows("SELECT path, state FROM segments"))
    assert states.pop(f"forum/{old.name}") == "removed"
    assert sorted(states.values()) == ["loaded", "quarantined"]
    assert loaded.warehouse.load(old) == LoadCounts(already_loaded=True)


def test_what_a_killed_harvest_left_half_written_goes_after_an_hour(loaded):
    folder = loaded.study.land().parent
    left, fresh = folder / ".a.parquet.1.tmp", folder / ".b.parquet.1.tmp"
    for path in (left, fresh):
        path.write_bytes(b"half")
    lock = (loaded.study.home.state / "warehouse.lock").stat().st_mtime
    os.utime(left, (lock - 7200, lock - 7200))
    loaded.warehouse.remove_old_segments(days=30)
    assert not left.exists()
    assert fresh.exists()
    assert fresh not in loaded.warehouse.pending_segments()


def test_every_file_of_the_home_is_private(loaded):
    study = loaded.study
    loaded.load(study.post("1"))
    loaded.warehouse.write_state()
    files = [*study.home.root.rglob("*")]
    assert {"warehouse.duckdb", "warehouse.duckdb.wal"} <= {file.name for file in files}
    modes = {stat.S_IMODE(file.stat().st_mode) for file in files if file.is_file()}
    assert modes == {0o600}
    folders = {stat.S_IMODE(file.stat().st_mode) for file in files if file.is_dir()}
    assert folders == {0o700}

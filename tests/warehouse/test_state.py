"""What harvests read instead of the database."""

import stat
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from warehouse.errors import StateError
from warehouse.records import Known, KnownThread, PostRef, Validator
from warehouse.state import due_file, known_file, read_due, read_known, write_due, write_known

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


def test_a_community_never_harvested_is_not_known(tmp_path):
    assert read_known(tmp_path, "forum", "board") == Known()
    assert read_due(tmp_path, "forum", limit=10) == []


def test_what_is_known_comes_back_as_it_was_written(tmp_path):
    known = Known(
        cursor={"since_id": "9", "page": 2},
        threads={"t/1": KnownThread(last_native_id="é", last_post_at=NOW, n_posts=3)},
        validators={"https://a.example/": Validator(etag="x", last_modified="y", trusted=2)},
        last_complete_at=NOW - timedelta(days=1),
    )
    write_known(tmp_path, "forum", "board", known)
    assert read_known(tmp_path, "forum", "board") == known
    assert stat.S_IMODE(known_file(tmp_path, "forum", "board").stat().st_mode) == 0o600


@pytest.mark.parametrize("community", ["a/b", "..", ".", "Boards & más?", "x" * 60])
def test_any_community_name_is_a_file_of_its_own_below_the_state_folder(tmp_path, community):
    write_known(tmp_path / "state", "for/um", community, Known(cursor={"c": community}))
    assert read_known(tmp_path / "state", "for/um", community).cursor == {"c": community}
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [known_file(tmp_path / "state", "for/um", community)]


def test_the_most_overdue_posts_come_first_and_no_more_than_asked_for(tmp_path):
    refs = [
        PostRef(
            source="forum",
            community="board",
            native_id=str(n),
            native_thread_id="t",
            kind="comment",
            url=None if n else "https://a.example/0",
            content_hash="h",
            created_at=NOW,
            missed=n == 0,
        )
        for n in range(5)
    ]
    rows = [{name: getattr(ref, name) for name in PostRef.__slots__} for ref in refs]
    write_due(tmp_path, "forum", pa.Table.from_pylist(rows))
    assert read_due(tmp_path, "forum", limit=3) == refs[:3]
    assert read_due(tmp_path, "forum", limit=99) == refs
    assert read_due(tmp_path, "forum", limit=0) == []


def test_a_damaged_file_is_named_with_what_to_do(tmp_path):
    write_known(tmp_path, "forum", "board", Known())
    known_file(tmp_path, "forum", "board").write_text("{")
    due_file(tmp_path, "forum").parent.mkdir()
    due_file(tmp_path, "forum").write_text("not Parquet")
    with pytest.raises(StateError, match=r"board\.json is damaged; delete it"):
        read_known(tmp_path, "forum", "board")
    with pytest.raises(StateError, match=r"forum\.parquet is damaged; delete it"):
        read_due(tmp_path, "forum", limit=1)

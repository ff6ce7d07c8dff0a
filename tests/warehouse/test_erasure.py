"""Erasure reaches the bytes: tables, segments, state files and the database file.

DuckDB compresses what it stores, and a search of bytes would find nothing though all were there;
so these tests store without compression, and first look that the words can be found at all.
"""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from warehouse.errors import DiskFull, StateError, WarehouseError
from warehouse.landing import read_segment
from warehouse.protection import erasure, fresh_copy, segment_rewriting
from warehouse.records import LoadCounts, ThreadCount, Validator

TEXT = "quokkaserenade"
NATIVE_ID = "nid7731quokka"
URL = "https://forum.example/p/zebrafinch-8842"
TITLE = "Marzipanlighthouse"
CANARIES = [canary.encode() for canary in (TEXT, NATIVE_ID, URL, TITLE)]


def files_with_canaries(root: Path) -> dict[str, set[bytes]]:
    found = {}
    for path in root.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        if hits := {canary for canary in CANARIES if canary in content}:
            found[path.name] = hits
    return found


def uncompressed(loaded):
    loaded.warehouse.connection.execute("SET force_compression = 'uncompressed'")
    return loaded


def canary(study, text=f"the {TEXT} of a long wait"):
    return study.post(NATIVE_ID, text, title=TITLE, kind="post", url=URL)


def plant(loaded):
    """Land a post, its edit, a reply, and what the other rooms derive from it."""
    study = loaded.study
    loaded.load(
        canary(study),
        study.post("reply", "an answer", native_parent_id=NATIVE_ID),
        study.post("copy", "an answer"),
        threads=(ThreadCount(native_thread_id=NATIVE_ID, expected=1, fetched=1),),
        validators={URL: Validator(etag="a"), "https://forum.example/": Validator(etag="b")},
    )
    study.next_night()
    loaded.load(canary(study, f"again the {TEXT}"))
    loaded.warehouse.connection.execute(f"""
        INSERT INTO words VALUES (1, '{TEXT}', 1), (2, 'the', 2);
        INSERT INTO token_stream VALUES (0, 1, 1), (1, 1, 2), (2, 2, 2);
        INSERT INTO token_places VALUES (1, 1, 0), (1, 2, 1), (1, 2, 2);
        INSERT INTO indexed VALUES (1, 2, 1, 1, 0, 2), (2, 1, 1, 1, 2, 1);
        INSERT INTO post_topics VALUES ('m', 1, 3, 1.0), ('m', 2, 3, 1.0);
        INSERT INTO frame_scores VALUES ('r', 1, 'f', 0.5, 'c'), ('r', 2, 'f', 0.5, 'c');
        INSERT INTO draws VALUES (1, 1, 'train', 's', 0.5, DATE '2026-01-05', 'coded');
        INSERT INTO codings VALUES (1, 'f', 'me', 1, 1, 1, now());
        INSERT INTO draw_chances VALUES (1, 1, 0.5);
        INSERT INTO assignments VALUES (1, 'me', 1, 's', DATE '2026-01-05');
        INSERT INTO skips VALUES (1, 'you', 1, 'too near', now());
        INSERT INTO adjudications VALUES (1, 'f', 1, 'me', 1, now());
        INSERT INTO coding_notes VALUES (1, 'me', 'unsure', now());
        INSERT INTO sheet_items VALUES ('bcdfghjkmnpq', 'bcdfghjk', 1, 1);
        INSERT INTO examples VALUES ('f', 'clear', 'a paraphrase', DATE '2026-01-01', [1, 2], 'me',
            'you', NULL);
        UPDATE posts SET duplicate_of = 1 WHERE post_id IN (2, 3);
    """)
    loaded.warehouse.write_state()
    loaded.warehouse.connection.execute("CHECKPOINT")


def confirm_gone(loaded):
    for _ in range(2):
        loaded.study.next_night()
        loaded.load(loaded.study.saw("gone", NATIVE_ID), activity="recheck")


def test_no_byte_of_a_confirmed_deletion_is_left(loaded):
    plant(uncompressed(loaded))
    root = loaded.study.home.root
    before = files_with_canaries(root)
    assert before["warehouse.duckdb"] == set(CANARIES)
    assert sum(name.endswith(".parquet") for name in before) >= 2
    assert before["board.json"] == {NATIVE_ID.encode(), URL.encode()}
    confirm_gone(loaded)
    assert loaded.warehouse.erase_confirmed() == 1
    assert files_with_canaries(root) == {}
    loaded.warehouse.close()
    assert files_with_canaries(root) == {}


def test_every_table_forgets_the_post_and_the_others_stay(loaded):
    plant(loaded)
    confirm_gone(loaded)
    tables = [
        table
        for (table,) in loaded.rows(
            "SELECT DISTINCT table_name FROM duckdb_columns() "
            "WHERE column_name = 'post_id' AND database_name = 'warehouse'"
        )
    ]
    assert {"posts", "post_revisions", "token_stream", "codings", "frame_scores"} <= set(tables)
    assert {"draws", "draw_chances", "assignments", "skips", "adjudications"} <= set(tables)
    assert "coding_notes" in tables
    assert loaded.warehouse.erase_confirmed() == 1
    for table in set(tables) - {"tombstones"}:
        assert loaded.one(f"SELECT count(*) FROM {table} WHERE post_id = 1") == 0, table
    assert loaded.rows("SELECT post_id FROM posts ORDER BY 1") == [(2,), (3,)]
    assert loaded.one("SELECT count(*) FROM tombstones") == 1
    assert loaded.rows("SELECT word, n FROM words") == [("the", 1)]
    assert loaded.rows("SELECT post_id, parent_id, duplicate_of FROM posts ORDER BY 1") == [
        (2, None, None),
        (3, None, 2),
    ]
    withdrawn = loaded.study.clock.now().date()
    assert loaded.rows("SELECT withdrawn_on FROM examples") == [(withdrawn,)]
    assert loaded.rows("SELECT title, n_posts FROM threads") == [("", 2)]


def test_a_table_that_is_added_later_is_erased_too(loaded):
    loaded.load(loaded.study.post("1"))
    loaded.warehouse.connection.execute(
        "CREATE TABLE post_moods (post_id BIGINT, mood VARCHAR);"
        "INSERT INTO post_moods VALUES (1, 'x')"
    )
    loaded.warehouse.forget("post", "forum", "1")
    loaded.warehouse.erase_confirmed()
    assert loaded.one("SELECT count(*) FROM post_moods") == 0


def test_segments_keep_their_other_rows_and_are_not_loaded_again(loaded):
    plant(loaded)
    confirm_gone(loaded)
    loaded.warehouse.erase_confirmed()
    assert loaded.warehouse.pending_segments() == []
    files = sorted((loaded.study.home.landing / "forum").glob("*"))
    ledger = dict(loaded.rows("SELECT path, n_rows FROM segments WHERE state = 'loaded'"))
    assert {f"forum/{file.name}" for file in files} == set(ledger)
    assert sorted(ledger.values()) == [0, 0, 0, 2]
    segments = [read_segment(file) for file in files]
    ids = [i for segment in segments for i in segment.rows.column("native_id").to_pylist()]
    assert ids == ["reply", "copy"]
    assert [*segments[0].header.validators] == ["https://forum.example/"]


def test_an_old_copy_of_a_segment_does_not_bring_the_post_back(loaded, tmp_path):
    segment = loaded.study.land(canary(loaded.study), loaded.study.post("2"))
    shutil.copy(segment, tmp_path / segment.name)
    loaded.warehouse.load(segment)
    confirm_gone(loaded)
    loaded.warehouse.erase_confirmed()
    shutil.copy(tmp_path / segment.name, segment)
    assert loaded.warehouse.pending_segments() == []
    assert loaded.warehouse.load(segment) == LoadCounts(already_loaded=True)


def test_nothing_is_copied_when_nothing_is_pending(loaded):
    loaded.load(loaded.study.post("1"))
    inode = loaded.study.home.database.stat().st_ino
    connection = loaded.warehouse.connection
    assert loaded.warehouse.erase_confirmed() == 0
    assert loaded.warehouse.connection is connection
    assert loaded.study.home.database.stat().st_ino == inode


def test_ids_are_not_reused_after_the_copy(loaded):
    loaded.load(loaded.study.post("1"), loaded.study.post("2"))
    loaded.warehouse.forget("post", "forum", "2")
    loaded.warehouse.erase_confirmed()
    loaded.load(loaded.study.post("3", native_thread_id="t9"))
    assert loaded.rows("SELECT post_id, thread_id FROM posts ORDER BY 1") == [(1, 1), (3, 2)]


def test_the_copy_keeps_comments_and_views(loaded):
    loaded.load(loaded.study.post("1"), loaded.study.post("2"))
    loaded.warehouse.connection.execute("CREATE VIEW own_words AS SELECT own_text FROM posts")
    comments = "SELECT table_name, comment FROM duckdb_tables() WHERE NOT temporary ORDER BY 1"
    before = loaded.rows(comments)
    loaded.warehouse.forget("post", "forum", "2")
    loaded.warehouse.erase_confirmed()
    assert loaded.rows(comments) == before
    assert loaded.one("SELECT count(*) FROM own_words") == 1


@pytest.mark.parametrize("step", ["rewrite_segments", "delete_rows", "copy_is_due"])
def test_an_erasure_that_was_ended_early_is_finished_by_the_next(loaded, monkeypatch, step):
    plant(uncompressed(loaded))
    confirm_gone(loaded)
    module = segment_rewriting if step == "rewrite_segments" else erasure
    original = getattr(module, step)

    def ended(*arguments, **keywords):
        if step != "delete_rows":
            original(*arguments, **keywords)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, step, ended)
    with pytest.raises(KeyboardInterrupt):
        loaded.warehouse.erase_confirmed()
    monkeypatch.undo()
    loaded.warehouse.erase_confirmed()
    assert files_with_canaries(loaded.study.home.root) == {}
    assert loaded.rows("SELECT post_id FROM posts ORDER BY 1") == [(2,), (3,)]


def test_a_segment_rewritten_in_part_is_finished_by_the_next(loaded, monkeypatch):
    plant(uncompressed(loaded))
    confirm_gone(loaded)
    monkeypatch.setattr(
        segment_rewriting, "rewrite", lambda *_: (_ for _ in ()).throw(OSError("no"))
    )
    with pytest.raises(OSError, match="no"):
        loaded.warehouse.erase_confirmed()
    monkeypatch.undo()
    assert loaded.warehouse.pending_segments() == []
    assert loaded.warehouse.erase_confirmed() == 1
    assert files_with_canaries(loaded.study.home.root) == {}


def test_a_copy_that_differs_is_thrown_away(loaded, monkeypatch):
    loaded.load(loaded.study.post("1"), loaded.study.post("2"))
    loaded.warehouse.forget("post", "forum", "2")
    original = fresh_copy.contents_of

    def misread(connection, relation, columns):
        read = original(connection, relation, columns)
        changed = relation == 'fresh.main."locators"'
        return replace(read, checksum=read.checksum ^ 1) if changed else read

    monkeypatch.setattr(fresh_copy, "contents_of", misread)
    with pytest.raises(WarehouseError, match=r"1 rows of locators and the database 1, or other"):
        loaded.warehouse.erase_confirmed()
    monkeypatch.undo()
    assert not [*loaded.study.home.root.glob("*.fresh*")]
    assert loaded.one("SELECT count(*) FROM posts") == 1
    loaded.warehouse.erase_confirmed()
    assert loaded.one("SELECT count(*) FROM pending_copies") == 0


def test_a_copy_in_which_one_value_differs_is_thrown_away(loaded):
    loaded.load(loaded.study.post("1"), loaded.study.post("2"))
    loaded.warehouse.forget("post", "forum", "2")

    class Changing:
        """A connection that changes one letter of the copy before it is compared."""

        def __init__(self, connection):
            self._connection = connection

        def __getattr__(self, name):
            return getattr(self._connection, name)

        def execute(self, sql, *parameters):
            if sql == "CHECKPOINT fresh" and not self.__dict__.get("changed"):
                self.changed = True
                self._connection.execute("UPDATE fresh.main.posts SET text = 'we waited long'")
            return self._connection.execute(sql, *parameters)

    loaded.warehouse.connection = Changing(loaded.warehouse.connection)
    with pytest.raises(WarehouseError, match="rows of posts"):
        loaded.warehouse.erase_confirmed()
    assert not [*loaded.study.home.root.glob("*.fresh*")]
    assert loaded.one("SELECT text FROM posts") == "We waited long"


def test_no_copy_is_begun_where_there_is_no_room_for_it(loaded, monkeypatch):
    loaded.load(loaded.study.post("1"), loaded.study.post("2"))
    loaded.warehouse.forget("post", "forum", "2")
    usage = shutil.disk_usage(loaded.study.home.root)._replace(free=1000)
    monkeypatch.setattr("warehouse.space.shutil.disk_usage", lambda _: usage)
    with pytest.raises(DiskFull, match=r"a fresh copy of the database needs 0\.\d GB .* are free"):
        loaded.warehouse.erase_confirmed()
    assert not [*loaded.study.home.root.glob("*.fresh*")]
    monkeypatch.undo()
    loaded.warehouse.erase_confirmed()
    assert loaded.one("SELECT count(*) FROM pending_copies") == 0


def test_what_a_killed_copy_left_is_removed_when_the_warehouse_opens(study):
    with study.open():
        pass
    left = study.home.root / "warehouse.duckdb.fresh"
    left.write_bytes(b"half a copy")
    spilled = study.home.root / "warehouse.duckdb.tmp"
    spilled.mkdir()
    (spilled / "duckdb_temp_block-1.block").write_bytes(b"rows put out of memory")
    with study.open():
        assert not left.exists()
        assert not spilled.exists()


def test_what_a_killed_writer_left_half_written_is_removed_when_the_next_opens(study):
    with study.open() as warehouse:
        warehouse.load(study.land(study.post("1")))
        warehouse.write_state()
    left = [
        study.home.landing / ".rewriting" / ".20260105T020000000000-00000000-a.parquet.77.tmp",
        study.home.state / "known" / "forum" / ".board.json.77.tmp",
        study.home.state / "due" / ".forum.parquet.77.tmp",
    ]
    for file in left:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"half")
    with study.open() as warehouse:
        assert not any(file.exists() for file in left)
        assert warehouse.pending_segments() == []


def test_an_erasure_looks_for_what_a_killed_harvest_left_too(loaded):
    study = uncompressed(loaded).study
    plant(loaded)
    left = study.home.landing / "forum" / ".half.parquet.77.tmp"
    left.write_bytes(TEXT.encode())
    lock = (study.home.state / "warehouse.lock").stat().st_mtime
    os.utime(left, (lock - 7200, lock - 7200))
    confirm_gone(loaded)
    loaded.warehouse.erase_confirmed()
    assert files_with_canaries(study.home.root) == {}


def test_another_connection_of_this_process_stops_the_copy_before_writes_can_get_lost(study):
    with study.open() as warehouse:
        warehouse.load(study.land(study.post("1"), study.post("2")))
        warehouse.forget("post", "forum", "2")
        other = fresh_copy.connect_private(study.home.database)
        with pytest.raises(WarehouseError, match="close every connection"):
            warehouse.erase_confirmed()
        other.close()
    with study.open() as warehouse:
        warehouse.erase_confirmed()
        assert warehouse.query("SELECT post_id FROM posts").to_pylist() == [{"post_id": 1}]


def test_files_put_aside_go_with_an_erasure_of_their_source(loaded):
    plant(uncompressed(loaded))
    bad = loaded.study.home.landing / "forum" / "20260105T020000000000-00000000-aa.parquet"
    bad.write_bytes(b"half a segment with " + TEXT.encode())
    loaded.warehouse.pending_segments()
    confirm_gone(loaded)
    loaded.warehouse.erase_confirmed()
    assert files_with_canaries(loaded.study.home.root) == {}


def test_a_loaded_segment_that_got_damaged_goes_altogether(loaded):
    plant(uncompressed(loaded))
    segment = min((loaded.study.home.landing / "forum").glob("*.parquet"))
    segment.write_bytes(segment.read_bytes()[:-20])
    confirm_gone(loaded)
    loaded.warehouse.erase_confirmed()
    assert not segment.exists()
    assert files_with_canaries(loaded.study.home.root) == {}


def test_superseded_texts_go_after_their_days_to_the_bytes(loaded):
    study = uncompressed(loaded).study
    loaded.load(study.post("1", TEXT))
    study.next_night()
    loaded.load(study.post("1", "harmless"))
    for _ in range(30):
        study.next_night()
    assert loaded.warehouse.drop_superseded_texts(days=30) == 0
    study.next_night()
    assert loaded.warehouse.drop_superseded_texts(days=30) == 1
    assert loaded.warehouse.drop_superseded_texts(days=30) == 0
    loaded.warehouse.remove_old_segments(days=30)
    loaded.warehouse.erase_confirmed()
    assert files_with_canaries(study.home.root) == {}
    assert loaded.rows("SELECT revision, length, text FROM post_revisions ORDER BY 1") == [
        (1, len(TEXT), None),
        (2, 8, None),
    ]


def test_a_forgotten_post_is_refused_for_good_and_its_bytes_leave_the_segment(loaded):
    study = uncompressed(loaded).study
    loaded.load(canary(study))
    assert loaded.warehouse.forget("post", "forum", NATIVE_ID) == 1
    assert loaded.rows("SELECT reason FROM tombstones") == [("erased",)]
    loaded.warehouse.erase_confirmed()
    study.next_night()
    segment = study.land(
        canary(study),
        study.post("2", native_parent_id=NATIVE_ID),
        study.saw("present", NATIVE_ID),
        validators={"https://forum.example/": Validator(etag="b")},
    )
    assert loaded.warehouse.load(segment) == LoadCounts(new=1, refused=2)
    assert loaded.warehouse.load(segment) == LoadCounts(already_loaded=True)
    assert files_with_canaries(study.home.root) == {}
    assert loaded.rows("SELECT native_id FROM locators") == [("2",)]
    assert loaded.one("SELECT count(*) FROM awaited_parents") == 0
    assert loaded.warehouse.pending_segments() == []


def test_a_load_ended_after_it_left_out_refused_posts_is_done_again(loaded, monkeypatch):
    study = loaded.study
    loaded.warehouse.forget("post", "forum", NATIVE_ID)
    segment = study.land(canary(study), study.post("2"))
    copy = segment.read_bytes()
    monkeypatch.setattr("warehouse.gateway.load_segment", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        loaded.warehouse.load(segment)
    monkeypatch.undo()
    segment.write_bytes(copy)
    waiting = loaded.warehouse.pending_segments()
    assert len(waiting) == 2
    total = sum(loaded.warehouse.load(path).new for path in waiting)
    assert total == 1
    assert loaded.warehouse.pending_segments() == []
    assert loaded.one("SELECT sum(new) FROM harvests") == 1


def test_forgetting_an_author_or_a_thread_takes_all_their_posts(loaded):
    study = loaded.study
    author = study.keys.author_key("discourse", "forum.example", "ann")
    loaded.load(
        study.post("1", author_key=author),
        study.post("2", author_key=author, native_thread_id="t2"),
        study.post("3", native_thread_id="t2"),
        study.post("4"),
    )
    assert loaded.warehouse.forget("author", author) == 2
    assert loaded.warehouse.forget("thread", "forum", "t2") == 1
    assert loaded.rows("SELECT post_id FROM posts") == [(4,)]
    study.next_night()
    again = loaded.load(
        study.post("5", author_key=author),
        study.post("6", native_thread_id="t2"),
        study.post("7"),
    )
    assert again == LoadCounts(new=1, refused=2)


def test_coverage_counts_follow_what_was_forgotten(loaded):
    study = loaded.study
    loaded.load(study.post("1"), study.post("2"), covers_from=study.clock.now())
    assert loaded.one("SELECT n_posts FROM coverage") == 2
    loaded.warehouse.forget("post", "forum", "1")
    assert loaded.one("SELECT n_posts FROM coverage") == 1


def test_a_restored_database_learns_again_what_must_not_come_back(study):
    with study.open() as warehouse:
        warehouse.load(study.land(study.post("1"), study.post("2")))
    shutil.copy(study.home.database, study.home.root / "backup")
    with study.open() as warehouse:
        warehouse.forget("post", "forum", "1")
        warehouse.erase_confirmed()
    (study.home.root / "backup").replace(study.home.database)
    with study.open() as warehouse:
        assert warehouse.reapply_erasures() == 1
        assert warehouse.reapply_erasures() == 0
        assert warehouse.query("SELECT post_id FROM posts").to_pylist() == [{"post_id": 2}]
        assert warehouse.load(study.land(study.post("1"))) == LoadCounts(refused=1)


def test_a_damaged_list_of_erasures_stops_the_warehouse(study):
    with study.open() as warehouse:
        warehouse.forget("post", "forum", "1")
    (study.home.state / "erasures.json").write_text("{")
    with pytest.raises(StateError, match=r"erasures\.json is damaged"):
        study.open()
    (study.home.state / "erasures.json").unlink()
    study.open().close()


def test_an_optout_refuses_like_an_erasure(loaded):
    study = loaded.study
    author = study.keys.author_key("discourse", "forum.example", "ann")
    rows = pa.table({"hash": [author], "kind": ["author"], "recorded_at": [study.clock.now()]})
    loaded.warehouse.replace("optouts", rows, keys=["hash"])
    assert loaded.load(study.post("1", author_key=author)) == LoadCounts(refused=1)

"""A warehouse that cannot be read is rebuilt with the same numbers, and without what was erased."""

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.conftest import Loaded, Study
from warehouse.backup import BackupError, back_up, database_of
from warehouse.corpus.duplicates import find_duplicates
from warehouse.corpus.index import index_posts
from warehouse.errors import SchemaError, StateError, WarehouseDamaged, WarehouseLocked
from warehouse.gateway import Warehouse
from warehouse.private_copy import folder_of, read_private_copy
from warehouse.protection.keys import KeyRing
from warehouse.records import LoadCounts, ThreadCount, Validator
from warehouse.release.controlled import publish_controlled
from warehouse.repair import Repaired, repair

KEPT = (
    "SELECT * EXCLUDE (n_words) FROM posts ORDER BY post_id",
    "SELECT * FROM locators ORDER BY post_id",
    "SELECT * FROM threads ORDER BY thread_id",
    "SELECT * FROM thread_locators ORDER BY thread_id",
    "SELECT * FROM post_revisions ORDER BY ALL",
    "SELECT * FROM checks ORDER BY post_id",
    "SELECT * FROM awaited_parents ORDER BY ALL",
    "SELECT * FROM tombstones ORDER BY ALL",
    "SELECT * FROM harvests ORDER BY ALL",
    "SELECT * EXCLUDE (state_written) FROM cursors ORDER BY ALL",
    "SELECT * FROM segments ORDER BY ALL",
    "SELECT * FROM erasures ORDER BY ALL",
    "SELECT * FROM examples ORDER BY ALL",
    "SELECT * FROM sheets ORDER BY ALL",
    "SELECT * FROM sheet_items ORDER BY ALL",
    "SELECT * FROM coding_notes ORDER BY ALL",
    "SELECT post_id, position, word FROM tokens JOIN words USING (word_id) ORDER BY ALL",
)


def derive(warehouse: Warehouse) -> None:
    index_posts(warehouse.connection)
    find_duplicates(warehouse.connection)


def fill(study: Study) -> None:
    """Hold posts of every state: edited, withheld, erased, answered, and answering what is not."""
    with study.open() as warehouse:
        loaded = Loaded(study, warehouse)
        loaded.load(
            *(study.post(str(n), f"we waited {n} months") for n in range(1, 7)),
            study.post("answer", "so did we", native_parent_id="2", native_thread_id="t2"),
            study.post("early", "an answer to what came later", native_parent_id="missing"),
            threads=(ThreadCount(native_thread_id="t1", expected=9, fetched=7),),
            validators={"https://forum.example/": Validator(etag="a")},
            cursor={"newest": 7},
        )
        study.next_night()
        loaded.load(study.post("2", "we waited longer than that"), study.post("3", "now three"))
        loaded.load(study.saw("gone", "4"), activity="recheck")
        warehouse.connection.execute(
            "INSERT INTO examples VALUES ('f', 'clear', 'A paraphrase', DATE '2026-01-01', [1], "
            "'me', NULL, NULL)"
        )
        warehouse.connection.execute(
            "INSERT INTO sheets VALUES ('bcdfghjk', 'A', 'measure', 'html', 1, ['f', 'g'], "
            "['bcdfghjkmnpq', 'qpnmkjhgfdcb'], 'ab', now());"
            "INSERT INTO sheet_items VALUES ('bcdfghjkmnpq', 'bcdfghjk', 1, 1);"
            "INSERT INTO coding_notes VALUES (1, 'A', 'unsure', now())"
        )
        warehouse.forget("post", "forum", "6")
        warehouse.erase_confirmed()
        warehouse.write_state()
        derive(warehouse)
        publish_controlled(warehouse.connection, study.home)


def held(study: Study) -> dict[str, list[tuple[object, ...]]]:
    with study.open() as warehouse:
        return {sql: Loaded(study, warehouse).rows(sql) for sql in KEPT}


def mend(study: Study, *, backup: Callable[[Path], Path] | None = None) -> Repaired:
    return repair(study.home, keys=study.keys, clock=study.clock, derive=derive, backup=backup)


def damage(study: Study) -> None:
    """Overwrite all but the first pages of the database."""
    content = bytearray(study.home.database.read_bytes())
    content[3 * 4096 :] = bytes(len(content) - 3 * 4096)
    study.home.database.write_bytes(content)


def test_a_damaged_warehouse_is_rebuilt_as_it_was(study: Study) -> None:
    fill(study)
    before = held(study)
    damage(study)
    with pytest.raises(WarehouseDamaged):
        study.open()
    done = mend(study)
    assert done == Repaired(base="release", posts=7, reloaded=0, erased=0, lost=0)
    assert held(study) == before
    aside = study.home.root / "warehouse.duckdb.damaged"
    assert aside.is_file()
    with study.open() as warehouse:
        loaded = Loaded(study, warehouse)
        assert loaded.load(study.post("6")) == LoadCounts(refused=1)
        assert loaded.load(study.post("missing", native_thread_id="t9")) == LoadCounts(new=1)
        assert loaded.rows("SELECT max(post_id), max(thread_id) FROM posts") == [(9, 3)]
        parent = "SELECT parent_id FROM posts JOIN locators USING (post_id) WHERE native_id = ?"
        assert loaded.one(parent, ["early"]) == 9
        warehouse.forget("post", "forum", "1")
        warehouse.erase_confirmed()
    assert not aside.exists()
    assert not folder_of(study.home).exists()


@pytest.mark.parametrize(
    "how", ["gone", *(pytest.param(how, marks=pytest.mark.slow) for how in ("garbage", "half"))]
)
def test_a_database_that_is_gone_or_no_database_any_more_is_rebuilt(study: Study, how: str) -> None:
    fill(study)
    before = held(study)
    if how == "gone":
        study.home.database.unlink()
    elif how == "garbage":
        study.home.database.write_bytes(b"something else entirely" * 1000)
    else:
        os.truncate(study.home.database, study.home.database.stat().st_size // 2)
    assert mend(study).base == "release"
    assert held(study) == before


@pytest.mark.slow
def test_what_landed_since_the_release_comes_from_its_segments(study: Study) -> None:
    fill(study)
    study.next_night()
    with study.open() as warehouse:
        loaded = Loaded(study, warehouse)
        loaded.load(study.post("8", "read after the release"), study.post("1", "and an edit"))
        derive(warehouse)
    before = held(study)
    damage(study)
    done = mend(study)
    assert (done.base, done.reloaded, done.lost) == ("release", 1, 0)
    assert held(study) == before


@pytest.mark.slow
def test_a_sound_warehouse_gets_its_index_anew_and_nothing_else(study: Study) -> None:
    fill(study)
    before = held(study)
    with study.open() as warehouse:
        warehouse.connection.execute(
            "DELETE FROM token_stream WHERE post_id = 2; DELETE FROM words"
        )
    inode = study.home.database.stat().st_ino
    assert mend(study) == Repaired(base="index", posts=7)
    assert held(study) == before
    assert study.home.database.stat().st_ino == inode


@pytest.mark.slow
def test_what_was_asked_for_after_the_release_stays_gone(study: Study, tmp_path: Path) -> None:
    fill(study)
    copy = tmp_path / "private"
    shutil.copytree(folder_of(study.home), copy)
    with study.open() as warehouse:
        warehouse.forget("post", "forum", "1")
        warehouse.erase_confirmed()
    shutil.copytree(copy, folder_of(study.home))  # as if the disk had broken in between
    damage(study)
    assert mend(study).erased == 1
    with study.open() as warehouse:
        ids = warehouse.query("SELECT native_id FROM locators ORDER BY 1").to_pylist()
    assert "1" not in {row["native_id"] for row in ids}


@pytest.mark.slow
def test_a_backup_is_the_base_where_the_release_cannot_be(study: Study, tmp_path: Path) -> None:
    fill(study)
    file = tmp_path / "backups" / "one.tar.zst"
    back_up(study.home, file, keys=study.keys, clock=study.clock)
    study.next_night()
    with study.open() as warehouse:
        Loaded(study, warehouse).load(study.post("8", "read after the backup"))
        warehouse.forget("post", "forum", "3")
        warehouse.erase_confirmed()
    before = held(study)
    damage(study)
    with pytest.raises(WarehouseDamaged, match=r"there is no copy of what is private .* --from"):
        mend(study)
    damaged = study.home.database.read_bytes()
    assert study.home.database.read_bytes() == damaged
    done = mend(study, backup=partial(database_of, file, keys=study.keys))
    assert (done.base, done.posts, done.erased) == ("backup", 7, 1)
    after = held(study)
    for sql in KEPT[:5]:
        assert after[sql] == before[sql], sql
    assert [path.name for path in study.home.root.glob(".repairing-*")] == []


def test_a_damaged_or_foreign_backup_changes_nothing(study: Study, tmp_path: Path) -> None:
    fill(study)
    file = tmp_path / "backups" / "one.tar.zst"
    back_up(study.home, file, keys=study.keys, clock=study.clock)
    before = study.home.database.read_bytes()
    other = KeyRing.create(tmp_path / "other.key")
    with pytest.raises(BackupError, match="of another study"):
        mend(study, backup=partial(database_of, file, keys=other))
    os.truncate(file, 500)
    with pytest.raises(BackupError, match="truncated, damaged"):
        mend(study, backup=partial(database_of, file, keys=study.keys))
    assert study.home.database.read_bytes() == before
    assert not [*study.home.root.glob("*.repairing*")]


@pytest.mark.parametrize("what", ["manifest", "table", "texts"])
def test_a_copy_that_is_damaged_is_no_base(study: Study, what: str) -> None:
    fill(study)
    files = {
        "manifest": folder_of(study.home) / "manifest.json",
        "table": folder_of(study.home) / "locators.parquet",
        "texts": study.home.controlled / "parquet" / "posts.parquet",
    }
    flipped = bytearray(files[what].read_bytes())
    flipped[len(flipped) // 2] ^= 1
    files[what].write_bytes(flipped)
    with pytest.raises(StateError):
        read_private_copy(study.home)
    damage(study)
    with pytest.raises(WarehouseDamaged, match="not be rebuilt"):
        mend(study)
    assert study.home.database.is_file()


def test_what_is_no_damage_is_not_repaired(study: Study) -> None:
    fill(study)
    with study.open(), pytest.raises(WarehouseLocked):
        mend(study)
    with study.open() as warehouse:
        warehouse.connection.execute("INSERT INTO migrations VALUES (9999, 'later.sql', now())")
    with pytest.raises(SchemaError, match="newer version"):
        mend(study)
    assert study.home.database.is_file()
    assert not [*study.home.root.glob("*.damaged")]


def test_the_copy_beside_the_release_is_private_and_in_no_backup(
    study: Study, tmp_path: Path
) -> None:
    fill(study)
    copy = read_private_copy(study.home)
    assert {"posts", "locators", "checks", "examples"} <= set(copy.tables)
    assert not {"words", "token_stream", "fingerprints"} & set(copy.tables)
    with duckdb.connect() as connection:
        posts = copy.rows(connection, "posts")
        rows = connection.execute(f"SELECT text FROM ({posts}) WHERE text IS NOT NULL").fetchall()
    assert rows == [("we waited 4 months",)]  # the one that is withheld
    for path in (copy.folder, *copy.folder.iterdir()):
        assert path.stat().st_mode & 0o077 == 0
    file = tmp_path / "backups" / "one.tar.zst"
    back_up(study.home, file, keys=study.keys, clock=study.clock)
    folder = tmp_path / "unpacked"
    folder.mkdir()
    database_of(file, folder, keys=study.keys)
    assert not (folder / "state" / "private").exists()
    assert (folder / "state" / "erasures.json").is_file()

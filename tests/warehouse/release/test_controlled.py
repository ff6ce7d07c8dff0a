"""The controlled release: what is in it, what is not in its bytes, and how it takes its place."""

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.warehouse.invented import JANUARY, Study, author, healthy_study, insert
from warehouse.errors import WarehouseDamaged
from warehouse.home import Home
from warehouse.release import controlled
from warehouse.release.controlled import publish_controlled
from warehouse.release.tables import CONTROLLED, VIEWS

# Planted in the warehouse; each is long enough to be found in a file's bytes only if it is there.
NATIVE_ID = "native-id-8831-quagmire"
URL = "https://forum.invalid/t/pangolin-4471"
SUPERSEDED = "this sentence was edited away: marmalade lighthouse"
WITHHELD = "this sentence is withheld: velvet thermometer"
WITHHELD_TITLE = "a withheld title about corduroy telescopes"
EDITED_NOT_INDEXED = "zyzzyvaold"
PRIVATE_NAMES = ("Coder Quillfeather", "Adder Brackenshaw")
CONTROL = "this sentence may be read by researchers: copper windmill"
COMMENT = "a comment that stays: brass orchard"
PLANTED = (
    *(NATIVE_ID, URL, SUPERSEDED, WITHHELD, WITHHELD_TITLE, EDITED_NOT_INDEXED),
    *(*PRIVATE_NAMES, "thermometer", author(77), "tin meadow"),
)


WHOLE = {"discourse.duckdb", "parquet", "queries", "manifest.json"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def study(prepared: Path, tmp_path: Path) -> Iterator[Study]:
    connection = duckdb.connect(shutil.copy(prepared, tmp_path / "warehouse.duckdb"))
    yield Study(connection, last_id=604)
    connection.close()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("controlled") / "warehouse.duckdb"
    study = healthy_study(path)
    study.sql("DELETE FROM posts WHERE post_id > 100")
    (shown,) = study.add_posts(1, text=CONTROL, title="A title", threads=1)
    (hidden,) = study.add_posts(
        1, text=WITHHELD, title=WITHHELD_TITLE, withheld=True, author_key=author(77)
    )
    (edited,) = study.add_posts(1, text=f"{EDITED_NOT_INDEXED} text")
    (comment,) = study.add_posts(1, text=COMMENT, kind="comment")
    study.index()
    study.sql(
        "UPDATE posts SET own_text = 'new text', text = 'new text', revision = 2, n_words = NULL"
        " WHERE post_id = ?",
        edited,
    )
    study.sql("UPDATE posts SET thread_id = 5000 WHERE post_id IN (?, ?)", hidden, comment)
    study.sql("UPDATE posts SET thread_id = 5001 WHERE post_id = ?", shown)
    at = datetime(2026, 1, 5, tzinfo=UTC)
    for thread, title in ((5000, WITHHELD_TITLE), (5001, SUPERSEDED), (5002, WITHHELD_TITLE)):
        insert(
            study.connection,
            "threads",
            {
                "thread_id": thread,
                "source": "forum",
                "community": "anxiety",
                "title": title,
                "started_at": at,
                "last_post_at": at,
                "n_posts": 9,
            },
        )
    _hang_on(study, hidden, shown, edited)
    study.connection.close()
    return path


_AT = datetime(2026, 1, 5, tzinfo=UTC)
_BY_CODERS: dict[str, dict[str, Any]] = {
    "assignments": {"coder": "a", "wave": 1, "sheet": "a-1", "assigned_on": JANUARY},
    "draw_chances": {"wave": 1, "inclusion_probability": 0.5},
    "skips": {"coder": "b", "wave": 1, "reason": "too near", "skipped_at": _AT},
    "coding_notes": {"coder": "b", "note": "unsure", "noted_at": _AT},
    "adjudications": {
        "frame": "service_value",
        "value": 1.0,
        "decided_by": "a",
        "codebook_version": 1,
        "decided_at": _AT,
    },
}


def _hang_on(study: Study, hidden: int, shown: int, edited: int) -> None:
    at = datetime(2026, 1, 5, tzinfo=UTC)
    for post_id in (hidden, shown, 999_999):
        draw = {"post_id": post_id, "wave": 1, "pool": "train", "stratum": "s"}
        insert(
            study.connection,
            "draws",
            draw | {"inclusion_probability": 0.5, "drawn_on": JANUARY, "state": "coded"},
        )
        insert(
            study.connection,
            "codings",
            {
                "post_id": post_id,
                "frame": "service_value",
                "coder": "a",
                "value": 1.0,
                "codebook_version": 1,
                "wave": 1,
                "coded_at": at,
            },
        )
        for table, said in _BY_CODERS.items():
            insert(study.connection, table, {"post_id": post_id} | said)
        insert(
            study.connection,
            "frame_scores",
            {
                "run_id": "run-1",
                "post_id": post_id,
                "frame": "service_value",
                "probability": 0.5,
                "classifier": "c1",
            },
        )
        insert(
            study.connection,
            "post_topics",
            {"model": "m1", "post_id": post_id, "topic_id": 0, "weight": 1.0},
        )
    insert(
        study.connection,
        "locators",
        {
            "post_id": shown,
            "source": "forum",
            "native_id": NATIVE_ID,
            "native_thread_id": NATIVE_ID,
            "url": URL,
            "native_key": 1,
        },
    )
    insert(
        study.connection,
        "post_revisions",
        {
            "post_id": edited,
            "revision": 1,
            "seen_at": at,
            "content_hash": "h",
            "length": 9,
            "text": SUPERSEDED,
        },
    )
    study.sql("UPDATE events SET added_by = ?", PRIVATE_NAMES[1])
    study.example("Not approved: tin meadow", approved_by=None, written_by=PRIVATE_NAMES[0])


def read(home: Home, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(home.controlled / "discourse.duckdb", read_only=True) as release:
        return release.execute(sql).fetchall()


def released_bytes(home: Home) -> bytes:
    return b"".join(file.read_bytes() for file in home.controlled.rglob("*") if file.is_file())


def test_nothing_private_is_in_the_bytes(study: Study, home: Home) -> None:
    # Compressed text would hide from a search; uncompressed, the texts that may be there are found.
    study.sql("SET force_compression = 'uncompressed'")
    publish_controlled(study.connection, home)
    database = (home.controlled / "discourse.duckdb").read_bytes()
    for text in (CONTROL, COMMENT, "windmill", author(1000)):
        assert text.encode() in database, text
    for text in PLANTED:
        assert text.encode() not in database, text


def test_parquet_holds_the_same_rows_in_order(study: Study, home: Home) -> None:
    release = publish_controlled(study.connection, home)
    everything = ""
    for table, released in CONTROLLED.items():
        if table == "token_places":  # serves the queries of the database alone
            continue
        held = pq.read_table(home.controlled / "parquet" / f"{table}.parquet")
        assert held.column_names == list(released.columns)
        assert held.num_rows == release.counts[table]
        order = ", ".join(released.order)
        with duckdb.connect(release.path, read_only=True) as connection:
            expected = connection.execute(f"FROM {table} ORDER BY {order}").to_arrow_table()
        assert held.to_pylist() == expected.to_pylist(), table
        everything += str(held.to_pylist())
    assert CONTROL in everything
    assert not [text for text in PLANTED if text in everything]


def test_only_listed_tables_and_columns_are_released(study: Study, home: Home) -> None:
    study.sql("CREATE TABLE secrets AS SELECT 1 AS one")
    study.sql("ALTER TABLE posts ADD COLUMN ip_address VARCHAR")
    publish_controlled(study.connection, home)
    found: dict[str, list[str]] = {}
    for table, column in read(
        home,
        "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"
        " ORDER BY table_name, column_index",
    ):
        found.setdefault(table, []).append(column)
    views = {view: found.pop(view) for view in VIEWS}
    assert views["tokens"] == ["post_id", "position", "word_id"]
    assert views["duplicate_families"][:3] == ["original", "n_posts", "n_authors"]
    assert found == {table: list(released.columns) for table, released in CONTROLLED.items()}


def test_every_table_of_the_schema_is_released_by_its_mark(study: Study) -> None:
    marks = dict(
        study.sql(
            "SELECT table_name, comment[1:3] FROM duckdb_tables()"
            " UNION ALL SELECT view_name, comment[1:3] FROM duckdb_views() WHERE NOT internal"
        )
    )
    released = {name for name, mark in marks.items() if mark in ("[C]", "[P]")}
    assert released == {*CONTROLLED, *VIEWS}


def test_what_hangs_on_a_withheld_or_absent_post_stays(study: Study, home: Home) -> None:
    publish_controlled(study.connection, home)
    posts = {post_id for (post_id,) in read(home, "SELECT post_id FROM posts")}
    assert posts == {i for (i,) in study.sql("SELECT post_id FROM posts WHERE NOT withheld")}
    for table in ("tokens", "post_topics", "draws", "codings", "frame_scores", *_BY_CODERS):
        held = {post_id for (post_id,) in read(home, f"SELECT post_id FROM {table}")}
        assert held, table
        assert held <= posts, table


def test_threads_are_counted_from_what_is_released(study: Study, home: Home) -> None:
    publish_controlled(study.connection, home)
    rows = read(
        home,
        "SELECT thread_id, title, n_posts, started_at, last_post_at FROM threads ORDER BY ALL",
    )
    ((comment_at,), (shown_at,)) = study.sql(
        "SELECT created_at FROM posts WHERE thread_id IN (5000, 5001) AND NOT withheld"
        " ORDER BY thread_id"
    )
    assert rows == [
        (5000, "", 1, comment_at, comment_at),
        (5001, "A title", 1, shown_at, shown_at),
    ]


def test_words_are_counted_from_released_tokens(study: Study, home: Home) -> None:
    publish_controlled(study.connection, home)
    counted = read(
        home, "SELECT word, count(*) FROM tokens JOIN words USING (word_id) GROUP BY word"
    )
    assert dict(read(home, "SELECT word, n FROM words")) == dict(counted)
    edited = "SELECT post_id, n_words FROM posts WHERE own_text = 'new text'"
    ((post_id, n_words),) = read(home, edited)
    assert n_words is None
    assert read(home, f"FROM tokens WHERE post_id = {post_id}") == []


def test_examples_and_events_come_without_names(study: Study, home: Home) -> None:
    publish_controlled(study.connection, home)
    assert len(read(home, "FROM examples")) == 1
    assert read(home, "FROM events") == [(1, JANUARY, "A bill", None)]


def test_comments_and_the_macros_come_along(study: Study, home: Home) -> None:
    publish_controlled(study.connection, home)
    comments = dict(read(home, "SELECT table_name, comment FROM duckdb_tables()"))
    assert comments["posts"] == "[C] the current revision of every post and comment"
    assert set(comments) == set(CONTROLLED)
    assert all(comments.values())
    lines = read(home, "SELECT left_context, node FROM kwic('windmill', width := 2)")
    assert lines == [("researchers copper", "windmill")]
    near = "SELECT n_near, n_posts FROM collocates('windmill', span := 1)"
    assert read(home, near) == [(1, 1)]
    assert read(home, "SELECT sum(n), sum(n_posts_with) FROM word_trend('windmill')") == [(1, 1)]
    assert read(home, "FROM keyness('anxiety', 'nowhere')") == []


def test_files_are_for_their_owner_alone(study: Study, home: Home) -> None:
    publish_controlled(study.connection, home)
    assert stat.S_IMODE(home.controlled.stat().st_mode) == 0o700
    for path in home.controlled.rglob("*"):
        expected = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == expected, path


def test_the_file_is_in_the_oldest_storage_version(study: Study, home: Home) -> None:
    publish_controlled(study.connection, home)
    ((tags,),) = read(home, "SELECT tags FROM duckdb_databases() WHERE NOT internal")
    assert tags == {"storage_version": "v1.0.0+"}


def test_a_reader_of_the_old_release_is_not_disturbed(study: Study, home: Home) -> None:
    publish_controlled(study.connection, home)
    (before,) = read(home, "SELECT count(*) FROM posts")
    # Another process, as a researcher's; one process may not open two files by one name.
    reading = os.open(home.controlled / "discourse.duckdb", os.O_RDONLY)
    parquet = (home.controlled / "parquet" / "posts.parquet").open("rb")
    with duckdb.connect(home.controlled / "discourse.duckdb", read_only=True) as reader:
        study.add_posts(50)
        publish_controlled(study.connection, home)
        assert reader.execute("SELECT count(*) FROM posts").fetchone() == before
        assert len(reader.execute("SELECT own_text FROM posts").fetchall()) == before[0]
    with parquet:
        assert pq.read_table(parquet).num_rows == before[0]
    assert os.fstat(reading).st_nlink == 0
    os.close(reading)
    assert read(home, "SELECT count(*) FROM posts") == [(before[0] + 50,)]


def test_nothing_stale_is_left_beside_the_release(study: Study, home: Home) -> None:
    publish_controlled(study.connection, home)
    (home.controlled / "parquet" / "old_table.parquet").write_bytes(b"x")
    (home.controlled / ".discourse.duckdb.tmp").write_bytes(b"half a file of a crash")
    (home.controlled / ".discourse.duckdb.tmp.wal").write_bytes(b"and its log")
    (home.controlled / ".parquet.new").mkdir()
    publish_controlled(study.connection, home)
    assert {path.name for path in home.controlled.iterdir()} == WHOLE
    names = {path.stem for path in (home.controlled / "parquet").iterdir()}
    assert names == set(CONTROLLED) - {"token_places"}


def test_parquet_comes_back_after_a_crash_between_the_two_renames(study: Study, home: Home) -> None:
    publish_controlled(study.connection, home)
    (home.controlled / "parquet").rename(home.controlled / ".parquet.old")
    publish_controlled(study.connection, home)
    assert {path.name for path in home.controlled.iterdir()} == WHOLE


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE token_stream SET word_id = word_id + 1 WHERE rowid = 7",
        "CREATE OR REPLACE TABLE token_stream AS FROM token_stream ORDER BY g DESC",
    ],
)
def test_a_release_that_reads_differently_does_not_replace_the_old_one(
    study: Study, home: Home, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    publish_controlled(study.connection, home)
    before = released_bytes(home)
    fill = controlled._fill

    def damaging(connection: duckdb.DuckDBPyConnection, path: Path) -> Any:
        contents = fill(connection, path)
        with duckdb.connect(path) as release:
            release.execute(damage)
        return contents

    monkeypatch.setattr(controlled, "_fill", damaging)
    with pytest.raises(WarehouseDamaged, match="token_stream"):
        publish_controlled(study.connection, home)
    assert (home.controlled / "discourse.duckdb").read_bytes() in before
    monkeypatch.undo()
    publish_controlled(study.connection, home)


def test_a_failure_leaves_the_old_release_and_a_usable_warehouse(study: Study, home: Home) -> None:
    publish_controlled(study.connection, home)
    before = released_bytes(home)
    study.sql("ALTER TABLE codings RENAME COLUMN coder TO who")
    with pytest.raises(duckdb.BinderException):
        publish_controlled(study.connection, home)
    assert read(home, "SELECT count(*) FROM posts")[0][0] > 0
    assert (home.controlled / "discourse.duckdb").read_bytes() in before
    study.sql("ALTER TABLE codings RENAME COLUMN who TO coder")
    publish_controlled(study.connection, home)


def test_an_empty_warehouse_is_released_as_empty_tables(home: Home) -> None:
    release = publish_controlled(Study().connection, home)
    assert set(release.counts) == set(CONTROLLED)
    assert set(release.counts.values()) == {0}

"""Import of tables: invented files in every format, and the shared data by its counts."""

import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harvesters.archives.fields import read_time
from harvesters.archives.files import ArchiveError
from harvesters.archives.tables import describe_archive, read_blocks
from warehouse.records import Batch, Post

NOW = datetime(2026, 1, 5, tzinfo=UTC)
ROWS = [
    {
        "id": f"a{n}",
        "thread_id": f"a{n - n % 3}",
        "author": f"invented_{n % 4}",
        "created_at": f"2025-03-{n + 1:02d}T10:00:00Z",
        "title": f"Title {n}" if n % 3 == 0 else "",
        "text": f'What value means, "part" {n};\nsecond line, 共同生产 🧠.',
    }
    for n in range(9)
]

Read = Callable[..., list[Batch]]


@pytest.fixture
def read(keys: Any) -> Read:
    def read_all(path: Path, **changes: Any) -> list[Batch]:
        arguments = {"source": "dump", "community": "hub", "keys": keys, "harvested_at": NOW}
        return [block.protected() for block in read_blocks(path, **{**arguments, **changes})]

    return read_all


def posts_of(batches: list[Batch]) -> list[Post]:
    return [post for batch in batches for post in batch.posts]


def drops_of(batches: list[Batch]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for batch in batches:
        total.update(batch.drops)
    return dict(total)


def as_csv(rows: list[dict[str, Any]], delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return bytes(sink.getvalue())


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", as_csv(ROWS)),
        ("t.tsv", as_csv(ROWS, "\t")),
        ("semicolons.csv", b"\xef\xbb\xbf" + as_csv(ROWS, ";")),
        ("t.ndjson", as_lines(ROWS)),
        ("t.jsonl", as_lines(ROWS).rstrip(b"\n")),
        ("t.parquet", as_parquet(ROWS)),
    ],
    ids=["csv", "tsv", "semicolons", "ndjson", "jsonl", "parquet"],
)
def test_every_format_and_packing_gives_the_same_posts(
    read: Read, tmp_path: Path, name: str, content: bytes, packing: str
) -> None:
    packed = {"": bytes, ".gz": gzip.compress, ".zst": zstd}[packing](content)
    path = write(tmp_path, name + packing, packed)

    batches = read(path)
    posts = posts_of(batches)

    assert [post.native_id for post in posts] == [f"a{n}" for n in range(9)]
    assert [post.kind for post in posts] == ["post", "comment", "comment"] * 3
    assert [post.native_thread_id for post in posts] == [f"a{n - n % 3}" for n in range(9)]
    assert [post.title for post in posts[:2]] == ["Title 0", ""]
    assert posts[4].text == 'What value means, "part" 4;\nsecond line, 共同生产 🧠.'
    assert posts[8].created_at == datetime(2025, 3, 9, 10, tzinfo=UTC)
    assert len({post.author_key for post in posts}) == 4
    assert {post.community for post in posts} == {"hub"}
    assert drops_of(batches) == {}
    assert [(b.expected, b.fetched, b.complete) for b in batches] == [(9, 9, True)]
    description = describe_archive(path)
    assert description.n_rows == 9
    assert set(description.fields) == set(ROWS[0])
    assert description.unmapped == ("parent", "community", "url")


def test_rows_without_an_id_stay_apart_and_keep_their_ids_in_a_second_import(
    read: Read, tmp_path: Path
) -> None:
    rows = [{"text": "Nothing.", "date": "2025-03-01"}] * 3 + [
        {"text": "Nothing.", "date": "2025-03-02"},
        {"text": "Kind staff.", "date": "2025-03-02"},
    ]
    first = posts_of(read(write(tmp_path, "a.ndjson", as_lines(rows))))
    again = posts_of(read(write(tmp_path, "b.csv", as_csv(rows[::-1])), batch_rows=2))

    assert len({post.native_id for post in first}) == 5
    assert {post.native_id for post in first} == {post.native_id for post in again}


def test_batches_keep_the_order_of_the_file_and_count_what_is_of_each_community(
    read: Read, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = [
        {"id": n, "community": f"c{n % 7}", "date": "2025-03-01", "text": f"Words {n}."}
        for n in range(500)
    ]
    rows.append({"id": 501, "community": None, "date": "2025-03-01", "text": "Nowhere."})
    rows.append({"id": 502, "community": "c0", "date": "", "text": "Never."})
    path = write(tmp_path, "t.parquet", as_parquet(rows))

    batches = read(path, community=None, batch_rows=20)

    posts = posts_of(batches)
    assert [post.native_id for post in posts] == [str(n) for n in range(500)]
    assert drops_of(batches) == {"no_community": 1, "no_date": 1}
    assert [batch.expected for batch in batches] == [20] * 25 + [2]
    counts = [count for batch in batches for count in batch.communities]
    fetched: Counter[str] = Counter()
    for count in counts:
        fetched[count.community] += count.fetched
        assert count.expected == count.fetched + sum(count.drops.values())
    assert fetched == Counter(post.community for post in posts) + Counter()
    assert sum((Counter(count.drops) for count in counts), Counter()) == drops_of(batches)
    assert [dict(count.drops) for count in batches[-1].communities] == [
        {"no_community": 1},
        {"no_date": 1},
    ]
    assert len(posts_of(read(path, community="hub"))) == 501
    assert dict(describe_archive(path).communities) == {
        f"c{n}": -(-(500 - n) // 7) + (n == 0) for n in range(7)
    }


def test_a_4cat_export_is_read_by_its_own_column_names(read: Read, tmp_path: Path) -> None:
    rows = [
        {
            "id": 1,
            "thread_id": 1,
            "author": "Anonymous",
            "timestamp": "2025-03-01 10:00:00",
            "subject": "On value",
            "body": "What is it?",
        },
        {
            "id": 2,
            "thread_id": 1,
            "author": "Anonymous",
            "timestamp": "2025-03-01 11:00:00",
            "subject": "",
            "body": "Ask those who use it.",
        },
    ]
    first, reply = posts_of(read(write(tmp_path, "4cat.csv", as_csv(rows))))

    assert (first.kind, first.title, first.text) == ("post", "On value", "What is it?")
    assert (reply.kind, reply.native_thread_id) == ("comment", "1")
    assert reply.created_at == datetime(2025, 3, 1, 11, tzinfo=UTC)


def test_a_mapped_text_that_is_empty_is_no_post_though_its_question_is_there(
    read: Read, tmp_path: Path
) -> None:
    rows = [
        {"key": 1, "when": "31/12/2025", "ask": "How was it?", "say": "Warm."},
        {"key": 2, "when": "31/12/2025", "ask": "How was it?", "say": "  "},
        {"key": 3, "when": "", "ask": "How was it?", "say": "Slow."},
        {"key": 4, "when": "12/31/2025", "ask": "How was it?", "say": "Fine."},
    ]
    path = write(tmp_path, "survey.csv", as_csv(rows))
    mapping = {"id": "key", "created_at": "when", "title": "ask", "text": "say"}

    batches = read(path, mapping=mapping)

    assert drops_of(batches) == {"empty": 1, "no_date": 2}
    (post,) = posts_of(batches)
    assert (post.native_id, post.title, post.text) == ("1", "How was it?", "Warm.")
    assert post.created_at == datetime(2025, 12, 31, tzinfo=UTC)
    assert dict(describe_archive(path, mapping).mapping)["text"] == ("say",)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (datetime(2025, 3, 1, 10), datetime(2025, 3, 1, 10, tzinfo=UTC)),  # noqa: DTZ001 # as Parquet gives it
        (date(2025, 3, 1), datetime(2025, 3, 1, tzinfo=UTC)),
        ("2025-03-01T10:00:00+02:00", datetime(2025, 3, 1, 8, tzinfo=UTC)),
        ("2025-03-01", datetime(2025, 3, 1, tzinfo=UTC)),
        ("20250301", datetime(2025, 3, 1, tzinfo=UTC)),
        ("2025-03-01 10:00:00 UTC", datetime(2025, 3, 1, 10, tzinfo=UTC)),
        (1735689600, datetime(2025, 1, 1, tzinfo=UTC)),
        (1735689600000, datetime(2025, 1, 1, tzinfo=UTC)),
        (1735689600000000, datetime(2025, 1, 1, tzinfo=UTC)),
        ("1735689600", datetime(2025, 1, 1, tzinfo=UTC)),
        ("1735689600.5", datetime(2025, 1, 1, microsecond=500000, tzinfo=UTC)),
        ("03/04/2025", datetime(2025, 4, 3, tzinfo=UTC)),
        ("03/04/2025 17:05", datetime(2025, 4, 3, 17, 5, tzinfo=UTC)),
        ("12/31/2025", None),
        ("soon", None),
        ("", None),
        (None, None),
        (float("nan"), None),
        (0, None),
        (-5, None),
        (1e300, None),
        ("inf", None),
        (True, None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_times_are_read_in_the_forms_that_archives_use(value: Any, moment: datetime | None) -> None:
    assert read_time(value) == moment


def test_broken_rows_are_counted_and_the_others_kept(read: Read, tmp_path: Path) -> None:
    lines = as_lines(ROWS[:2]) + b'{"id": "x", \n[1, 2]\nnull\n\n"words"\n' + as_lines(ROWS[2:3])
    batches = read(write(tmp_path, "t.ndjson", lines))
    assert len(posts_of(batches)) == 3
    assert drops_of(batches) == {"malformed": 4}
    assert not batches[0].complete

    table = (
        b"id,date,text\n1,2025-03-01,whole\n2,2025-03-01\n3,2025-03-01,a,b\n\n4,2025-03-01,kept\n"
    )
    batches = read(write(tmp_path, "t.csv", table))
    assert [post.text for post in posts_of(batches)] == ["whole", "kept"]
    assert drops_of(batches) == {"malformed": 2}


def test_a_quotation_mark_that_is_never_closed_does_not_swallow_the_file(
    read: Read, tmp_path: Path
) -> None:
    rows = b"".join(b"%d,2025-03-01,words of row %d\n" % (n, n) for n in range(20_000))
    batches = read(write(tmp_path, "t.csv", b'id,date,text\nx,2025-03-01,"never closed\n' + rows))

    assert len(posts_of(batches)) > 10_000
    assert drops_of(batches)["malformed"] >= 1


def test_what_was_read_before_a_file_breaks_off_is_kept(tmp_path: Path, keys: Any) -> None:
    rows = [
        {"id": n, "date": "2025-03-01", "text": f"Invented words {n * 7919}."}
        for n in range(30_000)
    ]
    packed = gzip.compress(as_lines(rows))
    path = write(tmp_path, "t.ndjson.gz", packed[: len(packed) // 2])
    batches: list[Batch] = []

    with pytest.raises(ArchiveError, match="damaged"):
        batches.extend(
            block.protected()
            for block in read_blocks(
                path, source="dump", community="hub", keys=keys, harvested_at=NOW
            )
        )

    assert 1000 < len(posts_of(batches)) < 30_000


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("t.xlsx", b"PK", "no ending"),
        ("t.gz", b"x", "no ending"),
        ("t.parquet", b"not a table", "damaged"),
        ("t.parquet.gz", gzip.compress(b"not a table", mtime=0), "damaged"),
        ("t.csv.gz", b"not packed", "damaged"),
        ("t.csv", "id,date,text\n1,2025-03-01,caf\xe9\n".encode("latin-1"), "UTF-8"),
        ("t.json", b'[{"id": 1}]', "one JSON array"),
        ("t.csv", b"id,words\n1,x\n", "when a post was written"),
        ("t.csv", b"id,date\n1,2025-03-01\n", "what a post says"),
        ("t.csv", b"", "when a post was written"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_what_to_do(
    read: Read, tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    with pytest.raises(ArchiveError, match=sentence):
        read(write(tmp_path, name, content))


def test_a_mapping_that_does_not_fit_is_refused(read: Read, tmp_path: Path) -> None:
    path = write(tmp_path, "t.csv", as_csv(ROWS))

    with pytest.raises(ArchiveError, match="no role"):
        read(path, mapping={"body": "text"})
    with pytest.raises(ArchiveError, match="which the file has not"):
        read(path, mapping={"text": "words"})
    with pytest.raises(ArchiveError, match="community"):
        read(path, community=None)
    with pytest.raises(ArchiveError, match="there is no file"):
        read(tmp_path / "absent.csv")


def test_an_empty_table_is_an_import_of_nothing(read: Read, tmp_path: Path) -> None:
    assert read(write(tmp_path, "t.csv", b"id,date,text\n")) == []


def test_the_service_users_feedback_is_imported_but_for_empty_and_undated_answers(
    read: Read, data_dir: Path
) -> None:
    mapping = {"text": "answer", "title": "question", "created_at": "date", "id": "comment_id"}
    path = data_dir / "nhs_feedback.parquet"

    batches = read(path, mapping=mapping, community="feedback")

    table = pq.read_table(path, columns=["answer", "date"])
    empty = [not (answer or "").strip() for answer in table["answer"].to_pylist()]
    undated = [day is None for day in table["date"].to_pylist()]
    n_undated = sum(late and not bare for late, bare in zip(undated, empty, strict=True))
    assert drops_of(batches) == {"empty": 508, "no_date": n_undated}
    assert len(posts_of(batches)) == 7906 - 508 - n_undated
    assert len({post.native_id for post in posts_of(batches)}) == len(posts_of(batches))


def test_a_part_of_the_reddit_communities_is_imported_row_by_row(
    read: Read, data_dir: Path, tmp_path: Path
) -> None:
    table = pq.read_table(data_dir / "reddit_communities.parquet")
    part = table.take(list(range(0, table.num_rows, 16)))
    pq.write_table(part, tmp_path / "part.parquet")

    batches = read(tmp_path / "part.parquet", community=None)

    assert len(posts_of(batches)) + sum(drops_of(batches).values()) == part.num_rows
    bodies = sum(bool((body or "").strip()) for body in part["body"].to_pylist())
    assert sum(bool(post.text) for post in posts_of(batches)) == bodies
    assert {post.community for post in posts_of(batches)} == set(part["community"].to_pylist())


@pytest.mark.slow
def test_the_reddit_communities_are_imported_to_the_last_row(read: Read, data_dir: Path) -> None:
    path = data_dir / "reddit_communities.parquet"
    description = describe_archive(path)

    batches = read(path, community=None)

    assert description.n_rows == sum(description.communities.values()) == 32_996
    assert len(description.communities) == 33
    imported = Counter(post.community for post in posts_of(batches))
    counted = sum(
        (Counter({c.community: c.expected}) for b in batches for c in b.communities), Counter()
    )
    assert imported == counted == Counter(description.communities)

"""Dumps of Reddit by Pushshift and Arctic Shift: streamed, and without what was deleted."""

import io
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from harvesters.archives.files import ArchiveError
from harvesters.archives.tables import describe_archive, read_blocks
from harvesters.archives.wide_zstd import has_wide_window
from harvesters.posts import ReadContext
from harvesters.reddit.things import build_thing
from warehouse.records import Batch, Post

NOW = datetime(2026, 1, 5, tzinfo=UTC)
COMMON = {"subreddit": "KindPlace", "created_utc": 1735689600, "retrieved_on": 1735700000}
Read = Callable[[Path], list[Batch]]


def submission(name: str, **changes: Any) -> dict[str, Any]:
    permalink = f"/r/KindPlace/comments/{name}/a/"
    fields = {"title": "Who decides?", "selftext": "We wait.", "author": "heron_by_water"}
    return {**COMMON, "id": name, "name": f"t3_{name}", "permalink": permalink, **fields, **changes}


def comment(name: str, **changes: Any) -> dict[str, Any]:
    place = {"link_id": "t3_p1", "parent_id": "t3_p1"}
    return {**COMMON, "id": name, "body": "Same here.", "author": "wren", **place, **changes}


def as_lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def packed(content: bytes, *, window_log: int) -> bytes:
    """Return content as dumps are packed: in one frame that does not say how long it is."""
    parameters = zstandard.ZstdCompressionParameters.from_level(
        1, window_log=window_log, chain_log=10, hash_log=10
    )
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return packer.compress(content) + packer.flush()


@pytest.fixture
def read(keys: Any) -> Read:
    return lambda path: [
        block.protected()
        for block in read_blocks(path, source="dump", community=None, keys=keys, harvested_at=NOW)
    ]


@pytest.fixture
def read_rows(read: Read, tmp_path: Path) -> Callable[[list[dict[str, Any]]], list[Batch]]:
    def read_written(rows: list[dict[str, Any]]) -> list[Batch]:
        path = tmp_path / "RC_2025-01.ndjson"
        path.write_bytes(as_lines(rows))
        return read(path)

    return read_written


def posts_of(batches: list[Batch]) -> dict[str, Post]:
    return {post.native_id: post for batch in batches for post in batch.posts}


def drops_of(batches: list[Batch]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for batch in batches:
        total.update(batch.drops)
    return dict(total)


def test_submissions_and_comments_keep_reddits_ids_threads_and_links(read_rows: Any) -> None:
    body = "&gt; We wait.\n\nThanks u/heron\\_by\\_water, **really**"
    batches = read_rows(
        [
            submission("p1", title="A &amp; B", selftext="Us &gt; *them*", url="https://x.example"),
            comment("c1", author="AutoModerator", body="Rules."),
            comment(
                "c2", parent_id="t1_c1", created_utc="1735689661.0", body=body, edited=1735690000
            ),
            submission("p2", author="[deleted]"),
        ]
    )
    posts = posts_of(batches)
    assert set(posts) == {"t3_p1", "t1_c1", "t1_c2", "t3_p2"}
    first, reply = posts["t3_p1"], posts["t1_c2"]
    assert (first.title, first.text, first.kind) == ("A & B", "Us > them", "post")
    assert first.url == "https://www.reddit.com/r/KindPlace/comments/p1/a/"
    assert first.created_at == datetime(2025, 1, 1, tzinfo=UTC)
    assert (reply.native_thread_id, reply.native_parent_id) == ("t3_p1", "t1_c1")
    assert (reply.kind, reply.created_at.minute) == ("comment", 1)
    assert reply.edited_at == datetime.fromtimestamp(1735690000, UTC)
    assert reply.own_text == f"Thanks author_{first.author_key}, really"
    assert posts["t3_p2"].author_key is None
    assert drops_of(batches) == {}


def test_a_dump_and_the_api_give_the_same_post(read_rows: Any, keys: Any) -> None:
    """A later recheck through the API compares hashes with what a dump brought."""
    row = submission("p1", title="A &amp; B", selftext="Us &gt; *them*&amp;nbsp;", edited=False)
    live = row | {"title": "A & B", "selftext": "Us > *them*&nbsp;"}
    (dumped,) = posts_of(read_rows([row])).values()
    context = ReadContext(
        source="dump",
        platform="reddit",
        host="reddit.com",
        community="KindPlace",
        fetched_at=NOW,
        keys=keys,
    )
    assert dumped == build_thing(context, live)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (comment("c1", body="[deleted]", author="[deleted]"), "deleted_by_author"),
        (comment("c1", body="[removed]"), "removed"),
        (submission("p1", selftext="[deleted]", author="[deleted]"), "deleted_by_author"),
        (submission("p1", selftext="[removed]", author="[deleted]"), "removed"),
        (submission("p1", title="[deleted by user]", selftext=""), "deleted_by_author"),
        (submission("p1", selftext="", removed_by_category="deleted"), "deleted_by_author"),
        (submission("p1", selftext="", removed_by_category="moderator"), "removed"),
        *(
            (thing(name, _meta={"was_deleted_later": True, "removal_type": kind}), reason)
            for thing, name in ((comment, "c1"), (submission, "p1"))
            for kind, reason in (
                ("deleted", "deleted_by_author"),
                ("author", "deleted_by_author"),
                ("removed", "removed"),
                ("removed by reddit", "removed"),
                ("moderator", "removed"),
                (None, "removed"),
            )
        ),
        (comment("c1", _meta=json.dumps({"was_deleted_later": True})), "removed"),
        (
            submission(
                "p1",
                crosspost_parent="t3_a",
                crosspost_parent_list=[{"title": "Who decides?", "selftext": "We wait."}],
            ),
            "crosspost",
        ),
    ],
)
def test_what_was_deleted_is_not_kept_and_counted_by_its_reason(
    read_rows: Any, row: dict[str, Any], reason: str
) -> None:
    batches = read_rows([row, comment("c9")])
    assert set(posts_of(batches)) == {"t1_c9"}
    assert drops_of(batches) == {reason: 1}
    assert "We wait" not in repr(batches)


@pytest.mark.parametrize(
    "meta",
    [
        {"was_initially_deleted": True, "removal_type": "removed", "retrieved_2nd_on": 1},
        {"is_edited": True},
        {"was_deleted_later": False},
        {"note": "no_2nd_retrieval"},
        None,
        "no object",
        [1],
    ],
)
def test_what_stands_or_came_back_is_kept(read_rows: Any, meta: Any) -> None:
    batches = read_rows([comment("c1", _meta=meta), submission("p1", _meta=meta)])
    assert set(posts_of(batches)) == {"t1_c1", "t3_p1"}
    assert drops_of(batches) == {}


def test_machines_and_pinned_templates_are_marked(read_rows: Any) -> None:
    template = {"distinguished": "moderator", "stickied": True}
    posts = posts_of(
        read_rows(
            [
                comment("c1", author="AutoModerator"),
                comment("c2", author="RemindMeBot"),
                comment("c3", author="KindPlace-ModTeam"),
                comment("c4", author="avocet", **template),
                comment("c5", author="avocet", distinguished="moderator"),
                comment("c6", author="abbot"),
                comment(
                    "c7",
                    body="Rules.\n\n*I am a bot, and this action was performed automatically.*",
                ),
            ]
        )
    )
    assert {name for name, post in posts.items() if post.automated} == {
        *("t1_c1", "t1_c2", "t1_c3", "t1_c4", "t1_c7"),
    }


def test_a_table_of_a_dump_is_read_by_the_same_rules(read: Read, tmp_path: Path) -> None:
    rows = [
        submission("p1", stickied="True", distinguished="moderator", edited="1735690000.0"),
        submission("p2", selftext="", removed_by_category="moderator"),
        submission("p3", edited="False", stickied="False", distinguished="moderator"),
    ]
    texts = [{name: None if v is None else str(v) for name, v in row.items()} for row in rows]
    columns = {name: [row.get(name) for row in texts] for name in {n for r in texts for n in r}}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    path = tmp_path / "dump.parquet"
    path.write_bytes(sink.getvalue())
    batches = read(path)
    posts = posts_of(batches)
    assert {name: post.automated for name, post in posts.items()} == {"t3_p1": True, "t3_p3": False}
    assert posts["t3_p1"].edited_at == datetime.fromtimestamp(1735690000, UTC)
    assert drops_of(batches) == {"removed": 1}
    assert describe_archive(path).platform == "reddit"


@pytest.mark.parametrize("window_log", [20, 27, 28, 31])
def test_a_dump_is_read_whatever_its_window(read: Read, tmp_path: Path, window_log: int) -> None:
    rows = [comment(f"c{n}", body=f"Words {n}, 共同生产.") for n in range(900)]
    half = as_lines(rows[:500])
    content = packed(half, window_log=window_log)
    path = tmp_path / "RC_2025-01.ndjson.zst"
    path.write_bytes(content + packed(as_lines(rows[500:]), window_log=window_log))
    assert has_wide_window(path) == (window_log > 27)
    posts = posts_of(read(path))
    assert len(posts) == 900
    assert posts["t1_c899"].text == "Words 899, 共同生产."


@pytest.mark.parametrize("harm", ["cut", "changed"])
def test_a_damaged_dump_yields_what_came_before_the_damage(
    keys: Any, tmp_path: Path, harm: str
) -> None:
    rows = [comment(f"c{n}", body=f"Words {n * 7919 % 104729}.") for n in range(8_000)]
    content = packed(as_lines(rows), window_log=28)
    middle = len(content) // 2
    harmed = {"cut": content[:middle], "changed": content[:middle] + b"\xff" * 64}[harm]
    path = tmp_path / "RC_2025-01.ndjson.zst"
    path.write_bytes(harmed)
    batches: list[Batch] = []
    with pytest.raises(ArchiveError, match="damaged"):
        batches.extend(
            block.protected()
            for block in read_blocks(
                path, source="dump", community="c", keys=keys, harvested_at=NOW
            )
        )
    assert 1_000 < len(posts_of(batches)) < 8_000


_MEASURE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from harvesters.archives.tables import read_blocks
from warehouse.protection.keys import KeyRing

def read(path):
    n = 0
    for block in read_blocks(Path(path), source="dump", community=None, keys=keys,
                             harvested_at=datetime(2026, 1, 5, tzinfo=UTC)):
        n += len(block.protected().posts)
    return n

def peak():  # of this process alone, in MB
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // 1024

keys = KeyRing.create(Path(sys.argv[1]))
read(sys.argv[2])
before = peak()
print(read(sys.argv[3]), peak() - before, before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no Linux: no peak of memory")
def test_a_dump_of_many_hundred_megabytes_is_streamed(tmp_path: Path) -> None:
    unread = "x" * 3_500  # dumps hold many fields beside the text
    small, large = tmp_path / "small.ndjson.zst", tmp_path / "large.ndjson.zst"
    small.write_bytes(packed(as_lines([comment("c1")]), window_log=27))
    parameters = zstandard.ZstdCompressionParameters.from_level(1, window_log=27)
    n_rows, n_bytes = 150_000, 0
    with large.open("wb") as file:
        packer = zstandard.ZstdCompressor(compression_params=parameters)
        with packer.stream_writer(file) as writer:
            for number in range(n_rows):
                words = f"Words of value {number * 7919 % 104729} and {number}."
                line = as_lines([comment(f"c{number:x}", body=words, all=unread)])
                n_bytes += len(line)
                writer.write(line)
    command = [sys.executable, "-c", _MEASURE, *map(str, (tmp_path / "study.key", small, large))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    n_posts, growth, _ = map(int, done.stdout.split())
    assert n_posts == n_rows
    assert n_bytes > 500_000_000
    assert growth < 300, f"{growth} MB more for a dump of {n_bytes // 10**6} MB"

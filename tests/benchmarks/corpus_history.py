"""A long history made of an archive: dated replicas of its posts, and a night that is appended.

Replicas are marked (`source` is `replica`) and have no texts, which an append does not read. The
posts of the night are made of the halves of two posts each, so that they are near-duplicates of
none.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from flows import stages
from flows.commands.session import open_study
from warehouse.corpus.runs import join_runs
from warehouse.gateway import Warehouse
from warehouse.home import Home
from warehouse.landing import write_segment
from warehouse.records import Post, SegmentHeader, WallClock

SOURCE = "replica"
_NIGHT = """
SELECT a.own_text[1:length(a.own_text) // 2] || ' ' || b.own_text[length(b.own_text) // 2 + 1:]
FROM posts a JOIN posts b ON b.post_id = a.post_id + 7 WHERE a.post_id <= $n ORDER BY a.post_id
"""

# What a replica shifts: {p} posts, {t} threads, {g} positions, {r} runs; {k} is its number.
_SHIFTED = {
    "posts": (
        "post_id + {p} AS post_id, thread_id + {t} AS thread_id, 'replica' AS source,"
        " created_at - INTERVAL ({k}) DAY AS created_at, '' AS title, '' AS text, '' AS own_text,"
        " duplicate_of + {p} AS duplicate_of"
    ),
    "threads": "thread_id + {t} AS thread_id, 'replica' AS source",
    "post_revisions": "post_id + {p} AS post_id",
    "checks": "post_id + {p} AS post_id",
    "locators": (
        "post_id + {p} AS post_id, 'replica' AS source, native_id || '#{k}' AS native_id,"
        " md5_number('replica' || chr(31) || native_id || '#{k}') AS native_key"
    ),
    "thread_locators": (
        "thread_id + {t} AS thread_id, 'replica' AS source,"
        " native_thread_id || '#{k}' AS native_thread_id"
    ),
    "indexed": "post_id + {p} AS post_id, first_g + {g} AS first_g",
    "token_stream": "post_id + {p} AS post_id, g + {g} AS g",
    "token_places": "run + {r} AS run, g + {g} AS g",
    "fingerprints": ", ".join(
        ["post_id + {p} AS post_id"]
        # Other hashes, or every replica would be a copy.
        + [f"xor(band_{n:02}, ({{k}} * 2654435)::UINTEGER) AS band_{n:02}" for n in range(1, 23)]
    ),
    "comparison": "next_g + {g} AS next_g",
    "token_runs": "run + {r} AS run, first_g + {g} AS first_g, next_g + {g} AS next_g",
}
_WITH_POSTS = """
SELECT table_name FROM duckdb_tables() WHERE NOT temporary AND estimated_size > 1000
AND table_name IN (SELECT table_name FROM duckdb_columns() WHERE column_name = 'post_id')
"""
_STEPS = """
SELECT (SELECT max(post_id) FROM posts) AS p, (SELECT max(thread_id) FROM threads) AS t,
       (SELECT max(next_g) FROM token_runs) AS g, (SELECT max(run) FROM token_runs) AS r
"""


@contextmanager
def opened(home: Home) -> Iterator[Warehouse]:
    """Open the warehouse of a benchmark's home."""
    with open_study(home.root, environ=environment_of(home)).warehouse() as warehouse:
        yield warehouse


def environment_of(home: Home) -> dict[str, str]:
    """Return the environment in which a benchmark's home has its keys beside it."""
    return {**os.environ, "VALUETALK_KEY_FILE": str(_keys(home))}


def _keys(home: Home) -> Path:
    return home.root.with_name(f"{home.root.name}.key")


def grown_warehouse(home: Home, posts: int, root: Path) -> Home:
    """Copy a home and let its warehouse grow to `posts` posts by dated replicas."""
    big = Home(root)
    left_out = shutil.ignore_patterns("controlled", "public", "landing", "state")
    shutil.copytree(home.root, root, ignore=left_out)
    shutil.copy(_keys(home), _keys(big))
    with opened(big) as warehouse:
        _grow(warehouse, posts)
    return big


def _grow(warehouse: Warehouse, posts: int) -> None:
    """Add replicas of the first posts, as many as are wanted."""
    connection = warehouse.connection
    runs = connection.execute("SELECT run, first_g, next_g FROM token_runs ORDER BY 2").fetchall()
    if len(runs) > 1:  # as they would be after years, when what is small has been merged
        join_runs(connection, runs)
    (steps,) = warehouse.query(_STEPS).to_pylist()
    for (table,) in connection.execute(_WITH_POSTS).fetchall():
        if table not in _SHIFTED:
            raise SystemExit(f"{table} has rows a post and is not replicated; add it")
    replicas = -(-posts // steps["p"])
    for table, columns in _SHIFTED.items():
        connection.execute(f"CREATE TEMP TABLE first AS FROM {table}")
        for k in range(1, replicas):
            shifts = {name: k * step for name, step in steps.items()}
            shifted = columns.format(k=k, **shifts)
            connection.execute(f"INSERT INTO {table} SELECT * REPLACE ({shifted}) FROM first")
        connection.execute("DROP TABLE first")
    for sequence, step in (("post_ids", "p"), ("thread_ids", "t")):
        connection.execute(
            f"SELECT max(nextval('{sequence}')) FROM range({steps[step] * (replicas - 1)})"
        )
    connection.execute("UPDATE words SET n = n * $replicas", {"replicas": replicas})
    connection.execute("DELETE FROM comparison WHERE next_g < (SELECT max(next_g) FROM comparison)")
    connection.execute("CHECKPOINT")


def append_night(home: Home) -> None:
    """Load, index and compare what has landed."""
    with opened(home) as warehouse:
        stages.load_pending(warehouse)
        stages.index(warehouse)


def land_night(home: Home, n_posts: int) -> None:
    """Land the posts of a night, from the texts of the archive's first posts."""
    with opened(home) as warehouse:
        texts = [
            text for (text,) in warehouse.connection.execute(_NIGHT, {"n": n_posts}).fetchall()
        ]
        links, now = warehouse.keys.links, WallClock().now()
        posts = [
            _post(number, text, content_hash=warehouse.keys.content_hash(text), at=now)
            for number, text in enumerate(texts)
        ]
    header = SegmentHeader(
        run_id="night",
        source=SOURCE,
        community="night",
        activity="harvest",
        harvested_at=now,
        final=True,
        fetched=len(posts),
        author_links=links,
    )
    write_segment(home.landing, header, posts=posts)


def _post(number: int, text: str, *, content_hash: str, at: datetime) -> Post:
    return Post(
        source=SOURCE,
        community="night",
        native_id=f"night-{number}",
        native_thread_id=f"night-{number // 10}",
        native_parent_id=None,
        kind="post",
        author_key=f"author{number % 997:018d}",
        created_at=at - timedelta(seconds=number),
        edited_at=None,
        harvested_at=at,
        title="",
        text=text,
        own_text=text,
        language="en",
        url=None,
        content_hash=content_hash,
        text_version=1,
    )

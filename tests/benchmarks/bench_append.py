"""What a night's 10,000 posts cost to load, whether 500 thousand or 5 million are held already.

    python tests/benchmarks/bench_append.py [--history 500000 5000000] [--nights 5]

The history is written by SQL, in rows as loading leaves them, and is no one's: texts are one letter
over and over, ids are counted. Of a night's posts nine in ten are new, and one in ten was seen
before, of which every tenth is edited; a quarter of the new ones answer what was there. What is
edited or answered is of the newest posts, as on any forum. Printed are CPU and wall seconds of
reading, judging and entering one segment, medians of the nights, and how they grow.
"""

import argparse
import hashlib
import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from warehouse.gateway import Warehouse
from warehouse.home import Home
from warehouse.landing import write_segment
from warehouse.protection.keys import KeyRing
from warehouse.records import Post, SegmentHeader, VirtualClock

START = datetime(2020, 1, 1, tzinfo=UTC)
SEGMENT = 10_000
POSTS_A_THREAD = 12
NEWEST = 50_000
N_COMMUNITIES = 40
_FILL = """
INSERT INTO posts (post_id, source, community, thread_id, parent_id, kind, author_key, created_at,
    harvested_at, title, text, own_text, language, n_words, revision, text_version, automated,
    withheld)
SELECT n + 1, 'bench', 'board' || (n // $thread) % $communities, n // $thread + 1,
    CASE WHEN n % $thread > 0 THEN n END, CASE WHEN n % $thread = 0 THEN 'post' ELSE 'comment' END,
    'author' || n % 9973, $start - to_minutes(n::INTEGER), $start, '', repeat('w', 64),
    repeat('w', 64), 'en', 1, 1, 1, false, false
FROM range($n) AS numbers(n);
INSERT INTO locators (post_id, source, native_id, native_thread_id, url, native_key)
SELECT n + 1, 'bench', 't1_' || n, 't3_' || n // $thread, 'https://forum.example/' || n,
    md5_number('bench' || chr(31) || 't1_' || n)
FROM range($n) AS numbers(n);
INSERT INTO checks (post_id, content_hash, last_checked_at, last_tried_at, n_checks, n_missed)
SELECT n + 1, md5(n::VARCHAR), $start, $start, 1, 0 FROM range($n) AS numbers(n);
INSERT INTO post_revisions (post_id, revision, seen_at, content_hash, length)
SELECT n + 1, 1, $start, md5(n::VARCHAR), 64 FROM range($n) AS numbers(n);
INSERT INTO thread_locators (thread_id, source, native_thread_id)
SELECT n + 1, 'bench', 't3_' || n FROM range(-(-$n // $thread)) AS numbers(n);
INSERT INTO threads
SELECT thread_id, any_value(source), any_value(community), '', min(created_at), max(created_at),
    count(*)
FROM posts GROUP BY thread_id ORDER BY thread_id;
SELECT max(nextval('post_ids')) FROM range($n);
SELECT max(nextval('thread_ids')) FROM range(-(-$n // $thread))
"""


def _post(number: int, *, at: datetime, words: random.Random, history: int) -> Post:
    thread = number // POSTS_A_THREAD
    answers_old = number >= history and number % 4 == 0
    parent = history - words.randint(1, NEWEST) if answers_old else number - 1
    edited = number < history and number % 10 == 0
    return Post(
        source="bench",
        community=f"board{thread % N_COMMUNITIES}",
        native_id=f"t1_{number}",
        native_thread_id=f"t3_{parent // POSTS_A_THREAD if answers_old else thread}",
        native_parent_id=f"t1_{parent}",
        kind="comment",
        author_key=f"author{number % 9973}",
        created_at=at,
        edited_at=None,
        harvested_at=at,
        title="",
        text=f"{number} " + "word " * words.randint(10, 300),
        own_text=f"{number} " + "word " * 60,
        language="en",
        url=f"https://forum.example/{number}",
        content_hash="edited" if edited else hashlib.md5(str(number).encode()).hexdigest(),
        text_version=1,
    )


def _fill(connection: duckdb.DuckDBPyConnection, history: int) -> None:
    values = {
        "n": history,
        "thread": POSTS_A_THREAD,
        "communities": N_COMMUNITIES,
        "start": START,
    }
    for statement in _FILL.split(";"):
        used = {name: value for name, value in values.items() if f"${name}" in statement}
        connection.execute(statement, used).fetchall()
    connection.execute("CHECKPOINT")


def measure(root: Path, *, history: int, nights: int) -> float:
    """Fill a home with `history` posts, load `nights` segments; return the best one's CPU time."""
    home, clock, words = Home(root), VirtualClock(START), random.Random(1)
    keys = KeyRing.create(root.parent / f"{root.name}.key")
    cpu, wall = [], []
    with Warehouse.open(home, keys=keys, clock=clock) as warehouse:
        _fill(warehouse.connection, history)
        first = history
        for night in range(nights):
            clock.sleep(86_400)
            numbers = [*range(first, first + SEGMENT * 9 // 10)]
            numbers += words.sample(range(history - NEWEST, history), SEGMENT // 10)
            first += SEGMENT * 9 // 10
            header = SegmentHeader(
                run_id=f"run{night}",
                source="bench",
                community="board0",
                activity="harvest",
                harvested_at=clock.now(),
                final=True,
                covers_from=clock.now() - timedelta(days=1),
            )
            at = clock.now()
            posts = [_post(n, at=at, words=words, history=history) for n in numbers]
            path = write_segment(home.landing, header, posts=posts)
            began, began_wall = time.process_time(), time.perf_counter()
            warehouse.load(path)
            cpu.append(time.process_time() - began)
            wall.append(time.perf_counter() - began_wall)
    sys.stdout.write(
        f"history {history:>9,}: {statistics.median(cpu):.2f} s CPU (best {min(cpu):.2f}), "
        f"{statistics.median(wall):.2f} s wall\n"
    )
    sys.stdout.flush()
    return min(cpu)


def main() -> None:
    """Measure each history in a home of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--history", type=int, nargs="+", default=[500_000, 5_000_000])
    parser.add_argument("--nights", type=int, default=5)
    arguments = parser.parse_args()
    spent = []
    for history in arguments.history:
        with tempfile.TemporaryDirectory() as folder:
            spent.append(measure(Path(folder) / "home", history=history, nights=arguments.nights))
    sys.stdout.write(f"the last by the first: {spent[-1] / spent[0]:.2f} times, best nights\n")


if __name__ == "__main__":
    main()

"""What finding near-duplicates costs: a whole archive at once, then a night upon long histories.

    python -m tests.benchmarks.bench_duplicates [reddit_large.parquet] [--history 300000 5000000]

Prints CPU seconds, the most memory that the stage added, the bytes that fingerprints take on disk,
and how many copies there are; never a text. Then, at each size of history, the CPU seconds of a
night of 10,000 posts: 300 are copies of old ones, and the others were kept out of the archive by
chance. Histories beyond the archive are dated replicas of it with its tokens and the keys of its
fingerprints, so that a night's post meets by chance as many posts as in a real history; their
sketches are other ones, so that what it is really like is not multiplied.

Without a file it prints how many invented copies the bar of .8 would find, were a text its set of
words, of pairs of words, or of runs of three.
"""

import argparse
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import combinations
from multiprocessing import get_context
from pathlib import Path

import duckdb

from tests.warehouse.corpus.copied_posts import EDITS, some_words
from warehouse.corpus.duplicates import find_duplicates
from warehouse.corpus.index import index_posts
from warehouse.migrations import packaged_migrations

NIGHT = 10_000
LENGTHS = ((20, 40), (40, 100), (100, 300))
DRAWS = 400
LEAST = 0.8
COPIES = 300
_COLUMNS = """
    post_id, source, community, thread_id, kind, author_key, created_at, harvested_at, title, text,
    own_text, language, n_words, revision, text_version, duplicate_of, automated, withheld
"""
_ARCHIVE = f"""
INSERT INTO posts ({_COLUMNS})
SELECT row_number() OVER (ORDER BY created_at, post_id), 'archive', community, 0, 'post', NULL,
       created_at, created_at, title, '', title || chr(10) || body, 'en', NULL, 1, 1, NULL, false,
       false
FROM read_parquet($file) WHERE hash(post_id) % 34 > 0 ORDER BY 1
"""
_REPLICA = f"""
INSERT INTO posts ({_COLUMNS})
SELECT post_id + $shift, 'replica', community, 0, 'post', NULL,
       created_at - to_days($number::INTEGER), harvested_at, '', '', '', 'en', n_words, 1, 1,
       duplicate_of + $shift, false, false
FROM posts WHERE source = 'archive' AND post_id <= $n AND post_id > {COPIES};
INSERT INTO token_stream
SELECT g + $next_g, post_id + $shift, word_id FROM token_stream
WHERE post_id <= $n AND post_id > {COPIES};
INSERT INTO indexed
SELECT post_id + $shift, revision, text_version, tokeniser_version, first_g + $next_g, n_tokens
FROM indexed WHERE post_id <= $n AND post_id > {COPIES};
INSERT INTO token_runs
SELECT 1000 + $number, $next_g, $next_g + max(first_g + n_tokens) FROM indexed WHERE post_id <= $n;
INSERT INTO fingerprints
SELECT post_id + $shift, * EXCLUDE (post_id) REPLACE (
    xor(sketch_low, (hash($number) >> 1)::BIGINT) AS sketch_low,
    xor(sketch_high, (hash(-$number) >> 1)::BIGINT) AS sketch_high)
FROM fingerprints WHERE post_id <= $n AND post_id > {COPIES}
"""
_NIGHT = f"""
INSERT INTO posts ({_COLUMNS})
SELECT $last + row_number() OVER (), 'night', 'night', 0, 'post', NULL, now(), now(), '', '',
       own_text, 'en', NULL, 1, 1, NULL, false, false
FROM (
    SELECT own_text FROM posts WHERE post_id <= {COPIES}
    UNION ALL
    (SELECT title || chr(10) || body FROM read_parquet($file) WHERE hash(post_id) % 34 = 0
     LIMIT {NIGHT - COPIES})
)
"""


def measure(file: Path, folder: Path, histories: list[int]) -> None:
    """Measure the archive, then a night at each history, from the shortest to the longest."""
    path = folder / "warehouse.duckdb"
    _alone(_index_archive, path, file)
    _alone(_measure_archive, path)
    for history in sorted(histories):
        _alone(_grow, path, history)
        _alone(_add_night, path, file)
        _alone(_measure_night, path, history)


def compare_units() -> None:
    """Print which share of edited copies is found by sets of words, of pairs and of threes."""
    _say("| copy | " + " | ".join(f"{low} to {high} words" for low, high in LENGTHS) + " |")
    for name, edit in EDITS.items():
        cells = []
        for low, high in LENGTHS:
            rng = random.Random(f"{name} {low}")
            found = [0, 0, 0]
            for _ in range(DRAWS):
                words = some_words(rng, rng.randint(low, high))
                copy = edit(words, rng)
                for run in (1, 2, 3):
                    found[run - 1] += _similarity(_runs(words, run), _runs(copy, run)) >= LEAST
            cells.append(" · ".join(f"{n / DRAWS:.2f}" for n in found))
        _say(f"| {name} | " + " | ".join(cells) + " |")
    rng = random.Random(1)
    texts = [_runs(some_words(rng, 150), 1) for _ in range(DRAWS)]
    most = max(_similarity(a, b) for a, b in combinations(texts, 2))
    _say(
        f"of {DRAWS} texts of 150 words that have nothing to do with each other, at most {most:.2f}"
    )


def _runs(words: Sequence[str], length: int) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}


def _similarity(one: set[tuple[str, ...]], other: set[tuple[str, ...]]) -> float:
    return len(one & other) / len(one | other)


def _alone(work: Callable[..., None], path: Path, *arguments: object) -> None:
    """Do a step in a process of its own, whose memory is that of the step alone."""
    step = get_context("spawn").Process(target=_on, args=(work, path, *arguments))
    step.start()
    step.join()
    if step.exitcode:
        raise SystemExit(step.exitcode)


def _on(work: Callable[..., None], path: Path, *arguments: object) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("SET enable_progress_bar = false")
        work(connection, *arguments)
        connection.execute("CHECKPOINT")


def _index_archive(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    for migration in packaged_migrations():
        connection.execute(migration.sql)
    connection.execute(_ARCHIVE, {"file": str(file)})
    begin = time.process_time()
    counts = index_posts(connection)
    spent = time.process_time() - begin
    _say(f"index of {counts.posts} posts, {counts.tokens} tokens: {spent:.1f} CPU s")


def _measure_archive(connection: duckdb.DuckDBPyConnection) -> None:
    before, begin = _peak(), time.process_time()
    counts = find_duplicates(connection)
    spent, added = time.process_time() - begin, _peak() - before
    connection.execute("CHECKPOINT")
    blocks = _one(
        connection,
        "SELECT count(DISTINCT block_id) FROM pragma_storage_info('fingerprints') WHERE persistent",
    )
    _say(f"duplicates of the archive: {spent:.1f} CPU s, {added:.0f} MB more at the peak, {counts}")
    _say(f"fingerprints: {blocks * 262_144 / max(counts.compared, 1):.0f} bytes a post")
    begin = time.process_time()
    find_duplicates(connection)
    _say(f"once more, with nothing new: {time.process_time() - begin:.2f} CPU s")


def _grow(connection: duckdb.DuckDBPyConnection, history: int) -> None:
    """Add replicas of the archive until there are so many posts."""
    archive = _one(connection, "SELECT count(*) FROM posts WHERE source = 'archive'")
    number = 0
    while (held := _one(connection, "SELECT count(*) FROM posts")) < history:
        number += 1
        values = {
            "shift": held,
            "number": number,
            "n": min(archive, history - held + COPIES),
            "next_g": _one(connection, "SELECT max(next_g) FROM token_runs"),
        }
        for statement in _REPLICA.split(";"):
            used = {name: values[name] for name in values if f"${name}" in statement}
            connection.execute(statement, used)
    connection.execute("UPDATE comparison SET next_g = (SELECT max(next_g) FROM token_runs)")


def _add_night(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    last = _one(connection, "SELECT max(post_id) FROM posts")
    connection.execute(_NIGHT, {"last": last, "file": str(file)})
    index_posts(connection)


def _measure_night(connection: duckdb.DuckDBPyConnection, history: int) -> None:
    before, begin = _peak(), time.process_time()
    counts = find_duplicates(connection)
    spent = time.process_time() - begin
    _say(f"night upon {history} posts: {spent:.2f} CPU s, {_peak() - before:.0f} MB more, {counts}")
    connection.execute(
        """
        DELETE FROM posts WHERE source = 'night';
        DELETE FROM fingerprints WHERE post_id NOT IN (SELECT post_id FROM posts)
        """
    )
    index_posts(connection)


def _peak() -> float:
    """Return the most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    assert row is not None  # an aggregate without groups has one row
    return int(row[0])


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure in a folder that is removed afterwards."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--history", type=int, nargs="+", default=[300_000, 5_000_000])
    arguments = parser.parse_args()
    if arguments.file is None:
        compare_units()
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(arguments.file, Path(folder), arguments.history)


if __name__ == "__main__":
    main()

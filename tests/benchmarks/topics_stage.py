"""What the topic stage and its commands cost on histories of several lengths, in CPU seconds.

    python -m tests.benchmarks.topics_stage [--posts 20000 100000]

Posts are an archive's, as a night reads them from the token index; authors are invented, since the
archive names none. Each night after the fit has 1,000 posts more. The first one copies the figures
of the fit, those after it take over figures that no release needs any more; the last one fits the
topics again to all posts, which are then listed from a release by the command.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import process_time

import pytest

from flows.topics.stage import run_topics
from tests.benchmarks.topics_posts import DATA
from tests.flows.topics.nights import Forum, begin_forum
from warehouse.corpus.index import index_posts
from warehouse.gateway import Warehouse
from warehouse.release.controlled import publish_controlled

ARCHIVE = DATA / "reddit_large.parquet"
NIGHT = 1_000
ARCHIVE_AUTHORS = 9_000
_PUT = """
INSERT INTO posts BY NAME
SELECT number AS post_id, 'forum' AS source, community, number // 5 AS thread_id, 'post' AS kind,
       lpad(translate((hash(number) % {authors})::VARCHAR, '0189', 'abcd'), 24, 'a') AS author_key,
       created_at, created_at AS harvested_at, title, body AS text,
       concat_ws(chr(10), title, body) AS own_text, 'en' AS language, 1 AS revision,
       1 AS text_version, false AS automated, false AS withheld
FROM (SELECT *, row_number() OVER (ORDER BY created_at, post_id) AS number FROM '{archive}')
WHERE number > {first} AND number <= {last}
"""
_FOLDER = "valuetalk-topics"


@contextmanager
def _spent(figures: dict[str, float], name: str) -> Iterator[None]:
    before = process_time()
    yield
    figures[name] = process_time() - before


def _put(warehouse: Warehouse, first: int, last: int) -> None:
    sql = _PUT.format(archive=ARCHIVE, authors=ARCHIVE_AUTHORS, first=first, last=last)
    with warehouse.transaction() as connection:
        connection.execute(sql)
    index_posts(warehouse.connection)


def _run(forum: Forum, warehouse: Warehouse) -> str:
    night = forum.night()
    warehouse.start_run(night.run)
    said = run_topics(warehouse, night)
    warehouse.finish_run(night.run.run_id, status="complete")
    return said


def measure(place: Path, n_posts: int) -> Mapping[str, float]:
    """Return the CPU seconds of each step with a history of so many posts, and peak memory."""
    os.environ["XDG_CONFIG_HOME"] = str(place / "config")
    forum = begin_forum(place)
    forum.settings = {"topics": 30, "refit_days": 3}
    figures: dict[str, float] = {"posts": n_posts}
    with forum.opened() as warehouse:
        warehouse.connection.execute("SET threads = 1")
        _put(warehouse, 0, n_posts)
        with _spent(figures, "fit"):
            _run(forum, warehouse)
        for number, name in enumerate(("first night", "night", "refit night")):
            forum.next_night()
            _put(warehouse, n_posts + number * NIGHT, n_posts + (number + 1) * NIGHT)
            with _spent(figures, name):
                _run(forum, warehouse)
        publish_controlled(warehouse.connection, forum.home)
    figures["list"] = _of_command(forum, "topics", "list", "--json")
    figures["show"] = _of_command(forum, "topics", "show", "3", "--json")
    figures["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def _of_command(forum: Forum, *arguments: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "flows.commands", *arguments, "--home", str(forum.home.root)]
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def table(sizes: list[int]) -> Iterator[str]:
    """Yield the lines of the table, each size measured in a process of its own."""
    heads = ("posts", "fit", "first night", "night", "refit night", "list", "show", "peak MB")
    yield "| " + " | ".join(heads) + " |"
    yield "|---" * len(heads) + "|"
    for size in sizes:
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.topics_stage", "--one", str(size)],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        yield done.stdout.strip()


def _row(size: int) -> str:
    with tempfile.TemporaryDirectory(prefix=_FOLDER) as folder:
        figures = measure(Path(folder), size)
    shown = (f"{figures['posts']:,.0f}", *(f"{figures[n]:.2f}" for n in list(figures)[1:7]))
    return "| " + " | ".join([*shown, f"{figures['peak MB']:.0f}"]) + " |"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_night_costs_what_is_new_whatever_the_history() -> None:
    if not ARCHIVE.is_file():
        pytest.skip("the archive of posts is not here")
    with tempfile.TemporaryDirectory(prefix=_FOLDER) as folder:
        small = measure(Path(folder) / "small", 5_000)
        large = measure(Path(folder) / "large", 20_000)
    assert large["night"] < 1.5 * small["night"] + 0.2
    assert large["list"] < 1


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("--posts", type=int, nargs="+", default=[20_000, 100_000])
    asked.add_argument("--one", type=int)
    options = asked.parse_args()
    if options.one:
        sys.stdout.write(f"{_row(options.one)}\n")
    else:
        for line in table(options.posts):
            sys.stdout.write(f"{line}\n")

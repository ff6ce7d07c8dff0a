"""The corpus engine on a large archive: import, questions, room on disk, nights, copies.

    python -m tests.benchmarks.bench_corpus FILE [--home DIR] [--posts 500000 5000000] [--peer]

Imports the archive as a user would (a home that exists is used again), asks the released corpus the
questions of a discourse analyst, and measures a night's append at each size of history, which is
made of dated replicas of the archive's posts. Prints figures alone, never a line of a post.
CPU seconds are of user and system time, of every process that takes part.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from analysis.corpus.keyness import keyness
from flows.corpus import Corpus
from tests.benchmarks.corpus_history import (
    append_night,
    environment_of,
    grown_warehouse,
    land_night,
    opened,
)
from tests.benchmarks.corpus_peer import NODE, compare_with_peer
from warehouse.corpus.frequencies import frequencies_of
from warehouse.corpus.population import Population
from warehouse.home import Home
from warehouse.release.controlled import publish_controlled

VALUETALK = (sys.executable, "-m", "flows.commands")
GIGABYTE = 1e9
NEW_RELEASE = ".discourse.duckdb.tmp"
_POLL_SECONDS = 0.2


@dataclass(slots=True)
class Measured:
    """What a step cost."""

    cpu: float = 0.0
    wall: float = 0.0
    peak_mb: float = 0.0
    rows: int = 0


def main() -> None:
    """Print one line a figure, with the bar that it is held against."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--posts", type=int, nargs="*", default=[])
    parser.add_argument("--peer", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(wanted.home or Path(folder) / "home")
        if not (home.controlled / "discourse.duckdb").is_file():
            import_archive(wanted.file, home)
        publish(home)
        ask(home)
        room_on_disk(home)
        erase(home)
        for posts in wanted.posts:
            grow(home, posts, Path(folder))
        if wanted.peer:
            compare_with_peer(wanted.file, Path(folder), ask=ask_as_peer)


def say(what: str, figure: str, bar: str = "") -> None:
    """Print a figure."""
    sys.stdout.write(f"{what:62} {figure:>34}   {bar}\n")
    sys.stdout.flush()


def import_archive(file: Path, home: Home) -> None:
    """Import the archive in a process of its own."""
    _run("init", "--name", "A benchmark", "--contact", "bench@example.org", home=home)
    options = ("--source", "archive", "--ethics-ref", "benchmark", "--licence", "public domain")
    watch = Watch(until=home.controlled / NEW_RELEASE)
    done = _run("import", str(file), *options, home=home, watch=watch)
    say(
        "import with protection, index and duplicates",
        f"{watch.reached_after:.0f} s wall, {watch.peak_before_mb:.0f} MB",
        "<= 120 s wall, <= 3,000 MB",
    )
    say(
        "the same with the release",
        f"{done.wall:.0f} s wall, {done.cpu:.0f} s CPU, {done.peak_mb:.0f} MB",
    )


def publish(home: Home) -> None:
    """Publish the release again: its cost a gigabyte of the file that is written."""
    with opened(home) as warehouse:
        done = _timed(lambda: publish_controlled(warehouse.connection, home))
    size = sum(f.stat().st_size for f in home.controlled.rglob("*") if f.is_file()) / GIGABYTE
    say(
        f"publishing {size:.2f} GB, verified",
        f"{done.wall / size:.1f} s wall a GB, {done.cpu:.0f} s CPU",
        "<= 10 s wall a GB",
    )


def erase(home: Home) -> None:
    """Copy the warehouse afresh, as one night with erasures does."""
    with opened(home) as warehouse:
        (row,) = warehouse.query("SELECT source, native_id FROM locators LIMIT 1").to_pylist()
        warehouse.forget("post", row["source"], row["native_id"])
        done = _timed(warehouse.erase_confirmed)
    size = home.database.stat().st_size / GIGABYTE
    say(
        f"erasing from {size:.2f} GB, verified",
        f"{done.wall / size:.1f} s wall a GB, {done.cpu:.0f} s CPU",
        "<= 10 s wall a GB",
    )


def ask(home: Home) -> None:
    """Ask the questions; the best of five, since others work on the machine."""
    with Corpus.open(home.controlled / "discourse.duckdb") as corpus:
        connection = corpus.connection
        connection.execute("SELECT count(*) FROM token_stream").fetchall()
        for question, bar, call in _questions(corpus):
            first, best = _best(call)
            say(question, f"{best.cpu:.3f} s CPU (first {first.cpu:.3f}), {best.rows} rows", bar)


def _questions(corpus: Any) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    connection = corpus.connection
    node, community, rare = _chosen(connection)
    for word in ("recovery", "people", "the"):
        yield f"kwic of 100 lines: {word}", "<= 0.1", lambda w=word: corpus.kwic(w, lines=100)
    yield (
        "macro kwic of 100 lines: the",
        "<= 0.6",
        lambda: connection.execute("SELECT * FROM kwic('the')").to_arrow_table(),
    )
    yield f"collocates of a node of {node[1]} hits", "<= 0.15", lambda: corpus.collocates(node[0])
    yield (
        "keyness of one community against the rest, all words",
        "<= 0.5",
        lambda: _keyness_of_all_words(connection, community),
    )
    yield (
        "the same with intervals by author and thread for 50 words",
        "",
        lambda: corpus.keyness(f"community = '{community}'", draws=0),
    )
    pattern = f'[word="{rare[0]}"] []{{0,3}} [word="{rare[1]}"]'
    yield "CQL: two rare words with a gap", "<= 0.2", lambda: corpus.query(pattern)
    pattern_the = f'[word="the"] []{{0,3}} [word="{rare[0]}"]'
    yield "CQL: with one frequent word", "<= 1.5", lambda: corpus.query(pattern_the)
    yield "trend of a word by month", "", lambda: corpus.trend("recovery")
    yield "dispersion of a word", "", lambda: corpus.dispersion("recovery")


def _keyness_of_all_words(connection: duckdb.DuckDBPyConnection, community: str) -> Any:
    """Count every word on both sides, with log-likelihood, q, log ratio and log-odds of each."""
    wanted = [Population(where=f"community = '{community}'"), Population()]
    target, everywhere = frequencies_of(connection, wanted)
    reference = everywhere - target
    found = np.flatnonzero(target + reference)
    sizes = int(target.sum()), int(reference.sum())
    return keyness(
        target[found], reference[found], size_target=sizes[0], size_reference=sizes[1]
    ).to_arrow()


def _chosen(connection: duckdb.DuckDBPyConnection) -> tuple[tuple[str, int], str, list[str]]:
    """Choose a node of some 6,000 hits, the largest community, and two rare words of one kind."""
    node = connection.execute(
        "SELECT word, n FROM words WHERE regexp_full_match(word, '[a-z]+')"
        " ORDER BY abs(n - 6000), word LIMIT 1"
    ).fetchone()
    community = connection.execute(
        "SELECT community FROM posts GROUP BY community ORDER BY sum(n_words) DESC LIMIT 1"
    ).fetchone()
    assert node is not None
    assert community is not None
    return node, community[0], ["mental", "illness"]


def ask_as_peer(file: Path, community: str) -> dict[str, float]:
    """Import a sample and ask what the peer is asked; CPU seconds by question."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        _run("init", "--name", "A sample", "--contact", "bench@example.org", home=home)
        options = ("--source", "archive", "--ethics-ref", "benchmark", "--licence", "public domain")
        done = _run("import", str(file), *options, home=home)
        with Corpus.open(home.controlled / "discourse.duckdb") as corpus:
            target = f"community = '{community}'"
            questions = {
                "kwic": lambda: corpus.kwic(NODE, lines=100),
                "collocates": lambda: corpus.collocates(NODE),
                "keyness": lambda: corpus.keyness(target, draws=0),
            }
            costs = {name: _timed(call).cpu for name, call in questions.items()}
    return {"read": done.cpu, "peak_mb": done.peak_mb, **costs}


def room_on_disk(home: Home) -> None:
    """Copy the token tables alone into a file: its bytes a token."""
    release = home.controlled / "discourse.duckdb"
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        file = Path(folder) / "tokens.duckdb"
        connection.execute(f"ATTACH '{release}' AS release (READ_ONLY)")
        connection.execute(f"ATTACH '{file}' AS alone")
        for table in ("token_stream", "token_places", "token_posts"):
            connection.execute(f"CREATE TABLE alone.{table} AS FROM release.{table}")
        connection.execute("DETACH alone")
        row = connection.execute("SELECT count(*) FROM release.token_stream").fetchone()
        assert row is not None
        say(
            f"token index, both directions, {row[0]:,} tokens",
            f"{file.stat().st_size / row[0]:.2f} bytes a token",
            "<= 6",
        )


def grow(home: Home, posts: int, folder: Path) -> None:
    """Append a night of 10,000 posts to a history of so many."""
    big = grown_warehouse(home, posts, folder / f"grown-{posts}")
    land_night(big, 10_000)
    done = _timed(lambda: append_night(big))
    say(
        f"append of 10,000 posts to {posts:,}",
        f"{done.wall:.1f} s wall, {done.cpu:.1f} s CPU, {done.peak_mb:.0f} MB",
        "<= 15 s; <= 1.2 times the cost at 500,000",
    )


def _best(call: Callable[[], Any]) -> tuple[Measured, Measured]:
    runs = [_timed(call) for _ in range(5)]
    return runs[0], min(runs, key=lambda run: run.cpu)


def _timed(call: Callable[[], Any]) -> Measured:
    cpu, wall = _cpu(resource.RUSAGE_SELF), time.perf_counter()
    result = call()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(
        cpu=_cpu(resource.RUSAGE_SELF) - cpu,
        wall=time.perf_counter() - wall,
        peak_mb=peak,
        rows=getattr(result, "num_rows", 0),
    )


def _cpu(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def _run(*arguments: str, home: Home, watch: "Watch | None" = None) -> Measured:
    """Run a command; CPU and peak memory are of its process and of those that it started."""
    watch = watch or Watch()
    cpu, wall = _cpu(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [*VALUETALK, *arguments, "--home", str(home.root)]
    with (
        subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment_of(home)
        ) as process,
        _watched(process, watch),
    ):
        if process.wait() != 0:
            raise SystemExit(f"{' '.join(arguments[:1])} failed")
    return Measured(
        cpu=_cpu(resource.RUSAGE_CHILDREN) - cpu,
        wall=time.perf_counter() - wall,
        peak_mb=watch.peak_mb,
    )


@dataclass(slots=True)
class Watch:
    """The memory of a process and its children, and when a file of theirs appeared."""

    until: Path | None = None
    peak_mb: float = 0.0
    peak_before_mb: float = 0.0
    reached_after: float = 0.0


@contextmanager
def _watched(process: subprocess.Popen[bytes], watch: Watch) -> Iterator[None]:
    """Look at a process and its children again and again."""
    over, started = threading.Event(), time.perf_counter()

    def look() -> None:
        while not over.wait(_POLL_SECONDS):
            watch.peak_mb = max(watch.peak_mb, sum(_memory(pid) for pid in _family(process.pid)))
            if not watch.reached_after:
                watch.peak_before_mb = watch.peak_mb
                if watch.until and watch.until.exists():
                    watch.reached_after = time.perf_counter() - started

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _family(pid: int) -> list[int]:
    family = [pid]
    for member in family:
        for children in Path(f"/proc/{member}/task").glob("*/children"):
            try:
                family.extend(int(child) for child in children.read_text().split())
            except OSError:
                continue
    return family


def _memory(pid: int) -> float:
    """Return the memory that a process holds, shared pages divided among their users, in MB."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


if __name__ == "__main__":
    main()

"""A million posts: what fitting and reading all of them takes, and what a draw of them loses.

The large archive's 348,025 posts are replicated three times, so that their words and lengths are
real and their number is 1,044,075. Their tokens lie in a file in reading order, as the index holds
them, which is written first and not measured. Measured is one process from there on: it reads the
tokens of a seeded draw of posts, fits, then reads the tokens of every post, block by block, and
gives it its topics. Then, on the archive itself, what a model of a draw is worth beside one that
was fitted to every post, and what updates cost after histories of different lengths.

Run as ``python -m tests.benchmarks.topics_scale``.
"""

import argparse
import copy
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from analysis.topics.model import TopicModel, drawn_posts, leading_topics
from analysis.topics.quality import npmi_coherence, topic_diversity
from analysis.topics.reading.labels import topic_terms
from analysis.vectorise import document_term_counts
from tests.benchmarks.topics_posts import DATA, archive_posts

Integers = NDArray[np.int64]

REPLICAS, TOPICS = 3, 30
SAMPLE, POSTS_AT_ONCE = 100_000, 20_000
DRAWS: tuple[int | None, ...] = (25_000, 50_000, 100_000, None)
HISTORIES, NIGHT, TOPICS_OF_NIGHTS = (20_000, 100_000, 300_000), 1_000, 20


def write_tokens(folder: Path) -> tuple[csr_array, list[str]]:
    """Write the archive's tokens and words; return its counts."""
    posts = archive_posts(DATA / "reddit_large.parquet")
    repeats = posts.counts.data.astype(np.int64)
    rows = np.repeat(np.arange(posts.counts.shape[0]), np.diff(posts.counts.indptr))
    tokens = {
        "row": np.repeat(rows, repeats).astype(np.int32),
        "word": np.repeat(posts.counts.indices, repeats).astype(np.int32),
    }
    connection = duckdb.connect()
    connection.register("tokens", pa.table(tokens))
    connection.execute(f"COPY (FROM tokens) TO '{folder / 'tokens.parquet'}' (FORMAT parquet)")
    (folder / "words.json").write_text(json.dumps(posts.words), encoding="utf-8")
    return posts.counts, posts.words


class TokenFile:
    """Counts of posts read from the file, as if it were replicated."""

    def __init__(self, folder: Path) -> None:
        self.connection = duckdb.connect(config={"threads": 1, "memory_limit": "500MB"})
        self.connection.execute(f"CREATE VIEW tokens AS FROM '{folder / 'tokens.parquet'}'")
        self.words: list[str] = json.loads((folder / "words.json").read_text(encoding="utf-8"))
        (last,) = self.connection.execute("SELECT max(row) FROM tokens").fetchall()
        self.n_once = int(last[0]) + 1
        self.n_posts = REPLICAS * self.n_once
        self.n_tokens = 0

    def blocks(self, rows: Integers | None = None) -> Iterator[csr_array]:
        """Yield counts of some posts, or of all, over all words."""
        for replica in range(REPLICAS):
            for start in range(0, self.n_once, POSTS_AT_ONCE):
                end = min(start + POSTS_AT_ONCE, self.n_once)
                first = replica * self.n_once + start
                chosen = np.arange(start, end)
                if rows is not None:
                    within = rows[(rows >= first) & (rows < first + end - start)]
                    chosen = within - replica * self.n_once
                yield self._counts(chosen)

    def _counts(self, rows: Integers) -> csr_array:
        low, high = (int(rows[0]), int(rows[-1])) if len(rows) else (0, -1)
        found = self.connection.execute(
            "SELECT row, word FROM tokens WHERE row BETWEEN ? AND ?", [low, high]
        ).fetchnumpy()
        self.n_tokens += len(found["row"])
        terms = document_term_counts(rows, found["row"], found["word"])
        columns = terms.word_ids[terms.counts.indices].astype(np.int32)
        return csr_array(
            (terms.counts.data, columns, terms.counts.indptr), (len(rows), len(self.words))
        )


def fit_and_read(folder: Path) -> dict[str, Any]:
    """Fit a draw of the posts, give every post its topics; return what it took."""
    tokens = TokenFile(folder)
    drawn = drawn_posts(tokens.n_posts, SAMPLE)
    parts = list(tokens.blocks(drawn))
    counts = csr_array(vstack(parts, format="csr"))
    read = process_time()
    model = TopicModel(n_topics=TOPICS).fit(counts, tokens.words)
    fitted = process_time()
    del counts, parts
    led = np.zeros(TOPICS + 1, dtype=np.int64)
    tokens.n_tokens = 0
    for block in tokens.blocks():
        leading = leading_topics(model.transform(block, tokens.words))
        led += np.bincount(leading + 1, minlength=TOPICS + 1)
    return {
        "posts": int(led.sum()),
        "tokens": tokens.n_tokens,
        "without": float(led[0] / led.sum()),
        "read": read,
        "fit": fitted - read,
        "all": process_time() - fitted,
        "cpu": process_time(),
        "peak_mb": _peak_mb(),
    }


def _peak_mb() -> float:
    # Not ru_maxrss, which a process takes over from the one that began it.
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def at_scale(folder: Path) -> Iterator[str]:
    """Yield what a process of its own took for all posts."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.topics_scale", "--measure", folder],
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        cwd=Path(__file__).resolve().parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    took = json.loads(done.stdout)
    yield (
        f"{took['posts']:,} posts with {took['tokens']:,} tokens, k={TOPICS}: {took['cpu']:.0f} CPU"
        f" s (bar 360), {took['peak_mb']:.0f} MB (bar 2,000)"
    )
    yield (
        f"reading a draw of {SAMPLE:,}: {took['read']:.0f} s; fitting it: {took['fit']:.0f} s;"
        f" reading all posts and giving them topics: {took['all']:.0f} s; without topic:"
        f" {took['without']:.2%}"
    )


def draws(counts: csr_array, words: list[str]) -> Iterator[str]:
    """Yield what models of draws are worth beside one of every post."""
    yield "| fitted to | CPU s | NPMI | diversity | NPMI x diversity |"
    yield "|---|---|---|---|---|"
    for sample in DRAWS:
        started = process_time()
        model = TopicModel(n_topics=TOPICS, sample=sample).fit(counts, words)
        took = process_time() - started
        listed = topic_terms(model.components_, model.vocabulary_)
        npmi = float(npmi_coherence(listed, counts, words).mean())
        diversity = topic_diversity(listed)
        name = f"{sample:,} posts" if sample else f"all {counts.shape[0]:,} posts"
        yield f"| {name} | {took:.1f} | {npmi:.3f} | {diversity:.3f} | {npmi * diversity:.3f} |"


def updates(counts: csr_array, words: list[str]) -> Iterator[str]:
    """Yield what a night costs after histories of different lengths."""
    for history in HISTORIES:
        model = TopicModel(n_topics=TOPICS_OF_NIGHTS).fit(counts[:history], words)
        took = []
        for number in range(5):
            night = counts[history + number * NIGHT :][:NIGHT]
            used = np.unique(night.indices)
            night, named = night[:, used], [words[column] for column in used.tolist()]
            twin, started = copy.deepcopy(model), process_time()
            twin.partial_fit(night, named)
            twin.transform(night, named)
            took.append(process_time() - started)
        yield f"a night of {NIGHT:,} posts after {history:,}: {np.median(took):.3f} CPU s (bar 0.2)"


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", type=Path)
    given = parser.parse_args()
    if given.measure:
        sys.stdout.write(json.dumps(fit_and_read(given.measure)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        counts, words = write_tokens(Path(scratch))
        for line in at_scale(Path(scratch)):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    for part in (updates, draws):
        sys.stdout.write("\n")
        for line in part(counts, words):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()

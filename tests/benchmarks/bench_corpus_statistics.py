"""What the statistics of a corpus cost, and how often they find a difference where none is.

    python tests/benchmarks/bench_corpus_statistics.py [--archive posts.parquet]

Prints CPU seconds for a vocabulary of a million words, for 350,000 posts, and for a bootstrap. With
an archive of posts (columns title and body) it divides 10,000 of them at random in two, twenty
times over, and prints how many words differ between halves that do not: counts only, no text.
"""

import argparse
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from scipy.sparse import coo_array, csr_array

from analysis.corpus.association import associate
from analysis.corpus.clustered import clustered_log_ratio
from analysis.corpus.dispersion import dispersion
from analysis.corpus.keyness import keyness
from analysis.corpus.resampling import resampled_log_ratio
from analysis.corpus.trend import trend

ARCHIVE = Path("../shared/data/reddit_communities.parquet")
WORD = re.compile(r"[a-z]+(?:['-][a-z]+)*")
N_TOKENS = 60_000_000
PLACEBO_POSTS = 10_000
MIN_OCCURRENCES = 10


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archive", type=Path, default=ARCHIVE)
    given = parser.parse_args(arguments)
    draw = np.random.default_rng(0)
    _costs_of_a_vocabulary(draw)
    _costs_of_posts(draw)
    if given.archive.exists():
        _placebo(given.archive, draw)


def _cpu(what: str, measure: Callable[[], object], *, times: int = 3) -> None:
    spent = []
    for _ in range(times):
        begun = time.process_time()
        measure()
        spent.append(time.process_time() - begun)
    sys.stdout.write(f"{what:60} {min(spent):.3f} CPU s\n")


def _costs_of_a_vocabulary(draw: np.random.Generator) -> None:
    first, second = (np.minimum(draw.zipf(1.6, 10**6), 10**6).astype(float) for _ in range(2))
    near = np.minimum(first, second)
    _cpu(
        "association of a million words",
        lambda: associate(near, second, n_node=6000, n_tokens=N_TOKENS, window=10),
    )
    _cpu(
        "keyness of a million words",
        lambda: keyness(first, second, size_target=N_TOKENS, size_reference=N_TOKENS),
    )


def _costs_of_posts(draw: np.random.Generator) -> None:
    n_posts, n_words, n_places = 350_000, 500, 2_000_000
    place = draw.integers(0, n_posts, n_places), (n_words * draw.random(n_places) ** 2).astype(int)
    counts = csr_array(coo_array((np.ones(n_places), place), shape=(n_posts, n_words)))
    tokens = np.bincount(place[0], minlength=n_posts) * 8.0 + 20
    clusters = draw.zipf(1.7, n_posts) % 90_000, draw.integers(0, 60_000, n_posts)
    target = draw.random(n_posts) < 0.2
    period = draw.integers(0, 120, n_posts)
    word = counts[:, [0]].toarray().ravel()
    _cpu("dispersion of 500 words over 350,000 posts", lambda: dispersion(counts, tokens))
    _cpu(
        "clustered log ratios of 500 words in 350,000 posts",
        lambda: clustered_log_ratio(counts, tokens, target, clusters=clusters),
    )
    _cpu(
        "bootstrap of the same, 999 draws",
        lambda: resampled_log_ratio(counts, tokens, target, clusters=clusters),
        times=1,
    )
    _cpu(
        "bootstrap of the 30 rarest of them",
        lambda: resampled_log_ratio(counts[:, -30:], tokens, target, clusters=clusters),
        times=1,
    )
    _cpu(
        "trend of a word over 120 periods, 350,000 posts",
        lambda: trend(word, tokens, period, clusters=clusters),
    )


def _placebo(archive: Path, draw: np.random.Generator) -> None:
    table = pq.read_table(archive, columns=["title", "body"]).slice(0, PLACEBO_POSTS)
    texts = zip(table["title"].to_pylist(), table["body"].to_pylist(), strict=True)
    counts = _counted([f"{title}\n{body}" for title, body in texts])
    tokens = np.asarray(counts.sum(axis=1)).ravel()
    frequent = counts[:, np.flatnonzero(counts.sum(axis=0) >= MIN_OCCURRENCES)]
    found = {"log-likelihood": 0.0, "clustered": 0.0, "bootstrap": 0.0}
    halves = 20
    for seed in range(halves):
        target = draw.random(len(tokens)) < 0.5
        by_tokens = keyness(
            frequent[target].sum(axis=0),
            frequent[~target].sum(axis=0),
            size_target=tokens[target].sum(),
            size_reference=tokens[~target].sum(),
        )
        by_posts = clustered_log_ratio(frequent, tokens, target)
        drawn = resampled_log_ratio(
            frequent[:, :1000], tokens, target, n_draws=499, random_state=seed
        )
        found["log-likelihood"] += float(np.mean(by_tokens.p_value < 0.05)) / halves
        found["clustered"] += float(np.mean(by_posts.p_value < 0.05)) / halves
        found["bootstrap"] += float(np.mean((drawn.lower > 0) | (drawn.upper < 0))) / halves
    sys.stdout.write(f"\n{frequent.shape[1]} words of {len(tokens)} posts: differ at .05\n")
    for measure, share in found.items():
        sys.stdout.write(f"{measure:60} {share:.3f}\n")


def _counted(texts: Sequence[str]) -> csr_array:
    number: dict[str, int] = {}
    rows, columns = [], []
    for row, text in enumerate(texts):
        for word in WORD.findall(text.lower()):
            rows.append(row)
            columns.append(number.setdefault(word, len(number)))
    shape = (len(texts), len(number))
    return csr_array(coo_array((np.ones(len(rows)), (rows, columns)), shape=shape))


if __name__ == "__main__":
    main()

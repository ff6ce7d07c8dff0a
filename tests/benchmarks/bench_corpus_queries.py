"""What the corpus queries of the warehouse cost on a controlled release, statistics left out.

    python -m tests.benchmarks.bench_corpus_queries HOME/controlled/latest/discourse.duckdb

Prints the CPU milliseconds of the first run and of the best of five, and no line of the corpus.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from flows.released import connect_released
from warehouse.corpus.by_post import counts_by_post
from warehouse.corpus.collocation import collocate_counts
from warehouse.corpus.concordance import kwic
from warehouse.corpus.frequencies import frequencies_of, posts_with_words
from warehouse.corpus.hits import word_ids, word_places
from warehouse.corpus.ngrams import ngram_counts
from warehouse.corpus.population import SPOKEN, Population, equal_to

Question = tuple[str, Callable[[], Any], int]


def questions(connection: duckdb.DuckDBPyConnection) -> Iterator[Question]:
    """Yield what is asked, the call, and how many times it is run."""
    node, community = _chosen(connection)
    target = Population(where=equal_to(community=community))
    for word in ("the", "people", "recovery", "ombudsman"):
        yield f"kwic {word}", lambda w=word: kwic(connection, w), 5
    yield "kwic the, one community", lambda: kwic(connection, "the", population=target), 5
    yield "kwic the, 5,000 lines", lambda: kwic(connection, "the", lines=5_000), 5
    for word in ("the", "ombudsman"):
        macro = f"FROM kwic('{word}')"
        yield f"macro kwic {word}", lambda sql=macro: connection.execute(sql).fetchall(), 5
    places = word_places(connection, node)
    yield (
        f"collocates of {len(places):,} hits",
        lambda: collocate_counts(connection, word_places(connection, node)),
        5,
    )
    yield (
        "words of one community and of all",
        lambda: frequencies_of(connection, [target, SPOKEN]),
        5,
    )
    yield (
        "one word by post, with people and periods",
        lambda: counts_by_post(connection, word_ids(connection, "recovery")),
        5,
    )
    yield "posts of every word", lambda: posts_with_words(connection, [SPOKEN]), 1
    for n in (2, 3, 6):
        yield f"{n}-grams that stand 20 times", lambda n=n: ngram_counts(connection, n), 1


def _chosen(connection: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    """Return a word of some 6,000 places and the community with the most words."""
    node = connection.execute(
        "SELECT word FROM words ORDER BY abs(n_spoken - 6000), word LIMIT 1"
    ).fetchone()
    community = connection.execute(
        "SELECT community FROM posts GROUP BY community ORDER BY sum(n_words) DESC LIMIT 1"
    ).fetchone()
    assert node is not None
    assert community is not None
    return node[0], community[0]


def main() -> None:
    """Ask every question of a release."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("release", type=Path)
    connection = connect_released(parser.parse_args().release)
    for name, call, times in questions(connection):
        costs = [_cpu(call) for _ in range(times)]
        sys.stdout.write(f"{name:45s} first {costs[0]:8.0f} ms  best {min(costs):8.0f} ms CPU\n")
        sys.stdout.flush()


def _cpu(call: Callable[[], Any]) -> float:
    begin = time.process_time()
    call()
    return (time.process_time() - begin) * 1e3


if __name__ == "__main__":
    main()

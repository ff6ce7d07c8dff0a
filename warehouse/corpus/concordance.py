"""Concordance: a word with what stands left and right of it, from the token index.

The lines are a random sample that a seed names: every place has a number drawn by hashing it with
the seed, and the lowest numbers are taken. So a sample is uniform, the same however the index is
laid out, and a larger one holds the smaller. The controlled release carries the same query as the
SQL macro `kwic(word, width := 8, lines := 100)`.
"""

import re
from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse.corpus.hits import Words, condition_on_words, find_words
from warehouse.corpus.lines import read_lines
from warehouse.corpus.population import Population, population_posts
from warehouse.corpus.stream import PostPlaces, all_posts

Integers = NDArray[np.int64]

DRAW = "hash(xor(hash({g}), hash({seed}::BIGINT)))"
"""The number that a place `g` draws under a seed, as SQL."""

_HIGHEST = 2**64 - 1

_SORT_KEY = re.compile(r"([1-9][0-9]*)([LR])")


class SortRefused(ValueError):
    """A way to sort lines that there is not."""


def kwic(
    connection: duckdb.DuckDBPyConnection,
    word: str,
    *,
    width: int = 8,
    lines: int = 100,
    seed: int = 0,
    sort: str = "place",
    population: Population | None = None,
) -> pa.Table:
    """Return places where `word` stands, with up to `width` words on each side.

    Parameters
    ----------
    word : str
        One token, in any case: a word, number, hashtag or emoji; or a pattern in which ``*`` stands
        for any number of signs and ``?`` for one.
    lines : int
        How many places at most, drawn at random among all of them by `seed`.
    sort : str
        "place" (post after post), "time", "random" (as drawn), or words beside the node in the
        order of their weight, such as "1R,2R,1L".

    Returns
    -------
    pyarrow.Table
        post_id, source, community, created_at, left_context, node, right_context.

    Raises
    ------
    PatternRefused, PopulationRefused, SortRefused
        If an argument cannot be read.
    """
    check_sort(sort)
    posts = all_posts(connection)
    drawn = draw_places(
        connection,
        find_words(connection, word),
        n=lines,
        seed=seed,
        population=population,
        posts=posts,
    )
    if sort != "random":
        drawn = drawn.sort_by([("post_id", "ascending"), ("first_g", "ascending")])
    return sort_lines(read_lines(connection, drawn, width=width, posts=posts), sort=sort)


def draw_places(
    connection: duckdb.DuckDBPyConnection,
    words: Words,
    *,
    n: int,
    seed: int,
    population: Population | None = None,
    posts: PostPlaces | None = None,
) -> pa.Table:
    """Return up to `n` places of words within a population, drawn at random, in the order drawn.

    Of a frequent word only the places are read whose draw is low enough to be among the first, by
    the share of the corpus that the population has; where that falls short, more are read.

    Returns
    -------
    pyarrow.Table
        post_id, first_g, n_tokens (1 each): hits, as `read_lines` takes them.
    """
    posts = posts or all_posts(connection)
    is_counted = posts.are_among(population_posts(connection, population))
    share = posts.n_tokens[is_counted].sum() / max(posts.n_tokens.sum(), 1)
    bound = 0
    places = rows = np.empty(0, dtype=np.int64)
    draws = np.empty(0, dtype=np.uint64)
    while bound < _HIGHEST and len(places) < n and words.n and share:
        reach = int((1.3 * n + 50) / max(words.n * share, 1) * _HIGHEST)
        bound = min(max(8 * bound, reach), _HIGHEST)
        places, draws = _places_below(connection, words.word_ids, seed=seed, bound=bound)
        rows = posts.rows_of(places)
        kept = (rows >= 0) & is_counted[rows]
        places, draws, rows = places[kept], draws[kept], rows[kept]
    order = np.lexsort((places, draws))[:n]
    return pa.table(
        {
            "post_id": posts.post_ids[rows[order]],
            "first_g": places[order],
            "n_tokens": np.ones(len(order), dtype=np.int64),
        }
    )


def _places_below(
    connection: duckdb.DuckDBPyConnection, numbers: Integers, *, seed: int, bound: int
) -> tuple[Integers, NDArray[np.uint64]]:
    """Return the places of words whose draw is at most `bound`, with their draws."""
    draw = DRAW.format(g="g", seed=int(seed))
    limit = f"AND {draw} <= {bound}::UBIGINT" if bound < _HIGHEST else ""
    found = connection.execute(
        f"SELECT g, {draw} AS draw FROM token_places WHERE {condition_on_words(numbers)} {limit}"
    ).to_arrow_table()
    return (
        np.asarray(found.column("g").to_numpy(), dtype=np.int64),
        np.asarray(found.column("draw").to_numpy(), dtype=np.uint64),
    )


def check_sort(sort: str) -> None:
    """Refuse a way to sort lines that there is not."""
    if sort in {"place", "time", "random"}:
        return
    if not all(_SORT_KEY.fullmatch(key.strip().upper()) for key in sort.split(",")):
        raise SortRefused(
            f"lines cannot be sorted by {sort!r}; write place, time, random, or words beside the"
            " node such as 1L,2L or 1R"
        )


def sort_lines(lines: pa.Table, *, sort: str) -> pa.Table:
    """Return concordance lines in another order; lines that are equal in it keep theirs.

    Raises
    ------
    SortRefused
        If there is no such order.
    """
    check_sort(sort)
    if sort in {"place", "random"}:
        return lines
    if sort == "time":
        times = lines.column("created_at").cast(pa.int64()).to_numpy()
        return lines.take(np.argsort(times, kind="stable"))
    columns = [_beside(lines, key.strip().upper()) for key in sort.split(",")]
    keys = list(zip(*columns, strict=True))
    return lines.take(np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64))


def _beside(lines: pa.Table, key: str) -> Sequence[str]:
    """Return of each line the word at a distance left or right of the node; none sorts first."""
    distance, side = int(key[:-1]), key[-1]
    name = "left_context" if side == "L" else "right_context"
    cut = [str(context).split() for context in lines.column(name).to_pylist()]
    at = -distance if side == "L" else distance - 1
    return [words[at] if len(words) >= distance else "" for words in cut]

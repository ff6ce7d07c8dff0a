"""The company that a node keeps: its collocates, and how they shift from one time to another."""

import dataclasses
from datetime import date
from typing import Literal

import duckdb
import numpy as np
import pyarrow as pa

from analysis.corpus.association import associate
from analysis.corpus.shift import shift_of_collocates
from flows.corpus.mentions import without_mentions
from flows.corpus.nodes import node_hits, node_places
from flows.corpus.selecting import narrowed
from warehouse.corpus.collocation import collocate_counts
from warehouse.corpus.frequencies import frequencies
from warehouse.corpus.population import Population, population_posts
from warehouse.corpus.surroundings import surroundings

Side = Literal["left", "right", "both"]
ALL_SIDES: tuple[Side, ...] = ("both", "left", "right")
Association = Literal["log_dice", "mi3", "log_likelihood", "n_near"]
ASSOCIATIONS: tuple[Association, ...] = ("log_dice", "mi3", "log_likelihood", "n_near")


class TimesRefused(ValueError):
    """Two times cannot be compared; the message says why and what to do."""

    exit_code = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Times:
    """An earlier and a later time, as conditions on the day of a post (UTC)."""

    earlier: str
    later: str


def times(earlier: tuple[date | str, date | str], later: tuple[date | str, date | str]) -> Times:
    """Return two times, each given by its first day and the first day after it.

    Raises
    ------
    ValueError
        If a day cannot be read, a time has no days, or the later one begins before the other ends.
    """
    days = [_day(day) for day in (*earlier, *later)]
    if not days[0] < days[1] <= days[2] < days[3]:
        raise TimesRefused(
            f"{days[0]} to {days[1]} and {days[2]} to {days[3]} are not an earlier and a later"
            " time; give each its first day and the first day after it, the earlier time first"
        )
    first, second = (f"day >= DATE '{a}' AND day < DATE '{b}'" for a, b in (days[:2], days[2:]))
    return Times(first, second)


def _day(day: date | str) -> date:
    try:
        return date.fromisoformat(day) if isinstance(day, str) else day
    except ValueError:
        raise TimesRefused(f"{day} is no day; write it as 2024-03-31") from None


def company(
    connection: duckdb.DuckDBPyConnection,
    node: str,
    population: Population,
    *,
    span: int,
    side: Side,
    least: int,
    order: Association,
) -> pa.Table:
    """Return the collocates of a node, those that go with it most by `order` first."""
    places, lengths = node_places(connection, node, population)
    counts = collocate_counts(
        connection,
        places,
        lengths=lengths,
        span=span,
        side=side,
        population=population,
    )
    found = associate(
        counts.n_near,
        counts.n,
        n_node=counts.n_node,
        n_tokens=counts.n_tokens,
        window=span * (2 if side == "both" else 1),
        n_window=counts.window,
    )
    scores = found.to_arrow().select(["expected", "log_dice", "mi3", "log_likelihood"])
    table = pa.table(
        {
            "word": pa.array(counts.words, pa.string()),
            "n_near": counts.n_near,
            "n_posts": counts.n_posts,
            "n": counts.n,
            **{name: scores.column(name) for name in scores.column_names},
        }
    )
    kept = without_mentions(table.filter(pa.array(counts.n_near >= least)))
    return kept.sort_by([(order, "descending"), ("n_near", "descending"), ("word", "ascending")])


def shift(
    connection: duckdb.DuckDBPyConnection,
    node: str,
    population: Population,
    *,
    times: Times,
    span: int,
    side: Side,
    least: int,
    confidence: float,
) -> pa.Table:
    """Return collocates that come or go between two times, the surest shifts first."""
    each = narrowed(population, times.earlier), narrowed(population, times.later)
    both = narrowed(population, f"({times.earlier}) OR ({times.later})")
    hits = node_hits(connection, node, both)
    near = surroundings(connection, hits, span=span, side=side, least=least, population=both)
    is_later = np.isin(near.post_ids, population_posts(connection, each[1]))
    everywhere = [frequencies(connection, time)[near.word_ids] for time in each]
    result = shift_of_collocates(
        near.counts,
        near.n_window,
        is_later,
        n_node=(float(near.n_hits[~is_later].sum()), float(near.n_hits[is_later].sum())),
        n_collocate=(everywhere[0], everywhere[1]),
        clusters=(near.author, near.thread),
        confidence=confidence,
    ).to_arrow()
    table = result.add_column(0, "word", pa.array(near.words, pa.string()))
    has = near.counts > 0
    for at, (time, rows) in enumerate((("earlier", ~is_later), ("later", is_later))):
        n_near = table.column(f"n_near_{time}").cast(pa.int64())
        table = table.set_column(1 + 2 * at, f"n_near_{time}", n_near)
        n_posts = np.asarray(has[np.flatnonzero(rows)].sum(axis=0)).ravel().astype(np.int64)
        table = table.add_column(2 + 2 * at, f"n_posts_{time}", pa.array(n_posts))
    return without_mentions(table).sort_by([("p_value", "ascending"), ("word", "ascending")])

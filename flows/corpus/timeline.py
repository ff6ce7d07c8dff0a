"""How often a node stands in each period, with what the harvest may have missed beside it."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.corpus.trend import Trend, trend
from analysis.series import first_day, periods_of
from flows.corpus.nodes import NodeCounts, node_counts
from warehouse.corpus.harvested import coverage_of
from warehouse.corpus.population import Population

Bin = Literal["week", "month", "year"]
BINS: tuple[Bin, ...] = ("week", "month", "year")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A row a period, and one row with the change over all of them."""

    periods: pa.Table
    change: pa.Table


def timeline(
    connection: duckdb.DuckDBPyConnection,
    node: str,
    population: Population,
    *,
    bin: Bin,  # noqa: A002  the name that settings and tables give it
    confidence: float,
) -> Timeline:
    """Return the frequency of a node in each period, and how it changes.

    Every period from the first to the last that has posts is in it. What has no tokens, or is of
    one author alone, has no figure.
    """
    found = node_counts(connection, node, population, bin=bin)
    posts = found.posts
    result = trend(
        found.n,
        posts.n_tokens,
        _numbers(posts.period, bin),
        clusters=(posts.author, posts.thread),
        confidence=confidence,
    )
    covered = coverage_of(connection, posts.communities, bin=bin)
    return Timeline(
        periods=_with_coverage(_periods(result, found, bin), covered), change=_change(result)
    )


def _numbers(period: NDArray[np.datetime64], bin_: Bin) -> NDArray[np.int64]:
    if bin_ == "year":
        return period.astype("datetime64[Y]").astype(np.int64)
    return periods_of(period, bin_).number


def _first_day(number: int, bin_: Bin) -> date:
    if bin_ == "year":
        day: date = np.datetime64(number, "Y").astype("datetime64[D]").item()
        return day
    return first_day(number, bin_)


def _periods(result: Trend, found: NodeCounts, bin_: Bin) -> pa.Table:
    table = result.to_arrow()
    days = [_first_day(int(number), bin_) for number in result.period]
    with_node = _numbers(found.posts.period[found.n > 0], bin_)
    n_posts_with = [int(np.count_nonzero(with_node == number)) for number in result.period]
    columns = {
        "period": pa.array(days, pa.date32()),
        "n": table.column("n").cast(pa.int64()),
        "n_tokens": table.column("n_tokens").cast(pa.int64()),
        **{name: table.column(name) for name in ("per_million", "lower", "upper")},
        "n_posts_with": pa.array(n_posts_with, pa.int64()),
        "n_posts": table.column("n_posts"),
    }
    return pa.table(columns)


def _with_coverage(periods: pa.Table, covered: pa.Table) -> pa.Table:
    held = {row["period"]: row for row in covered.to_pylist()}
    rows = [held.get(day, {}) for day in periods.column("period").to_pylist()]
    for name, kind in (("share_complete", pa.float64()), ("gaps", pa.int64())):
        periods = periods.append_column(name, pa.array([row.get(name) for row in rows], kind))
    return periods


def _change(result: Trend) -> pa.Table:
    figures = {
        "ratio_per_period": result.ratio_per_period,
        "lower": result.ratio_lower,
        "upper": result.ratio_upper,
        "p_value": result.p_value,
    }
    return pa.table(
        {name: pa.array([value], pa.float64(), from_pandas=True) for name, value in figures.items()}
    )

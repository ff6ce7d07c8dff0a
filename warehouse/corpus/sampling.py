"""Samples for close reading: hits spread over communities and periods, drawn by a seed.

A random sample of a word's lines comes from where most is written. To read how a word is used
everywhere, lines are dealt in rounds: of every community and period first one hit, then a second,
each from another post while there is one.
"""

import duckdb
import pyarrow as pa

from warehouse.corpus.by_post import Bin
from warehouse.corpus.concordance import DRAW
from warehouse.corpus.lines import read_lines

_DEALT = """
WITH known AS (
    SELECT post_id, first_g, hits.n_tokens, thread_id, source, community,
           date_trunc('{bin}', (created_at AT TIME ZONE 'UTC')::DATE)::DATE AS period,
           {draw} AS draw,
           row_number() OVER (PARTITION BY post_id ORDER BY {draw}, first_g) AS nth_of_post
    FROM sampled_hits AS hits JOIN posts USING (post_id)
), dealt AS (
    SELECT *, count(*) OVER (PARTITION BY source, community, period) AS n_hits,
           row_number() OVER (
               PARTITION BY source, community, period ORDER BY nth_of_post, draw, first_g
           ) AS round
    FROM known
)
SELECT post_id, first_g, n_tokens, thread_id, period, n_hits FROM dealt
ORDER BY round, draw, first_g LIMIT $n
"""


def spread_lines(
    connection: duckdb.DuckDBPyConnection,
    hits: pa.Table,
    *,
    n: int,
    seed: int = 0,
    width: int = 30,
    bin: Bin = "year",  # noqa: A002  the name that settings and tables give it
) -> pa.Table:
    """Return `n` hits as lines, spread over communities and periods, in the order dealt.

    A larger sample begins with the smaller one. Where there are fewer lines than communities and
    periods, those with more hits are likelier to have one.

    Parameters
    ----------
    hits : pyarrow.Table
        post_id, first_g, n_tokens.
    bin : "day", "week", "month" or "year"
        How long a period is.

    Returns
    -------
    pyarrow.Table
        thread_id, period, n_hits (of the community and period, which the line is one of), then the
        columns of `read_lines`; post_id and thread_id lead back to what the line is taken from.
    """
    draw = DRAW.format(g="first_g", seed=int(seed))
    connection.register("sampled_hits", hits.select(["post_id", "first_g", "n_tokens"]))
    try:
        dealt = connection.execute(_DEALT.format(bin=bin, draw=draw), {"n": n}).to_arrow_table()
    finally:
        connection.unregister("sampled_hits")
    lines = read_lines(connection, dealt, width=width)
    kept = {name: dealt.column(name) for name in ("thread_id", "period", "n_hits")}
    return pa.table({**kept, **{name: lines.column(name) for name in lines.column_names}})

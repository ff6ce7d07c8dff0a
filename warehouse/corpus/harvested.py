"""How completely the communities of a population were harvested, period by period."""

from typing import Literal

import duckdb
import pyarrow as pa

Bin = Literal["day", "week", "month", "year"]


def coverage_of(
    connection: duckdb.DuckDBPyConnection,
    communities: tuple[tuple[str, str], ...],
    *,
    bin: Bin,  # noqa: A002  the name that settings and tables give it
) -> pa.Table:
    """Return how much of each period was harvested, over the communities that are harvested.

    It is counted as `coverage_by_period` is, for bins beside the study's own too. Imported archives
    have no days of harvest: a period without any is not in the table.

    Parameters
    ----------
    communities : pairs of source and community
    bin : calendar bin

    Returns
    -------
    pyarrow.Table
        period, share_complete (days that were harvested completely, of all days of the communities
        with a harvested day in the period), gaps (days that were harvested with gaps or in vain).
    """
    named = pa.table(
        {
            "source": pa.array([source for source, _ in communities], pa.string()),
            "community": pa.array([community for _, community in communities], pa.string()),
        }
    )
    connection.register("coverage_named", named)
    try:
        return connection.execute(
            f"""
            WITH days AS (
                SELECT source, community, status, date_trunc('{bin}', day)::DATE AS period
                FROM coverage SEMI JOIN coverage_named USING (source, community)
            ), by_community AS (
                SELECT period, count(*) FILTER (WHERE status = 'complete') AS complete,
                       count(*) FILTER (WHERE status <> 'complete') AS gaps,
                       date_diff('day', period, period + INTERVAL 1 {bin}) AS n_days
                FROM days GROUP BY source, community, period
            )
            SELECT period, sum(complete) / sum(n_days) AS share_complete, sum(gaps)::BIGINT AS gaps
            FROM by_community GROUP BY period ORDER BY period
            """
        ).to_arrow_table()
    finally:
        connection.unregister("coverage_named")

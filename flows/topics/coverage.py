"""Was enough harvested for silence to mean something? An outage is no change in talk.

A night is covered where every community that wrote lately, of every source that is harvested, was
read to the end of the day before, or at least tried with some success then and since. A source that
stopped for good is taken out by setting `enabled = false`: until then no topic is retired.
"""

from collections.abc import Collection
from datetime import date

from warehouse.gateway import Warehouse

LATELY_DAYS = 90

_UNCOVERED = f"""
WITH lately AS (
    SELECT DISTINCT source, community FROM posts
    WHERE created_at >= ($day::DATE - {LATELY_DAYS})::TIMESTAMP::TIMESTAMPTZ
), harvested AS (
    FROM lately SEMI JOIN coverage USING (source, community)
    WHERE source IN (SELECT unnest($sources::VARCHAR[]))
), read_days AS (
    SELECT source, community,
           bool_or(day = $day::DATE - 1 AND status = 'complete') AS is_complete,
           count(*) FILTER (status IN ('complete', 'partial')) = 2 AS is_tried
    FROM coverage WHERE day BETWEEN $day::DATE - 1 AND $day::DATE GROUP BY source, community
)
SELECT count(*) AS n, count(*) FILTER (is_complete OR is_tried) AS n_covered
FROM harvested LEFT JOIN read_days USING (source, community)
"""


def is_covered(warehouse: Warehouse, day: date, *, sources: Collection[str], n_new: int) -> bool:
    """Return whether a night was harvested well enough to tell silence from an outage.

    Parameters
    ----------
    day : date
        The night.
    sources : collection of str
        The sources that nights read.
    n_new : int
        Posts that are new; where nothing is harvested, as in a study of archives alone, a night
        with some is covered.
    """
    (found,) = (
        warehouse.connection.execute(_UNCOVERED, {"day": day, "sources": sorted(sources)})
        .to_arrow_table()
        .to_pylist()
    )
    return found["n"] == found["n_covered"] if found["n"] else n_new > 0

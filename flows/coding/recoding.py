"""Which posts are to be coded again, since frames were redefined after they were coded.

A coder has coded a post if, for every frame of the codebook, they coded it by a version that still
counts (`analysis.codebook_checks.counts_from`). What they coded by earlier versions is kept.
"""

from typing import Any

from analysis.codebook import Codebook
from analysis.codebook_checks import counts_from
from flows.coding.codebooks import recorded_versions
from warehouse.gateway import Warehouse

CODED_IN_FULL = """
counting AS (SELECT unnest($frames::VARCHAR[]) AS frame, unnest($since::INTEGER[]) AS since),
coded_in_full AS (
    SELECT post_id, coder FROM codings JOIN counting USING (frame)
    WHERE codebook_version BETWEEN since AND $version
    GROUP BY ALL HAVING count(DISTINCT frame) = len($frames::VARCHAR[])
)
"""
"""Common table expressions: who coded which post in full, as the codebook is."""
_WAITING = f"""
WITH {CODED_IN_FULL}
SELECT pool, wave, count(*) AS n_posts FROM draws JOIN posts USING (post_id)
WHERE NOT withheld AND trim(own_text) <> '' AND post_id IN (SELECT post_id FROM codings)
    AND post_id NOT IN (SELECT post_id FROM coded_in_full)
GROUP BY ALL ORDER BY ALL
"""


def asked_of_codings(warehouse: Warehouse, codebook: Codebook) -> Any:
    """Return the parameters of `CODED_IN_FULL`: frames, since when each counts, and the version."""
    since = counts_from(codebook, recorded_versions(warehouse.connection))
    return {
        "frames": list(since),
        "since": list(since.values()),
        "version": codebook.version,
    }


def waiting_again(warehouse: Warehouse, codebook: Codebook) -> list[dict[str, Any]]:
    """Return how many coded posts of each wave nobody has coded in full as the codebook is."""
    return warehouse.query(_WAITING, asked_of_codings(warehouse, codebook)).to_pylist()

"""Where coding stands: what became of the posts that each wave drew, and what was skipped why."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from flows.arrow_rows import values_of
from flows.corpus_arrays import CorpusArrays
from warehouse.gateway import Warehouse

_DRAWN = "SELECT pool, wave, sum(n_drawn)::BIGINT AS n FROM draw_counts GROUP BY ALL ORDER BY ALL"
_DRAWS = """
SELECT post_id, pool, wave, state, coalesce(withheld, false) AS withheld
FROM draws LEFT JOIN posts USING (post_id)
"""
_SKIPS = """
SELECT pool, reason, count(DISTINCT post_id) AS n_posts, count(*) AS n_skips
FROM skips JOIN draws USING (post_id) GROUP BY ALL ORDER BY ALL
"""
_FATES = ("coded", "skipped", "waiting", "withheld", "not_counted")


def standing(warehouse: Warehouse, corpus: CorpusArrays) -> list[dict[str, Any]]:
    """Return a row for each wave of a pool: what it drew, and what became of it.

    `erased` posts have left every table but the count of the draw; `withheld` ones wait for that
    or were not seen of late; `not_counted` ones are copies, automated, or in another language by
    now. None of these is measured with. `waiting` posts were neither coded nor skipped yet.
    """
    drawn = {(row["pool"], row["wave"]): row["n"] for row in warehouse.query(_DRAWN).to_pylist()}
    draws = warehouse.query(_DRAWS)
    counted = corpus.positions(values_of(draws, "post_id").astype(np.int64)) >= 0
    fates = Counter(
        (row["pool"], row["wave"], _fate(row, is_counted=is_counted))
        for row, is_counted in zip(draws.to_pylist(), counted.tolist(), strict=True)
    )
    found = []
    for pool, wave in sorted({*drawn, *((pool, wave) for pool, wave, _ in fates)}):
        counts = {fate: fates[pool, wave, fate] for fate in _FATES}
        held = sum(counts.values())
        before = drawn.get((pool, wave), held)  # waves whose draw was not counted lost nothing
        found.append(
            {"pool": pool, "wave": wave, "drawn": before, **counts, "erased": before - held}
        )
    return found


def _fate(row: Mapping[str, Any], *, is_counted: bool) -> str:
    if not is_counted:
        return "withheld" if row["withheld"] else "not_counted"
    return "waiting" if row["state"] == "drawn" else str(row["state"])


def skipped_why(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Return how many posts were skipped for which reason, never by whom."""
    return warehouse.query(_SKIPS).to_pylist()


def lost_to_others(rows: list[dict[str, Any]]) -> str:
    """Return in a sentence how many drawn posts drop out, empty where none does."""
    said = {
        "were erased": sum(row["erased"] for row in rows),
        "are withheld": sum(row["withheld"] for row in rows),
        "no longer count": sum(row["not_counted"] for row in rows),
    }
    parts = [f"{n} {what}" for what, n in said.items() if n]
    return f"Of the posts drawn before, {', '.join(parts)}." if parts else ""

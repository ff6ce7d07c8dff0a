"""Breaks: periods from which on a series is another one, whatever people say.

Another classifier, another version of the codebook or a gap in the harvest moves a share without
anybody having talked otherwise. A series is cut there, and no change is told there.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

MOST_MISSED = 0.2
"""Share of a period's days that may be read incompletely before it counts as a gap."""


def find_breaks(
    *,
    classifier: Sequence[str | None],
    codebook: Sequence[int | None],
    missed: ArrayLike,
) -> dict[int, str]:
    """Return the periods at which a series breaks, with the reason of each.

    Parameters
    ----------
    classifier, codebook : sequences over T consecutive periods
        By which each period was measured; None where nothing was measured.
    missed : (T,) floats
        Share of the harvest's days in each period that were not read completely; NaN in periods
        before the harvest, of which there is only what was still there, in archives, and in the
        period that goes on.
    """
    share = np.asarray(missed, dtype=np.float64)
    reasons: dict[int, list[str]] = {}
    for found in (
        _differing(classifier, "measured by another classifier"),
        _differing(codebook, "measured by another version of the codebook"),
        _gaps(share),
        _beginning(share, [version is not None for version in codebook]),
    ):
        for period, reason in found.items():
            reasons.setdefault(period, []).append(reason)
    return {period: "; ".join(reasons[period]) for period in sorted(reasons)}


def _differing(values: Sequence[object], reason: str) -> Mapping[int, str]:
    known = [(period, value) for period, value in enumerate(values) if value is not None]
    return {period: reason for (_, before), (period, value) in pairwise(known) if value != before}


def _gaps(missed: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Mapping[int, str]:
    thin = missed > MOST_MISSED
    found = {}
    for period in range(len(missed)):
        if thin[period] and not (period and thin[period - 1]):
            found[period] = f"a gap in the harvest: {missed[period]:.0%} of its days were not read"
        elif period and thin[period - 1] and missed[period] <= MOST_MISSED:
            found[period] = "the harvest is whole again after a gap"
    return found


def _beginning(
    missed: np.ndarray[tuple[int], np.dtype[np.float64]], measured: Sequence[bool]
) -> Mapping[int, str]:
    harvested = np.flatnonzero(~np.isnan(missed))
    if not len(harvested) or not any(measured[: harvested[0]]):
        return {}
    reason = "the harvest begins: of what was written before, it found what was still there"
    return {int(harvested[0]): reason}

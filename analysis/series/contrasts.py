"""What moved at an event: the shares before and after it, beside the same at all other dates.

The interval of a difference says how well it was measured, not whether the event did anything:
shares move all the time. Therefore the same difference is taken around every other period of the
series (placebo dates, as in Abadie, Diamond and Hainmueller 2010, JASA 105:493), and the event's
has a rank among them. That something moved then is no proof that the event moved it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from analysis.series.levels import Shares

Floats = NDArray[np.float64]

SPAN = 3
"""Periods before and after an event that are compared; its own is in neither."""


class Difference(NamedTuple):
    """After minus before, in shares, with the error of measurement."""

    value: float
    error: float

    @property
    def strength(self) -> float:
        """Its size in standard errors."""
        return abs(self.value) / self.error


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """The difference around an event, and its rank among other dates.

    Attributes
    ----------
    difference, lower, upper : float
        Mean share of the periods after, less that of those before, with its interval.
    rank : int
        1 where no other date has a difference as strong.
    n_placebos : int
        Other dates it is ranked among: those that share no period across the event.
    p_value : float
        Rank among the event and the others: the chance of so high a rank if nothing was special.
    """

    difference: float
    lower: float
    upper: float
    rank: int
    n_placebos: int
    p_value: float


def event_contrast(
    series: Shares,
    at: int,
    *,
    breaks: Collection[int] = (),
    span: int = SPAN,
    confidence: float = 0.95,
) -> Contrast | str:
    """Return the contrast around an event, or why there is none.

    Parameters
    ----------
    series : Shares
        A share a period, NaN where there is none.
    at : int
        The period (from 0) that the event lies in.
    breaks : collection of int
        Periods at which the series begins anew: no difference is taken over one.
    span : int
        Periods on either side, all of which have to be measured.
    confidence : float
        Of the interval.
    """
    found = _difference(series, at, breaks, span)
    if isinstance(found, str):
        return found
    others = [
        other
        for period in range(len(series.share))
        if abs(period - at) > span
        and isinstance(other := _difference(series, period, breaks, span), Difference)
    ]
    rank = 1 + sum(other.strength >= found.strength for other in others)
    reach = float(ndtri((1 + confidence) / 2)) * found.error
    return Contrast(
        difference=found.value,
        lower=found.value - reach,
        upper=found.value + reach,
        rank=rank,
        n_placebos=len(others),
        p_value=rank / (len(others) + 1),
    )


def _difference(series: Shares, at: int, breaks: Collection[int], span: int) -> Difference | str:
    first, last = at - span, at + span
    if first < 0 or last >= len(series.share):
        return f"fewer than {span} periods on one side"
    if any(first < period <= last for period in breaks):
        return "the series breaks beside it"
    beside = np.r_[first:at, at + 1 : last + 1]
    if np.isnan(series.share[beside]).any():
        return f"fewer than {span} measured periods on one side"
    share, error = series.share[beside], series.error[beside]
    before, after = share[:span].mean(), share[span:].mean()
    return Difference(float(after - before), float(np.sqrt((error**2).sum()) / span))

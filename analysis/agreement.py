"""How well coders agree: Krippendorff's alpha with an interval over units.

Krippendorff (2011), Computing Krippendorff's Alpha-Reliability. The interval is by bootstrap over
units, since units are what was sampled; where no coder ever differed there is nothing to resample,
and the lower bound is what an unseen share of differing units would make it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Level = Literal["nominal", "interval"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Alpha with its interval; NaN where no value differs from another, so it is undefined.

    `n_units` counts units with at least two values, `n_values` the values in them.
    """

    alpha: float
    lower: float
    upper: float
    n_units: int
    n_values: int


def krippendorff_alpha(
    values: ArrayLike,
    *,
    level: Level = "nominal",
    confidence: float = 0.95,
    n_resamples: int = 1000,
    random_state: int = 0,
) -> Agreement:
    """Return the agreement of coders.

    Parameters
    ----------
    values : (coders, units) floats
        NaN where a coder did not code a unit. Units with one value do not count.
    level : {'nominal', 'interval'}
        Values differ or do not, or differ by their squared distance.

    Raises
    ------
    ValueError
        Where `values` is no table, or the level is unknown.
    """
    codings = np.asarray(values, dtype=np.float64)
    if codings.ndim != 2:  # noqa: PLR2004 # coders by units
        raise ValueError(f"values has {codings.ndim} dimensions; give coders in rows, units across")
    if level not in {"nominal", "interval"}:
        raise ValueError(f"level is {level!r}; write 'nominal' or 'interval'")
    codings = codings[:, (~np.isnan(codings)).sum(axis=0) > 1]
    n_units = codings.shape[1]
    units = _Units.of(codings, level)
    alpha = float(units.alpha(np.ones((1, n_units)))[0]) if n_units else float("nan")
    if np.isnan(alpha):
        lower = upper = alpha
    elif alpha == 1:
        unseen = 1 - (1 - confidence) ** (1 / n_units)
        lower, upper = 1 - (1 - float(units.alpha_if_all_differ())) * unseen, 1.0
    else:
        draw = np.random.default_rng(random_state)
        weights = draw.multinomial(n_units, np.full(n_units, 1 / n_units), size=n_resamples)
        bounds = (1 - confidence) / 2, (1 + confidence) / 2
        lower, upper = np.nanquantile(units.alpha(weights.astype(np.float64)), bounds).tolist()
    return Agreement(
        alpha=alpha, lower=lower, upper=upper, n_units=n_units, n_values=int(units.counts.sum())
    )


@dataclass(frozen=True, slots=True)
class _Units:
    """How often each unit got each category, and how far the categories are apart."""

    counts: Floats
    apart: Floats

    @classmethod
    def of(cls, codings: Floats, level: Level) -> "_Units":
        categories = np.unique(codings[~np.isnan(codings)])
        counts = (codings[:, :, None] == categories).sum(axis=0).astype(np.float64)
        distance = categories[:, None] - categories[None, :]
        apart = distance**2 if level == "interval" else (distance != 0).astype(np.float64)
        return cls(counts, apart)

    def alpha(self, weights: Floats) -> Floats:
        """Return alpha for each row of unit weights (n, units); NaN where nothing differs."""
        per_unit = np.einsum("uc,ck,uk->u", self.counts, self.apart, self.counts)
        observed = weights @ (per_unit / (self.counts.sum(axis=1) - 1))
        totals = weights @ self.counts
        expected = np.einsum("bc,ck,bk->b", totals, self.apart, totals)
        expected = expected / (totals.sum(axis=1) - 1)
        ratio = np.divide(
            observed, expected, out=np.full(len(observed), np.nan), where=expected > 0
        )
        return np.asarray(1 - ratio, dtype=np.float64)

    def alpha_if_all_differ(self) -> float:
        """Return the alpha of pairs that all differ as much as they can, with these totals."""
        totals = self.counts.sum(axis=0)
        expected = totals @ self.apart @ totals / (totals.sum() - 1)
        return float(1 - totals.sum() * self.apart.max() / expected)


def agreement_table(
    codings: ArrayLike, frames: Sequence[str], *, version: str, random_state: int = 0
) -> pa.Table:
    """Return the agreement on each frame as rows of the table `evaluations`.

    Parameters
    ----------
    codings : (coders, units, F) floats, NaN where not coded.
    frames : keys of the F frames.
    version : of the codebook that was coded by.
    """
    values = np.asarray(codings, dtype=np.float64)
    found = [
        krippendorff_alpha(values[:, :, frame], random_state=random_state)
        for frame in range(len(frames))
    ]
    return pa.table(
        {
            "kind": ["agreement"] * len(frames),
            "frame": list(frames),
            "measure": ["krippendorff_alpha"] * len(frames),
            "value": pa.array([each.alpha for each in found], pa.float64(), from_pandas=True),
            "lower": pa.array([each.lower for each in found], pa.float64(), from_pandas=True),
            "upper": pa.array([each.upper for each in found], pa.float64(), from_pandas=True),
            "n": pa.array([each.n_units for each in found], pa.int64()),
            "version": [version] * len(frames),
        }
    )


def why_undefined(values: ArrayLike) -> str:
    """Return why there is no alpha of some codings, in a few words; empty where there is one.

    Parameters
    ----------
    values : (coders, units) floats, NaN where not coded.
    """
    codings = np.asarray(values, dtype=np.float64)
    coded = ~np.isnan(codings)
    if not coded.any():
        return "nothing was coded"
    if coded.any(axis=1).sum() == 1:
        return "only one coder coded"
    shared = codings[:, coded.sum(axis=0) > 1]
    if not shared.shape[1]:
        return "no post was coded by two coders"
    if len(np.unique(shared[~np.isnan(shared)])) == 1:
        return "all said the same of every post"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """How often two coders said what of the same posts: 1 and 1, 1 and 0, 0 and 1, 0 and 0."""

    first: int
    second: int
    both: int
    only_first: int
    only_second: int
    neither: int


def confusions(values: ArrayLike) -> list[Confusion]:
    """Return the confusion of every pair of coders who coded any unit both.

    Parameters
    ----------
    values : (coders, units) floats
        1 or 0, NaN where not coded; anything from 0.5 counts as 1.
    """
    codings = np.asarray(values, dtype=np.float64)
    coded, says = ~np.isnan(codings), codings >= 0.5  # noqa: PLR2004 # NaN is neither
    found = []
    for first, second in combinations(range(len(codings)), 2):
        shared = coded[first] & coded[second]
        if not shared.any():
            continue
        a, b = says[first][shared], says[second][shared]
        counts = [int(part.sum()) for part in (a & b, a & ~b, ~a & b, ~a & ~b)]
        found.append(
            Confusion(
                first=first,
                second=second,
                both=counts[0],
                only_first=counts[1],
                only_second=counts[2],
                neither=counts[3],
            )
        )
    return found

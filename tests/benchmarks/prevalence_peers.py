"""What else there is to estimate prevalence with, over all replications of a world at once.

Each returns estimates and bounds, (R, months). `ppi-python`'s mean interval is written out here and
compared with the package itself, where it can be installed, on a few draws.
"""

import json
import subprocess
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from analysis.intervals import share_interval
from tests.benchmarks.prevalence_worlds import Drawn, World, replications
from tests.real_servers.environments import environment

Floats = NDArray[np.float64]

NORMAL = float(ndtri(0.975))
PPI_PYTHON = ("ppi-python==0.2.3",)
_ASK = """
import json, sys
import numpy as np
from ppi_py import ppi_mean_ci, ppi_mean_pointestimate
answers = []
for case in json.load(sys.stdin):
    y, at, rest = (np.array(case[name], dtype=float) for name in ("y", "at", "rest"))
    lower, upper = ppi_mean_ci(y, at, rest, alpha=0.05)
    estimate = ppi_mean_pointestimate(y, at, rest)
    answers.append([float(np.squeeze(value)) for value in (estimate, lower, upper)])
json.dump(answers, sys.stdout)
"""


class Answers(NamedTuple):
    """Estimates with bounds, (R, months); NaN where there is none."""

    estimate: Floats
    lower: Floats
    upper: Floats


def counts(drawn: Drawn) -> Answers:
    """Return the share of posts that the classifier would give the frame, with Wilson's bounds."""
    n = np.bincount(drawn.month).astype(np.float64)
    return _wilson(drawn.per_month(drawn.scores > 0.5) / n, np.broadcast_to(n, drawn.truth.shape))


def gold_only(drawn: Drawn, *, window: int = 1) -> Answers:
    """Return the mean coding of a window of months around each, with Wilson's bounds."""
    n = _windowed(drawn.per_month(drawn.coded), window)
    positives = _windowed(drawn.per_month(drawn.coded & drawn.expressed), window)
    share = np.divide(positives, n, out=np.full(n.shape, np.nan), where=n > 0)
    return _wilson(share, np.maximum(n, 1))


def _wilson(share: Floats, n: Floats) -> Answers:
    centre = (share + NORMAL**2 / (2 * n)) / (1 + NORMAL**2 / n)
    reach = NORMAL * np.sqrt(share * (1 - share) / n + NORMAL**2 / (4 * n**2))
    reach = reach / (1 + NORMAL**2 / n)
    return Answers(share, centre - reach, centre + reach)


def _windowed(values: Floats, window: int) -> Floats:
    """Return sums over the months within a window around each."""
    months = np.arange(values.shape[1])
    near = np.abs(months[:, None] - months) <= window // 2
    return np.asarray(values @ near, dtype=np.float64)


def ppi(drawn: Drawn) -> Answers:
    """Return what `ppi_py.ppi_mean_ci` gives month by month, its own weight of the scores too."""
    coded = drawn.coded
    n = drawn.per_month(coded)
    rest = drawn.per_month(~coded)

    def mean(values: Floats, which: NDArray[np.bool_]) -> Floats:
        return drawn.per_month(np.where(which, values, 0.0)) / drawn.per_month(which)

    y, s = drawn.expressed.astype(np.float64), drawn.scores
    with np.errstate(invalid="ignore", divide="ignore"):
        y_mean, at_mean, rest_mean = mean(y, coded), mean(s, coded), mean(s, ~coded)
        covariance = mean(y * s, coded) - y_mean * at_mean
        total = np.bincount(drawn.month)
        all_mean = drawn.per_month(s) / total
        variance = (drawn.per_month(s**2) / total - all_mean**2) * total / (total - 1)
        power = np.clip(covariance / ((1 + n / rest) * variance), 0, 1)
        estimate = y_mean + power * (rest_mean - at_mean)
        y_square = y_mean * (1 - y_mean)
        at_square = mean(s**2, coded) - at_mean**2
        both = mean(y * s, coded) - y_mean * at_mean
        rectified = y_square + power**2 * at_square - 2 * power * both
        imputed = power**2 * (mean(s**2, ~coded) - rest_mean**2)
        reach = NORMAL * np.sqrt(rectified / n + imputed / rest)
    return Answers(estimate, estimate - reach, estimate + reach)


def ppi_beside_package(world: World, *, seed: int) -> float:
    """Return the greatest difference between `ppi` and the package, over one replication."""
    drawn = next(replications(world, 1, seed=seed))
    ours = ppi(drawn)
    cases = []
    for month in range(world.months):
        inside = drawn.month == month
        coded, scores = drawn.coded[inside, 0], drawn.scores[inside, 0]
        expressed = drawn.expressed[inside, 0].astype(float)
        known = {"y": expressed[coded], "at": scores[coded], "rest": scores[~coded]}
        cases.append({name: values.tolist() for name, values in known.items()})
    python = environment("ppi-python", PPI_PYTHON)
    asked = subprocess.run(
        [python, "-c", _ASK], input=json.dumps(cases), capture_output=True, text=True, check=True
    )
    theirs = np.array(json.loads(asked.stdout))
    return float(np.abs(theirs - np.stack([part[0] for part in ours], axis=1)).max())


def mean_scores(drawn: Drawn) -> Answers:
    """Return the mean score of each month, with Wilson's bounds at its number of posts."""
    n = np.bincount(drawn.month).astype(np.float64)
    share = drawn.per_month(drawn.scores) / n
    bounds = share_interval(share, n, df=np.inf)
    return Answers(share, bounds.lower, bounds.upper)

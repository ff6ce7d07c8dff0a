"""Linear combinations of fitted coefficients with intervals, bands and tests.

By the jackknife, a share has Wilson's interval at the number of independent posts that would be as
certain (`analysis.intervals`), so that it stays within 0 and 1 and is wider on the side of more; a
difference has Student's t. By the bootstrap, both have expanded percentiles (Hesterberg 2015,
American Statistician 69:371). A band holds a whole course: it is as wide as the greatest of the
standardised deviations over the periods allows (Montiel Olea and Plagborg-Møller 2019, Journal of
Applied Econometrics 34:1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc, ndtr, stdtrit

from analysis.author_cells import Floats
from analysis.intervals import Interval, share_interval, two_sided_p
from analysis.topics.over_time.clustered_fit import GatheredPosts, draws, fit, sandwich

Booleans = NDArray[np.bool_]
Method = Literal["jackknife", "bootstrap"]

NOTHING = 1e-9
"""Shares and deviations below it are rounding."""
BAND_DRAWS = 2_000
"""Courses drawn from the normal distribution for the critical value of a band."""


class Difference(NamedTuple):
    """Bounds and p-values of differences."""

    lower: Floats
    upper: Floats
    p_value: Floats


@dataclass(frozen=True, slots=True)
class Estimated:
    """Contrasts of every topic.

    Attributes
    ----------
    estimate, variance : (n_contrasts, n_topics) floats
    told : (n_contrasts,) booleans
        Whether the posts tell the contrast at all.
    drawn : (n_draws, n_contrasts, n_topics) floats, or None
        Of the bootstrap.
    courses : (n_courses, n_curve, n_topics) floats
        Standard normal or resampled deviations of the curve, for bands.
    shape, shape_covariance : (n_course, n_topics), (n_topics, n_course, n_course) floats
        Coefficients of the course.
    confidence : of bands
    """

    estimate: Floats
    variance: Floats
    told: Booleans
    drawn: Floats | None
    courses: Floats
    shape: Floats
    shape_covariance: Floats
    confidence: float

    def differences(self, rows: slice, *, df: Floats, confidence: float) -> Difference:
        """Return bounds of differences."""
        value, variance = self.estimate[rows], self.variance[rows]
        p_value = two_sided_p(value, variance, df=df[:, None])
        if self.drawn is not None:
            bounds = _percentiles(self.drawn[:, rows], df, confidence)
            return Difference(bounds.lower, bounds.upper, p_value)
        reach = stdtrit(df, (1 + confidence) / 2)[:, None] * np.sqrt(variance)
        return Difference(value - reach, value + reach, p_value)

    def band(self, rows: slice, *, shown: Booleans, df: float) -> Interval:
        """Return the band of the curve over the periods that are shown.

        The critical value is taken from the normal distribution to Student's t of `df`.
        """
        value, deviation = self.estimate[rows], np.sqrt(self.variance[rows])
        if not shown.any():
            return Interval(value, value)
        scaled = np.divide(
            np.abs(self.courses[:, shown]),
            deviation[shown],
            out=np.zeros_like(self.courses[:, shown]),
            where=deviation[shown] > 0,
        )
        critical = np.quantile(scaled.max(axis=1), self.confidence, axis=0)
        reach = -stdtrit(df, ndtr(-critical))[None, :] * deviation
        return Interval(np.clip(value - reach, 0.0, 1.0), np.clip(value + reach, 0.0, 1.0))

    def level_course(self, *, df: float) -> Floats:
        """Return p-values of courses that do not change, by Hotelling's test; NaN where untold."""
        n_course, n_topics = self.shape.shape
        freedom = df - n_course + 1
        if freedom < 1:
            return np.full(n_topics, np.nan)
        inverse = np.linalg.pinv(self.shape_covariance, hermitian=True)
        wald = np.einsum("pk,kpq,qk->k", self.shape, inverse, self.shape)
        p_value = fdtrc(n_course, freedom, wald * freedom / (df * n_course))
        varies = np.trace(self.shape_covariance, axis1=1, axis2=2) > 0
        return np.asarray(np.where(varies, p_value, np.nan), dtype=np.float64)


def interval_of_levels(found: Estimated, rows: slice, *, df: Floats, confidence: float) -> Interval:
    """Return intervals of shares, within 0 and 1."""
    if found.drawn is not None:
        bounds = _percentiles(found.drawn[:, rows], df, confidence)
        return Interval(np.clip(bounds.lower, 0.0, 1.0), np.clip(bounds.upper, 0.0, 1.0))
    value, variance = np.clip(found.estimate[rows], 0.0, 1.0), found.variance[rows]
    uniform = (value * (1 - value) < NOTHING) | (variance < NOTHING**2)
    authors = np.broadcast_to(df[:, None] + 1, value.shape)  # all alike: each author says as much
    n = np.divide(value * (1 - value), variance, out=authors.copy(), where=~uniform)
    value = np.where(uniform & (value * (1 - value) < NOTHING), np.round(value), value)
    return share_interval(value, n, df=df[:, None], confidence=confidence)


def _percentiles(drawn: Floats, df: Floats, confidence: float) -> Interval:
    tails = ndtr(stdtrit(df, (1 - confidence) / 2))
    ordered = np.sort(drawn, axis=0)
    n = len(drawn)
    below = np.clip(np.ceil(tails * n).astype(np.int64) - 1, 0, n - 1)
    contrast = np.arange(drawn.shape[1])
    return Interval(ordered[below, contrast], ordered[n - 1 - below, contrast])


def estimate(
    posts: Sequence[GatheredPosts],
    design: Floats,
    contrasts: Floats,
    *,
    n_curve: int,
    n_course: int,
    method: Method,
    confidence: float,
    n_draws: int,
    random: np.random.Generator,
) -> Estimated:
    """Fit, and return the contrasts with what is needed to say how sure they are.

    Parameters
    ----------
    posts : the same posts with one or several sets of weights
    contrasts : (n_contrasts, n_columns) floats
        Those of the curve and then those of the columns of the course are the last.
    """
    fits = [fit(gathered, design) for gathered in posts]
    told = fits[0].tells(contrasts)
    value = np.mean([contrasts @ each.coefficients for each in fits], axis=0)
    curve = slice(len(contrasts) - n_curve - n_course, len(contrasts) - n_course)
    course = slice(len(contrasts) - n_course, len(contrasts))
    if method == "bootstrap":
        parts = [len(part) for part in np.array_split(np.arange(n_draws), len(posts))]
        drawn = np.concatenate(
            [
                draws(gathered, design, contrasts, n_draws=n, random=random)
                for gathered, n in zip(posts, parts, strict=True)
            ]
        )
        off = drawn - value
        variance = np.mean(off**2, axis=0)
        shape_covariance = np.einsum("dpk,dqk->kpq", off[:, course], off[:, course]) / len(off)
        courses = off[:, curve]
    else:
        drawn = None
        covariance = np.mean(
            [sandwich(gathered, design, each) for gathered, each in zip(posts, fits, strict=True)],
            axis=0,
        ) + _between(np.stack([each.coefficients for each in fits]))
        variance = np.einsum("mp,kpq,mq->mk", contrasts, covariance, contrasts, optimize=True)
        last = contrasts[course]
        shape_covariance = np.einsum("mp,kpq,nq->kmn", last, covariance, last, optimize=True)
        courses = _courses(covariance, contrasts[curve], random)
    return Estimated(
        estimate=value,
        variance=np.maximum(variance, 0.0),
        told=told,
        drawn=drawn,
        courses=courses,
        shape=value[course],
        shape_covariance=shape_covariance,
        confidence=confidence,
    )


def _between(coefficients: Floats) -> Floats:
    """Return the covariance (n_topics, p, p) that sets of weights add, by Rubin's rule."""
    n_sets = len(coefficients)
    if n_sets == 1:
        return np.zeros((1, 1, 1))
    off = coefficients - coefficients.mean(axis=0)
    between = np.einsum("spk,sqk->kpq", off, off) / (n_sets - 1)
    return np.asarray(between * (1 + 1 / n_sets), dtype=np.float64)


def _courses(covariance: Floats, curve: Floats, random: np.random.Generator) -> Floats:
    """Return normal deviations (n_courses, n_curve, n_topics) of the curve."""
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
    normal = random.standard_normal((curve.shape[1], BAND_DRAWS))
    drawn = np.einsum("cp,kpq,qd->dck", curve, root, normal, optimize=True)
    return np.asarray(drawn, dtype=np.float64)

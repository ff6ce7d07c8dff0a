"""Levels beside the same posterior written out as one large normal distribution."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import binomtest, multivariate_normal

from analysis.series import levels
from analysis.series.levels import (
    SPEEDS,
    Measured,
    Shares,
    effective_shares,
    log_likelihood,
    on_logit_scale,
    smooth,
)

NAN = float("nan")
Y = np.array([NAN, -1.2, -0.9, NAN, NAN, -1.4, -0.2, -0.3, NAN, -0.5])
NOISE = np.where(np.isnan(Y), NAN, np.linspace(0.02, 0.2, len(Y)))


def written_out(y: np.ndarray, noise: np.ndarray, speed: float) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance of a walk's levels, by inverting its precision."""
    steps = np.diff(np.eye(len(y)), axis=0)
    seen = ~np.isnan(y)
    precision = steps.T @ steps / speed**2 + np.diag(np.where(seen, 1 / noise, 0.0))
    covariance = np.linalg.inv(precision)
    return covariance @ np.where(seen, y / noise, 0.0), np.diag(covariance)


@pytest.mark.parametrize("number", [5, 20, 31])
def test_at_each_speed_the_smoother_is_the_posterior_of_the_walk(number: int) -> None:
    run = levels._filtered(Y, NOISE, SPEEDS)
    mean, variance = levels._smoothed(run, SPEEDS)
    expected_mean, expected_variance = written_out(Y, NOISE, SPEEDS[number])
    np.testing.assert_allclose(mean[1:, number], expected_mean[1:], rtol=1e-6)
    np.testing.assert_allclose(variance[1:, number], expected_variance[1:], rtol=1e-5)


@pytest.mark.parametrize("speed", [0.01, 0.2, 1.0])
def test_the_likelihood_is_that_of_the_differences_from_the_first_measurement(speed: float) -> None:
    seen = np.flatnonzero(~np.isnan(Y))
    since = seen[1:] - seen[0]
    covariance = speed**2 * np.minimum.outer(since, since) + NOISE[seen[0]]
    covariance += np.diag(NOISE[seen[1:]])
    expected = multivariate_normal.logpdf(Y[seen[1:]] - Y[seen[0]], cov=covariance)
    (found,) = log_likelihood(Measured(Y, NOISE), speed)
    assert found == pytest.approx(expected)


def test_the_band_mixes_the_speeds_by_their_weights() -> None:
    weights = levels.speed_weights(log_likelihood(Measured(Y, NOISE), SPEEDS))
    assert weights.sum() == pytest.approx(1)
    means, variances = zip(*(written_out(Y, NOISE, speed) for speed in SPEEDS), strict=True)
    mean = weights @ np.array(means)
    spread = weights @ (np.array(variances) + np.array(means) ** 2) - mean**2
    found = smooth(Measured(Y, NOISE))
    seen = ~np.isnan(Y)
    np.testing.assert_allclose(found.level[seen], expit(mean[seen]), rtol=1e-6)
    reach = 1.959963984540054 * np.sqrt(spread[seen])
    np.testing.assert_allclose(found.lower[seen], expit(mean[seen] - reach), rtol=1e-5)
    np.testing.assert_allclose(found.upper[seen], expit(mean[seen] + reach), rtol=1e-5)


def test_gaps_stay_gaps() -> None:
    found = smooth(Measured(Y, NOISE))
    for values in (found.level, found.lower, found.upper):
        assert np.isnan(values).tolist() == np.isnan(Y).tolist()


def test_nothing_is_carried_over_a_cut() -> None:
    y = np.r_[np.full(8, -2.0), np.full(8, 1.0)]
    noise = np.full(16, 0.3)
    cut = smooth(Measured(y, noise), cuts={8})
    np.testing.assert_allclose(cut.level, expit(y))
    whole = smooth(Measured(y, noise))
    assert whole.level[7] > cut.level[7] + 0.05
    assert cut.speed < whole.speed


def test_an_empty_series_has_no_level() -> None:
    nothing = Measured(np.full(3, NAN), np.full(3, NAN))
    assert np.isnan(smooth(nothing).level).all()
    assert len(smooth(Measured(np.empty(0), np.empty(0))).level) == 0


@pytest.mark.parametrize(("seen", "n"), [(0, 40), (1, 40), (8, 40), (150, 400), (40, 40)])
def test_a_share_with_its_interval_is_one_of_as_many_posts(seen: int, n: int) -> None:
    interval = binomtest(seen, n).proportion_ci(method="wilson")
    found = effective_shares([seen / n], [interval.low], [interval.high])
    assert found.share[0] == seen / n
    assert found.n[0] == pytest.approx(n)


def test_what_was_borrowed_counts_where_it_came_from() -> None:
    own = effective_shares([0.2], [0.1], [0.35])
    half = effective_shares([0.2], [0.1], [0.35], borrowed=[0.5])
    assert half.n[0] == pytest.approx(own.n[0] / 2)
    assert np.isnan(effective_shares([0.2], [0.1], [0.35], borrowed=[1.0]).share[0])
    assert np.isnan(effective_shares([NAN], [NAN], [NAN]).n[0])


def test_many_posts_have_the_logit_and_error_of_the_delta_method() -> None:
    share = np.array([0.20, 0.21, 0.19])
    found = on_logit_scale(Shares(share, np.full(3, 1e6)))
    np.testing.assert_allclose(found.logit, logit(share), atol=1e-3)
    np.testing.assert_allclose(found.variance, 1 / (1e6 * share * (1 - share)), rtol=1e-2)


def test_rare_shares_have_the_level_of_their_counts_and_not_of_their_logits() -> None:
    seen = np.random.default_rng(3).binomial(60, 0.03, 200)
    shares = Shares(seen / 60, np.full(200, 60.0))
    level = smooth(on_logit_scale(shares)).level
    assert level.mean() == pytest.approx(seen.mean() / 60, rel=0.05)


def test_at_rest_the_level_is_the_mode_of_the_binomial() -> None:
    seen, n = np.array([0, 2, 1, 0, 3]), np.array([30.0, 50, 20, 40, 60])
    found = on_logit_scale(Shares(seen / n, n))
    # whatever the speed, the pseudo-measurements have the binomial's score at the level they settle
    level = smooth(found).mean
    score = (found.logit - level) / found.variance
    np.testing.assert_allclose(score, seen - n * expit(level), atol=1e-2)


@settings(max_examples=40)
@given(
    st.lists(st.one_of(st.just(NAN), st.floats(-8, 8)), min_size=1, max_size=12).map(
        lambda values: np.array(values, dtype=float)
    )
)
def test_a_level_lies_within_its_band(y: np.ndarray) -> None:
    found = smooth(Measured(y, np.where(np.isnan(y), NAN, 0.1)))
    seen = ~np.isnan(y)
    assert (found.lower[seen] <= found.level[seen]).all()
    assert (found.level[seen] <= found.upper[seen]).all()

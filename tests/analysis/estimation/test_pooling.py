"""Pooling beside the same model written out over all cells at once, and beside known limits."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from analysis.estimation import pooling
from analysis.estimation.pooling import Observed, pool


def observed(draw: np.random.Generator, n_groups: int, n_periods: int) -> Observed:
    shape = (2, n_groups, n_periods)
    design = draw.uniform(0.01, 0.2, shape)
    design[0, 0, 1] = np.inf
    noise = 0.02 * np.eye(n_periods) + 0.003
    return Observed(
        estimate=np.where(np.isfinite(design), draw.normal(0, 0.3, shape), 0.0),
        design=design,
        of_posts=np.broadcast_to(noise, (*shape, n_periods)),
        moved=draw.normal(0, 0.3, shape),
        response=np.array([1.0, 3.0]),
        time=np.array([3.0, 4.0, 5.0, 8.0, 9.0])[:n_periods],
    )


def matern(time: np.ndarray, length: float) -> np.ndarray:
    apart = np.sqrt(3) * np.abs(np.subtract.outer(time, time)) / length
    return (1 + apart) * np.exp(-apart)


def written_out(cells: Observed, frame: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, covariance and weights of all cells of a frame, by one big matrix for each model."""
    _, n_groups, n_periods = cells.estimate.shape
    time, centred = cells.time, cells.time - cells.time.mean()
    ones = np.ones((n_groups, n_groups))
    line = pooling.LEVEL**2 + pooling.SLOPE**2 * np.outer(centred, centred)
    moved = cells.moved[frame].ravel()
    known = np.isfinite(cells.design[frame]).ravel()
    y = cells.estimate[frame].ravel()
    still = [(pooling.STILL, 0.0, 1.0)]
    ways = list(product(pooling.STRENGTHS, pooling.LENGTHS))
    still += [((1 - pooling.STILL) / len(ways), *way) for way in ways]
    logs, means, covariances, weights = [], [], [], []
    for difference in pooling.DIFFERENCES if n_groups > 1 else (0.0,):
        moving = pooling.OWN_COURSE * matern(time, pooling.OWN_LENGTH)
        own = difference**2 * (1 - pooling.OWN_COURSE + moving)
        for chance, strength, length in still:
            prior = np.kron(ones, line + strength**2 * matern(time, length))
            prior += cells.response[frame] ** 2 * np.outer(moved, moved)
            for group in range(n_groups):
                part = slice(group * n_periods, (group + 1) * n_periods)
                prior[part, part] += own + cells.of_posts[frame, group]
            seen = prior[np.ix_(known, known)] + np.diag(cells.design[frame].ravel()[known])
            gain = np.zeros_like(prior)
            gain[:, known] = prior[:, known] @ np.linalg.inv(seen)
            logs.append(np.log(chance) + multivariate_normal(cov=seen).logpdf(y[known]))
            means.append(gain @ y)
            covariances.append(prior - gain[:, known] @ prior[known])
            weights.append(gain)
    share = np.exp(np.array(logs) - max(logs))
    share /= share.sum()
    mean = np.tensordot(share, means, 1)
    off = np.array(means) - mean
    covariance = np.tensordot(share, covariances, 1) + np.einsum("h,hi,hj->ij", share, off, off)
    return mean, covariance, np.tensordot(share, weights, 1)


@pytest.mark.parametrize(("n_groups", "n_periods"), [(1, 5), (3, 4), (2, 1)])
def test_pooling_is_that_of_the_model_written_out(n_groups: int, n_periods: int) -> None:
    if n_periods == 1:
        cells = observed(np.random.default_rng(5), n_groups, 2)
        cells = Observed(
            cells.estimate[..., :1],
            cells.design[..., :1],
            cells.of_posts[..., :1, :1],
            cells.moved[..., :1],
            cells.response,
            cells.time[:1],
        )
    else:
        cells = observed(np.random.default_rng(5), n_groups, n_periods)
    found = pool(cells)
    for frame in range(2):
        mean, covariance, weights = written_out(cells, frame)
        np.testing.assert_allclose(found.mean[frame].ravel(), mean, atol=2e-4)
        for group in range(n_groups):
            part = slice(group * n_periods, (group + 1) * n_periods)
            others = np.delete(weights[part], np.arange(len(mean))[part], axis=1).sum(axis=1)
            expected = covariance[part, part]
            np.testing.assert_allclose(found.covariance[frame, group], expected, atol=2e-4)
            np.testing.assert_allclose(found.own[frame, group], weights[part, part], atol=2e-4)
            np.testing.assert_allclose(found.others[frame, group], others, atol=2e-4)


def one_curve(estimate: np.ndarray, design: float) -> pooling.Corrections:
    n = len(estimate)
    return pool(
        Observed(
            estimate=estimate[None, None],
            design=np.full((1, 1, n), design),
            of_posts=np.full((1, 1, n, n), 0.0) + 1e-6 * np.eye(n),
            moved=np.zeros((1, 1, n)),
            response=np.ones(1),
            time=np.arange(n, dtype=float),
        )
    )


def test_a_correction_that_jumps_is_pooled_over_fewer_periods_than_one_that_stays() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 24)
    steady = one_curve(noise, 0.01)
    jumping = one_curve(noise + np.repeat([0.0, 1.0, -0.5, 0.8], 6), 0.01)
    own = [found.own[0, 0].diagonal().mean() for found in (steady, jumping)]
    assert own[1] > 2 * own[0]
    width = [np.sqrt(found.covariance[0, 0].diagonal()).mean() for found in (steady, jumping)]
    assert width[1] > 1.3 * width[0]
    assert width[0] < 0.06  # of .1 by itself


def test_groups_that_agree_share_their_codings_and_groups_that_differ_keep_their_own() -> None:
    draw = np.random.default_rng(3)

    def others(spread: float) -> float:
        estimate = draw.normal(0, spread, (1, 12, 1)) + draw.normal(0, 0.1, (1, 12, 3))
        cells = Observed(
            estimate=estimate,
            design=np.full((1, 12, 3), 0.01),
            of_posts=np.broadcast_to(1e-4 * np.eye(3), (1, 12, 3, 3)),
            moved=np.zeros((1, 12, 3)),
            response=np.ones(1),
            time=np.arange(3.0),
        )
        return float(pool(cells).others.mean())

    assert others(0.0) > 0.5
    assert others(0.6) < 0.1

"""Levels beside statsmodels, which smooths the same series in an environment of its own."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from analysis.series import levels
from analysis.series.levels import SPEEDS, Measured, log_likelihood
from tests.real_servers.environments import environment

PACKAGES = ("statsmodels==0.14.6", "patsy==1.0.2", "numpy<2.5")
NUMBER = 20
SCRIPT = """
import json, sys
import numpy as np
from statsmodels.tsa.statespace.kalman_smoother import KalmanSmoother
from statsmodels.tsa.statespace.structural import UnobservedComponents

held = np.load(sys.argv[1])
y, noise, speeds = held["y"], held["noise"], held["speeds"]
filled = np.where(np.isnan(noise), 1.0, noise)

def smoothed(speed):
    model = KalmanSmoother(k_endog=1, k_states=1, k_posdef=1)
    model.bind(y[:, None])
    model["design", 0, 0] = model["transition", 0, 0] = model["selection", 0, 0] = 1.0
    model["state_cov", 0, 0] = speed ** 2
    model["obs_cov"] = filled[None, None, :]
    model.initialize("diffuse")
    return model.smooth()

one = smoothed(speeds[int(sys.argv[2])])
plain = UnobservedComponents(held["steady"], "local level")
fitted = plain.smooth([0.04, speeds[int(sys.argv[2])] ** 2])
print(json.dumps({
    "mean": one.smoothed_state[0].tolist(),
    "variance": one.smoothed_state_cov[0, 0].tolist(),
    "loglik": [float(np.sum(smoothed(speed).llf_obs)) for speed in speeds],
    "steady_mean": fitted.smoothed_state[0].tolist(),
    "steady_variance": fitted.smoothed_state_cov[0, 0].tolist(),
}))
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_levels_and_likelihoods_are_those_of_statsmodels(tmp_path: Path) -> None:
    python = environment("statsmodels", PACKAGES)
    draw = np.random.default_rng(7)
    walk = -1.5 + np.cumsum(draw.normal(0, 0.1, 48))
    noise = draw.uniform(0.01, 0.2, 48)
    y = walk + draw.normal(0, np.sqrt(noise))
    y[[5, 6, 20]] = noise[[5, 6, 20]] = np.nan
    steady = walk + draw.normal(0, 0.2, 48)
    series = tmp_path / "series.npz"
    np.savez(series, y=y, noise=noise, steady=steady, speeds=SPEEDS)
    done = subprocess.run(
        [python, "-c", SCRIPT, str(series), str(NUMBER)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    other = json.loads(done.stdout)
    mean, variance = levels._smoothed(levels._filtered(y, noise, SPEEDS), SPEEDS)
    np.testing.assert_allclose(mean[:, NUMBER], other["mean"], atol=1e-8)
    np.testing.assert_allclose(variance[:, NUMBER], other["variance"], atol=1e-8)
    ours = log_likelihood(Measured(y, noise), SPEEDS)
    # the diffuse start adds the same constant at every speed
    np.testing.assert_allclose(np.diff(ours), np.diff(other["loglik"]), atol=1e-6)
    even = levels._filtered(steady, np.full(48, 0.04), SPEEDS)
    mean, variance = levels._smoothed(even, SPEEDS)
    # statsmodels starts a local level from a variance that is only large, unless told otherwise
    np.testing.assert_allclose(mean[:, NUMBER], other["steady_mean"], atol=1e-4)
    np.testing.assert_allclose(variance[:, NUMBER], other["steady_variance"], atol=1e-4)

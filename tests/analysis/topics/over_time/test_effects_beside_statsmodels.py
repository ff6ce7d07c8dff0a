"""Effects beside statsmodels and patsy, which fit the same posts in an environment of their own."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from analysis.topics.over_time.effects import topic_effects
from tests.real_servers.environments import environment

PACKAGES = ("statsmodels==0.14.6", "patsy==1.0.2", "numpy<2.5")
SCRIPT = """
import json, sys
import numpy as np, patsy, statsmodels.api as sm

held = np.load(sys.argv[1])
group, period, author = (held[name] for name in ("group", "period", "author"))
knots = [float(k) for k in held["knots"]]

def spline(when):
    return np.asarray(patsy.dmatrix(
        "cr(when, knots=inner, lower_bound=low, upper_bound=high) - 1",
        {"when": when, "inner": knots[1:-1], "low": knots[0], "high": knots[-1]}))

own = (group[:, None] == np.arange(3)).astype(float)
design = np.column_stack([own[:, 1:], spline(period.astype(float))])
fitted = sm.OLS(held["weight"], design).fit(
    cov_type="cluster", cov_kwds={"groups": author}, use_t=True)
when = np.arange(period.min(), period.max() + 1).astype(float)
fixed = held["fixed"]
curve = np.column_stack([np.tile(fixed[1:], (len(when), 1)), spline(when)])
difference = np.zeros((3, design.shape[1]))
difference[1:, :2] = np.eye(2)
difference[:, :2] -= fixed[1:]
tested = {name: fitted.t_test(rows) for name, rows in
          (("curve", curve), ("difference", difference))}
print(json.dumps({name: {"effect": np.ravel(t.effect).tolist(), "sd": np.ravel(t.sd).tolist()}
                  for name, t in tested.items()}))
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_levels_and_course_are_those_of_statsmodels_with_a_spline_of_patsy(tmp_path: Path) -> None:
    python = environment("statsmodels", PACKAGES)
    draw = np.random.default_rng(21)
    n, n_authors = 6_000, 500
    author = draw.integers(0, n_authors, n)
    group, period = author % 3, draw.integers(480, 516, n)
    weight = 0.3 + 0.1 * (group == 1) + 0.05 * np.sin(period / 5)
    weight += draw.normal(0, 0.05, n_authors)[author] + draw.normal(0, 0.1, n)
    found = topic_effects(
        weight[:, None],
        period,
        group=group,
        author=author,
        terms={"community": ["a", "b", "c"]},
        df=5,
    )
    fixed = np.bincount(group) / n
    posts = tmp_path / "posts.npz"
    knots = np.quantile(np.arange(480, 516), np.linspace(0, 1, 6))
    columns = {"group": group, "period": period, "author": author, "weight": weight}
    np.savez(posts, **columns, fixed=fixed, knots=knots)
    done = subprocess.run(
        [python, "-c", SCRIPT, str(posts)], check=True, capture_output=True, text=True
    )
    other = json.loads(done.stdout)
    for table, name, value, low, high in (
        (found.curve, "curve", "estimate", "lower", "upper"),
        (found.levels, "difference", "difference", "difference_lower", "difference_upper"),
    ):
        np.testing.assert_allclose(np.array(table[value]), other[name]["effect"], atol=1e-9)
        width = np.array(table[high]) - np.array(table[low])
        np.testing.assert_allclose(width / 2 / 1.965, other[name]["sd"], rtol=0.06)

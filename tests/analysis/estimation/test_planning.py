"""The plan: what it says must come true when so many codings are made."""

import numpy as np
import pytest

from analysis.prevalence import estimate_prevalence, plan_prevalence


def drawn(n_coded: int) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(4)
    n = 6000
    scores = draw.beta(1, 3, n)
    values = (draw.random(n) < scores).astype(float)
    index = np.arange(0, n, n // n_coded)
    return {
        "scores": scores,
        "time": np.repeat(np.arange(6), n // 6),
        "coded_index": index,
        "coded_values": values[index],
        "inclusion_probability": np.full(len(index), len(index) / n),
    }


def test_as_many_codings_as_the_plan_says_halve_the_intervals() -> None:
    plan = plan_prevalence(**drawn(120), wanted_width=0.1)
    assert plan.n_coded[0, 0] == 120
    now = estimate_prevalence(**drawn(120))
    assert plan.width[0, 0] == pytest.approx((now.upper - now.lower).mean())
    more = int(plan.more_to_halve[0, 0])
    then = estimate_prevalence(**drawn(120 + more))
    assert (then.upper - then.lower).mean() == pytest.approx(plan.width[0, 0] / 2, rel=0.15)
    assert 0 < plan.more_for_width[0, 0] < more or plan.width[0, 0] / 2 > 0.1


def test_what_is_narrow_enough_needs_nothing_and_what_is_not_coded_is_not_known() -> None:
    case = drawn(120)
    case["scores"] = np.column_stack([case["scores"], case["scores"]])
    missing = np.full(120, np.nan)
    case["coded_values"] = np.column_stack([case["coded_values"], missing])
    plan = plan_prevalence(**case, wanted_width=0.9)
    assert plan.more_for_width[0, 0] == 0
    assert np.isnan([plan.width[1, 0], plan.more_for_width[1, 0], plan.more_to_halve[1, 0]]).all()


def test_a_width_that_no_share_has_is_refused() -> None:
    with pytest.raises(ValueError, match="give one such as"):
        plan_prevalence(**drawn(60), wanted_width=1.5)


def test_a_community_without_ten_codings_shows_its_source_or_is_refused() -> None:
    draw = np.random.default_rng(1)
    group = np.repeat([0, 1, 2, 3], 500)
    coded = np.r_[draw.permutation(500)[:60], 500 + np.arange(3), 1000 + np.arange(4)]
    options = {
        "coded_index": coded,
        "coded_values": (draw.random(len(coded)) < 0.3).astype(float),
        "inclusion_probability": np.full(len(coded), 0.1),
        "group": group,
    }
    scores, time = np.full(2000, 0.3), np.zeros(2000)
    table = estimate_prevalence(scores, time, parent=group // 2, **options)
    assert table.borrowed[0] < 1
    assert table.borrowed[1:].tolist() == [1, 1, 1]
    of_source = estimate_prevalence(scores, time, **(options | {"group": group // 2}))
    assert table.estimate[1] == pytest.approx(of_source.estimate[0])
    assert table.lower[1] == pytest.approx(of_source.lower[0])
    of_all = estimate_prevalence(scores, time, **(options | {"group": group * 0}))
    np.testing.assert_allclose(table.estimate[2:], of_all.estimate[0])
    assert np.isnan(table.q_value[1:]).all()
    refused = table.without_parents()
    assert refused.refused_because[1] == "7 more codings needed"
    assert np.isnan(refused.estimate[1:]).all()

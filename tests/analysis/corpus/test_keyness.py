import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, false_discovery_control, power_divergence
from scipy.stats.contingency import relative_risk

from analysis.corpus.keyness import Keyness, keyness


def of(first: int, second: int, sizes: tuple[int, int] = (10**6, 10**6)) -> Keyness:
    return keyness([first], [second], size_target=sizes[0], size_reference=sizes[1])


@pytest.mark.parametrize(
    ("first", "second", "published"),
    [(348, 99, 147), (15, 14, 0), (9, 32, 14), (21, 25, 0), (392, 170, 90)],
)
def test_log_likelihood_is_that_which_rayson_worked_on_the_corpora_list(
    first: int, second: int, published: int
) -> None:
    # forms of "keep" in learners' and native speakers' English, 18 January 2002
    assert round(of(first, second).log_likelihood[0]) == published


def test_log_likelihood_is_that_of_the_wizard() -> None:
    assert of(12_000, 10_000).log_likelihood[0] == pytest.approx(182.07, abs=0.005)


def test_log_ratio_is_that_of_hardies_example() -> None:
    # 0.0006 of corpus A and 0.0002 of corpus B: three times as often; and one more a doubling
    assert of(600, 200).log_ratio[0] == pytest.approx(np.log2(3))
    assert of(400, 200).log_ratio[0] == pytest.approx(1)
    assert of(100, 800).log_ratio[0] == pytest.approx(-3)
    assert of(64, 0).log_ratio[0] == pytest.approx(7)  # 0 is taken as 0.5


@settings(max_examples=60, deadline=None)
@given(
    first=st.integers(0, 400),
    second=st.integers(1, 400),
    sizes=st.tuples(st.integers(1_000, 10**7), st.integers(1_000, 10**7)),
)
def test_surety_and_size_are_those_of_scipy(
    first: int, second: int, sizes: tuple[int, int]
) -> None:
    found = of(first, second, sizes)
    expected = np.array(sizes) * (first + second) / sum(sizes)
    oracle = power_divergence([first, second], expected, lambda_="log-likelihood").statistic
    assert found.log_likelihood[0] == pytest.approx(oracle, rel=1e-6, abs=1e-8)
    assert found.p_value[0] == pytest.approx(chi2.sf(found.log_likelihood[0], 1), rel=1e-9)
    assert found.per_million_target[0] == pytest.approx(1e6 * first / sizes[0])
    if first:
        risk = relative_risk(first, sizes[0], second, sizes[1])
        interval = np.log2(risk.confidence_interval(0.95))
        np.testing.assert_allclose([found.lower[0], found.upper[0]], interval, rtol=1e-9, atol=1e-9)


def test_q_values_are_adjusted_over_all_words() -> None:
    draw = np.random.default_rng(0)
    first, second = draw.poisson(20, 500), draw.poisson(22, 500)
    found = keyness(first, second, size_target=10**5, size_reference=10**5)
    np.testing.assert_allclose(found.q_value, false_discovery_control(found.p_value))


def test_log_odds_are_those_of_another_implementation_on_two_sentences() -> None:
    first = ["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "pig"]
    second = ["the", "lazy", "purple", "pig", "jumps", "over", "the", "lazier", "donkey"]
    words = sorted({*first, *second})
    found = keyness(
        [first.count(word) for word in words],
        [second.count(word) for word in words],
        size_target=9,
        size_reference=9,
        prior=[0.05] * len(words),
    )
    z = dict(zip(words, found.z.tolist(), strict=True))
    published = dict.fromkeys(["donkey", "lazier", "purple"], -0.6894227886807968)
    published |= dict.fromkeys(["jumps", "lazy", "over", "pig", "the"], 0.0)
    published |= dict.fromkeys(["brown", "fox", "quick"], 0.6894227886807968)
    assert z == pytest.approx(published)


def test_log_odds_under_the_prior_of_both_sides_are_those_worked_by_hand() -> None:
    found = keyness([30], [10], size_target=1000, size_reference=1000, prior_tokens=100)
    # the prior has 100 tokens, 40/2000 of them this word: 2
    odds = np.log(32 / (1100 - 32)) - np.log(12 / (1100 - 12))
    assert found.log_odds[0] == pytest.approx(odds)
    assert found.z[0] == pytest.approx(odds / np.sqrt(1 / 32 + 1 / 12))
    stronger = keyness([30], [10], size_target=1000, size_reference=1000, prior_tokens=10_000)
    assert 0 < stronger.z[0] < found.z[0]


def test_sides_without_tokens_and_words_without_occurrences_have_no_figures() -> None:
    empty = keyness([0, 0], [3, 4], size_target=0, size_reference=100)
    for name in ("per_million_target", "log_likelihood", "q_value", "log_ratio", "upper", "z"):
        assert np.isnan(getattr(empty, name)).all(), name
    unused = keyness([0, 5], [0, 5], size_target=100, size_reference=100)
    assert np.isnan([unused.log_likelihood[0], unused.log_ratio[0], unused.z[0]]).all()
    assert unused.q_value[1] == 1
    table = unused.to_arrow()
    assert table["n_posts_target"].null_count == 2
    beside = keyness([3], [5], size_target=100, size_reference=100, n_posts=([2], [4]))
    assert (beside.n_posts_target[0], beside.n_posts_reference[0]) == (2, 4)
    assert table.column_names[:2] == ["n_target", "n_reference"]
    assert table["log_ratio"].null_count == 1
    assert keyness([], [], size_target=0, size_reference=0).to_arrow().num_rows == 0


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"more occurrences than the target has tokens \(4\)"):
        keyness([5], [1], size_target=4, size_reference=9)
    with pytest.raises(ValueError, match="n_reference holds 2 counts; give 1"):
        keyness([1], [1, 2], size_target=9, size_reference=9)
    with pytest.raises(ValueError, match=r"prior_tokens is 1\.0; the prior of the words alone"):
        keyness([1], [1], size_target=9, size_reference=9, prior=[2], prior_tokens=1)
    with pytest.raises(ValueError, match="confidence is 95"):
        keyness([1], [1], size_target=9, size_reference=9, confidence=95)

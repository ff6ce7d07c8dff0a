import numpy as np
import pytest

from analysis.agreement import (
    Confusion,
    agreement_table,
    confusions,
    krippendorff_alpha,
    why_undefined,
)

NA = np.nan
# The worked examples A, B and C of Krippendorff (2011).
BINARY = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]
LETTERS = [list("aabbdcccedda"), list("babbbccceddd")]
FOUR_OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NA, NA, NA],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NA, 3],
    [NA, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NA],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NA],
]


def test_the_published_examples_come_out_as_published() -> None:
    assert krippendorff_alpha(BINARY).alpha == pytest.approx(0.095, abs=0.0005)
    letters = [[ord(letter) for letter in coder] for coder in LETTERS]
    assert krippendorff_alpha(letters).alpha == pytest.approx(0.692, abs=0.0005)
    four = krippendorff_alpha(FOUR_OBSERVERS)
    assert four.alpha == pytest.approx(0.743, abs=0.0005)
    assert (four.n_units, four.n_values) == (11, 40)
    spaced = krippendorff_alpha(FOUR_OBSERVERS, level="interval")
    assert spaced.alpha == pytest.approx(0.849, abs=0.0005)


def test_it_agrees_with_alpha_worked_out_pair_by_pair() -> None:
    draw = np.random.default_rng(0)
    values = draw.integers(0, 3, (3, 25)).astype(float)
    values[draw.random((3, 25)) < 0.2] = NA
    units = [unit[~np.isnan(unit)] for unit in values.T]
    units = [unit for unit in units if len(unit) > 1]
    everything = np.concatenate(units)
    n = len(everything)
    observed = sum(
        (a != b) / (len(unit) - 1)
        for unit in units
        for i, a in enumerate(unit)
        for j, b in enumerate(unit)
        if i != j
    )
    expected = sum(
        a != b for i, a in enumerate(everything) for j, b in enumerate(everything) if i != j
    )
    by_hand = 1 - (observed / n) / (expected / (n * (n - 1)))
    assert krippendorff_alpha(values).alpha == pytest.approx(by_hand)


def test_coders_who_never_differ_agree_fully_but_not_beyond_doubt() -> None:
    values = np.tile([0.0, 1.0, 0.0, 0.0, 1.0], 4)
    few = krippendorff_alpha([values, values])
    assert (few.alpha, few.upper) == (1, 1)
    assert 0.5 < few.lower < 0.9
    many = krippendorff_alpha([np.tile(values, 20)] * 2)
    assert few.lower < many.lower < 1


def test_where_no_value_differs_alpha_is_undefined() -> None:
    for values in ([[1, 1, 1], [1, 1, 1]], [[NA, 1.0], [1.0, NA]], np.empty((2, 0))):
        found = krippendorff_alpha(values)
        assert np.isnan([found.alpha, found.lower, found.upper]).all()


def test_coders_and_units_may_come_in_any_order() -> None:
    values = np.array(FOUR_OBSERVERS)
    draw = np.random.default_rng(1)
    shuffled = values[draw.permutation(4)][:, draw.permutation(12)]
    assert krippendorff_alpha(shuffled).alpha == pytest.approx(krippendorff_alpha(values).alpha)


def test_the_interval_covers_the_alpha_of_many_units() -> None:
    draw = np.random.default_rng(2)

    def coded(n_units: int) -> np.ndarray:
        truth = draw.random(n_units) < 0.3
        return np.where(draw.random((3, n_units)) < 0.1, ~truth, truth).astype(float)

    target = krippendorff_alpha(coded(200_000), n_resamples=2).alpha
    found = [krippendorff_alpha(coded(150), n_resamples=300) for _ in range(200)]
    assert np.mean([each.lower <= target <= each.upper for each in found]) >= 0.90
    assert all(each.lower <= each.alpha <= each.upper for each in found)


def test_the_same_seed_gives_the_same_interval() -> None:
    assert krippendorff_alpha(FOUR_OBSERVERS) == krippendorff_alpha(FOUR_OBSERVERS)


def test_what_is_no_table_of_codings_is_refused() -> None:
    with pytest.raises(ValueError, match="1 dimensions"):
        krippendorff_alpha([1, 0])
    with pytest.raises(ValueError, match="'nominal' or 'interval'"):
        krippendorff_alpha(BINARY, level="ordinal")  # type: ignore[arg-type] # on purpose


def test_rows_are_ready_for_the_table_of_evaluations() -> None:
    codings = np.stack([np.array(BINARY, dtype=float), np.ones((2, 10))], axis=2)
    rows = agreement_table(codings, ["economic_value", "personal_value"], version="3").to_pylist()
    assert [row["frame"] for row in rows] == ["economic_value", "personal_value"]
    assert rows[0]["kind"] == "agreement"
    assert rows[0]["value"] == pytest.approx(0.095, abs=0.0005)
    assert rows[0]["n"] == 10
    assert rows[1]["value"] is None
    assert rows[1]["version"] == "3"


def test_it_is_said_why_there_is_no_alpha() -> None:
    assert why_undefined([[NA, NA], [NA, NA]]) == "nothing was coded"
    assert why_undefined(np.empty((2, 0))) == "nothing was coded"
    assert why_undefined([[1, 0], [NA, NA]]) == "only one coder coded"
    assert why_undefined([[1, NA], [NA, 0]]) == "no post was coded by two coders"
    assert why_undefined([[1, 1, 0], [1, 1, NA]]) == "all said the same of every post"
    assert why_undefined(BINARY) == ""


def test_confusions_count_what_each_pair_said_of_the_same_units() -> None:
    values = [[1, 1, 0, 0, NA], [1, 0, 1, 0, 1], [NA, NA, NA, NA, 1]]
    first, second = confusions(values)
    assert first == Confusion(first=0, second=1, both=1, only_first=1, only_second=1, neither=1)
    assert second == Confusion(first=1, second=2, both=1, only_first=0, only_second=0, neither=0)
    assert confusions([[1, NA], [NA, 1]]) == []

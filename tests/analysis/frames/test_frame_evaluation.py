import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score

from analysis.frames.classifier import FrameClassifier
from analysis.frames.evaluation import OutOfSample, cross_validate, evaluate


def invented_outcome(seed: int = 0) -> tuple[OutOfSample, np.ndarray]:
    draw = np.random.default_rng(seed)
    p = np.round(draw.beta(1, 2, (300, 2)), 2)  # with ties
    y = (draw.random((300, 2)) < p).astype(float)
    return OutOfSample(p, p >= 0.4), y


def rows_by(table, measure: str) -> dict[str, dict[str, object]]:
    return {row["frame"]: row for row in table.to_pylist() if row["measure"] == measure}


def test_measures_agree_with_those_of_scikit_learn() -> None:
    found, y = invented_outcome()
    table = evaluate(found, y, ["a", "b"], version="v1")
    for frame, name in enumerate(["a", "b"]):
        p, said, true = found.probabilities[:, frame], found.expressed[:, frame], y[:, frame]
        assert rows_by(table, "f1")[name]["value"] == pytest.approx(f1_score(true, said))
        assert rows_by(table, "average_precision")[name]["value"] == pytest.approx(
            average_precision_score(true, p)
        )
        base = brier_score_loss(true, np.full(300, true.mean()))
        assert rows_by(table, "brier_skill")[name]["value"] == pytest.approx(
            1 - brier_score_loss(true, p) / base
        )


def test_the_calibration_error_is_that_of_ten_equal_bins() -> None:
    found, y = invented_outcome()
    p = found.probabilities[:, 0]
    bins = np.argsort(p, kind="stable").reshape(10, 30)
    by_hand = np.mean([abs(p[b].mean() - y[b, 0].mean()) for b in bins])
    table = evaluate(found, y, ["a", "b"], version="v1")
    assert rows_by(table, "expected_calibration_error")["a"]["value"] == pytest.approx(by_hand)


def test_rows_have_spread_a_mean_over_frames_and_the_number_of_posts() -> None:
    found, y = invented_outcome()
    y[:50, 0] = np.nan
    table = evaluate(found, y, ["a", "b"], version="v1")
    assert table.column_names == [
        "kind",
        "frame",
        "measure",
        "value",
        "lower",
        "upper",
        "n",
        "version",
    ]
    f1 = rows_by(table, "f1")
    assert f1["all"]["value"] == pytest.approx((f1["a"]["value"] + f1["b"]["value"]) / 2)
    assert (f1["a"]["n"], f1["b"]["n"], f1["all"]["n"]) == (250, 300, 300)
    for row in table.to_pylist():
        assert row["lower"] <= row["value"] + 0.02
        assert row["value"] <= row["upper"] + 0.02
        assert row["lower"] < row["upper"]


def test_the_spread_covers_the_figure_of_many_posts() -> None:
    draw = np.random.default_rng(1)

    def outcome(n: int) -> tuple[OutOfSample, np.ndarray]:
        p = draw.beta(1, 2, (n, 1))
        return OutOfSample(p, p >= 0.4), (draw.random((n, 1)) < p).astype(float)

    target = rows_by(evaluate(*outcome(200_000)[:1], outcome(1)[1], [], version=""), "f1") or {}
    assert list(target) == ["all"]
    many, truth = outcome(100_000)
    true_f1 = f1_score(truth[:, 0], many.expressed[:, 0])
    inside = []
    for _ in range(100):
        row = rows_by(evaluate(*outcome(250), ["a"], version=""), "f1")["a"]
        inside.append(row["lower"] <= true_f1 <= row["upper"])
    assert np.mean(inside) >= 0.88


def test_what_is_undefined_is_null_and_in_no_mean() -> None:
    found, y = invented_outcome()
    y[:, 0] = 0.0
    table = evaluate(found, y, ["a", "b"], version="v1")
    f1 = rows_by(table, "f1")
    assert f1["a"]["value"] is None
    assert f1["all"]["value"] == f1["b"]["value"]
    assert rows_by(table, "brier_skill")["a"]["value"] is None
    never = evaluate(found, np.full((300, 2), np.nan), ["a", "b"], version="v1")
    assert all(row["value"] is None for row in never.to_pylist())


def test_cross_validation_keeps_clusters_together_and_scores_every_post(coding) -> None:
    values = coding.values[:, :3]
    copies = np.repeat(np.arange(100), 4)  # four copies of each of a hundred posts
    counts = coding.counts[copies]
    shuffled = values[np.random.default_rng(0).permutation(400)][copies]  # nothing to learn
    classifier = FrameClassifier(n_folds=2)
    leaking = cross_validate(classifier, counts, shuffled, coding.words, n_folds=4)
    honest = cross_validate(classifier, counts, shuffled, coding.words, n_folds=4, clusters=copies)
    majority = shuffled[:, 0] > 0.5
    assert np.corrcoef(leaking.probabilities[:, 0], majority)[0, 1] > 0.5
    assert np.corrcoef(honest.probabilities[:, 0], majority)[0, 1] < 0.3
    assert honest.probabilities.shape == (400, 3)
    assert (honest.probabilities > 0).all()

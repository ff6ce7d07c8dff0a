import numpy as np
import pytest
from sklearn.linear_model import Ridge

from analysis.frames.ridge import fit_ridge

PENALTIES = (0.3, 3.0, 30.0)


def invented(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    features = draw.normal(size=(60, 8))
    values = features @ draw.normal(size=(8, 2)) + 5 + draw.normal(size=(60, 2))
    return features, values, draw.permutation(60) % 6


def test_margins_are_those_of_ridge_regression_on_the_features() -> None:
    features, values, folds = invented()
    fitted = fit_ridge(features @ features.T, values, folds=folds, penalties=[3.0])
    margins = features @ features.T @ fitted.weights + fitted.intercept
    peer = Ridge(alpha=3.0).fit(features, values)
    np.testing.assert_allclose(margins, peer.predict(features), atol=2e-3)
    np.testing.assert_allclose(fitted.intercept, peer.intercept_, atol=5e-3)


def test_margins_out_of_fold_are_those_of_models_fitted_without_the_fold() -> None:
    features, values, folds = invented(1)
    fitted = fit_ridge(features @ features.T, values, folds=folds, penalties=[3.0])
    for fold in range(6):
        held = folds == fold
        peer = Ridge(alpha=3.0).fit(features[~held], values[~held])
        np.testing.assert_allclose(
            fitted.out_of_fold[held], peer.predict(features[held]), atol=5e-3
        )


def test_each_column_has_the_penalty_that_errs_least_out_of_fold() -> None:
    features, values, folds = invented(2)
    values[:, 1] = np.random.default_rng(3).normal(size=60)  # nothing to learn
    kernel = features @ features.T
    fitted = fit_ridge(kernel, values, folds=folds, penalties=PENALTIES)
    errors = [
        ((fit_ridge(kernel, values, folds=folds, penalties=[p]).out_of_fold - values) ** 2).mean(0)
        for p in PENALTIES
    ]
    assert fitted.penalties.tolist() == [PENALTIES[i] for i in np.argmin(errors, axis=0)]
    assert fitted.penalties[1] == 30.0
    np.testing.assert_allclose(
        ((fitted.out_of_fold - values) ** 2).mean(0), np.min(errors, axis=0), rtol=1e-9
    )


def test_of_many_posts_some_choose_the_penalty_and_all_are_learned_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    features, values, folds = invented(4)
    kernel = features @ features.T
    monkeypatch.setattr("analysis.frames.ridge.MOST_TO_CHOOSE", 40)
    fitted = fit_ridge(kernel, values, folds=folds, penalties=PENALTIES)
    for column in range(2):
        alone = fit_ridge(kernel, values, folds=folds, penalties=[fitted.penalties[column]])
        np.testing.assert_array_equal(alone.weights[:, column], fitted.weights[:, column])


def test_one_fold_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="all posts are in one fold"):
        fit_ridge(np.eye(4), np.ones((4, 1)), folds=np.zeros(4, dtype=np.int64), penalties=[1.0])

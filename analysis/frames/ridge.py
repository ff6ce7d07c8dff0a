"""Ridge regression of codings on a kernel of posts, with predictions that did not see them.

Codings are few and features many, so the regression is solved over posts, not features (Saunders,
Gammerman and Vovk 1998). One inverse a penalty gives the coefficients of every frame, and what
models fitted without each fold would say of it, without fitting them (the leave-out formula of
Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 7.52, for folds).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, solve

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

OFFSET = 1_000.0
"""Added to the kernel: an intercept whose penalty is too small to matter."""
MOST_TO_CHOOSE = 1_500
"""Posts, drawn at random, on which the penalty is chosen where there are more."""


class RidgeFit(NamedTuple):
    """A ridge regression of F columns on a kernel.

    `weights` (n, F) of the posts and `intercept` (F,) give margins: kernel @ weights + intercept.
    `out_of_fold` (n, F) are the margins of models fitted without each post's fold; `penalties` (F,)
    those that were chosen.
    """

    weights: Floats
    intercept: Floats
    out_of_fold: Floats
    penalties: Floats


def fit_ridge(
    kernel: Floats,
    values: Floats,
    *,
    folds: Integers,
    penalties: Sequence[float],
    random_state: int = 0,
) -> RidgeFit:
    """Regress each column of `values` (n, F) on the kernel (n, n), each with its best penalty.

    The best has the least squared error out of fold. `folds` (n,) number the folds, any number of
    them; posts of one author, say, are kept in one.

    Raises
    ------
    ValueError
        Where all posts are in one fold.
    """
    if len(np.unique(folds)) < 2:  # noqa: PLR2004 # one to learn from, one to predict
        raise ValueError("all posts are in one fold, so nothing can be predicted out of it")
    n_posts = len(values)
    some = np.arange(n_posts)
    if n_posts > MOST_TO_CHOOSE and len(penalties) > 1:
        some = np.sort(np.random.default_rng(random_state).permutation(n_posts)[:MOST_TO_CHOOSE])
    within = kernel[np.ix_(some, some)] if len(some) < n_posts else kernel
    tried = [_solved(within, values[some], folds[some], penalty) for penalty in penalties]
    errors = [((out - values[some]) ** 2).mean(axis=0) for _, out in tried]
    best = np.argmin(errors, axis=0)
    weights, out_of_fold = np.empty_like(values), np.empty_like(values)
    for number in np.unique(best).tolist():
        mine = best == number
        solved = (
            tried[number]
            if len(some) == n_posts
            else _solved(kernel, values, folds, penalties[number])
        )
        weights[:, mine], out_of_fold[:, mine] = solved[0][:, mine], solved[1][:, mine]
    chosen = np.asarray(penalties, dtype=np.float64)[best]
    return RidgeFit(weights, OFFSET * weights.sum(axis=0), out_of_fold, chosen)


def _solved(
    kernel: Floats, values: Floats, folds: Integers, penalty: float
) -> tuple[Floats, Floats]:
    """Return the weights of the posts, and the margins out of fold."""
    lifted = kernel + OFFSET
    lifted[np.diag_indices_from(lifted)] += penalty
    factor = cho_factor(lifted, lower=True, overwrite_a=True, check_finite=False)
    inverse = cho_solve(factor, np.eye(len(lifted)), overwrite_b=True, check_finite=False)
    weights = inverse @ values
    out_of_fold = np.empty_like(values)
    for fold in np.unique(folds).tolist():
        held = np.flatnonzero(folds == fold)
        error = solve(inverse[np.ix_(held, held)], weights[held], assume_a="pos")
        out_of_fold[held] = values[held] - error
    return weights, out_of_fold

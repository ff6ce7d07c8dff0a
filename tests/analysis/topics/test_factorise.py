"""The numerics against dense formulas, non-negative least squares and another library."""

import numpy as np
import pytest
from scipy.optimize import nnls
from scipy.sparse import csr_array
from sklearn.decomposition import NMF

from analysis.topics import factorise as numerics
from analysis.topics.factorise import (
    Statistics,
    factorise,
    first_basis,
    improve_basis,
    non_negative_loadings,
    rescaled,
    unexplained,
    unit_length,
)
from analysis.vectorise import unit_rows


@pytest.fixture(scope="module")
def terms() -> csr_array:
    """Rows of length one over 60 terms, mixed from five themes and some noise."""
    draw = np.random.default_rng(4)
    themes = draw.random((5, 60)) * (draw.random((5, 60)) < 0.25)
    mixed = draw.dirichlet(np.full(5, 0.3), 300) @ themes
    kept = draw.random(mixed.shape) < 0.4
    return unit_rows(csr_array((mixed + 0.05 * draw.random(mixed.shape)) * kept))


def left(terms: csr_array, basis: np.ndarray) -> float:
    """Return the squared distance of the posts from the best that a basis can say of them."""
    return float(
        sum(nnls(basis.T, row)[1] ** 2 for row in terms.toarray())  # least squares, row by row
    )


def test_it_comes_as_near_to_the_posts_as_another_library(terms: csr_array) -> None:
    found = factorise(terms, first_basis(terms, 5), max_iter=500)
    other = NMF(5, init="nndsvda", solver="cd", max_iter=500, tol=1e-6).fit(terms)
    assert found.converged
    np.testing.assert_allclose(np.linalg.norm(found.basis, axis=1), 1)
    assert left(terms, found.basis) <= 1.01 * left(terms, unit_length(other.components_))


def test_the_start_does_not_depend_on_the_order_of_posts(terms: csr_array) -> None:
    turned = terms[np.random.default_rng(0).permutation(terms.shape[0])]
    np.testing.assert_allclose(first_basis(turned, 5), first_basis(terms, 5), atol=1e-8)


def test_blocks_of_posts_give_what_all_of_them_give_at_once(
    terms: csr_array, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = factorise(terms, first_basis(terms, 5))
    monkeypatch.setattr(numerics, "ROWS_AT_ONCE", 7)
    in_blocks = factorise(terms, first_basis(terms, 5))
    np.testing.assert_allclose(in_blocks.basis, whole.basis, atol=1e-8)
    np.testing.assert_allclose(in_blocks.statistics.gram, whole.statistics.gram, atol=1e-8)


def test_a_row_of_the_basis_is_the_least_squares_row_with_the_pull(terms: csr_array) -> None:
    basis, pull = first_basis(terms, 5), 0.7
    loadings = non_negative_loadings(terms, basis)
    statistics = Statistics(loadings.T @ loadings, (terms.T @ loadings).T)
    towards = unit_length(np.random.default_rng(2).random(basis.shape))
    found = improve_basis(basis, statistics, pull=pull, towards=towards, sweeps=300)
    held = np.sqrt(pull * np.diag(statistics.gram))
    for column in range(0, terms.shape[1], 9):
        rows = np.vstack([loadings, np.diag(held)])
        aim = np.append(terms[:, [column]].toarray().ravel(), held * towards[:, column])
        np.testing.assert_allclose(found[:, column], nnls(rows, aim)[0], atol=1e-6)


def test_a_topic_without_posts_stays_and_a_great_pull_moves_nothing(terms: csr_array) -> None:
    basis = first_basis(terms, 5)
    silent = Statistics(np.zeros((5, 5)), np.ones_like(basis))
    np.testing.assert_array_equal(improve_basis(basis, silent), basis)
    held = factorise(terms, basis, pull=1e9, max_iter=3)
    np.testing.assert_allclose(held.basis, basis, atol=1e-6)


def test_statistics_go_with_the_length_of_the_rows(terms: csr_array) -> None:
    longer = first_basis(terms, 5) * np.array([[2.0], [1.0], [0.5], [3.0], [1.0]])
    loadings = non_negative_loadings(terms, longer, tolerance=1e-10)
    basis, found = rescaled(longer, Statistics(loadings.T @ loadings, (terms.T @ loadings).T))
    again = non_negative_loadings(terms, basis, tolerance=1e-10)
    np.testing.assert_allclose(found.gram, again.T @ again, atol=1e-6)
    np.testing.assert_allclose(found.cross, (terms.T @ again).T, atol=1e-6)


def test_what_is_left_unexplained_is_the_share_of_the_squared_length(terms: csr_array) -> None:
    basis = first_basis(terms, 5)
    loadings = non_negative_loadings(terms, basis)
    apart = terms.toarray() - loadings @ basis
    np.testing.assert_allclose(unexplained(terms, basis, loadings), (apart**2).sum(axis=1))
    silent = csr_array((1, terms.shape[1]))
    assert unexplained(silent, basis, np.zeros((1, 5))) == 0

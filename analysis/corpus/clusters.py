"""How uncertain frequencies are when posts come from people and conversations.

Tokens are not drawn one by one: an author keeps to words, a thread keeps to its matter. The rate of
a word, occurrences over tokens, is a ratio of two sums over clusters, and its relative variance is
that of the sum of each cluster's influence on log(rate),

    g_c = Y_c / Y - N_c / N          (Y occurrences, N tokens; Cochran 1977, chapter 6)

each divided by 1 - N_c / N, which makes it the variance of the jackknife that leaves out one
cluster at a time (CV3 of MacKinnon, Nielsen and Webb 2023, Journal of Applied Econometrics 38:671).
Two ways of clustering combine as V_author + V_thread - V_both (Cameron, Gelbach and Miller 2011,
Journal of Business and Economic Statistics 29:238), but never to less than either alone (as
MacKinnon, Nielsen and Webb 2024, Jackknife inference with two-way clustering, arXiv 2406.08880).

What comes out is an effective count for each word: as many independent occurrences would be as
certain. Where a few clusters make most of the variance, it is itself uncertain: its degrees of
freedom are k / G, with k the clusters that have the word and G the squared coefficient of variation
of their g_c^2, after the effective number of clusters of Carter, Schnepel and Steigerwald (2017,
Review of Economics and Statistics 99:698), and at most Kish's number of clusters less one.

All sums run over the occurrences alone, so a whole vocabulary costs one pass over a sparse table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from analysis.corpus.checks import Floats, Integers, both_codes

ROUNDING = 1e-12
"""Share of their sizes' squares under which squared influences of clusters are rounding."""
LEAST = 1e-100
"""Relative variance of a word that every cluster uses exactly alike."""
EVENEST = 100.0
"""No word's draws are taken to vary by less than those of this many times its occurrences."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Occurrences of each word in a set of posts, and what they are worth.

    Attributes
    ----------
    n : (n_words,) floats
        Occurrences.
    n_tokens : float
    effective_n : (n_words,) floats
        Independent occurrences with the same relative variance, `n` at most; 0 where the word does
        not occur.
    plain_n : (n_words,) floats
        The same as the resampling of clusters sees it: without the jackknife's correction, and
        with products of weights where there are two ways of clustering.
    df : (n_words,) floats
        Degrees of freedom of the relative variance, by the way of clustering that has fewest.
    """

    n: Floats
    n_tokens: float
    effective_n: Floats
    plain_n: Floats
    df: Floats


def spread_of(counts: csr_array, n_tokens: Floats, codes: Sequence[Integers]) -> Spread:
    """Return what the occurrences of each word are worth.

    Parameters
    ----------
    counts : (n_posts, n_words) sparse floats
    n_tokens : (n_posts,) floats
    codes : one or two ways of clustering, (n_posts,) integers from 0
    """
    n = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
    total = float(n_tokens.sum())
    if total <= 0:
        nothing = np.zeros_like(n)
        return Spread(n, 0.0, nothing, nothing, nothing)
    ways = [*codes, both_codes(codes)] if len(codes) > 1 else list(codes)
    found = [_influences(counts, n, n_tokens, way) for way in ways]
    return Spread(
        n=n,
        n_tokens=total,
        effective_n=np.minimum(_inverse(combined([each.jackknife for each in found])), n),
        plain_n=np.minimum(_inverse(np.sum([each.plain for each in found], axis=0)), EVENEST * n),
        df=np.min([each.df for each in found[: len(codes)]], axis=0),
    )


def combined(variances: Sequence[Floats]) -> Floats:
    """Return the variance of one way of clustering, or of two and their crossing."""
    if len(variances) == 1:
        return variances[0]
    first, second, both = variances
    shared = np.where(np.isfinite(both), both, 0.0)  # what is infinite in both is so in each
    return np.asarray(np.maximum(np.maximum(first, second), first + second - shared), np.float64)


def totals(values: Floats, code: Integers) -> Floats:
    """Return the sum of `values` in each cluster."""
    summed = np.bincount(code, weights=values, minlength=int(code.max(initial=-1)) + 1)
    return np.asarray(summed, dtype=np.float64)


def gathered(counts: csr_array, code: Integers) -> csr_array:
    """Return the counts (n_clusters, n_words) of each cluster."""
    n_clusters = int(code.max(initial=-1)) + 1
    ones = np.ones(len(code))
    place = (code, np.arange(len(code)))
    return csr_array(csr_array((ones, place), shape=(n_clusters, len(code))) @ counts)


class _Influences(NamedTuple):
    """Relative variance of each word by one way of clustering, with and without the jackknife."""

    jackknife: Floats
    plain: Floats
    df: Floats


def _influences(counts: csr_array, n: Floats, n_tokens: Floats, code: Integers) -> _Influences:
    share = totals(n_tokens, code) / n_tokens.sum()
    table = gathered(counts, code)
    row = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    square = np.square(table.data / n[table.indices] - share[row])

    def summed(squares: Floats, without: Floats) -> Floats:
        """Return a sum over all clusters, from those with the word and what it is without it."""
        excess = np.bincount(table.indices, weights=squares - without[row], minlength=len(n))
        return np.asarray(excess + without.sum(), dtype=np.float64)

    plain = np.maximum(summed(square, share**2), LEAST)
    alone = bool((share >= 1).any())
    scale = np.ones_like(share) if alone else 1 / (1 - share) ** 2
    jackknife = np.maximum(summed(square * scale[row], share**2 * scale), plain)
    jackknife = np.full_like(n, np.inf) if alone else jackknife
    n_with = np.maximum(np.bincount(table.indices, minlength=len(n)), 1)
    uneven = summed(np.square(square), share**4) / plain**2 - 1 / n_with
    df = np.full_like(n, max(effective_clusters(n_tokens, code) - 1, 0.0))
    varies = (n > 0) & (plain > ROUNDING * (share**2).sum())
    df = np.divide(1.0, uneven, out=df.copy(), where=varies & (uneven * df > 1))
    return _Influences(np.where(n > 0, jackknife, np.nan), np.where(n > 0, plain, np.nan), df)


def _inverse(variance: Floats) -> Floats:
    known = np.isfinite(variance) & (variance > 0)
    return np.divide(1.0, variance, out=np.zeros_like(variance), where=known)


def effective_clusters(n_tokens: Floats, code: Integers) -> float:
    """Return how many clusters of equal size the clusters are worth (Kish 1965)."""
    size = totals(n_tokens, code)
    return float(size.sum() ** 2 / np.sum(size**2))

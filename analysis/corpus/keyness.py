"""Keyness: which words one sub-corpus, the target, uses more or less than another, the reference.

Counts stand beside measures of three kinds, since none answers for the others:

- surety: log-likelihood LL = 2 (O1 ln(O1 / E1) + O2 ln(O2 / E2)) of the two counts of a word, with
  E = size (O1 + O2) / (size1 + size2) (Rayson and Garside 2000, Comparing corpora using frequency
  profiling), its p-value by chi-squared, one degree of freedom, and q by Benjamini and Hochberg;
- size: log ratio, the binary log of the ratio of rates, in which a count of 0 is taken as 0.5
  (Hardie 2014, Log Ratio: an informal introduction), with the log interval of a relative risk (Katz
  et al. 1978, Biometrics 34:469);
- size weighed by surety: log odds with an informative Dirichlet prior, and their z (Monroe,
  Colaresi and Quinn 2008, Fightin' words, Political Analysis 16:372, equations 15, 20 and 22).

All of them take tokens as drawn one by one, which they are not: posts of one author share words.
`analysis.corpus.clustered` and `analysis.corpus.resampling` have the bounds that hold.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike
from scipy.special import erfc, ndtri

from analysis.corpus.association import times_log
from analysis.corpus.checks import Floats, confidence_of, counts_of, total_of
from analysis.corpus.tables import to_arrow
from analysis.intervals import benjamini_hochberg

MILLION = 1e6
UNSEEN = 0.5
"""What a count of 0 is taken as in a log ratio."""
PRIOR_TOKENS = 500.0
"""Tokens of the two sub-corpora together that the prior of the log odds is worth."""


@dataclass(frozen=True, slots=True)
class Keyness:
    """Keyness of each word; NaN where a side has no tokens, or neither has the word.

    Attributes
    ----------
    n_target, n_reference, per_million_target, per_million_reference : floats
        Occurrences, and occurrences per million tokens.
    n_posts_target, n_posts_reference : floats
        Posts with the word, NaN where they were not given.
    log_likelihood, p_value, q_value : floats
        LL, which does not tell the direction: the sign of `log_ratio` does.
    log_ratio, lower, upper : floats
        Above 0 where the target uses the word more; bounds for tokens drawn one by one.
    log_odds, z : floats
        Natural log odds ratio of Monroe, Colaresi and Quinn over its standard deviation.
    """

    n_target: Floats
    n_reference: Floats
    per_million_target: Floats
    per_million_reference: Floats
    n_posts_target: Floats
    n_posts_reference: Floats
    log_likelihood: Floats
    p_value: Floats
    q_value: Floats
    log_ratio: Floats
    lower: Floats
    upper: Floats
    log_odds: Floats
    z: Floats

    def to_arrow(self) -> pa.Table:
        """Return one row a word."""
        return to_arrow(self)


def keyness(
    n_target: ArrayLike,
    n_reference: ArrayLike,
    *,
    size_target: float,
    size_reference: float,
    n_posts: tuple[ArrayLike, ArrayLike] | None = None,
    prior: ArrayLike | None = None,
    prior_tokens: float | None = None,
    confidence: float = 0.95,
) -> Keyness:
    """Return the keyness of every word.

    Parameters
    ----------
    n_target, n_reference : (n_words,) counts
    size_target, size_reference : tokens of each side, of other words too
    n_posts : two (n_words,) counts, optional
        Posts of the target and of the reference that have each word, to stand beside the rest.
    prior : (n_words,) pseudo-counts, optional
        Of each word in the prior of the log odds; by default its share of both sides together,
        times `prior_tokens`.
    prior_tokens : pseudo-counts of all words together, optional
        By default `PRIOR_TOKENS`, or the sum of `prior` where that is given.
    confidence : of the bounds of the log ratio

    Raises
    ------
    ValueError
        Where counts disagree in length, are negative, or are more than their side holds.
    """
    first = counts_of(n_target, "n_target")
    second = counts_of(n_reference, "n_reference", length=len(first))
    sizes = _sizes(first, second, size_target, size_reference)
    posts = _posts(n_posts, len(first))
    surety = _log_likelihood(first, second, sizes)
    p_value = erfc(np.sqrt(surety / 2))  # the upper tail of chi-squared with one degree
    ratio = log_ratio(first, second, sizes)
    reach = ndtri((1 + confidence_of(confidence)) / 2) * _log_ratio_deviation(first, second, sizes)
    weights, weight = _prior(first + second, sum(sizes), prior, prior_tokens)
    odds, z = _log_odds(first, second, sizes, weights, weight)
    return Keyness(
        n_target=first,
        n_reference=second,
        per_million_target=_per_million(first, sizes[0]),
        per_million_reference=_per_million(second, sizes[1]),
        n_posts_target=posts[0],
        n_posts_reference=posts[1],
        log_likelihood=surety,
        p_value=p_value,
        q_value=benjamini_hochberg(p_value),
        log_ratio=ratio,
        lower=ratio - reach,
        upper=ratio + reach,
        log_odds=odds,
        z=z,
    )


def _sizes(first: Floats, second: Floats, target: float, reference: float) -> tuple[float, float]:
    sizes = total_of(target, "size_target"), total_of(reference, "size_reference")
    for counts, size, name in ((first, sizes[0], "target"), (second, sizes[1], "reference")):
        if counts.max(initial=0) > size:
            raise ValueError(f"a word has more occurrences than the {name} has tokens ({size:.0f})")
    return sizes


def _posts(n_posts: tuple[ArrayLike, ArrayLike] | None, length: int) -> list[Floats]:
    if n_posts is None:
        return [np.full(length, np.nan)] * 2
    return [counts_of(each, "n_posts", length=length) for each in n_posts]


def log_ratio(first: Floats, second: Floats, sizes: tuple[float, float]) -> Floats:
    """Return the binary log of the ratio of two rates, a count of 0 as 0.5; NaN where both are."""
    if min(sizes) <= 0:
        return np.full_like(first, np.nan)
    found = np.log2(np.where(first > 0, first, UNSEEN) / np.where(second > 0, second, UNSEEN))
    found += np.log2(sizes[1] / sizes[0])
    return np.asarray(np.where((first > 0) | (second > 0), found, np.nan), dtype=np.float64)


def _per_million(counts: Floats, size: float) -> Floats:
    return counts * (MILLION / size) if size > 0 else np.full_like(counts, np.nan)


def _log_likelihood(first: Floats, second: Floats, sizes: tuple[float, float]) -> Floats:
    if min(sizes) <= 0:
        return np.full_like(first, np.nan)
    both = (first + second) / sum(sizes)
    total = times_log(first, sizes[0] * both) + times_log(second, sizes[1] * both)
    return np.where(both > 0, np.maximum(2 * total, 0.0), np.nan)


def _log_ratio_deviation(first: Floats, second: Floats, sizes: tuple[float, float]) -> Floats:
    """Return the standard deviation of the log ratio: ln RR's, in binary logs."""
    if min(sizes) <= 0:
        return np.full_like(first, np.nan)
    counts = 1 / np.where(first > 0, first, UNSEEN) + 1 / np.where(second > 0, second, UNSEEN)
    variance = np.maximum(counts - 1 / sizes[0] - 1 / sizes[1], 0.0)
    return np.asarray(np.sqrt(variance) / np.log(2), dtype=np.float64)


def _prior(
    both: Floats, size: float, prior: ArrayLike | None, prior_tokens: float | None
) -> tuple[Floats, float]:
    """Return the pseudo-counts of each word, and of all words together."""
    if prior is None:
        weight = PRIOR_TOKENS if prior_tokens is None else total_of(prior_tokens, "prior_tokens")
        return (both * (weight / size) if size > 0 else np.zeros_like(both)), weight
    weights = counts_of(prior, "prior", length=len(both))
    own = float(weights.sum())
    weight = own if prior_tokens is None else total_of(prior_tokens, "prior_tokens")
    if weight < own * (1 - 1e-9):
        raise ValueError(f"prior_tokens is {weight}; the prior of the words alone holds {own}")
    return weights, weight


def _log_odds(
    first: Floats, second: Floats, sizes: tuple[float, float], weights: Floats, weight: float
) -> tuple[Floats, Floats]:
    """Return the log odds ratio under the prior, and its z."""
    with_prior = first + weights, second + weights
    others = sizes[0] + weight - with_prior[0], sizes[1] + weight - with_prior[1]
    known = (with_prior[0] > 0) & (with_prior[1] > 0) & (others[0] > 0) & (others[1] > 0)
    known &= min(sizes) > 0
    nothing = np.full_like(first, np.nan)
    odds = np.divide(with_prior[0] * others[1], with_prior[1] * others[0], out=nothing, where=known)
    np.log(odds, out=odds, where=known)
    variance = np.divide(1, with_prior[0], out=np.ones_like(first), where=known)
    variance += np.divide(1, with_prior[1], out=np.ones_like(first), where=known)
    return odds, odds / np.sqrt(variance)

"""Bootstrap of log ratios by author and thread, for words that a table of keyness has brought up.

Each author and each thread gets a random weight, exponential with mean 1 (the Bayesian bootstrap,
Rubin 1981, Annals of Statistics 9:130; no draw then loses a word whole), and a post counts with
the product of the two: the product-weight bootstrap for crossed factors (Owen and Eckles 2012,
Annals of Applied Statistics 6:895). Three things are made to fit words, which are rare:

- It is conservative: what posts vary by themselves counts three times, and for words that is most
  of the variance. A side's draws are therefore drawn towards its estimate, on the log scale, until
  their variance is the two-way one of `analysis.corpus.clusters`, widened by Student's t for few
  clusters (as the expanded percentile of Hesterberg 2015, American Statistician 69:371).
- A percentile interval never reaches beyond what was seen. To the side that a bound would have more
  of, each draw adds one cluster more, of exponential weight and of as many occurrences as an
  occurrence's own cluster has on average. With posts as clusters and a word once in a post the
  bounds are then those of Clopper and Pearson for two Poisson counts; a word that one side never
  uses has one open end.
- An author who writes on both sides has one weight on both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from analysis.corpus.checks import Floats, Integers, both_codes, confidence_of
from analysis.corpus.clustered import Side, sides_of
from analysis.corpus.clusters import Spread, gathered
from analysis.corpus.keyness import log_ratio
from analysis.corpus.rates import lowered_both, worths
from analysis.corpus.tables import to_arrow

DRAWS_AT_ONCE = 50
"""Draws made together: they need this many floats for each post."""
WORDS_AT_ONCE = 1_000
"""Words drawn together: they need two floats for each draw and word."""
MIN_DRAWS = 100
FURTHEST = 100.0
"""No draw is further than this from its estimate, in natural logs."""


@dataclass(frozen=True, slots=True)
class ResampledLogRatio:
    """Log ratio of each word with the bounds of a bootstrap by clusters.

    Attributes
    ----------
    log_ratio : (n_words,) floats
        Binary log of the rate in the target over that in the reference; a count of 0 is taken as
        0.5; NaN where neither has the word.
    lower, upper : (n_words,) floats
        Bounds; one is infinite where a side does not have the word, both are NaN where one cluster
        holds all tokens of a side.
    """

    log_ratio: Floats
    lower: Floats
    upper: Floats

    def to_arrow(self) -> pa.Table:
        """Return one row a word."""
        return to_arrow(self)


def resampled_log_ratio(
    counts: Any,
    n_tokens: ArrayLike,
    is_target: ArrayLike,
    *,
    clusters: Sequence[ArrayLike] = (),
    confidence: float = 0.95,
    n_draws: int = 999,
    random_state: int = 0,
) -> ResampledLogRatio:
    """Return log ratios with bootstrap bounds that hold when an author or a thread shares words.

    Parameters
    ----------
    counts, n_tokens, is_target, clusters, confidence
        As `analysis.corpus.clustered.clustered_log_ratio` takes them.
    n_draws : int
        At least `MIN_DRAWS`.
    random_state : int
        The same seed gives the same bounds.

    Raises
    ------
    ValueError
        Where shapes disagree, a value cannot be, or draws are too few for a bound.
    """
    tail = (1 - confidence_of(confidence)) / 2
    if n_draws < MIN_DRAWS:
        raise ValueError(f"n_draws is {n_draws}; give {MIN_DRAWS} or more, such as 999")
    sides = sides_of(counts, n_tokens, is_target, clusters)
    spreads = sides[0].spread(), sides[1].spread()
    n_words = len(spreads[0].n)
    lower, upper = np.full(n_words, np.nan), np.full(n_words, np.nan)
    if min(spread.df.max(initial=0) for spread in spreads) > 0:
        models = _models(sides, spreads, confidence)
        for start in range(0, n_words, WORDS_AT_ONCE):
            words = slice(start, start + WORDS_AT_ONCE)
            low, high = _draws(models, words, n_draws=n_draws, seed=random_state)
            lower[words] = np.quantile(low, tail, axis=1, method="inverted_cdf")
            upper[words] = np.quantile(high, 1 - tail, axis=1, method="inverted_cdf")
    found = log_ratio(spreads[0].n, spreads[1].n, (spreads[0].n_tokens, spreads[1].n_tokens))
    known = ~np.isnan(found)
    return ResampledLogRatio(found, np.where(known, lower, np.nan), np.where(known, upper, np.nan))


@dataclass(frozen=True, slots=True)
class _Model:
    """One side, whose posts are gathered into the cells in which ways of clustering cross.

    `counts` is (n_words, n_cells) of the cells that have a word, `ways` the codes of their
    clusters; `tokens` is (n_authors, n_threads), with one column where there is one way. `scale` is
    what log deviations of a word are drawn towards its estimate by, `worth` the occurrences that
    one more cluster of it would hold.
    """

    counts: csr_array
    ways: tuple[Integers, ...]
    tokens: csr_array
    n: Floats
    scale: Floats
    worth: Floats


def _models(
    sides: tuple[Side, Side], spreads: tuple[Spread, Spread], confidence: float
) -> tuple[_Model, _Model]:
    effective = lowered_both(spreads[0], spreads[1], confidence)
    worth = worths(spreads, effective)
    n_codes = [
        max(int(first.max()), int(second.max())) + 1
        for first, second in zip(sides[0].codes, sides[1].codes, strict=True)
    ]
    shape = n_codes[0], n_codes[1] if len(n_codes) > 1 else 1
    return (
        _model(sides[0], spreads[0], effective[0], worth[0], shape),
        _model(sides[1], spreads[1], effective[1], worth[1], shape),
    )


def _model(
    side: Side, spread: Spread, effective: Floats, worth: Floats, n_codes: tuple[int, int]
) -> _Model:
    scale = np.divide(spread.plain_n, effective, out=np.zeros_like(effective), where=effective > 0)
    having = np.flatnonzero(np.diff(side.counts.indptr))
    codes = tuple(code[having] for code in side.codes)
    cell = both_codes(codes)
    _, first = np.unique(cell, return_index=True)
    columns = side.codes[1] if len(side.codes) > 1 else np.zeros_like(side.codes[0])
    return _Model(
        counts=csr_array(gathered(side.counts[having], cell).T),
        ways=tuple(code[first] for code in codes),
        tokens=csr_array((side.n_tokens, (side.codes[0], columns)), shape=n_codes),
        n=spread.n,
        scale=np.sqrt(scale),
        worth=worth,
    )


def _draws(
    models: tuple[_Model, _Model], words: slice, *, n_draws: int, seed: int
) -> tuple[Floats, Floats]:
    """Return draws (n_words, n_draws) of log ratios for the lower bound and for the upper one."""
    random = np.random.default_rng([seed, words.start])
    n_codes = models[0].tokens.shape[: len(models[0].ways)]
    own: list[list[Floats]] = [[], []]
    for start in range(0, n_draws, DRAWS_AT_ONCE):
        n = min(DRAWS_AT_ONCE, n_draws - start)
        weights = [random.exponential(size=(n_clusters, n)) for n_clusters in n_codes]
        for logs, model in zip(own, models, strict=True):
            logs.append(_log_rates(model, words, weights))
    target, reference = (np.concatenate(logs, axis=1) for logs in own)
    more_target = _with_one_more(target, models[0], words, random)
    more_reference = _with_one_more(reference, models[1], words, random)
    return (target - more_reference) / np.log(2), (more_target - reference) / np.log(2)


def _log_rates(model: _Model, words: slice, weights: list[Floats]) -> Floats:
    """Return natural logs of weighted rates (n_words, n); minus infinity without the word."""
    weight = weights[0][model.ways[0]]
    for drawn, way in zip(weights[1:], model.ways[1:], strict=True):
        weight = weight * drawn[way]
    occurrences = model.counts[words] @ weight
    across = weights[1] if len(weights) > 1 else np.ones((1, weight.shape[1]))
    tokens = np.einsum("ij,ij->j", weights[0], model.tokens @ across)
    size = model.tokens.sum()
    n = model.n[words][:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.log(occurrences / n) - np.log(tokens / size)
        off = np.clip(off * model.scale[words][:, None], -FURTHEST, FURTHEST)
        logs = np.where(n > 0, np.log(n / size) + off, -np.inf)
    return np.asarray(logs, dtype=np.float64)


def _with_one_more(
    logs: Floats, model: _Model, words: slice, random: np.random.Generator
) -> Floats:
    """Return logs of rates to which each draw adds one more cluster of every word."""
    more = model.worth[words][:, None] / model.tokens.sum()
    added = np.log(more * random.exponential(size=logs.shape))
    return np.asarray(np.logaddexp(logs, added), dtype=np.float64)

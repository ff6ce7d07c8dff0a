"""What sets topics apart: terms that are frequent and exclusive, and topics that say the same.

Everything here reads the basis of a model alone: topics are rows, terms are columns, and no weight
is below zero. Exclusive is a term whose weight in all topics lies in one of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LISTED_TERMS = 10
RANKED_TERMS = 50
"""Terms of each topic that are ranked: five for each one that is listed."""


class Redundancy(NamedTuple):
    """How much of each topic another one says too; arrays (n_topics,), in the topics' order.

    `nearest` is the topic that is most alike by the cosine of their weights, `cosine` how alike it
    is, and `shared` the greatest share of a topic's listed terms that some other topic lists. With
    one topic alone, -1 and NaN.
    """

    nearest: Integers
    cosine: Floats
    shared: Floats


def term_exclusivity(components: Floats) -> Floats:
    """Return the share (n_topics, n_terms) that each topic has of a term's weight in all topics."""
    totals = components.sum(axis=0, keepdims=True)
    shares = np.zeros_like(components)
    np.divide(components, totals, out=shares, where=totals > 0)
    return shares


def frex_scores(components: Floats, *, weight: float = 0.5, among: int = RANKED_TERMS) -> Floats:
    """Return how frequent and exclusive each term is in each topic, from 0 to 1.

    The harmonic mean of two ranks, each a share of the topic's terms: how many of them weigh no
    more, and how many are no more exclusive (Bischof and Airoldi 2012, Summarizing topical content
    with word frequency and exclusivity). Ranks are taken among a topic's heaviest terms: a topic of
    short posts weighs thousands of terms a little, and ranked among all of them, the rarest words
    come first. Others score 0.

    Parameters
    ----------
    components : (n_topics, n_terms) floats, none below zero
    weight : float
        Of exclusivity, from 0 to 1; the rest is that of frequency.
    among : int
        Terms of each topic that are ranked.

    Raises
    ------
    ValueError
        Where the weight is not between 0 and 1.
    """
    if not 0 <= weight <= 1:
        raise ValueError(f"weight is {weight}; give a weight of exclusivity from 0 to 1")
    weighed = np.zeros(components.shape, dtype=np.bool_)
    for topic, heavy in enumerate(components):
        weighed[topic, heaviest(heavy, among)] = True
    frequency = _ranks(components, weighed)
    exclusivity = _ranks(term_exclusivity(components), weighed)
    ranked = np.where(weighed, 1.0, np.nan)
    mean = 1 / (weight / (exclusivity * ranked) + (1 - weight) / (frequency * ranked))
    return np.nan_to_num(mean, nan=0.0)


def _ranks(values: Floats, weighed: NDArray[np.bool_]) -> Floats:
    """Return the share of a row's weighed terms that are no greater than each; 0 for others."""
    ranks = np.zeros(values.shape, dtype=np.float64)
    for rank, row, among in zip(ranks, values, weighed, strict=True):
        ordered = np.sort(row[among])
        rank[among] = np.searchsorted(ordered, row[among], side="right") / max(len(ordered), 1)
    return ranks


def frex_terms(
    components: Floats, vocabulary: Sequence[str], *, n: int = LISTED_TERMS, weight: float = 0.5
) -> list[list[str]]:
    """Return each topic's terms of greatest FREX score, the greatest first; of equals the heavier.

    `frex_scores` has the score and `weight`.
    """
    listed = []
    for score, heavy in zip(frex_scores(components, weight=weight), components, strict=True):
        scored = np.flatnonzero(score > 0)
        order = scored[np.lexsort((-heavy[scored], -score[scored]))[:n]]
        listed.append([vocabulary[term] for term in order.tolist()])
    return listed


def topic_exclusivity(components: Floats, *, n: int = LISTED_TERMS) -> Floats:
    """Return the mean exclusivity of each topic's `n` heaviest terms, from 0 to 1.

    1 where no other topic weighs them; 1 / n_topics where all weigh them alike; NaN for a topic
    without terms.
    """
    shares = term_exclusivity(components)
    means = [
        share[listed].mean() if len(listed := heaviest(heavy, n)) else np.nan
        for share, heavy in zip(shares, components, strict=True)
    ]
    return np.array(means, dtype=np.float64)


def topic_redundancy(components: Floats, *, n: int = LISTED_TERMS) -> Redundancy:
    """Return how much of each topic another one says too, by the `n` heaviest terms and weights."""
    k = len(components)
    if k < 2:  # noqa: PLR2004 # there is no other
        return Redundancy(np.full(k, -1), np.full(k, np.nan), np.full(k, np.nan))
    lengths = np.linalg.norm(components, axis=1, keepdims=True)
    units = np.divide(components, lengths, out=np.zeros_like(components), where=lengths > 0)
    alike = units @ units.T
    np.fill_diagonal(alike, -np.inf)
    listed = np.zeros(components.shape, dtype=np.float64)
    for topic, heavy in enumerate(components):
        listed[topic, heaviest(heavy, n)] = 1.0
    both = listed @ listed.T
    np.fill_diagonal(both, 0.0)
    n_listed = listed.sum(axis=1)
    shared = np.divide(both.max(axis=1), n_listed, out=np.full(k, np.nan), where=n_listed > 0)
    return Redundancy(alike.argmax(axis=1).astype(np.int64), alike.max(axis=1), shared)


def heaviest(weights: Floats, n: int) -> Integers:
    """Return the `n` terms of greatest weight above zero, the greatest first, of equals the left.

    Only what may be among them is ordered, since a vocabulary is far longer than a list of terms.
    """
    among = np.flatnonzero(weights > 0)
    if len(among) > n:
        least = np.partition(weights[among], len(among) - n)[len(among) - n]
        among = among[weights[among] >= least]
    return among[np.argsort(-weights[among], kind="stable")[:n]]

"""How good a topic model is on any corpus, measured alike for every model that lists terms.

A model is judged by two things that every topic model has: the terms that it lists for each topic,
and the topic that it gives each post. So ours and others' are held to the same figures. Single
figures of one start say little: `summarise` gives their mean and spread over several.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, stdev

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from sklearn.metrics import adjusted_mutual_info_score

from analysis.topics.model import TopicModel
from analysis.topics.quality import npmi_coherence, topic_diversity

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Listing = Sequence[Sequence[str]]
"""The terms of each topic, the greatest first."""

NO_TOPIC = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicQuality:
    """What one fit is worth.

    Attributes
    ----------
    npmi : float
        Mean over topics of the document NPMI of their terms, -1 to 1.
    diversity : float
        Share of the listed terms that are different.
    ami : float or None
        Adjusted mutual information of the posts' leading topics with their labels, over posts that
        have a label; 1 for the same partition, 0 for one that knows nothing. Posts without a topic
        are a group of their own. None without labels.
    without_topic : float
        Share of posts without a topic.
    """

    npmi: float
    diversity: float
    ami: float | None
    without_topic: float

    @property
    def coherent_diversity(self) -> float:
        """NPMI times diversity: terms that go together, and are not the same in every topic."""
        return self.npmi * self.diversity


def topic_quality(
    listing: Listing,
    leading: Integers,
    *,
    counts: csr_array,
    words: Sequence[str],
    labels: Sequence[str | None] | None = None,
) -> TopicQuality:
    """Measure one fit.

    Parameters
    ----------
    listing : sequence of sequences of str
        The first terms of each topic.
    leading : (n,) integers
        Each post's topic, -1 for none.
    counts : (n, n_words) sparse counts, its columns named by `words`
        Of what was read, before any term was left out.
    labels : sequence of str or None, optional
        What each post was said to be about; None for a post of which nobody said it.

    Raises
    ------
    ValueError
        Where posts, leading topics and labels differ in number.
    """
    given = {counts.shape[0], len(leading), len(leading) if labels is None else len(labels)}
    if len(given) > 1:
        raise ValueError("give one leading topic, and one label if any, for each row of counts")
    coherence = npmi_coherence(listing, counts, words)
    return TopicQuality(
        npmi=float(np.nanmean(coherence)) if np.isfinite(coherence).any() else float("nan"),
        diversity=topic_diversity(listing),
        ami=None if labels is None else _agreement(labels, leading),
        without_topic=float((leading == NO_TOPIC).mean()) if len(leading) else float("nan"),
    )


def fit_from(
    model: TopicModel, seed: int, *, counts: csr_array, words: Sequence[str]
) -> TopicModel:
    """Fit a model from one of several starts.

    Seed 0 is the model's own start, which is always the same. Any other begins from topics whose
    weights are drawn at random, of Euclidean length one, with nothing to pull it elsewhere; it has
    as many iterations as the model's own start.
    """
    if seed == 0:
        return model.fit(counts, words)
    max_iter = model.max_iter
    model.set_params(max_iter=1)
    model.fit(counts, words)
    draw = np.abs(np.random.default_rng(seed).standard_normal(model.components_.shape))
    model.components_ = draw / np.linalg.norm(draw, axis=1, keepdims=True)
    model.set_params(max_iter=max_iter)
    return model.refit(counts, words, pull=0.0)


def matched_overlap(one: Listing, other: Listing) -> float:
    """Return the mean Jaccard overlap of the terms of topics matched one to one.

    Topics are matched so that the sum of overlaps is greatest (Kuhn 1955; Greene, O'Callaghan and
    Cunningham 2014). A topic that finds no partner, where one listing is longer, counts as zero.
    NaN where a listing is empty.
    """
    if not one or not other:
        return float("nan")
    overlaps = np.array([[_jaccard(set(a), set(b)) for b in other] for a in one])
    rows, columns = linear_sum_assignment(overlaps, maximize=True)
    return float(overlaps[rows, columns].sum() / max(overlaps.shape))


def seed_stability(listings: Sequence[Listing]) -> list[float]:
    """Return the matched overlap of every pair of fits, in order of the pairs."""
    return [matched_overlap(one, other) for one, other in combinations(listings, 2)]


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation (of a sample) of a figure over several fits; NaN where unknown.

    One value has no standard deviation.
    """

    mean: float
    sd: float


def spread_of(values: Sequence[float | None]) -> Spread:
    """Return mean and standard deviation of those values that there are."""
    known = [value for value in values if value is not None and np.isfinite(value)]
    return Spread(
        fmean(known) if known else float("nan"), stdev(known) if len(known) > 1 else float("nan")
    )


def summarise(fits: Sequence[TopicQuality]) -> Mapping[str, Spread]:
    """Return mean and standard deviation of each measure over fits."""
    return {
        "npmi": spread_of([fit.npmi for fit in fits]),
        "diversity": spread_of([fit.diversity for fit in fits]),
        "npmi_x_diversity": spread_of([fit.coherent_diversity for fit in fits]),
        "ami": spread_of([fit.ami for fit in fits]),
        "without_topic": spread_of([fit.without_topic for fit in fits]),
    }


def _agreement(labels: Sequence[str | None], leading: Integers) -> float | None:
    labelled = [row for row, label in enumerate(labels) if label is not None]
    if not labelled:
        return None
    named = [labels[row] for row in labelled]
    return float(adjusted_mutual_info_score(named, leading[labelled]))


def _jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 0.0

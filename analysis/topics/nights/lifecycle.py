"""What becomes of topics: retired where they fall silent, joined where they grow alike, divided.

Rules over numbers alone, each with the evidence it decided by. A topic is silent where so few of
the posts of its last nights are led by it that its usual share is out of the question; nights on
which nothing was harvested, or too little, are not among them, so that an outage never retires.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.topics.factorise import factorise, first_basis, greatest_of_rows
from analysis.topics.model import TopicModel
from analysis.topics.nights.candidates import profile_cosine
from analysis.topics.quality import npmi_coherence

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

PROFILE_TERMS = 50
"""Terms by which a topic is compared with what it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleRules:
    """When topics retire, merge, split, and are said to have drifted.

    Attributes
    ----------
    quiet_nights : int
        Covered nights over which a topic's share is judged.
    quiet_share : float
        Under this part of its usual share a topic is silent.
    least_expected : float
        Where its usual share would give fewer posts in all these nights, nothing is judged.
    merge_cosine, merge_nights
        Two topics are one where their terms are so much alike on so many nights in a row.
    shared_posts : float
        Or where their loadings on the remembered posts have this cosine.
    split_share, split_cosine, split_gain : float
        A topic is two where the smaller group has this share of its posts, the groups' terms are
        at most so much alike, and their coherence is above the topic's by so much.
    most_splits, least_split_posts : int
        Topics that one refit may split, those that gain most; and posts that each has at least.
    drift_cosine : float
        A topic has drifted where its terms are less like what they were.
    """

    quiet_nights: int = 14
    quiet_share: float = 0.25
    least_expected: float = 12.0
    merge_cosine: float = 0.8
    merge_nights: int = 3
    shared_posts: float = 0.9
    split_share: float = 0.3
    split_cosine: float = 0.1
    split_gain: float = 0.1
    most_splits: int = 2
    least_split_posts: int = 60
    drift_cosine: float = 0.6


def quiet_topics(
    led: Integers, read: Integers, usual: Floats, *, rules: LifecycleRules
) -> list[tuple[int, Mapping[str, float]]]:
    """Return the rows of topics that are silent, each with its evidence.

    Parameters
    ----------
    led : (n_nights, k) int64
        Posts that each topic led on the last covered nights; -1 before it was there.
    read : (n_nights,) int64
        Posts of those nights.
    usual : (k,) floats
        Each topic's usual share.
    """
    if len(led) < rules.quiet_nights:
        return []
    led, read = led[-rules.quiet_nights :], read[-rules.quiet_nights :]
    silent: list[tuple[int, Mapping[str, float]]] = []
    for row in np.flatnonzero((led >= 0).all(axis=0)).tolist():
        n_posts, n_led = int(read.sum()), int(led[:, row].sum())
        expected = float(usual[row]) * n_posts
        if expected >= rules.least_expected and n_led < rules.quiet_share * expected:
            evidence = {
                "nights": float(rules.quiet_nights),
                "posts": float(n_led),
                "expected": expected,
                "share": n_led / n_posts,
                "usual_share": float(usual[row]),
            }
            silent.append((row, evidence))
    return silent


def alike_topics(model: TopicModel, *, rules: LifecycleRules) -> dict[tuple[int, int], float]:
    """Return the pairs of ids of topics whose terms or posts are the same, with their cosine.

    The first of a pair is the topic that remembers more posts, the older one of equals.
    """
    lengths = np.sqrt(np.maximum(np.diag(model.gram_), 1e-12))
    shared = model.gram_ / np.outer(lengths, lengths)
    shared = np.minimum(shared, shared.T)  # what each remembers of the other differs
    cosine = model.components_ @ model.components_.T
    alike = (cosine >= rules.merge_cosine) | (shared >= rules.shared_posts)
    pairs = {}
    for one, other in zip(*np.nonzero(np.triu(alike, k=1)), strict=True):
        if model.seed_names_[one] and model.seed_names_[other]:
            continue  # a study asked for both
        ids = sorted(
            (int(one), int(other)),
            key=lambda row: (
                not model.seed_names_[row],
                -float(model.posts_[row]),
                int(model.topic_ids_[row]),
            ),
        )
        kept, gone = (int(model.topic_ids_[row]) for row in ids)
        pairs[kept, gone] = float(max(cosine[one, other], shared[one, other]))
    return pairs


def topic_profiles(model: TopicModel) -> dict[int, Mapping[str, float]]:
    """Return each topic's foremost terms and their weights, by topic id."""
    profiles: dict[int, Mapping[str, float]] = {}
    foremost = greatest_of_rows(model.components_, n=PROFILE_TERMS)
    for row, topic in enumerate(model.topic_ids_.tolist()):
        terms = np.sort(foremost[row])
        weights = model.components_[row, terms].tolist()
        named = zip(terms.tolist(), weights, strict=True)
        profiles[topic] = {model.vocabulary_[term]: weight for term, weight in named if weight > 0}
    return profiles


def drift(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    """Return the cosine of a topic's terms with what they were; 1 where nothing is known."""
    return profile_cosine(before, now) if before and now else 1.0


class Split(NamedTuple):
    """Two groups that a topic's posts fall apart into, the larger first.

    `basis` (2, n_terms) are the groups' terms, `group` (n,) says which each post is of.
    """

    basis: Floats
    group: Integers
    evidence: Mapping[str, float]


def split_topic(
    rows: csr_array,
    counts: csr_array,
    words: Sequence[str],
    names: Sequence[str],
    *,
    rules: LifecycleRules,
) -> Split | None:
    """Return the two groups that a topic's posts fall apart into, or None where they do not.

    Parameters
    ----------
    rows : (n, n_terms) sparse weights of the topic's posts
    counts, words
        The same posts' counts, from which coherence is found.
    names : sequence of str
        The terms of `rows`' columns.
    """
    if rows.shape[0] < rules.least_split_posts:
        return None
    found = factorise(rows, first_basis(rows, 2), pull=0.0, max_iter=50)
    basis = found.basis
    group = np.asarray((rows @ basis.T).argmax(axis=1)).astype(np.int64)
    sizes = np.bincount(group, minlength=2)
    if sizes[1] > sizes[0]:
        basis, group, sizes = basis[::-1], 1 - group, sizes[::-1]
    whole = np.asarray(rows.mean(axis=0)).ravel()
    listed = [_foremost(weights, names) for weights in (*basis, whole)]
    coherence = npmi_coherence(listed, counts, words)
    evidence = {
        "posts": float(sizes[0]),
        "other_posts": float(sizes[1]),
        "cosine": float(basis[0] @ basis[1]),
        "coherence": float(coherence[0]),
        "other_coherence": float(coherence[1]),
        "coherence_before": float(coherence[2]),
        "gain": float(min(coherence[0], coherence[1]) - coherence[2]),
    }
    divided = (
        sizes[1] >= rules.split_share * rows.shape[0]
        and evidence["cosine"] <= rules.split_cosine
        and evidence["gain"] >= rules.split_gain
    )
    return Split(basis, group, evidence) if divided else None


def _foremost(weights: Floats, names: Sequence[str], *, n: int = 10) -> list[str]:
    order = np.argsort(-weights, kind="stable")[:n]
    return [names[term] for term in order.tolist() if weights[term] > 0]

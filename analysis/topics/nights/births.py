"""How a candidate becomes a row of the basis, and what it is compared with before."""

import copy
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from analysis.topics.model import TopicModel
from analysis.topics.nights.candidates import Candidate
from analysis.topics.nights.pool import Pool

Floats = NDArray[np.float64]


def copied(model: TopicModel) -> TopicModel:
    """Return a model that can be changed while the first one stays as it is."""
    twin = copy.copy(model)
    for name in ("components_", "topic_ids_", "gram_", "cross_", "posts_"):
        setattr(twin, name, getattr(model, name).copy())
    twin.seed_names_ = list(model.seed_names_)
    twin.terms_ = copy.copy(model.terms_)
    return twin


def nearest_topics(model: TopicModel, profiles: Sequence[Mapping[str, float]]) -> list[float]:
    """Return each candidate's likeness to the topic that is most like it, from 0 to 1.

    The cosine of their terms, or the weight of the candidate's foremost term in the topic, in parts
    of the topic's greatest weight: a topic's own foremost term leads to no other topic.
    """
    wanted = {word for profile in profiles for word in profile}
    column = {word: place for place, word in enumerate(model.vocabulary_) if word in wanted}
    greatest = np.maximum(model.components_.max(axis=1, initial=0.0), 1e-12)
    nearest = []
    for profile in profiles:
        weights = np.array(list(profile.values()))
        known = [place for place, word in enumerate(profile) if word in column]
        columns = [column[word] for word in profile if word in column]
        along = model.components_[:, columns] @ weights[known] / np.linalg.norm(weights)
        lead = column.get(next(iter(profile)))
        leading = np.zeros(0) if lead is None else model.components_[:, lead] / greatest
        nearest.append(max(float(along.max(initial=0.0)), float(leading.max(initial=0.0))))
    return nearest


def add_candidate(
    model: TopicModel, candidate: Candidate, pool: Pool, *, topic_id: int
) -> TopicModel:
    """Add a candidate to the model as a topic, learned from its posts in the pool.

    Its words that are no terms become terms, with the weight of the rarest: other topics weigh
    nothing in them.
    """
    known = set(model.vocabulary_)
    new = [word for word in candidate.profile if word not in known]
    if new:
        model.admit_terms(new)
    column = {word: place for place, word in enumerate(model.vocabulary_)}
    component = np.zeros(len(column))
    for word, weight in candidate.profile.items():
        component[column[word]] = weight
    counts, words = _counts(pool, candidate, model)
    model.add_topic(component, topic_id=topic_id, counts=counts, words=words)
    # What it remembers is what it says: else the next update would move it to other terms.
    model.cross_[-1] = model.gram_[-1] @ model.components_
    return model


def divide_topic(
    model: TopicModel,
    row: int,
    basis: Floats,
    *,
    topic_id: int,
    counts: csr_array,
    words: Sequence[str],
) -> TopicModel:
    """Return a model in which a topic has the first row of a basis, and a new one the second.

    Parameters
    ----------
    counts, words
        Posts of the new topic.
    """
    twin = copied(model)
    twin.components_[row] = basis[0] / np.linalg.norm(basis[0])
    twin.add_topic(basis[1], topic_id=topic_id, counts=counts, words=words)
    for each in (row, -1):
        twin.cross_[each] = twin.gram_[each] @ twin.components_
    return twin


def _counts(pool: Pool, candidate: Candidate, model: TopicModel) -> tuple[csr_array, list[str]]:
    """Return the candidate's posts as counts that weigh what the pool's rows weigh."""
    rows = pool.rows()[candidate.rows].tocoo()
    idf = dict(zip(model.vocabulary_, model.idf_.tolist(), strict=True))
    scale = np.array([idf.get(word, 1.0) for word in pool.words])
    counts = coo_array((rows.data / scale[rows.coords[1]], rows.coords), shape=rows.shape)
    return csr_array(counts), pool.words

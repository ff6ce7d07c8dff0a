"""Topics that are kept week by week through an archive, and what happens to them.

Each week is what a night is in a study: its posts come, topics are born, fall silent, grow alike or
drift; each January and July the model is fitted again to all posts so far, with terms chosen anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from math import prod

import numpy as np
from numpy.typing import NDArray

from analysis.series import periods_of
from analysis.topics.model import TopicModel, leading_ids
from analysis.topics.nights.events import TopicEvent
from analysis.topics.nights.keeper import KeeperRules, TopicKeeper
from analysis.topics.reading.badly_explained import explained_share, leading_where_explained
from analysis.topics.reading.labels import topic_labels, topic_terms
from analysis.topics.terms.topic_terms import TopicTerms
from tests.benchmarks.topics_posts import Posts
from tests.benchmarks.topics_timeline_figures import Birth, Echo, echoes

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FIRST = np.datetime64("2010-01", "M")
BASE_TOPICS, BASE_MIN_POSTS = 10, 5
REFIT_MONTHS = (1, 7)
LEAST_SCORE = 0.5
FOREMOST = 50
STILL_THE_SAME = 0.5
"""Cosine with its first terms under which a topic is told to have become another."""


@dataclass(slots=True, kw_only=True)
class Course:
    """What happened, and what each topic was called while it was there.

    Attributes
    ----------
    events : list of TopicEvent, in order of days
    leading : (n_posts,) integers
        Topic that led each post when it came, -1 where none did.
    begun, labels, terms : by topic id
        The label by the first model that had the topic; label and terms by the last one.
    first_weights, last_weights : by topic id, weights by term
    first, last : by topic id, the months between which the topic was there
    echoes : list of Echo
        What was born of the events of the world.
    """

    leading: Integers
    events: list[TopicEvent] = field(default_factory=list)
    begun: dict[int, str] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    first_weights: dict[int, Mapping[str, float]] = field(default_factory=dict)
    last_weights: dict[int, Mapping[str, float]] = field(default_factory=dict)
    terms: dict[int, list[str]] = field(default_factory=dict)
    first: dict[int, int] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    echoes: list[Echo] = field(default_factory=list)

    def see(self, model: TopicModel, month: int) -> None:
        """Remember the topics of a week."""
        labels = topic_labels(model.components_, model.vocabulary_)
        terms = topic_terms(model.components_, model.vocabulary_)
        for row, topic in enumerate(model.topic_ids_.tolist()):
            self.labels[topic], self.terms[topic] = labels[row], terms[row]
            self.begun.setdefault(topic, labels[row])
            self.last_weights[topic] = _foremost(model, row)
            self.first_weights.setdefault(topic, self.last_weights[topic])
            self.first.setdefault(topic, month)
            self.last[topic] = month

    def births(self) -> list[Birth]:
        """Return the topics that were born, as they were in their first week."""
        return [
            Birth(
                each.topic_id, each.day, self.begun[each.topic_id], self.first_terms(each.topic_id)
            )
            for each in self.events
            if each.event == "born" and each.topic_id is not None
        ]

    def came(self) -> dict[int, date]:
        """Return the days on which topics were born or split off."""
        return {
            topic: each.day
            for each in self.events
            for topic in [each.other_id if each.event == "split" else each.topic_id]
            if each.event in {"born", "split"} and topic is not None
        }

    def first_terms(self, topic: int) -> tuple[str, ...]:
        """Return the ten foremost terms that a topic had first."""
        weights = self.first_weights[topic]
        return tuple(sorted(weights, key=lambda term: -weights[term])[:10])

    def likeness(self, topic: int) -> float:
        """Return how much a topic is at last like it was at first, the cosine of its terms."""
        first, last = self.first_weights[topic], self.last_weights[topic]
        lengths = (sum(weight**2 for weight in each.values()) ** 0.5 for each in (first, last))
        shared = sum(weight * last.get(term, 0.0) for term, weight in first.items())
        return shared / max(prod(lengths), 1e-12)


def _foremost(model: TopicModel, row: int) -> Mapping[str, float]:
    weights = model.components_[row]
    order = np.argsort(-weights, kind="stable")[:FOREMOST]
    return {model.vocabulary_[term]: float(weights[term]) for term in order.tolist()}


def leading_of(model: TopicModel, posts: Posts, rows: Integers) -> tuple[Integers, Floats]:
    """Return each post's leading topic id, -1 where none explains it, and what is explained."""
    counts = posts.counts[rows]
    loadings = model.loadings(counts, posts.words)
    terms = model.terms_.transform(counts, posts.words)
    explained = explained_share(terms, model.components_, loadings)
    return leading_where_explained(leading_ids(loadings, model.topic_ids_), explained), explained


def run(
    posts: Posts,
    *,
    first: np.datetime64 = FIRST,
    n_topics: int = BASE_TOPICS,
    nightly_bars: bool = False,
    related_terms: bool = False,
) -> tuple[TopicKeeper, Course]:
    """Keep topics through the weeks; return the keeper as it is at the end, and the course."""
    month = posts.day.astype("datetime64[M]")
    base = np.flatnonzero(month < first)
    plain = TopicTerms(min_posts=BASE_MIN_POSTS, sublinear=False, background=False, related=0.0)
    model = TopicModel(
        n_topics=n_topics,
        min_posts=BASE_MIN_POSTS,
        terms=TopicTerms(min_posts=BASE_MIN_POSTS) if related_terms else plain,
    )
    model.fit(posts.counts[base], posts.words)
    rules = KeeperRules(
        least_score=None if nightly_bars else LEAST_SCORE,
        least_score_of_refit=None if nightly_bars else LEAST_SCORE,
    )
    keeper = TopicKeeper.start(model, posts.counts[base], posts.words, rules=rules)
    course = Course(leading=np.full(len(month), -1, dtype=np.int64))
    fitted_in = first
    for rows in _weeks(posts, month >= first):
        day: date = posts.day[rows[0]].item()
        this = month[rows[0]]
        if this != fitted_in and day.month in REFIT_MONTHS:
            past = np.arange(rows[0])
            found = keeper.refit(posts.counts[past], posts.words, day=day, new_terms=True)
            course.events += found.events
            fitted_in = this
        night = keeper.night(posts.counts[rows], posts.words, day=day, post_ids=rows)
        course.events += night.events
        course.leading[rows] = leading_of(keeper.model, posts, rows)[0]
        course.see(keeper.model, int((this - FIRST).astype(np.int64)))
    course.echoes = echoes(posts, course.births())
    return keeper, course


def _weeks(posts: Posts, wanted: NDArray[np.bool_]) -> list[Integers]:
    """Return the rows of each week's posts, which are in the order of days."""
    rows = np.flatnonzero(wanted)
    week = periods_of(posts.day[rows], "week").number
    return np.split(rows, np.flatnonzero(np.diff(week)) + 1)

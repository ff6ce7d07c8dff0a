"""A study week by week: what the keeper of topics says of 33 communities from 2010 to 2013.

The posts of 2008 and 2009 are the base. Then each week is what a night is in a study: its posts
come, topics are born, fall silent, grow alike or drift; and each January and July the model is
fitted again to all posts so far, with the vocabulary chosen anew. The corpus grows by half or more
between two such fits, so that the bars of identity are set lower than those of a study's nights
(``--nightly-bars`` has those). Terms are weighed by themselves and not spread onto what goes with
them, as a model has it by default: 389 titles do not tell what goes with what. With
``--related-terms`` every later fit is refused, so that the first titles decide for ever what is
talked about, and topics are born of everything else.

Shares of the topics that are there at the end are those of all months by the last model; a topic
that went has the shares that were counted while it was there. The archive has no authors, so that
each post stands for one of its own, and the intervals are those of independent posts. Printed are
the events with their evidence, and for each topic how much of the change of its share is due to the
mix of communities (the decomposition of Kitagawa 1955, Journal of the American Statistical
Association 50:1168). No line of a post is shown.

Run as ``python -m tests.benchmarks.topics_timeline``; with ``--plot FILE`` the drawing is written.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.series import periods_of, topic_shares
from analysis.topics.model import TopicModel, leading_ids
from analysis.topics.nights.keeper import KeeperRules, TopicKeeper
from analysis.topics.nights.lifecycle import TopicEvent
from analysis.topics.reading.badly_explained import (
    BADLY_EXPLAINED,
    explained_share,
    leading_where_explained,
    words_of_posts,
)
from analysis.topics.reading.labels import topic_labels, topic_terms
from analysis.topics.terms.topic_terms import TopicTerms
from tests.benchmarks.topics_posts import DATA, Posts, archive_posts
from tests.benchmarks.topics_timeline_plot import Drawing, Row, svg

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FIRST = np.datetime64("2010-01", "M")
BASE_TOPICS, BASE_MIN_POSTS = 10, 5
REFIT_MONTHS = (1, 7)
LEAST_SCORE = 0.5
FOREMOST = 50
STILL_THE_SAME = 0.5
"""Cosine with its first terms under which a topic is drawn with its first label too."""
EARLY, LATE = ("2011", "2012"), ("2013",)
"""Years that are compared: before them too few communities are there."""


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
    posts: Posts, *, nightly_bars: bool = False, related_terms: bool = False
) -> tuple[TopicKeeper, Course]:
    """Keep topics through the weeks; return the keeper as it is at the end, and the course."""
    month = posts.day.astype("datetime64[M]")
    base = np.flatnonzero(month < FIRST)
    plain = TopicTerms(min_posts=BASE_MIN_POSTS, sublinear=False, background=False, related=0.0)
    model = TopicModel(
        n_topics=BASE_TOPICS,
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
    fitted_in = FIRST
    for rows in _weeks(posts, month >= FIRST):
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
    return keeper, course


def _weeks(posts: Posts, wanted: NDArray[np.bool_]) -> list[Integers]:
    """Return the rows of each week's posts, which are in the order of days."""
    rows = np.flatnonzero(wanted)
    week = periods_of(posts.day[rows], "week").number
    return np.split(rows, np.flatnonzero(np.diff(week)) + 1)


def shares_by_month(
    leading: Integers, month: Integers, topics: Sequence[int]
) -> Mapping[str, Floats]:
    """Return share, lower and upper bound (n_topics, n_months) of topics, months from 0."""
    place = {topic: number for number, topic in enumerate(topics)}
    rows = np.array([place.get(topic, -1) for topic in leading.tolist()], dtype=np.int64)
    table = topic_shares(rows, month, n_topics=len(topics))
    shape = (len(topics), int(month.max()) + 1)
    return {
        name: table[name].to_numpy(zero_copy_only=False).reshape(shape)
        for name in ("share", "lower", "upper")
    }


@dataclass(frozen=True, slots=True)
class Change:
    """Change of a topic's share between two times: in all, and by the mix of communities."""

    early: float
    late: float
    by_mix: float


def decompose(
    led: NDArray[np.bool_], community: Integers, late: NDArray[np.bool_], early: NDArray[np.bool_]
) -> Change:
    """Return how a share changed, and how much of that the communities' weights make.

    A community that one of the times lacks has its own share from the other.
    """
    n = int(community.max()) + 1
    weights, rates = [], []
    for time_ in (early, late):
        posts = np.bincount(community[time_], minlength=n).astype(np.float64)
        with_topic = np.bincount(community[time_ & led], minlength=n)
        weights.append(posts / posts.sum())
        rates.append(np.divide(with_topic, posts, out=np.full(n, np.nan), where=posts > 0))
    first, second = (np.where(np.isnan(own), other, own) for own, other in (rates, reversed(rates)))
    mix = np.nansum((weights[1] - weights[0]) * (first + second) / 2)
    shares = [float(np.nansum(weight * rate)) for weight, rate in zip(weights, rates, strict=True)]
    return Change(*shares, float(mix))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the events and the changes; draw where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--nightly-bars", action="store_true")
    parser.add_argument("--related-terms", action="store_true")
    chosen = parser.parse_args(arguments)
    posts = archive_posts(DATA / "reddit_communities.parquet")
    started = time.process_time()
    keeper, course = run(
        posts, nightly_bars=chosen.nightly_bars, related_terms=chosen.related_terms
    )
    spent = time.process_time() - started
    for event in course.events:
        _say(_told(event, course))
    kinds = Counter(event.event for event in course.events)
    _say(", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())))
    report(posts, keeper, course)
    if chosen.plot:
        chosen.plot.write_text(svg(drawing(posts, keeper, course)), encoding="utf-8")
    _say(f"{spent:.1f} CPU s")


def _told(event: TopicEvent, course: Course) -> str:
    """Return an event in a line, its topic by the label that it had last."""
    numbers = " ".join(f"{name} {value:.3g}" for name, value in event.evidence.items())
    if event.topic_id is None:
        return f"{event.day} {event.event}: {numbers}"
    name = course.labels[event.topic_id]
    if event.other_id is not None:
        name += f" / {course.labels[event.other_id]}"
    return f"{event.day} {event.event} {event.topic_id} ({name}): {numbers}"


def report(posts: Posts, keeper: TopicKeeper, course: Course) -> None:
    """Print what the last model makes of all months."""
    rows = np.flatnonzero(posts.day.astype("datetime64[M]") >= FIRST)
    leading, explained = leading_of(keeper.model, posts, rows)
    year = posts.day[rows].astype("datetime64[Y]").astype(str)
    early, late = np.isin(year, EARLY), np.isin(year, LATE)
    community = posts.label[rows]
    for topic in keeper.model.topic_ids_.tolist():
        led = leading == topic
        change = decompose(led, community, late, early)
        most = np.bincount(community[led], minlength=len(posts.labels))
        main_one = posts.labels[int(most.argmax())]
        _say(
            f"topic {topic} [{course.labels[topic]}; first {course.begun[topic]}, alike by"
            f" {course.likeness(topic):.2f}] {change.early:.2%} -> {change.late:.2%}, mix"
            f" {change.by_mix:+.2%}; {led.sum()} posts, {most.max() / max(led.sum(), 1):.0%} of"
            f" {main_one}; {' '.join(course.terms[topic])}"
        )
    for each in np.unique(year):
        of = year == each
        badly = (explained[of] < BADLY_EXPLAINED).mean()
        without = (leading[of] < 0).mean()
        _say(f"{each}: {of.sum()} posts, no topic {without:.1%}, badly explained {badly:.1%}")
    key = words_of_posts(posts.counts[rows], posts.words, explained < BADLY_EXPLAINED, n=15)
    _say(f"words of the badly explained: {', '.join(key['word'].to_pylist())}")


def drawing(posts: Posts, keeper: TopicKeeper, course: Course) -> Drawing:
    """Return what is drawn: topics in the order in which they came."""
    every = posts.day.astype("datetime64[M]")
    rows = np.flatnonzero(every >= FIRST)
    month = (every[rows] - FIRST).astype(np.int64)
    topics = sorted(course.first, key=lambda each: (course.first[each], each))
    alive = set(keeper.model.topic_ids_.tolist())
    by_last = shares_by_month(leading_of(keeper.model, posts, rows)[0], month, topics)
    as_counted = shares_by_month(course.leading[rows], month, topics)
    months = np.arange(int(month.max()) + 1)
    drawn = []
    for number, topic in enumerate(topics):
        there = (months >= course.first[topic]) & (months <= course.last[topic])
        figures = by_last if topic in alive else as_counted
        shown = topic in alive
        share, lower, upper = (
            np.where(there | shown, figures[name][number], np.nan)
            for name in ("share", "lower", "upper")
        )
        drawn.append(
            Row(
                label=course.labels[topic],
                begun="" if course.likeness(topic) >= STILL_THE_SAME else course.begun[topic],
                share=share,
                lower=lower,
                upper=upper,
                known_from=course.first[topic],
                known_until=course.last[topic],
                events=_marks(course, topic),
            )
        )
    communities = [len(np.unique(posts.label[rows][month == each])) for each in months]
    return Drawing(
        title="Topics of 33 communities by month, 2010 to 2013",
        months=[(FIRST + each).astype("datetime64[D]").item() for each in months],
        rows=drawn,
        n_posts=np.bincount(month).tolist(),
        n_communities=communities,
    )


def _marks(course: Course, topic: int) -> list[tuple[int, str]]:
    """Return a topic's events with the month that each is drawn in."""
    first: date = FIRST.astype("datetime64[D]").item()
    return [
        ((event.day.year - first.year) * 12 + event.day.month - first.month, event.event)
        for event in course.events
        if topic == event.topic_id or (event.event == "split" and topic == event.other_id)
    ]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

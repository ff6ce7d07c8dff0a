"""A study week by week: what the keeper of topics says of 33 communities from 2010 to 2013.

The posts of 2008 and 2009 are the base, of which ten topics are made; then topics are kept through
the weeks (`topics_timeline_course`). The corpus grows by half or more between two fits, so that the
bars of identity are set lower than those of a study's nights (``--nightly-bars`` has those). Terms
are weighed by themselves and not spread onto what goes with them, as a model has it by default: 389
titles do not tell what goes with what. With ``--related-terms`` later fits are refused, so that
the first titles decide for ever what is talked about. ``--from`` and ``--topics`` begin later, with
more posts and topics.

Shares of the topics that are there at the end are those of all months by the last model; a topic
that went has the shares that were counted while it was there. The archive has no authors, so that
each post stands for one of its own, and the intervals are those of independent posts. Printed are
the events with their evidence, what the changes of shares are due to (the decomposition of Kitagawa
1955, Journal of the American Statistical Association 50:1168), which events of the world gave
topics, and what one fit to all posts finds besides. No line of a post is shown.

Run as ``python -m tests.benchmarks.topics_timeline``; with ``--plot FILE`` the drawing is written.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.topics.nights.events import TopicEvent
from analysis.topics.nights.keeper import TopicKeeper
from tests.benchmarks.topics_posts import DATA, Posts, archive_posts
from tests.benchmarks.topics_timeline_course import (
    BASE_TOPICS,
    FIRST,
    STILL_THE_SAME,
    Course,
    leading_of,
    run,
)
from tests.benchmarks.topics_timeline_figures import posts_by_year, shares_by_month
from tests.benchmarks.topics_timeline_plot import Drawing, Row, svg
from tests.benchmarks.topics_timeline_report import report_lines

Floats = NDArray[np.float64]

TOLD = ("", "--related-terms", "--from 2012-01 --topics 33 --related-terms")
"""Options of the runs that the page on methods tells of."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the events and the changes; draw where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--from", dest="first", type=np.datetime64, default=FIRST, metavar="MONTH")
    parser.add_argument("--topics", type=int, default=BASE_TOPICS)
    parser.add_argument("--nightly-bars", action="store_true")
    parser.add_argument("--related-terms", action="store_true")
    chosen = parser.parse_args(arguments)
    posts = archive_posts(DATA / "reddit_communities.parquet")
    started = time.process_time()
    keeper, course = run(
        posts,
        first=chosen.first,
        n_topics=chosen.topics,
        nightly_bars=chosen.nightly_bars,
        related_terms=chosen.related_terms,
    )
    spent = time.process_time() - started
    for event in course.events:
        _say(_told(event, course))
    kinds = Counter(event.event for event in course.events)
    _say(", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())))
    base = int((posts.day.astype("datetime64[M]") < chosen.first).sum())
    _say(f"Begun in {chosen.first} with {base:,} posts and {chosen.topics} topics.")
    for line in report_lines(posts, keeper, course):
        _say(line)
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


def drawing(posts: Posts, keeper: TopicKeeper, course: Course) -> Drawing:
    """Return what is drawn: topics in the order in which they came, those that ended last."""
    every = posts.day.astype("datetime64[M]")
    rows = np.flatnonzero(every >= FIRST)
    month = (every[rows] - FIRST).astype(np.int64)
    topics = sorted(course.first, key=lambda each: (course.first[each], each))
    alive, came = set(keeper.model.topic_ids_.tolist()), course.came()
    by_last = shares_by_month(leading_of(keeper.model, posts, rows)[0], month, topics)
    as_counted = shares_by_month(course.leading[rows], month, topics)
    drawn = {
        topic: _row(course, topic, number, by_last if topic in alive else as_counted, alive)
        for number, topic in enumerate(topics)
    }
    years = posts.day[rows].astype("datetime64[Y]")
    by_community = posts_by_year(
        posts.label[rows], (years - years.min()).astype(np.int64), n_labels=len(posts.labels)
    )
    last: date = posts.day[rows[-1]].item()
    return Drawing(
        title="Topics of 33 communities by month, January 2010 to August 2013",
        months=[(FIRST + each).astype("datetime64[D]").item() for each in range(month.max() + 1)],
        groups=[
            ("There from the start", [drawn[each] for each in topics if each in alive - set(came)]),
            ("Came later", [drawn[each] for each in topics if each in alive & set(came)]),
            ("Ended", [drawn[each] for each in topics if each not in alive]),
        ],
        n_events=Counter(event.event for event in course.events),
        n_posts=np.bincount(month).tolist(),
        last_is_part=(last + timedelta(days=1)).day != 1,
        years=np.unique(years.astype(np.int64) + 1970).tolist(),
        by_community=list(zip(posts.labels, by_community.tolist(), strict=True)),
    )


def _row(
    course: Course, topic: int, number: int, figures: Mapping[str, Floats], alive: Collection[int]
) -> Row:
    months = np.arange(figures["share"].shape[1])
    there = (months >= course.first[topic]) & (months <= course.last[topic])
    shown = there | (topic in alive)
    share, lower, upper = (
        np.where(shown, figures[name][number], np.nan) for name in ("share", "lower", "upper")
    )
    return Row(
        label=course.labels[topic],
        note=_note(course, topic),
        share=share,
        lower=lower,
        upper=upper,
        known_from=course.first[topic],
        known_until=course.last[topic],
        events=_marks(course, topic),
    )


def _note(course: Course, topic: int) -> str:
    """Return what a topic was at first, where it became another, and what it was born of."""
    of = [
        echo.event.name
        for echo in course.echoes
        if any(birth.topic == topic for birth in echo.births)
    ]
    if course.likeness(topic) >= STILL_THE_SAME:
        return f"after: {of[0]}" if of else ""
    return f"at first: {course.begun[topic]}" + (f" ({of[0]})" if of else "")


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

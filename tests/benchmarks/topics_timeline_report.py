"""What a timeline of topics says, in lines: composition, changes, events, and what is missed.

Tables are those of the page on methods, so that a test can hold the page to them.
"""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_mutual_info_score

from analysis.topics.model import TopicModel
from analysis.topics.nights.keeper import TopicKeeper
from analysis.topics.reading.badly_explained import BADLY_EXPLAINED, words_of_posts
from analysis.topics.reading.labels import topic_labels
from tests.benchmarks.topics_posts import Posts
from tests.benchmarks.topics_timeline_course import FIRST, STILL_THE_SAME, Course, leading_of
from tests.benchmarks.topics_timeline_figures import (
    LEAST_POSTS,
    decompose,
    echo_lines,
    posts_by_year,
    shares_by_month,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

EARLY, LATE = (
    (np.datetime64(f"{year}-01-01"), np.datetime64(f"{year}-08-20")) for year in (2012, 2013)
)
"""Days that are compared: the same of two years, since before them communities are missing."""
CHANGED = 0.003
"""Change of a share from which on it is told."""
AT_ONCE = 33
"""Topics of the one fit to all posts, as many as there are communities."""
FIRST_YEAR = int(FIRST.astype("datetime64[Y]").astype(np.int64))
MENTAL_HEALTH = (
    *(
        "ADHD",
        "Advice",
        "Anxiety",
        "Assistance",
        "BipolarReddit",
        "DecidingToBeBetter",
        "SuicideWatch",
    ),
    *("aspergers", "autism", "bipolar", "depression", "offmychest", "psychology"),
    *("socialanxiety", "stopdrinking"),
)


def report_lines(posts: Posts, keeper: TopicKeeper, course: Course) -> Iterator[str]:
    """Yield what the last model makes of all months, and what births are of."""
    rows = np.flatnonzero(posts.day.astype("datetime64[M]") >= FIRST)
    leading, explained = leading_of(keeper.model, posts, rows)
    yield from composition_lines(posts, rows, leading, explained)
    yield from topic_lines(posts, rows, leading, keeper, course)
    yield from change_lines(posts, rows, leading, keeper, course)
    yield from likeness_lines(keeper, course)
    yield from width_lines(posts, rows, leading, keeper)
    yield from echo_lines(course.echoes, course.births())
    yield from beginning_lines(posts, course)
    yield from refit_lines(course)
    yield from at_once_lines(posts, rows, leading, course)


def composition_lines(
    posts: Posts, rows: Integers, leading: Integers, explained: Floats
) -> Iterator[str]:
    """Yield posts by community and year, and of each year what has no topic."""
    year = posts.day[rows].astype("datetime64[Y]").astype(np.int64) - FIRST_YEAR
    counted = posts_by_year(posts.label[rows], year - year.min(), n_labels=len(posts.labels))
    for name, of_years in zip(posts.labels, counted.tolist(), strict=True):
        yield f"{name}: {' '.join(f'{n}' for n in of_years)}"
    health = np.isin(np.array(posts.labels), MENTAL_HEALTH)
    yield (
        f"| year | posts | communities with {LEAST_POSTS} posts | in mental health | no topic"
        " | badly explained |"
    )
    yield "|---|---|---|---|---|---|"
    for number, of_year in enumerate(counted.T):
        those = year == number
        yield (
            f"| {number + FIRST_YEAR + 1970} | {of_year.sum():,} | {(of_year >= LEAST_POSTS).sum()}"
            f" | {of_year[health].sum() / of_year.sum():.0%} | {(leading[those] < 0).mean():.0%}"
            f" | {(explained[those] < BADLY_EXPLAINED).mean():.0%} |"
        )
    key = words_of_posts(posts.counts[rows], posts.words, explained < BADLY_EXPLAINED, n=15)
    yield f"words of the badly explained: {', '.join(map(str, key['word'].to_pylist()))}"


def topic_lines(
    posts: Posts, rows: Integers, leading: Integers, keeper: TopicKeeper, course: Course
) -> Iterator[str]:
    """Yield each topic with its terms and the community that it has most posts of."""
    for topic in keeper.model.topic_ids_.tolist():
        of = np.bincount(posts.label[rows[leading == topic]], minlength=len(posts.labels))
        yield (
            f"topic {topic} [{course.labels[topic]}; first {course.begun[topic]}, alike by"
            f" {course.likeness(topic):.2f}] {of.sum()} posts, {of.max() / max(of.sum(), 1):.0%}"
            f" of {posts.labels[int(of.argmax())]}; {' '.join(course.terms[topic])}"
        )


def change_lines(
    posts: Posts, rows: Integers, leading: Integers, keeper: TopicKeeper, course: Course
) -> Iterator[str]:
    """Yield a table of the topics whose share changed between the same days of two years."""
    day, community = posts.day[rows], posts.label[rows]
    early, late = ((day >= first) & (day <= last) for first, last in (EARLY, LATE))
    changes = {
        topic: decompose(leading == topic, community, late, early)
        for topic in keeper.model.topic_ids_.tolist()
    }
    told = {
        topic: each for topic, each in changes.items() if abs(each.late - each.early) >= CHANGED
    }
    yield "| topic | 2012 → 2013 | by the mix | within | communities where it rose / fell |"
    yield "|---|---|---|---|---|"
    for topic, each in told.items():
        yield (
            f"| {topic} *{course.labels[topic]}* | {each.early:.1%} → {each.late:.1%}"
            f" | {100 * each.by_mix:+.1f}"
            f" | {100 * each.within:+.1f} ± {196 * each.within_error:.1f}"
            f" | {each.rising} / {each.falling} |"
        )
    by_mix = sum(abs(each.by_mix) > abs(each.within) for each in told.values())
    sure = sum(abs(each.within) > 1.96 * each.within_error for each in told.values())
    yield (
        f"Of {len(told)} topics whose share changed by {CHANGED:.1%} or more, the mix makes the"
        f" greater part for {by_mix}; within communities {sure} changed by more than chance."
    )


def likeness_lines(keeper: TopicKeeper, course: Course) -> Iterator[str]:
    """Yield how many topics are still what they were at first."""
    alike = np.array([course.likeness(topic) for topic in keeper.model.topic_ids_.tolist()])
    yield (
        f"Of {len(alike)} topics at the end, {(alike < STILL_THE_SAME).sum()} have a cosine under"
        f" {STILL_THE_SAME} with their first terms, {(alike < 0.2).sum()} under 0.2."
    )


def width_lines(
    posts: Posts, rows: Integers, leading: Integers, keeper: TopicKeeper
) -> Iterator[str]:
    """Yield how wide the intervals of monthly shares are in each year."""
    month = (posts.day[rows].astype("datetime64[M]") - FIRST).astype(np.int64)
    found = shares_by_month(leading, month, keeper.model.topic_ids_.tolist())
    n_posts = np.bincount(month)
    for first in range(0, len(n_posts), 12):
        year = slice(first, first + 12)
        usual = (found["share"][:, year] >= 0.01) & (found["share"][:, year] <= 0.03)
        lower, upper = (100 * np.median(found[each][:, year][usual]) for each in ("lower", "upper"))
        yield (
            f"{2010 + first // 12}: {n_posts[year].min()} to {n_posts[year].max():,} posts a month;"
            f" a share of 1 to 3 % has an interval of {lower:.1f} to {upper:.1f} %, medians"
        )


def refit_lines(course: Course) -> Iterator[str]:
    """Yield how the refits went."""
    for kind, said in (("refitted", "Accepted refits"), ("kept", "Refused")):
        those = [each.evidence for each in course.events if each.event == kind]
        if those:
            scores, moved = ([each[name] for each in those] for name in ("score", "moved"))
            yield (
                f"{said}: {len(those)}, scores {min(scores):.2f} to {max(scores):.2f}, of the posts"
                f" {min(moved):.0%} to {max(moved):.0%} moved."
            )


def beginning_lines(posts: Posts, course: Course) -> Iterator[str]:
    """Yield for each topic that came which communities its first eight weeks' posts are of."""
    for topic, day in course.came().items():
        first = np.datetime64(day, "D")
        those = (course.leading == topic) & (posts.day >= first) & (posts.day < first + 56)
        of = np.bincount(posts.label[those], minlength=len(posts.labels))
        yield (
            f"beginning of {topic} [{course.begun[topic]}]: {of.sum()} posts of {(of > 0).sum()}"
            f" communities in 8 weeks, {of.max() / max(of.sum(), 1):.0%} of"
            f" {posts.labels[int(of.argmax())]}"
        )


def at_once_lines(posts: Posts, rows: Integers, leading: Integers, course: Course) -> Iterator[str]:
    """Yield the topics of one fit to all posts, and which kept topic has most posts of each."""
    model = TopicModel(n_topics=AT_ONCE).fit(posts.counts[rows], posts.words)
    at_once = leading_of(model, posts, rows)[0]
    names = topic_labels(model.components_, model.vocabulary_)
    found = []
    for row, topic in enumerate(model.topic_ids_.tolist()):
        of = leading[at_once == topic]
        kept, n = np.unique(of[of >= 0], return_counts=True)
        found.append((int(kept[n.argmax()]), n.max() / len(of), names[row]))
        yield (
            f"at once [{names[row]}]: {len(of)} posts, {found[-1][1]:.0%} in {found[-1][0]}"
            f" [{course.labels[found[-1][0]]}], {(of < 0).mean():.0%} in none"
        )
    largest = Counter(topic for topic, _, _ in found).most_common(1)[0][0]
    lumped = [f"*{name}* ({share:.0%})" for topic, share, name in found if topic == largest]
    yield (
        f"Of {AT_ONCE} topics of one fit to all posts, {sum(each > 0.5 for _, each, _ in found)}"
        f" have more than half of their posts in one kept topic. Topic {largest}"
        f" *{course.labels[largest]}* has the most of {len(lumped)}: {', '.join(lumped)}."
    )
    label = posts.label[rows]
    yield (
        "Agreement of topics with communities (AMI): kept"
        f" {adjusted_mutual_info_score(label, leading):.3f}, in one fit"
        f" {adjusted_mutual_info_score(label, at_once):.3f}."
    )

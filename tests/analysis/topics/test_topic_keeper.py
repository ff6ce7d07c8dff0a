"""Nights of invented posts: what the keeper of topics changes, and what it leaves."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pytest
from scipy.sparse import csr_array

from analysis.topics.candidates import Writers
from analysis.topics.keeper import KeeperRules, NightOutcome, TopicKeeper
from analysis.topics.lifecycle import describe
from analysis.topics.model import TopicModel
from analysis.vectorise import document_term_counts

FIRST = date(2026, 1, 5)
THEMES = {
    "waiting": ["waiting", "appointment", "clinic", "referral", "list", "months", "nurse"],
    "money": ["budget", "funding", "cuts", "council", "savings", "price", "levy"],
    "rights": ["rights", "law", "coercion", "ward", "detained", "appeal", "tribunal"],
    "calm": ["walking", "garden", "morning", "sleep", "music", "painting", "calm"],
    "peers": ["peer", "group", "kitchen", "volunteers", "meeting", "circle", "tea"],
    "pills": ["zopranil", "dose", "tremor", "tablets", "prescriber", "weaning", "rash"],
}
OLD = ("waiting", "money", "rights", "calm")
COMMON = [
    "today",
    "people",
    "talk",
    "really",
    "day",
    "week",
    "think",
    "know",
    "thing",
    "place",
    "year",
    "good",
]


class Night(NamedTuple):
    """Counts of invented posts, their words, their numbers and the theme of each."""

    counts: csr_array
    words: list[str]
    post_ids: np.ndarray
    theme: np.ndarray


def night_of(
    themes: Sequence[str], n: int, *, seed: int, extra: Sequence[str] = (), first_id: int = 0
) -> Night:
    """Return `n` posts of some themes, and one post for each name in `extra`."""
    draw = np.random.default_rng(seed)
    chosen = [*draw.choice(np.array(themes), n), *extra] if len(themes) else list(extra)
    number: dict[str, int] = {}
    posts, tokens = [], []
    for post, theme in enumerate(chosen):
        own = draw.choice(THEMES[str(theme)], size=int(draw.integers(4, 8)))
        around = draw.choice(COMMON, size=int(draw.integers(2, 6)))
        for word in (*own, *around):
            posts.append(post)
            tokens.append(number.setdefault(str(word), len(number)))
    terms = document_term_counts(np.arange(len(chosen)), posts, tokens)
    names = list(number)
    words = [names[column] for column in terms.word_ids]
    return Night(terms.counts, words, np.arange(len(chosen)) + first_id, np.array(chosen))


def kept(**rules: object) -> TopicKeeper:
    base = night_of(OLD, 600, seed=1)
    model = TopicModel(n_topics=4, max_share=0.5).fit(base.counts, base.words)
    return TopicKeeper.start(model, base.counts, base.words, rules=KeeperRules(**rules))


def live(
    keeper: TopicKeeper,
    nights: Sequence[Sequence[str]],
    *,
    n: int = 150,
    extra: Sequence[str] = (),
    covered: bool = True,
    start: int = 0,
) -> list[NightOutcome]:
    """Let nights pass, each with posts of its themes."""
    outcomes = []
    for number, themes in enumerate(nights, start=start):
        night = night_of(themes, n, seed=100 + number, extra=extra, first_id=10_000 * (number + 1))
        outcomes.append(
            keeper.night(
                night.counts,
                night.words,
                day=FIRST + timedelta(days=number),
                post_ids=night.post_ids,
                covered=covered,
            )
        )
    return outcomes


def events_of(outcomes: Sequence[NightOutcome], *kinds: str) -> list[str]:
    return [e.event for outcome in outcomes for e in outcome.events if e.event in kinds]


def foremost(keeper: TopicKeeper, topic_id: int, n: int = 5) -> set[str]:
    row = keeper.model.topic_ids_.tolist().index(topic_id)
    order = np.argsort(-keeper.model.components_[row])[:n]
    return {keeper.model.vocabulary_[term] for term in order}


def test_nothing_is_born_where_people_talk_as_before() -> None:
    keeper = kept()
    outcomes = live(keeper, [OLD] * 20)
    assert events_of(outcomes, "born", "retired", "merged", "drifted") == []
    assert keeper.model.topic_ids_.tolist() == [0, 1, 2, 3]


def test_a_topic_of_words_that_nobody_wrote_before_is_born_and_named_by_them() -> None:
    keeper = kept()
    live(keeper, [OLD] * 5)
    outcomes = live(keeper, [OLD] * 4, extra=["pills"] * 6, start=5)
    (born,) = [e for outcome in outcomes for e in outcome.events if e.event == "born"]
    assert born.topic_id == 4
    assert born.day <= FIRST + timedelta(days=7)
    assert foremost(keeper, 4) <= set(THEMES["pills"])
    assert born.evidence["posts"] >= 10
    assert "was born: on 3 nights" in describe(born)


def test_what_one_author_or_one_thread_writes_is_no_topic() -> None:
    for authors_of, threads_of in ((lambda i: i * 0, lambda i: i), (lambda i: i, lambda i: i * 0)):
        keeper = kept()
        for number in range(6):
            first_id = 1_000 * (number + 1)
            night = night_of(OLD, 150, seed=number, extra=["pills"] * 6, first_id=first_id)
            everyone = np.concatenate([night.post_ids, keeper.pool_post_ids])
            new = everyone % 1_000 >= 150
            writers = Writers(
                post_ids=everyone,
                authors=np.where(new, authors_of(everyone), everyone),
                threads=np.where(new, threads_of(everyone), everyone),
            )
            outcome = keeper.night(
                night.counts,
                night.words,
                day=FIRST + timedelta(days=number),
                post_ids=night.post_ids,
                writers=writers,
            )
            assert events_of([outcome], "born") == []


def test_a_night_without_posts_changes_nothing() -> None:
    keeper = kept()
    live(keeper, [OLD] * 3)
    model, before = keeper.model, keeper.state()
    (outcome,) = live(keeper, [[]], n=0, start=3)
    assert outcome.accepted
    assert outcome.events == ()
    assert keeper.model is model
    for name, value in keeper.state().items():
        np.testing.assert_array_equal(value, before[name])


def test_a_state_that_comes_back_goes_on_as_if_it_had_never_left() -> None:
    keeper = kept()
    live(keeper, [OLD] * 3, extra=["pills"] * 4)
    state = keeper.state()
    assert all(np.asarray(value).dtype.kind in "iufbU" for value in state.values())
    twin = TopicKeeper.from_state(state, model=keeper.model)
    ours = live(keeper, [OLD] * 3, extra=["pills"] * 4, start=3)
    theirs = live(twin, [OLD] * 3, extra=["pills"] * 4, start=3)
    assert [o.events for o in ours] == [o.events for o in theirs]
    np.testing.assert_array_equal(keeper.model.components_, twin.model.components_)


def test_a_number_is_asked_for_each_post() -> None:
    night = night_of(OLD, 5, seed=0)
    with pytest.raises(ValueError, match="5 posts have 2 numbers"):
        kept().night(night.counts, night.words, day=FIRST, post_ids=np.arange(2))

"""Nights of invented posts: what the keeper of topics changes, and what it leaves."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pytest
from scipy.sparse import csr_array

from analysis.topics.model import TopicModel
from analysis.topics.nights.candidates import Writers
from analysis.topics.nights.events import describe
from analysis.topics.nights.keeper import KeeperRules, NightOutcome, TopicKeeper
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


def test_a_topic_that_nobody_talks_of_retires_after_fourteen_covered_nights() -> None:
    keeper = kept()
    rest = ("waiting", "money", "rights")
    silent = next(t for t in range(4) if foremost(keeper, t) <= set(THEMES["calm"]))
    early = live(keeper, [rest] * 13)
    assert events_of(early, "retired") == []
    (outcome,) = live(keeper, [rest], start=13)
    (retired,) = [e for e in outcome.events if e.event == "retired"]
    assert retired.topic_id == silent
    assert silent not in keeper.model.topic_ids_
    assert keeper.next_topic_id == 4


def test_nights_without_coverage_or_with_few_posts_retire_nothing() -> None:
    keeper = kept()
    rest = ("waiting", "money", "rights")
    outcomes = live(keeper, [rest] * 20, covered=False)
    outcomes += live(keeper, [rest] * 20, n=20, start=20)
    outcomes += live(keeper, [[]] * 7, n=0, start=40)
    assert events_of(outcomes, "retired", "born", "merged") == []


def test_a_week_of_outage_delays_a_birth_and_loses_nothing() -> None:
    keeper = kept()
    live(keeper, [OLD] * 2, extra=["pills"] * 6)
    live(keeper, [[]] * 7, n=0, start=2)
    outcomes = live(keeper, [OLD] * 2, extra=["pills"] * 6, start=9)
    assert events_of(outcomes, "born") == ["born"]


def test_one_night_of_fifty_times_the_posts_neither_gives_birth_nor_blinds() -> None:
    keeper = kept()
    live(keeper, [OLD] * 2, n=60)
    flood = live(keeper, [(*OLD, "peers")], n=3_000, start=2)
    assert events_of(flood, "born") == []
    outcomes = live(keeper, [OLD] * 4, n=60, extra=["pills"] * 6, start=3)
    (born,) = [e for outcome in outcomes for e in outcome.events if e.event == "born"]
    assert foremost(keeper, born.topic_id) <= set(THEMES["pills"])


def test_nights_of_one_community_change_no_topic() -> None:
    keeper = kept()
    outcomes = live(keeper, [["waiting"], ["money"], ["waiting"]] * 2)
    assert events_of(outcomes, "born", "retired", "merged") == []
    assert keeper.model.topic_ids_.tolist() == [0, 1, 2, 3]


def test_a_night_after_which_topics_would_not_be_the_same_keeps_the_model() -> None:
    keeper = kept(least_score=1.01)
    before, state = keeper.model, keeper.state()
    (outcome,) = live(keeper, [OLD])
    assert not outcome.accepted
    assert [e.event for e in outcome.events] == ["kept"]
    assert keeper.model is before
    for name, value in keeper.state().items():
        np.testing.assert_array_equal(value, state[name])
    assert "refused" in outcome.reason
    assert describe(outcome.events[0]).startswith("The last model was kept")


def test_a_born_topic_explains_its_posts_and_is_not_born_again() -> None:
    keeper = kept()
    outcomes = live(keeper, [OLD] * 15, extra=["pills"] * 8)
    assert events_of(outcomes, "born") == ["born"]
    night = night_of([], 0, seed=5, extra=["pills"] * 20)
    leading = keeper.model.transform(night.counts, night.words).argmax(axis=1)
    assert (keeper.model.topic_ids_[leading] == 4).mean() > 0.9


def test_topics_grown_alike_merge_under_the_id_of_the_larger() -> None:
    keeper = kept()
    rows = keeper.model.components_
    rows[3] = rows[0] + 0.1 * rows[3]
    rows[3] /= np.linalg.norm(rows[3])
    larger = max((0, 3), key=lambda row: keeper.model.posts_[row])
    keeper.rules = KeeperRules(least_score=0.0)
    outcomes = live(keeper, [("money",)] * 3, n=40)
    (merged,) = [e for outcome in outcomes for e in outcome.events if e.event == "merged"]
    assert {merged.topic_id, merged.other_id} == {0, 3}
    assert merged.other_id == larger
    assert len(keeper.model.topic_ids_) == len(keeper.usual) == keeper.led.shape[1] == 3


def test_a_refit_splits_a_topic_whose_posts_are_of_two_kinds() -> None:
    base = night_of(("waiting", "money"), 600, seed=1)
    model = TopicModel(n_topics=1, max_share=0.6).fit(base.counts, base.words)
    keeper = TopicKeeper.start(model, base.counts, base.words)
    outcome = keeper.refit(base.counts, base.words, day=FIRST)
    assert [e.event for e in outcome.events][:2] == ["refitted", "split"]
    split = outcome.events[1]
    assert (split.topic_id, split.other_id) == (0, 1)
    assert keeper.model.topic_ids_.tolist() == [0, 1]
    sides = [foremost(keeper, topic) for topic in (0, 1)]
    assert any(side <= set(THEMES["waiting"]) for side in sides)
    assert any(side <= set(THEMES["money"]) for side in sides)
    assert keeper.next_topic_id == 2


def test_forgotten_posts_and_words_are_in_nothing_that_is_kept() -> None:
    keeper = kept()
    live(keeper, [OLD] * 2, extra=["pills"] * 6)
    assert "zopranil" in keeper.words()
    gone = [post for post in keeper.pool_post_ids.tolist() if post % 10_000 >= 150]
    keeper.forget_posts(gone)
    assert not set(gone) & set(keeper.pool_post_ids.tolist())
    assert "zopranil" not in keeper.pool.words
    keeper.forget_terms(["waiting", "zopranil"])
    assert not {"waiting", "zopranil"} & keeper.words()
    kept_texts = [np.asarray(v) for v in keeper.state().values() if np.asarray(v).dtype.kind == "U"]
    assert not any(np.isin(["waiting", "zopranil"], texts).any() for texts in kept_texts)
    assert len(live(keeper, [OLD], start=2)) == 1


def test_the_same_nights_give_the_same_bits_in_any_order_of_posts() -> None:
    keepers = [kept(), kept()]
    for number in range(4):
        night = night_of(OLD, 150, seed=number, extra=["pills"] * 6, first_id=1_000 * number)
        order = np.random.default_rng(number).permutation(len(night.post_ids))
        for keeper, rows in zip(keepers, (np.arange(len(order)), order), strict=True):
            keeper.night(
                csr_array(night.counts[rows]),
                night.words,
                day=FIRST,
                post_ids=night.post_ids[rows],
            )
    one, other = keepers
    assert one.pool.post_ids.tolist() == other.pool.post_ids.tolist()
    assert one.model.topic_ids_.tolist() == other.model.topic_ids_.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(one.model.components_, other.model.components_, atol=1e-9)


def test_a_silent_topic_stays_what_it_was_until_it_retires() -> None:
    keeper = kept()
    silent = next(t for t in range(4) if foremost(keeper, t) <= set(THEMES["calm"]))
    rest = ("waiting", "money", "rights")
    row = keeper.model.topic_ids_.tolist().index(silent)
    before = keeper.model.components_.copy()
    live(keeper, [rest] * 10)
    after = keeper.model.components_
    np.testing.assert_array_equal(after[row], before[row])
    others = [other for other in range(4) if other != row]
    assert (np.abs(after[others] - before[others]).max(axis=1) > 0).all()

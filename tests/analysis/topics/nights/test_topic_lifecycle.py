"""Rules of silence, likeness, division and drift, against cases counted by hand."""

from datetime import date

import numpy as np
import pytest
from scipy.sparse import csr_array

from analysis.topics.model import TopicModel
from analysis.topics.nights.events import EVENTS, TopicEvent, describe
from analysis.topics.nights.lifecycle import (
    LifecycleRules,
    alike_topics,
    drift,
    quiet_topics,
    split_topic,
    topic_profiles,
)

RULES = LifecycleRules()
READ = np.full(14, 100)


def two_topics(**learned: object) -> TopicModel:
    model = TopicModel(n_topics=2)
    model.vocabulary_ = ["bed", "rent", "wage", "ward"]
    model.components_ = np.array([[0.6, 0.0, 0.0, 0.8], [0.0, 0.8, 0.6, 0.0]])
    model.topic_ids_ = np.array([4, 9])
    model.gram_ = np.diag([5.0, 7.0])
    model.posts_ = np.array([50.0, 70.0])
    model.seed_names_ = ["", ""]
    for name, value in learned.items():
        setattr(model, name, value)
    return model


def test_a_topic_far_under_its_usual_share_for_all_nights_is_silent() -> None:
    led = np.stack([np.full(14, 3), np.r_[np.full(13, 0), 5], np.full(14, 0)], axis=1)
    silent = quiet_topics(led, READ, np.array([0.03, 0.03, 0.03]), rules=RULES)
    assert [row for row, _ in silent] == [1, 2]
    assert silent[0][1] == pytest.approx(
        {"nights": 14, "posts": 5, "expected": 42, "share": 5 / 1400, "usual_share": 0.03}
    )


def test_too_few_nights_or_posts_or_a_young_topic_are_never_silent() -> None:
    nothing = np.zeros((14, 1), dtype=np.int64)
    usual = np.array([0.05])
    assert quiet_topics(nothing, READ, usual, rules=RULES)
    assert not quiet_topics(nothing[1:], READ[1:], usual, rules=RULES)
    assert not quiet_topics(nothing, READ // 10, usual, rules=RULES)
    young = nothing.copy()
    young[0] = -1
    assert not quiet_topics(young, READ, usual, rules=RULES)


def test_topics_of_the_same_terms_or_posts_are_alike() -> None:
    assert alike_topics(two_topics(), rules=RULES) == {}
    near = np.array([[0.6, 0.0, 0.0, 0.8], [0.8, 0.0, 0.0, 0.6]])
    assert alike_topics(two_topics(components_=near), rules=RULES) == {(9, 4): pytest.approx(0.96)}
    shared = np.array([[4.0, 5.8], [5.8, 9.0]])
    assert alike_topics(two_topics(gram_=shared), rules=RULES) == {(9, 4): pytest.approx(5.8 / 6.0)}


def test_a_topic_that_was_asked_for_is_the_one_that_stays() -> None:
    near = np.array([[0.6, 0.0, 0.0, 0.8], [0.8, 0.0, 0.0, 0.6]])
    asked = two_topics(components_=near, seed_names_=["beds", ""])
    assert list(alike_topics(asked, rules=RULES)) == [(4, 9)]
    both = two_topics(components_=near, seed_names_=["beds", "wards"])
    assert alike_topics(both, rules=RULES) == {}


def test_drift_is_the_cosine_with_what_the_terms_were() -> None:
    profiles = topic_profiles(two_topics())
    assert profiles[4] == {"bed": 0.6, "ward": 0.8}
    assert drift(profiles[4], {"ward": 1.0}) == pytest.approx(0.8)
    assert drift(profiles[4], {}) == 1.0


def test_posts_of_two_kinds_fall_apart_and_posts_of_one_do_not() -> None:
    draw = np.random.default_rng(0)
    names = ["bed", "nurse", "ward", "rent", "tax", "wage"]
    kinds = np.repeat([0, 1], [80, 40])
    counts = np.zeros((120, 6))
    for row, kind in enumerate(kinds):
        counts[row, draw.choice(3, 2, replace=False) + 3 * kind] = 1
    posts = csr_array(counts / np.sqrt(2))
    found = split_topic(posts, csr_array(counts), names, names, rules=RULES)
    assert found is not None
    basis, group, evidence = found
    np.testing.assert_array_equal(group, kinds)
    assert evidence["posts"] == 80
    assert evidence["other_posts"] == 40
    assert basis[0, 3:].max() < 0.1 < basis[1, 3:].min()
    one = csr_array(posts[:80])
    assert split_topic(one, csr_array(counts[:80]), names, names, rules=RULES) is None
    few = csr_array(posts[60:100])
    assert split_topic(few, csr_array(counts[60:100]), names, names, rules=RULES) is None


def test_what_a_fit_bore_and_a_refit_with_new_terms_are_told_as_what_they_are() -> None:
    found = {"topics": 30.0, "posts": 12_345.0, "terms_version": 1.0}
    born = TopicEvent(day=date(2026, 1, 5), topic_id=7, event="born", evidence=found)
    assert describe(born) == (
        "Topic 7 was born with a new model: it is one of 30 topics that were found in 12,345 posts,"
        " with the terms of version 1."
    )
    taken = {"posts": 900.0, "score": 0.912, "new_terms": 4.0}
    refitted = TopicEvent(day=date(2026, 1, 5), topic_id=None, event="refitted", evidence=taken)
    assert describe(refitted) == (
        "The model was fitted again to 900 posts, with 4 terms that it did not have: topics are the"
        " same by 0.912."
    )


def test_every_event_has_a_sentence_with_its_numbers() -> None:
    evidence = dict.fromkeys(
        ("nights", "posts", "authors", "threads", "observed", "expected", "other_posts"), 12.0
    ) | {"cosine": 0.5, "score": 0.75, "moved": 0.02}
    for event in EVENTS:
        told = describe(
            TopicEvent(day=date(2026, 1, 5), topic_id=7, event=event, other_id=8, evidence=evidence)
        )
        assert told.endswith(".")
        assert "nan" not in told
    retired = TopicEvent(day=date(2026, 1, 5), topic_id=7, event="retired", evidence=evidence)
    assert describe(retired) == (
        "Topic 7 was retired: it led 12 posts on the last 12 covered nights, where its usual share"
        " would have given 12."
    )

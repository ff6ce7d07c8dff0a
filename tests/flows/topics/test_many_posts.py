"""More posts than topics are learned from: a draw is read to learn, and all get their topics."""

import numpy as np
import pytest

from analysis.topics.model import TopicModel
from analysis.topics.terms.phrases import phrases_of_terms
from flows.topics import posts
from flows.topics.assigning import assign_posts
from flows.topics.beginning import NewLine
from flows.topics.keeping import load_keeper
from flows.topics.lines import current_line, saved_version
from flows.topics.terms import read_terms
from tests.flows.topics.nights import TALK, Forum, rows_of

DRAWN, AT_ONCE = 150, 40


@pytest.fixture
def bounded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bounds of an invented size; the list fills with how many posts are read at once."""
    monkeypatch.setattr(posts, "POSTS_TO_LEARN_FROM", DRAWN)
    monkeypatch.setattr(posts, "POSTS_AT_ONCE", AT_ONCE)
    learned: list[int] = []
    for name in ("fit", "partial_fit", "refit"):
        original = getattr(TopicModel, name)

        def watched(self, counts, words, *, _call=original, **options):
            learned.append(counts.shape[0])
            return _call(self, counts, words, **options)

        monkeypatch.setattr(TopicModel, name, watched)
    return learned


def test_topics_are_learned_from_a_draw_and_all_posts_have_theirs(
    forum: Forum, bounded: list[int]
) -> None:
    forum.settings = {"topics": 3, "refit_days": 1}
    with forum.opened() as warehouse:
        forum.write(warehouse, 300)
        said = forum.run(warehouse)
        assert "topics of 300 posts" in said
        fitted = rows_of(warehouse, "SELECT kind, n_posts FROM topic_versions")
        assert fitted == [("fit", DRAWN)]
        led = rows_of(warehouse, "SELECT n_posts FROM topics ORDER BY topic_id")
        forum.next_night()
        forum.write(warehouse, 210)
        said = forum.run(warehouse)
        kinds = rows_of(
            warehouse, "SELECT kind, n_posts, accepted FROM topic_versions ORDER BY version"
        )
        topics = dict(rows_of(warehouse, "SELECT topic_id, n_posts FROM topics"))
        listed = rows_of(warehouse, "SELECT topic_id, terms FROM topics")
        moves = rows_of(warehouse, "SELECT sum(n_posts) FROM topic_moves")
    assert led == [(100,)] * 3
    assert "fitted again to all posts" in said
    assert kinds == [("fit", DRAWN, True), ("update", DRAWN, True), ("refit", DRAWN, True)]
    assert bounded == [DRAWN] * 3
    assert topics == {0: 170, 1: 170, 2: 170}
    assert {frozenset(terms[:7]) for _, terms in listed} == {*map(frozenset, TALK.values())}
    assert moves == [(300,)]


def test_posts_read_block_by_block_have_the_topics_that_they_have_at_once(
    forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 240)
        forum.run(warehouse)
        line = current_line(warehouse)
        assert line is not None
        model = load_keeper(saved_version(warehouse.home, line.model, line.version)).model
        every = posts.all_posts(warehouse, "en")
        at_once = assign_posts(warehouse, model, every, line=line.model)
        monkeypatch.setattr(posts, "POSTS_AT_ONCE", AT_ONCE)
        told: list[str] = []
        by_blocks = assign_posts(warehouse, model, every, line=line.model, say=told.append)
        terms = read_terms(warehouse, every, phrases_of_terms(model.vocabulary_))
        held = assign_posts(warehouse, model, every, line=line.model, terms=terms)
    assert told == [f"topics of {n} of 240 posts" for n in range(AT_ONCE, 241, AT_ONCE)]
    for found in (by_blocks, held):
        assert found.posts.equals(at_once.posts)
        assert found.topics.drop_columns("weight").equals(at_once.topics.drop_columns("weight"))
        np.testing.assert_allclose(found.topics["weight"], at_once.topics["weight"], rtol=1e-9)


def test_a_draw_is_the_same_again_and_another_with_another_seed(
    forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posts, "POSTS_TO_LEARN_FROM", DRAWN)
    with forum.opened() as warehouse:
        forum.write(warehouse, 240)
        forum.run(warehouse, new=NewLine(n_topics=2))
        every = posts.all_posts(warehouse, "en")
    ids = [every.drawn(seed=seed).post_ids for seed in (1, 1, 2)]
    assert [len(each) for each in ids] == [DRAWN] * 3
    np.testing.assert_array_equal(ids[0], ids[1])
    assert set(ids[0]) != set(ids[2])
    assert (np.diff(every.drawn(seed=1).first_g) > 0).all()  # in the order of their tokens

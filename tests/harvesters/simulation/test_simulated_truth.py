"""What was planted is in the posts, moves as said, and can be learned, but not easily."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from html import unescape

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import cross_val_predict

from harvesters.simulation.entities import SimPost
from harvesters.simulation.truth import EVENT_FRAME, FRAMES, RISE_FRAME, TOPICS
from harvesters.simulation.world import World, build_world

START = date(2026, 1, 5)
DAY = timedelta(days=1)
_QUOTES = re.compile(r"<blockquote>.*?</blockquote>|<p class=\"quote-inline\">.*?</p>", re.DOTALL)


def counted(world: World, community: str, first: int, last: int) -> list[SimPost]:
    return [
        post
        for post in world.of_community(community)
        if not post.automated and post.repeats is None and first <= post.night < last
    ]


@pytest.mark.parametrize("first", [0, 20, 40])
def test_planted_shares_are_realised_within_chance(world: World, first: int) -> None:
    scores = []
    for community in world.communities:
        posts = counted(world, community.community, first, first + 20)
        for frame in FRAMES:
            planted = world.truth.planted_share(
                community.community, frame, START + first * DAY, START + (first + 20) * DAY
            )
            realised = np.mean([frame in post.frames for post in posts])
            scores.append((realised - planted) / np.sqrt(planted * (1 - planted) / len(posts)))
    assert np.max(np.abs(scores)) < 4
    assert 0.7 < np.std(scores) < 1.3
    assert abs(np.mean(scores)) < 0.5


def test_planted_topic_shares_are_realised_within_chance(world: World) -> None:
    scores = []
    for community in world.communities:
        posts = counted(world, community.community, 0, 30)
        for topic in TOPICS:
            planted = world.truth.planted_topic_share(
                community.community, topic, START, START + 30 * DAY
            )
            realised = np.mean([post.topic == topic for post in posts])
            if planted == 0:
                assert realised == 0
            else:
                scores.append((realised - planted) / np.sqrt(planted * (1 - planted) / len(posts)))
    assert np.max(np.abs(scores)) < 4


def test_frames_depend_on_the_topic(world: World) -> None:
    posts = [post for post in world.posts if not post.automated]

    def share(frame: str, topic: str) -> float:
        return float(np.mean([frame in post.frames for post in posts if post.topic == topic]))

    assert share("justice_value", "inpatient_wards") > 2 * share("justice_value", "talking_therapy")
    assert share("collective_participation", "peer_groups") > 2 * share(
        "collective_participation", "medication"
    )


def test_a_topic_is_born_and_one_dies(world: World) -> None:
    (birth,), (death,) = world.truth.births, world.truth.deaths
    assert (birth.night, death.night) == (25, 35)
    assert birth.day == START + 25 * DAY
    assert len(birth.communities) >= 2
    born = [post for post in world.posts if post.topic == birth.name]
    assert {post.community for post in born} == set(birth.communities)
    assert 25 <= min(post.night for post in born) <= 27
    assert len(born) > 200
    died = [post for post in world.posts if post.topic == death.name]
    assert 31 <= max(post.night for post in died) < 35
    assert len(died) > 400


def test_an_event_shifts_one_frame_where_it_should(world: World) -> None:
    event = next(entry for entry in world.truth.events if entry.kind == "shift")
    assert (event.name, event.night) == (EVENT_FRAME, 40)
    for community in world.communities:
        rates = [
            np.mean([EVENT_FRAME in p.frames for p in counted(world, community.community, *nights)])
            for nights in ((26, 40), (40, 54))
        ]
        if community.community in event.communities:
            assert rates[1] > 1.8 * rates[0]
        else:
            assert rates[1] < 1.8 * rates[0]


def test_contestation_rises_in_one_community(world: World) -> None:
    rise = next(entry for entry in world.truth.events if entry.kind == "rise")
    (community,) = rise.communities
    early, late = (
        world.truth.planted_share(community, RISE_FRAME, START + a * DAY, START + b * DAY)
        for a, b in ((0, 10), (50, 60))
    )
    assert late > 2 * early


def test_mixes_change_smoothly_but_for_birth_death_and_event(world: World) -> None:
    for mix in world.truth.frame_mix.values():
        steps = np.abs(np.diff(mix, axis=0))
        steps[world.truth.events[0].night - 1] = 0
        assert steps.max() < 0.012
    for mix in world.truth.topic_mix.values():
        assert np.allclose(mix.sum(axis=1), 1)
        assert np.abs(np.diff(mix, axis=0)).max() < 0.05


def test_a_share_of_no_posts_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="no posts of blog"):
        world.truth.planted_share("blog", FRAMES[0], date(2020, 1, 1), date(2020, 2, 1))
    with pytest.raises(ValueError, match="no community forum"):
        world.truth.planted_share("forum", FRAMES[0], START, START + DAY)


def own_text(post: SimPost) -> str:
    words = re.sub(r"<[^>]+>", " ", _QUOTES.sub(" ", post.versions[0].html))
    return f"{post.versions[0].title}\n{unescape(words)}"


def sample(world: World, count: int) -> tuple[list[str], NDArray[np.bool_]]:
    posts = [post for post in world.posts if not post.automated]
    chosen = np.random.default_rng(0).choice(len(posts), count, replace=False)
    drawn = [posts[position] for position in chosen]
    return [own_text(p) for p in drawn], np.array([[f in p.frames for f in FRAMES] for p in drawn])


def macro_f1(training: World, test: World) -> float:
    """Score TF-IDF and logistic regression, thresholds tuned by cross-validation in training."""
    words, codes = sample(training, 800)
    other_words, other_codes = sample(test, 1500)
    vectoriser = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2).fit(words)
    features, other = vectoriser.transform(words), vectoriser.transform(other_words)
    scores: list[float] = []
    for column in range(len(FRAMES)):
        present = codes[:, column]
        model = LogisticRegression(C=10, solver="liblinear")
        held_out = cross_val_predict(model, features, present, cv=4, method="predict_proba")[:, 1]
        threshold = best_threshold(present, held_out, np.linspace(0.05, 0.5, 10))
        found = model.fit(features, present).predict_proba(other)[:, 1] > threshold
        scores.append(f1_score(other_codes[:, column], found))
    return float(np.mean(scores))


def best_threshold(
    present: NDArray[np.bool_], scores: NDArray[np.float64], thresholds: Sequence[float]
) -> float:
    return max(thresholds, key=lambda threshold: f1_score(present, scores > threshold))


def test_frames_can_be_learned_but_not_easily(world: World) -> None:
    second = build_world(seed=2, start=START, nights=60)
    third = build_world(seed=3, start=START, nights=60)
    for training, test in ((world, second), (third, world)):
        score = macro_f1(training, test)
        assert 0.60 < score < 0.90, (training.seed, test.seed, score)

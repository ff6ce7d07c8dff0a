"""Posts to read: from different people, communities and times, unlike each other, for a reason."""

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from analysis.topics.reading.representative import REASONS, Candidates, representative_posts

N = 400
DAYS = np.datetime64("2024-01-01") + np.arange(N)


def candidates(**changed: Any) -> Candidates:
    draw = np.random.default_rng(1)
    columns: dict[str, Any] = {
        "fit": draw.random(N),
        "margin": draw.random(N),
        "day": DAYS,
        "author": np.arange(N),
        "community": draw.integers(0, 5, N),
        "n_words": draw.integers(30, 300, N),
        "terms": csr_array((draw.random((N, 30)) < 0.2).astype(float)),
    }
    return Candidates(**{**columns, **changed})


def test_the_reasons_are_half_typical_and_the_rest_in_turn() -> None:
    found = representative_posts(candidates(), n=8)
    assert found.reasons == ["typical"] * 4 + ["recent"] * 2 + ["early", "edge"]
    assert len(set(found.rows.tolist())) == 8
    assert representative_posts(candidates(), n=1).reasons == ["typical"]
    assert representative_posts(candidates(), n=0).rows.tolist() == []


@pytest.mark.parametrize("seed", range(20))
def test_each_post_is_what_its_reason_says(seed: int) -> None:
    posts = candidates()
    found = representative_posts(posts, n=8, seed=seed)
    row = dict(zip(REASONS, ([], [], [], []), strict=True))
    for reason, chosen in zip(found.reasons, found.rows, strict=True):
        row[reason].append(chosen)
    fitting = posts.fit >= np.median(posts.fit)
    assert (posts.fit[row["typical"]] >= np.quantile(posts.fit, 0.75)).all()
    assert (posts.day[row["recent"]] >= np.sort(DAYS[fitting])[int(0.79 * fitting.sum())]).all()
    assert (posts.day[row["early"]] <= np.sort(DAYS[fitting])[int(0.21 * fitting.sum())]).all()
    assert (posts.margin[row["edge"]] <= np.quantile(posts.margin, 0.2)).all()


@pytest.mark.parametrize("seed", range(20))
def test_never_two_of_one_author_but_unknown_authors_are_people_each(seed: int) -> None:
    authors = np.random.default_rng(2).integers(0, 6, N)
    found = representative_posts(candidates(author=authors), n=12, seed=seed)
    assert len(set(authors[found.rows].tolist())) == len(found.rows) <= 6
    assert len(representative_posts(candidates(author=np.full(N, -1)), n=12).rows) == 12


@pytest.mark.parametrize("seed", range(20))
def test_no_community_comes_again_before_all_have_come(seed: int) -> None:
    posts = candidates()
    found = representative_posts(posts, n=8, seed=seed)
    assert len(set(posts.community[found.rows[:4]].tolist())) == 4


def test_copies_of_a_post_are_not_read_twice() -> None:
    terms = np.zeros((N, 30))
    terms[:, 0] = 1  # all posts are copies of each other,
    unlike = np.arange(0, N, 2)  # but for every other one, which shares no term with them
    terms[unlike] = np.eye(30)[1 + np.arange(len(unlike)) % 29]
    even = candidates(fit=np.ones(N), community=np.zeros(N, dtype=np.int64), terms=csr_array(terms))
    for seed in range(10):
        rows = representative_posts(even, n=4, seed=seed).rows
        copies = np.setdiff1d(rows, unlike)
        assert len(copies) <= 1


def test_a_seed_names_the_draw() -> None:
    first, again, other = (representative_posts(candidates(), seed=seed).rows for seed in (3, 3, 4))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_short_posts_are_left_out_while_there_are_longer_ones() -> None:
    words = np.where(np.arange(N) % 3 == 0, 100, 5)
    found = representative_posts(candidates(n_words=words))
    assert (words[found.rows] == 100).all()
    few = np.where(np.arange(N) < 3, 100, np.arange(N) % 20)
    assert len(representative_posts(candidates(n_words=few)).rows) == 8


def test_a_small_topic_gives_what_it_has() -> None:
    few = candidates()
    three = Candidates(*(column[:3] for column in few))
    found = representative_posts(three, n=8)
    assert sorted(found.rows.tolist()) == [0, 1, 2]
    nothing = Candidates(*(column[:0] for column in few))
    assert representative_posts(nothing).rows.tolist() == []


def test_arrays_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[3, 400\] rows"):
        representative_posts(candidates(fit=np.ones(3)))

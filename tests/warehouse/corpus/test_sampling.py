"""Samples for close reading: spread as dealt by hand, and leading back to their posts."""

from collections import Counter

import pyarrow as pa
import pytest

from tests.warehouse.corpus.talk import Said, Talk
from warehouse.corpus.hits import word_places
from warehouse.corpus.population import post_places
from warehouse.corpus.sampling import spread_lines


@pytest.fixture(scope="module")
def hits(talk: Talk) -> pa.Table:
    """Every place of a word in the default population."""
    posts = post_places(talk.connection)
    places = word_places(talk.connection, "recovery")
    rows = posts.rows_of(places)
    kept = {"post_id": posts.post_ids[rows[rows >= 0]], "first_g": places[rows >= 0]}
    return pa.table({**kept, "n_tokens": [1] * int((rows >= 0).sum())})


def stratum(post: Said) -> tuple[str, str, tuple[int, int]]:
    return post.source, post.community, (post.created_at.year, post.created_at.month)


def test_every_community_and_period_has_its_turn(talk: Talk, hits: pa.Table) -> None:
    said = {post.post_id: post for post in talk.posts}
    strata = Counter(stratum(said[number]) for number in hits.column("post_id").to_pylist())
    for n in (5, len(strata), 2 * len(strata), 10_000):
        table = spread_lines(talk.connection, hits, n=n, bin="month")
        drawn = Counter(stratum(said[number]) for number in table.column("post_id").to_pylist())
        assert table.num_rows == min(n, hits.num_rows)
        rounds = max(drawn.values())
        assert all(drawn[each] >= min(rounds - 1, held) for each, held in strata.items())


def test_a_post_is_read_twice_only_where_its_community_and_period_has_no_other(
    talk: Talk, hits: pa.Table
) -> None:
    said = {post.post_id: post for post in talk.posts}
    posts_of = Counter(stratum(said[number]) for number in set(hits.column("post_id").to_pylist()))
    assert hits.num_rows > len(set(hits.column("post_id").to_pylist()))
    seen: dict[object, list[int]] = {}
    for row in spread_lines(talk.connection, hits, n=10_000, bin="month").to_pylist():
        seen.setdefault(stratum(said[row["post_id"]]), []).append(row["post_id"])
    for each, posts in seen.items():
        assert len(set(posts[: posts_of[each]])) == posts_of[each]


def test_lines_lead_back_to_their_posts(talk: Talk, hits: pa.Table) -> None:
    said = {post.post_id: post for post in talk.posts}
    strata = Counter(stratum(said[number]) for number in hits.column("post_id").to_pylist())
    table = spread_lines(talk.connection, hits, n=30, width=3, bin="month")
    for row in table.to_pylist():
        post = said[row["post_id"]]
        assert row["thread_id"] == post.thread_id
        assert (row["period"].year, row["period"].month, row["period"].day) == (
            *stratum(post)[2],
            1,
        )
        assert row["n_hits"] == strata[stratum(post)]
        assert row["node"] == "recovery"
        line = f"{row['left_context']} recovery {row['right_context']}".strip()
        assert line in " ".join(post.words)


def test_a_sample_is_named_by_its_seed_and_grows(talk: Talk, hits: pa.Table) -> None:
    small, large = (spread_lines(talk.connection, hits, n=n) for n in (10, 40))
    assert large.slice(0, 10).equals(small)
    assert not spread_lines(talk.connection, hits, n=10, seed=1).equals(small)
    assert spread_lines(talk.connection, hits.slice(0, 0), n=10).num_rows == 0

"""Effects of topics as the night stores them: of what is held, and of what was not harvested."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_array

from analysis.topics.over_time.effects import topic_effects
from flows.topics.effects import estimate_effects
from tests.flows.topics.nights import Forum, begin_forum, rows_of
from warehouse.gateway import Warehouse
from warehouse.home import Home
from warehouse.release.controlled import publish_controlled

N_POSTS = 720
ROLES = {"carers": "carers", "users": "service_users", "allies": None}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Write half a year of talk, in which carers talk of peers more than others do."""
    place = tmp_path_factory.mktemp("effects")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CONFIG_HOME", str(place / "config"))
        environment.delenv("VALUETALK_KEY_FILE", raising=False)
        forum = begin_forum(place)
        with forum.opened() as warehouse:
            assert sum(len(_month(forum, warehouse, n)) for n in range(6)) == N_POSTS
            forum.run(warehouse)
            for name, role in ROLES.items():
                rows = {"source": "forum", "community": name, "name": name, "role": role}
                table = pa.Table.from_pylist([{**rows, "tags": []}], _communities(warehouse))
                warehouse.replace("communities", table, keys=["source", "community"])
        yield place


@pytest.fixture
def forum(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Forum:
    """Return a copy of the study."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(written / "config"))
    monkeypatch.delenv("VALUETALK_KEY_FILE", raising=False)
    shutil.copytree(written / "study", tmp_path / "study")
    return Forum(Home(tmp_path / "study"), {"XDG_CONFIG_HOME": str(written / "config")})


@pytest.fixture
def held(forum: Forum) -> Iterator[Warehouse]:
    """Open its warehouse."""
    with forum.opened() as warehouse:
        yield warehouse


def _communities(warehouse: Warehouse) -> Any:
    return warehouse.query(
        "SELECT source, community, name, role, tags FROM communities LIMIT 0"
    ).schema


_DATED = """
UPDATE posts SET community = ['carers', 'users', 'allies'][1 + (post_id - $first) // 3 % 3],
    created_at = created_at - to_months($back)
WHERE post_id >= $first
"""
_ABOUT_PEERS = """
UPDATE posts SET own_text = other.own_text
FROM (FROM posts WHERE post_id = $first + 1) AS other
WHERE posts.post_id >= $first AND posts.community = 'carers' AND (posts.post_id - $first) % 2 = 1
"""


def _month(forum: Forum, warehouse: Warehouse, number: int) -> list[int]:
    """Write posts of one month; every other one of the carers is about peers."""
    ids = forum.write(warehouse, N_POSTS // 6, seed=number)
    with warehouse.transaction() as connection:
        connection.execute(_DATED, {"first": ids[0], "back": 5 - number})
        connection.execute(_ABOUT_PEERS, {"first": ids[0]})
    return ids


def stored(warehouse: Warehouse, condition: str = "true") -> list[dict[str, Any]]:
    sql = f"FROM topic_effects WHERE {condition} ORDER BY ALL"
    return warehouse.query(sql).to_pylist()


def estimated(forum: Forum, warehouse: Warehouse) -> str:
    night = forum.night()
    warehouse.start_run(night.run)
    return estimate_effects(warehouse, night)


def test_stored_effects_are_those_of_the_posts_that_are_held(forum: Forum, held: Warehouse) -> None:
    assert estimated(forum, held) == "effects of community and period on 3 topics"
    posts = rows_of(
        held,
        "SELECT post_id, community, author_key,"
        " 12 * year(created_at AT TIME ZONE 'UTC') + month(created_at AT TIME ZONE 'UTC')"
        " FROM posts ORDER BY post_id",
    )
    number = {post_id: row for row, (post_id, *_) in enumerate(posts)}
    weights = np.zeros((len(posts), 3))
    ids = sorted(i for (i,) in rows_of(held, "SELECT DISTINCT topic_id FROM post_topics"))
    for post_id, topic_id, weight in rows_of(
        held, "SELECT post_id, topic_id, weight FROM post_topics"
    ):
        weights[number[post_id], ids.index(topic_id)] = weight
    names = sorted(ROLES)
    authors = sorted({author for _, _, author, _ in posts})
    found = topic_effects(
        csr_array(weights),
        [month for *_, month in posts],
        group=[names.index(community) for _, community, *_ in posts],
        author=[authors.index(author) for _, _, author, _ in posts],
        terms={"community": names},
    )
    for row in found.levels.to_pylist():
        (other,) = stored(held, f"community = '{row['level']}' AND topic_id = {ids[row['topic']]}")
        for name in ("estimate", "lower", "difference_upper", "n_posts", "n_authors"):
            assert other[name] == pytest.approx(row[name], abs=1e-9)
    courses = stored(held, "term = 'period'")
    assert len(courses) == 3 * 6
    assert {str(row["period"]) for row in courses} >= {"2025-11-01", "2026-01-01"}
    assert all(row["band_lower"] <= row["estimate"] <= row["band_upper"] for row in courses)


def test_who_talks_of_a_topic_more_is_seen(forum: Forum, held: Warehouse) -> None:
    estimated(forum, held)
    (topic,) = rows_of(
        held, "SELECT topic_id FROM topics WHERE list_contains(terms, 'biscuits') LIMIT 1"
    )[0]
    more, less = (
        stored(held, f"topic_id = {topic} AND term = 'role' AND level = '{level}'")[0]
        for level in ("carers", "service_users")
    )
    assert more["difference_lower"] > 0 > less["difference"]
    assert more["q_value"] < 0.01


def test_months_that_were_hardly_harvested_are_left_out_and_marked(
    forum: Forum, held: Warehouse
) -> None:
    days = [
        {"source": "forum", "community": name, "day": day, "status": status, "n_posts": 1}
        for name in ROLES
        for day, status in _harvested(forum, hardly=name == "users")
    ]
    held.replace("coverage", pa.Table.from_pylist(days), keys=["source", "community", "day"])
    estimated(forum, held)
    by_month = {str(row["period"]): row for row in stored(held, "term = 'period'")}
    january, february = by_month["2026-01-01"], by_month["2026-02-01"]
    assert january["share_complete"] == pytest.approx((2 + 4 / 31) / 3)
    assert february["share_complete"] == 1
    n_users = "SELECT count(*) FROM posts WHERE community = 'users' AND month(created_at) = 1"
    all_posts = "SELECT count(*) FROM posts WHERE month(created_at) = 1"
    ((users,),), ((everybody,),) = rows_of(held, n_users), rows_of(held, all_posts)
    assert january["n_posts"] == everybody - users
    assert january["share_seen"] == pytest.approx(2 / 3, abs=0.02)


def _harvested(forum: Forum, *, hardly: bool) -> list[tuple[Any, str]]:
    last = forum.clock.now().date() - timedelta(days=1)
    days = [last - timedelta(days=n) for n in range(150)]
    lost = {day for day in days if day.month == 1 and day.day > 4} if hardly else set()
    return [(day, "complete") for day in days if day not in lost]


def test_they_are_estimated_once_a_week(forum: Forum, held: Warehouse) -> None:
    estimated(forum, held)
    first = stored(held)
    forum.next_night(days=6)
    assert estimated(forum, held) == ""
    assert stored(held) == first
    forum.next_night()
    assert estimated(forum, held) != ""
    runs = rows_of(held, "SELECT DISTINCT run_id FROM topic_effects")
    assert len(runs) == 2


def test_a_run_that_is_done_again_has_the_same_rows_once(forum: Forum, held: Warehouse) -> None:
    night = forum.night()
    held.start_run(night.run)
    estimate_effects(held, night)
    first = stored(held)
    estimate_effects(held, night)
    assert stored(held) == first


def test_without_topics_there_is_nothing_to_estimate(forum: Forum, held: Warehouse) -> None:
    with held.transaction() as connection:
        connection.execute("DELETE FROM post_topics")
    assert estimated(forum, held) == ""
    with held.transaction() as connection:
        connection.execute("DELETE FROM topic_versions")
    assert estimated(forum, held) == ""
    assert stored(held) == []


def test_they_are_in_the_controlled_release(forum: Forum, held: Warehouse) -> None:
    estimated(forum, held)
    counts = publish_controlled(held.connection, held.home).counts
    assert counts["topic_effects"] == len(stored(held)) > 0

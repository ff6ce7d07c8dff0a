"""The forum answers as Discourse does to guests."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harvesters.simulation.answers import Question
from harvesters.simulation.catalogue import FORUM, SOURCE_BY_NAME
from harvesters.simulation.discourse_site import PLACEHOLDER, DiscourseSite
from harvesters.simulation.entities import SimPost
from harvesters.simulation.world import World

NEEDED = {
    *("id", "topic_id", "post_number", "reply_to_post_number", "username", "created_at"),
    *("updated_at", "cooked", "raw", "version", "hidden", "deleted_at", "user_deleted"),
    *("post_type", "topic_title", "topic_slug", "category_id"),
}


@pytest.fixture(scope="module")
def site(world: World) -> DiscourseSite:
    return DiscourseSite(world, SOURCE_BY_NAME[FORUM], base="http://127.0.0.1:1")


def get(site: DiscourseSite, target: str, now: datetime) -> Any:
    answer = site.answer(Question.read(target, now=now))
    assert answer.status == 200, target
    return json.loads(answer.body)


def status(site: DiscourseSite, target: str, now: datetime) -> int:
    return site.answer(Question.read(target, now=now)).status


def walk(site: DiscourseSite, now: datetime) -> Iterator[dict[str, Any]]:
    target = "/posts.json"
    while True:
        page = get(site, target, now)["latest_posts"]
        if not page:
            return
        yield from page
        target = f"/posts.json?before={page[-1]['id']}"


def shown_posts(world: World, now: datetime) -> list[SimPost]:
    """What guests see: readable posts and placeholders, found one by one."""
    return [
        post
        for post in world.of_source(FORUM)
        if post.is_visible(now)
        or (
            post.placeholder_until is not None
            and post.deleted_at is not None
            and post.deleted_at <= now < post.placeholder_until
        )
    ]


def recorded(data_dir: Path, name: str) -> Any:
    return json.loads((data_dir / "recorded" / "discourse" / name).read_text(encoding="utf-8"))


def real_post_fields(data_dir: Path) -> set[str]:
    fields = set(recorded(data_dir, "post.json"))
    for name in ("posts_before.json", "posts_latest.json"):
        for item in recorded(data_dir, name)["latest_posts"]:
            fields |= set(item)
    for name in ("topic.json", "topic_posts.json"):
        for item in recorded(data_dir, name)["post_stream"]["posts"]:
            fields |= set(item)
    return fields


def test_fields_are_those_of_a_recorded_discourse(
    site: DiscourseSite, midwinter: datetime, data_dir: Path
) -> None:
    real = real_post_fields(data_dir)
    latest = get(site, "/posts.json", midwinter)["latest_posts"][0]
    assert NEEDED <= set(latest) <= real
    assert set(latest) <= set(recorded(data_dir, "posts_before.json")["latest_posts"][0])
    topic = get(site, f"/t/{latest['topic_id']}.json", midwinter)
    assert {"post_stream", "posts_count", "highest_post_number", "title"} <= set(topic)
    assert set(topic) <= set(recorded(data_dir, "topic.json"))
    assert set(topic["post_stream"]["posts"][0]) <= real
    listing = get(site, "/latest.json", midwinter)["topic_list"]
    real_listing = recorded(data_dir, "latest.json")["topic_list"]
    assert set(listing) <= set(real_listing)
    assert set(listing["topics"][0]) <= set(real_listing["topics"][0])
    category = get(site, "/categories.json", midwinter)["category_list"]["categories"][0]
    real_category = recorded(data_dir, "categories.json")["category_list"]["categories"][0]
    assert {"id", "name", "slug", "read_restricted"} <= set(category)
    assert set(category) <= set(real_category)


def test_the_walk_back_meets_every_post_once(
    site: DiscourseSite, world: World, midwinter: datetime
) -> None:
    ids = [item["id"] for item in walk(site, midwinter)]
    assert ids == sorted(set(ids), reverse=True)
    assert set(ids) == {post.number for post in shown_posts(world, midwinter)}


def test_pages_hold_fifty_below_an_id(site: DiscourseSite, midwinter: datetime) -> None:
    first = get(site, "/posts.json", midwinter)["latest_posts"]
    second = get(site, f"/posts.json?before={first[-1]['id']}", midwinter)["latest_posts"]
    assert len(first) == len(second) == 50
    assert second[0]["id"] < first[-1]["id"]


def test_posts_carry_their_words_title_and_category(
    site: DiscourseSite, world: World, midwinter: datetime
) -> None:
    for item in list(walk(site, midwinter))[:200]:
        if item["user_deleted"]:
            continue
        post = world.post(FORUM, str(item["id"]))
        said = post.versions[post.version_at(midwinter)]
        assert (item["raw"], item["cooked"]) == (said.raw, said.html)
        assert item["category_id"] == int(post.community)
        assert item["version"] == post.version_at(midwinter) + 1
        assert item["username"] == post.handle
        roots = [p for p in world.of_source(FORUM) if p.thread == post.thread and p.position == 1]
        assert item["topic_title"] == roots[0].versions[roots[0].version_at(midwinter)].title


def test_a_topic_lists_all_its_posts_and_shows_twenty(
    site: DiscourseSite, world: World, midwinter: datetime
) -> None:
    by_topic: dict[int, list[int]] = {}
    for post in shown_posts(world, midwinter):
        by_topic.setdefault(post.thread, []).append(post.number)
    largest = max(by_topic, key=lambda topic: len(by_topic[topic]))
    for topic in [largest, *list(by_topic)[:30]]:
        answer = get(site, f"/t/{topic}.json", midwinter)
        assert answer["post_stream"]["stream"] == by_topic[topic]
        shown = [post["id"] for post in answer["post_stream"]["posts"]]
        assert shown == by_topic[topic][:20]
        assert answer["posts_count"] == len(by_topic[topic])
    assert len(by_topic[largest]) > 20
    second = get(site, f"/t/{largest}.json?page=2", midwinter)["post_stream"]["posts"]
    assert [post["id"] for post in second] == by_topic[largest][20:40]


def test_posts_of_a_topic_by_id_leave_out_what_is_gone(
    site: DiscourseSite, world: World, midwinter: datetime
) -> None:
    gone = next(
        post
        for post in world.of_source(FORUM)
        if post.kind == "comment"
        and post.deletion_reason == "moderator"
        and post.deleted_at is not None
        and post.deleted_at < midwinter
        and any(
            p.thread == post.thread and p.position == 1 and p.is_visible(midwinter)
            for p in world.of_source(FORUM)
        )
    )
    thread = [post for post in world.of_source(FORUM) if post.thread == gone.thread]
    query = "&".join(f"post_ids[]={post.number}" for post in thread[:20])
    target = f"/t/{gone.thread}/posts.json?{query}&include_raw=true"
    items = get(site, target, midwinter)["post_stream"]["posts"]
    shown = {post.number for post in shown_posts(world, midwinter)}
    assert [item["id"] for item in items] == [p.number for p in thread[:20] if p.number in shown]
    assert all("raw" in item and "topic_title" not in item for item in items)
    assert status(site, f"/posts/{gone.number}.json", midwinter) == 404


def test_a_post_deleted_by_its_author_leaves_a_placeholder_for_a_day(
    site: DiscourseSite, world: World
) -> None:
    post = next(p for p in world.of_source(FORUM) if p.placeholder_until is not None)
    assert post.deleted_at is not None
    target = f"/posts/{post.number}.json"
    before = get(site, target, post.deleted_at - timedelta(seconds=1))
    assert (before["user_deleted"], before["version"]) == (False, len(post.versions))
    after = get(site, target, post.deleted_at)
    assert (after["user_deleted"], after["raw"]) == (True, PLACEHOLDER)
    assert PLACEHOLDER in after["cooked"]
    assert after["version"] == len(post.versions) + 1
    assert status(site, target, post.deleted_at + timedelta(hours=24)) == 404


def test_a_deleted_topic_is_gone_with_all_its_posts(site: DiscourseSite, world: World) -> None:
    root = next(p for p in world.of_source(FORUM) if p.kind == "post" and p.deleted_at)
    assert root.deleted_at is not None
    assert status(site, f"/t/{root.thread}.json", root.deleted_at) == 404
    assert status(site, f"/t/{root.thread}/posts.json", root.deleted_at) == 404
    replies = [p for p in world.of_source(FORUM) if p.thread == root.thread]
    moment = root.deleted_at + timedelta(hours=25)
    assert all(status(site, f"/posts/{p.number}.json", moment) == 404 for p in replies)


@pytest.mark.parametrize("path", ["/latest.json", "/c/service-users/5.json"])
def test_topic_lists_page_through_every_topic(
    site: DiscourseSite, world: World, midwinter: datetime, path: str
) -> None:
    found: list[int] = []
    target: str | None = path
    while target:
        listing = get(site, target, midwinter)["topic_list"]
        found += [topic["id"] for topic in listing["topics"]]
        more = listing.get("more_topics_url")
        target = more.replace("?", ".json?").replace(".json.json", ".json") if more else None
    expected = {
        post.thread
        for post in shown_posts(world, midwinter)
        if path == "/latest.json" or post.community == "5"
    }
    assert len(found) == len(expected)
    assert set(found) == expected


def test_replies_name_the_post_that_they_answer(
    site: DiscourseSite, world: World, midwinter: datetime
) -> None:
    for item in list(walk(site, midwinter))[:300]:
        post = world.post(FORUM, str(item["id"]))
        if post.parent is None:
            assert (item["post_number"], item["reply_to_post_number"]) == (1, None)
            continue
        parent = world.post(FORUM, str(post.parent))
        answered = None if parent.position == 1 else parent.position
        assert item["reply_to_post_number"] == answered


def test_what_is_not_there_is_404(site: DiscourseSite, midwinter: datetime) -> None:
    for target in ("/t/1.json", "/posts/1.json", "/c/none/99.json", "/admin.json", "/posts/x.json"):
        assert status(site, target, midwinter) == 404

"""The blog answers as WordPress does: fields, order, paging, errors."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import feedparser
import pytest

from harvesters.simulation.answers import Answer, Question
from harvesters.simulation.catalogue import BLOG, SOURCE_BY_NAME
from harvesters.simulation.entities import SimPost
from harvesters.simulation.wordpress_site import WordPressSite
from harvesters.simulation.world import World

NEEDED_OF_POSTS = {
    *("id", "date_gmt", "modified_gmt", "link", "title", "content", "author", "type", "status"),
    *("slug", "excerpt", "categories", "tags"),
}
NEEDED_OF_COMMENTS = {
    *("id", "post", "parent", "author", "author_name", "date_gmt", "content", "link", "type"),
    "status",
}


@pytest.fixture(scope="module")
def site(world: World) -> WordPressSite:
    return WordPressSite(world, SOURCE_BY_NAME[BLOG], base="http://127.0.0.1:1")


def ask(site: WordPressSite, path: str, now: datetime, **parameters: object) -> Answer:
    query = f"?{urlencode(parameters)}" if parameters else ""
    return site.answer(Question.read(f"/wp-json/wp/v2/{path}{query}", now=now))


def header(answer: Answer, name: str) -> str:
    return dict(answer.headers)[name]


def walk(site: WordPressSite, path: str, now: datetime, **parameters: object) -> Iterator[Any]:
    page = 1
    while True:
        answer = ask(site, path, now, page=page, **parameters)
        if answer.status != 200:
            return
        items = json.loads(answer.body)
        if not items:
            return
        yield from items
        page += 1


def standing(world: World, now: datetime, kind: str) -> list[SimPost]:
    return [post for post in world.visible(BLOG, now) if post.kind == kind]


def recorded(data_dir: Path, name: str) -> Any:
    return json.loads((data_dir / "recorded" / "wordpress" / name).read_text(encoding="utf-8"))


def test_fields_are_those_of_a_recorded_wordpress(
    site: WordPressSite, midwinter: datetime, data_dir: Path
) -> None:
    for path, name, needed in (
        ("posts", "posts_p1.json", NEEDED_OF_POSTS),
        ("comments", "comments_p1.json", NEEDED_OF_COMMENTS),
        ("users", "users.json", {"id", "name", "slug"}),
    ):
        real = set(recorded(data_dir, name)[0])
        ours = {key for item in json.loads(ask(site, path, midwinter).body) for key in item}
        assert needed <= ours <= real
    real_post, our_post = (
        recorded(data_dir, "posts_p1.json")[0],
        json.loads(ask(site, "posts", midwinter).body)[0],
    )
    for part in ("title", "content", "excerpt", "guid"):
        assert set(our_post[part]) == set(real_post[part])


def test_errors_are_those_of_a_recorded_wordpress(
    site: WordPressSite, midwinter: datetime, data_dir: Path
) -> None:
    past_end = ask(site, "posts", midwinter, page=9999)
    assert past_end.status == 400
    assert json.loads(past_end.body) == recorded(data_dir, "posts_p4_past_end.json")
    forbidden = ask(site, "comments", midwinter, status="trash")
    assert forbidden.status == 401
    assert json.loads(forbidden.body) == recorded(data_dir, "comments_all_trashed_401.json")


@pytest.mark.parametrize("per_page", [7, 100])
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(
    ("path", "kind", "orderby"),
    [
        ("posts", "post", "date"),
        ("posts", "post", "modified"),
        ("posts", "post", "id"),
        ("comments", "comment", "date"),
        ("comments", "comment", "id"),
    ],
)
def test_a_walk_meets_every_post_once_in_order(
    site: WordPressSite,
    world: World,
    midwinter: datetime,
    path: str,
    kind: str,
    orderby: str,
    order: str,
    per_page: int,
) -> None:
    items = list(
        walk(site, path, midwinter, per_page=per_page, orderby=orderby, order=order, _fields="")
    )
    field = {"id": "id", "date": "date_gmt", "modified": "modified_gmt"}[orderby]
    keys = [(item[field], item["id"]) for item in items]
    assert keys == sorted(keys, reverse=order == "desc")
    expected = {post.number for post in standing(world, midwinter, kind)}
    assert len(items) == len(expected)
    assert {item["id"] for item in items} == expected


def test_totals_and_links_lead_through_the_pages(
    site: WordPressSite, world: World, midwinter: datetime
) -> None:
    total = len(standing(world, midwinter, "comment"))
    answer = ask(site, "comments", midwinter, per_page=50, page=2, order="asc")
    assert header(answer, "X-WP-Total") == str(total)
    assert header(answer, "X-WP-TotalPages") == str(-(-total // 50))
    assert 'per_page=50&order=asc&page=1>; rel="prev"' in header(answer, "Link")
    assert 'per_page=50&order=asc&page=3>; rel="next"' in header(answer, "Link")
    assert header(answer, "Link").startswith("<http://127.0.0.1:1/wp-json/wp/v2/comments?")


def test_bounds_of_time_are_exclusive_and_in_whole_seconds(
    site: WordPressSite, world: World, midwinter: datetime
) -> None:
    since = midwinter - timedelta(days=3)
    bound = f"{since:%Y-%m-%dT%H:%M:%SZ}"
    found = {i["id"] for i in walk(site, "comments", midwinter, per_page=100, after=bound)}
    comments = standing(world, midwinter, "comment")
    assert found == {post.number for post in comments if post.created_at > since}
    first = min(post.created_at for post in comments)
    exactly = f"{first:%Y-%m-%dT%H:%M:%S}"
    after = {i["id"] for i in walk(site, "comments", midwinter, per_page=100, after=exactly)}
    assert len(after) == len(comments) - sum(post.created_at == first for post in comments)


def test_changed_posts_are_found_by_their_time_of_change(site: WordPressSite, world: World) -> None:
    edited = next(
        post
        for post in world.of_source(BLOG)
        if post.kind == "post"
        and len(post.versions) > 1
        and post.versions[1].at - post.created_at > timedelta(hours=12)
    )
    now = edited.versions[1].at
    since = now - timedelta(hours=6)
    bound = f"{since:%Y-%m-%dT%H:%M:%S}"
    found = {
        i["id"] for i in walk(site, "posts", now, modified_after=bound, per_page=2, orderby="id")
    }
    expected = {
        post.number
        for post in standing(world, now, "post")
        if post.versions[post.version_at(now)].at > since
    }
    assert found == expected
    assert edited.number in found


def test_several_are_asked_for_by_number_and_missing_ones_left_out(
    site: WordPressSite, world: World, midwinter: datetime
) -> None:
    comments = [post for post in world.of_source(BLOG) if post.kind == "comment"]
    gone = [post for post in comments if post.created_at < midwinter and post.deleted_at]
    some = [post.number for post in comments[:60]] + [post.number for post in gone[:20]]
    answer = ask(
        site, "comments", midwinter, include=",".join(map(str, some)), per_page=100, _fields="id"
    )
    found = {item["id"] for item in json.loads(answer.body)}
    assert found == set(some) & {post.number for post in standing(world, midwinter, "comment")}
    assert 0 < len(found) < len(set(some))


def test_comments_of_one_article(site: WordPressSite, world: World, midwinter: datetime) -> None:
    comments = standing(world, midwinter, "comment")
    thread = comments[0].thread
    found = {i["id"] for i in walk(site, "comments", midwinter, post=thread, per_page=100)}
    assert found == {post.number for post in comments if post.thread == thread}


def test_fields_can_be_chosen(site: WordPressSite, midwinter: datetime) -> None:
    items = json.loads(ask(site, "posts", midwinter, _fields="id,content").body)
    assert all(set(item) == {"id", "content"} for item in items)


def test_an_edited_comment_shows_no_time_of_change(site: WordPressSite, world: World) -> None:
    post = next(
        p
        for p in world.of_source(BLOG)
        if p.kind == "comment"
        and len(p.versions) == 2
        and p.versions[0] != p.versions[1]
        and p.versions[0].raw != p.versions[1].raw
        and p.deleted_at is None
    )
    before, after = (
        json.loads(ask(site, f"comments/{post.number}", at).body)
        for at in (post.versions[1].at - timedelta(seconds=1), post.versions[1].at)
    )
    assert before["content"] == {"rendered": post.versions[0].html}
    assert after["content"] == {"rendered": post.versions[1].html}
    assert {key for key in after if after[key] != before[key]} == {"content"}


def test_one_that_is_gone_is_told_from_one_that_never_was(
    site: WordPressSite, world: World
) -> None:
    post = next(p for p in world.of_source(BLOG) if p.kind == "post" and p.deleted_at)
    assert post.deleted_at is not None
    assert ask(site, f"posts/{post.number}", post.created_at).status == 200
    gone = ask(site, f"posts/{post.number}", post.deleted_at)
    assert (gone.status, json.loads(gone.body)["code"]) == (401, "rest_forbidden")
    never = ask(site, "posts/999999", post.created_at)
    assert (never.status, json.loads(never.body)["code"]) == (404, "rest_post_invalid_id")
    assert ask(site, "nothing", post.created_at).status == 404


@pytest.mark.parametrize(
    "parameters",
    [{"per_page": 101}, {"per_page": 0}, {"orderby": "luck"}, {"after": "soon"}, {"include": "x"}],
)
def test_invalid_parameters_are_refused(
    site: WordPressSite, midwinter: datetime, parameters: dict[str, object]
) -> None:
    answer = ask(site, "posts", midwinter, **parameters)
    assert (answer.status, json.loads(answer.body)["code"]) == (400, "rest_invalid_param")


def test_the_feed_shows_ten_posts_a_page(
    site: WordPressSite, world: World, midwinter: datetime
) -> None:
    pages = [
        feedparser.parse(site.answer(Question.read(f"/feed/?paged={n}", now=midwinter)).body)
        for n in (1, 2)
    ]
    newest = sorted(standing(world, midwinter, "post"), key=lambda post: -post.number)[:20]
    ids = [entry.id.rpartition("=")[2] for page in pages for entry in page.entries]
    assert ids == [str(post.number) for post in newest]
    assert pages[0].entries[0].author == newest[0].author.display


def test_the_page_of_an_article_is_there_while_it_stands(site: WordPressSite, world: World) -> None:
    post = next(p for p in world.of_source(BLOG) if p.kind == "post" and p.deleted_at)
    assert post.deleted_at is not None
    link = json.loads(ask(site, f"posts/{post.number}", post.created_at).body)["link"]
    path = link.removeprefix("http://127.0.0.1:1")
    assert site.answer(Question.read(path, now=post.created_at)).status == 200
    assert site.answer(Question.read(path, now=post.deleted_at)).status == 404


def test_robots_ask_for_a_pause(site: WordPressSite) -> None:
    answer = site.answer(Question.read("/robots.txt", now=datetime(2026, 1, 5, tzinfo=UTC)))
    assert b"Crawl-delay: 1" in answer.body

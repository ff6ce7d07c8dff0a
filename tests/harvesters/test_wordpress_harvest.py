"""Nights of the WordPress harvester on an invented blog: what it walks, keeps and refuses."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from harvesters.base import Blocked, ParseError, RateLimited, SourceSpec
from tests.harvesters.invented_blog import BLOG, SPEC, START, Blog, comment, harvest, ids, post
from warehouse.records import Batch, Community, Known


def test_a_first_harvest_reads_every_post_and_comment_over_many_pages(site: Any) -> None:
    blog = Blog([post(n) for n in range(1, 251)], [comment(n) for n in range(1, 131)])

    batches = harvest(site, blog)

    assert sorted(ids(batches)) == sorted(
        [f"post:{n}" for n in range(1, 251)] + [f"comment:{n}" for n in range(1, 131)]
    )
    assert sum(batch.fetched for batch in batches) == 380
    assert sum(batch.expected or 0 for batch in batches) == 380
    assert all(batch.complete for batch in batches)
    assert len(site.requests) == 3 + 2


def test_the_second_night_costs_the_three_listings_only(site: Any, known_after: Any) -> None:
    blog = Blog([post(n) for n in range(1, 251)], [comment(n) for n in range(1, 131)])
    first = harvest(site, blog)
    site.requests.clear()

    second = harvest(site, blog, known_after(first))

    assert len(site.requests) == 3
    assert set(ids(second)) <= set(ids(first))
    assert second[-1].cursor == first[-1].cursor


def test_an_edited_post_is_read_again_and_keeps_its_time_of_writing(
    site: Any, known_after: Any
) -> None:
    blog = Blog([post(n) for n in range(1, 4)])
    first = harvest(site, blog)
    changed = START + timedelta(days=90)
    blog.posts[0] = post(
        1, modified=changed, content={"rendered": "<p>Other words.</p>", "protected": False}
    )

    second = {
        read.native_id: read for b in harvest(site, blog, known_after(first)) for read in b.posts
    }

    assert second["post:1"].text == "Other words."
    assert second["post:1"].edited_at == changed
    assert second["post:1"].created_at == START + timedelta(hours=6)
    before = next(read for batch in first for read in batch.posts if read.native_id == "post:1")
    assert second["post:1"].content_hash != before.content_hash


def test_a_scheduled_post_is_found_though_its_last_change_lies_far_back(
    site: Any, known_after: Any
) -> None:
    blog = Blog([post(n) for n in range(1, 301)])
    first = harvest(site, blog)
    blog.posts.append(post(400, modified=START - timedelta(days=9), date_gmt="2025-06-08T09:00:00"))

    assert "post:400" in ids(harvest(site, blog, known_after(first)))


def test_a_comment_that_waited_for_its_moderator_is_found(site: Any, known_after: Any) -> None:
    blog = Blog([post(1)], [comment(n) for n in range(1, 4)])
    first = harvest(site, blog)
    held = START - timedelta(days=3)
    blog.comments.append(comment(9, date_gmt=f"{held:%Y-%m-%dT%H:%M:%S}"))

    assert "comment:9" in ids(harvest(site, blog, known_after(first)))


def test_posts_that_are_edited_during_the_walk_push_nothing_out_of_sight(site: Any) -> None:
    blog = Blog([post(n) for n in range(1, 251)])
    later = iter(range(1, 100))

    def edit_a_post_already_read() -> None:
        number = next(later)
        blog.posts[number - 1] = post(number, modified=START + timedelta(days=90 + number))

    blog.before_answer = edit_a_post_already_read

    assert set(ids(harvest(site, blog))) == {f"post:{n}" for n in range(1, 251)}


def test_an_import_that_gave_all_posts_one_time_is_read_by_page_number(site: Any) -> None:
    same = START.strftime("%Y-%m-%dT%H:%M:%S")
    blog = Blog([post(n, date_gmt=same, modified_gmt=same) for n in range(1, 331)])

    assert set(ids(harvest(site, blog))) == {f"post:{n}" for n in range(1, 331)}


def test_a_page_that_the_server_shortened_does_not_end_the_walk(site: Any) -> None:
    blog = Blog([post(1)], [comment(n) for n in range(1, 261)])
    blog.unreadable = set(range(2, 151))  # the whole second page's beginning and more

    batches = harvest(site, blog)

    comments = [name for name in ids(batches) if name.startswith("comment:")]
    assert sorted(comments) == sorted(f"comment:{n}" for n in (1, *range(151, 261)))
    assert sum(batch.drops.get("withheld", 0) for batch in batches) == 149
    assert sum(batch.expected or 0 for batch in batches) == 1 + 260


def test_since_bounds_a_first_harvest_only(site: Any, known_after: Any) -> None:
    blog = Blog([post(n) for n in range(1, 61)], [comment(n) for n in range(1, 121)])
    bound = START + timedelta(hours=6 * 50)

    first = harvest(site, blog, since=bound)
    assert {name for name in ids(first) if name.startswith("post:")} == {
        f"post:{n}" for n in range(51, 61)
    }

    site.requests.clear()
    harvest(site, blog, known_after(first), since=START - timedelta(days=300))
    assert not any("after=2024" in asked for asked in site.asked)


def test_a_protected_post_and_a_pingback_are_counted_and_not_kept(site: Any) -> None:
    blog = Blog(
        [post(1), post(2, content={"rendered": "", "protected": True})],
        [comment(1), comment(2, type="pingback")],
    )

    batches = harvest(site, blog)

    assert sorted(ids(batches)) == ["comment:1", "post:1"]
    assert [batch.drops for batch in batches] == [{"password": 1, "pingback": 1}]
    assert batches[0].complete


def test_broken_items_are_counted_and_the_others_kept(site: Any) -> None:
    broken: list[Any] = [
        {**post(2), "title": None},
        {**post(3), "content": {"rendered": 5}},
        {**post(4), "date_gmt": "yesterday"},
        {**post(5), "date_gmt": None},
    ]
    blog = Blog([post(1), post(9)])

    def answer(request: httpx.Request) -> httpx.Response:
        sound = blog(request)
        if request.url.path.endswith("posts"):
            items = [*sound.json()[:1], *broken, "no object", None, *sound.json()[1:]]
            return httpx.Response(200, json=items, headers=sound.headers)
        return sound

    (batch,) = harvest(site, answer)

    assert sorted(read.native_id for read in batch.posts) == ["post:1", "post:9"]
    assert batch.drops == {"malformed": 5, "no_date": 1}
    assert not batch.complete


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"<html><body>Please wait</body></html>", {"X-WP-Total": "1", "X-WP-TotalPages": "1"}),
        (b'{"posts": []}', {"X-WP-Total": "1", "X-WP-TotalPages": "1"}),
        (b"[]", {}),
        (b"[]", {"X-WP-Total": "many", "X-WP-TotalPages": "1"}),
        (b'[{"a": 1}, {"a": 2}, {}, {}, {}]', {"X-WP-Total": "5", "X-WP-TotalPages": "1"}),
        (b"[" * 100_000, {"X-WP-Total": "1", "X-WP-TotalPages": "1"}),
    ],
)
def test_an_answer_that_no_wordpress_gives_is_refused(
    site: Any, content: bytes, headers: dict[str, str]
) -> None:
    with pytest.raises(ParseError):
        harvest(site, lambda _: httpx.Response(200, content=content, headers=headers))


def test_a_site_that_ignores_the_bound_is_refused_instead_of_read_again_every_night(
    site: Any, known_after: Any
) -> None:
    blog = Blog([post(n) for n in range(1, 4)])
    known = known_after(harvest(site, blog))
    old = json.dumps([post(1, modified=START - timedelta(days=800))]).encode()

    with pytest.raises(ParseError, match=r"WordPress 5\.7"):
        harvest(
            site,
            lambda _: httpx.Response(
                200, content=old, headers={"X-WP-Total": "1", "X-WP-TotalPages": "1"}
            ),
            known,
        )


def test_what_was_read_before_a_failure_is_kept_and_the_next_harvest_goes_on(
    site: Any, known_after: Any
) -> None:
    blog = Blog([post(n) for n in range(1, 251)])
    n_answers = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal n_answers
        n_answers += 1
        return (
            blog(request) if n_answers < 3 else httpx.Response(429, headers={"Retry-After": "9000"})
        )

    read: list[Batch] = []
    with pytest.raises(RateLimited):
        read.extend(site.open(SPEC, answer).harvest(BLOG, since=None, known=Known()))
    assert len(ids(read)) == 199  # the second page begins with the last post of the first

    site.clock.sleep(20_000)
    site.requests.clear()
    rest = harvest(site, blog, known_after(read))
    assert set(ids(read)) | set(ids(rest)) == {f"post:{n}" for n in range(1, 251)}
    assert len(ids(rest)) < 250


def test_posts_are_kept_where_a_site_shows_no_comments_to_guests(site: Any, recording: Any) -> None:
    blog = Blog([post(1)])

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("comments"):
            return httpx.Response(401, content=recording("wordpress/comments_all_trashed_401.json"))
        return blog(request)

    read: list[Batch] = []
    with pytest.raises(Blocked):
        read.extend(site.open(SPEC, answer).harvest(BLOG, since=None, known=Known()))
    quiet = SourceSpec(
        source="diary", platform="wordpress", url=SPEC.url, options={"comments": False}
    )
    (batch,) = site.open(quiet, answer).harvest(BLOG, since=None, known=Known())

    assert [kept.native_id for kept in batch.posts] == ["post:1"]


def test_a_category_yields_its_own_posts_and_the_comments_on_them(site: Any) -> None:
    blog = Blog(
        [post(n) for n in range(1, 7)], [comment(1, on=1), comment(2, on=2), comment(3, on=3)]
    )
    odd = Community(source="diary", community="category:7", name="Odd")

    batches = list(site.open(SPEC, blog).harvest(odd, since=None, known=Known()))

    assert sorted(ids(batches)) == ["comment:1", "comment:3", "post:1", "post:3", "post:5"]
    assert {read.community for batch in batches for read in batch.posts} == {"category:7"}


def test_an_empty_blog_is_a_complete_harvest_of_nothing(site: Any) -> None:
    (batch,) = harvest(site, Blog([]))

    assert (batch.posts, batch.expected, batch.complete) == ((), 0, True)


def test_without_configured_communities_the_whole_site_is_one(site: Any) -> None:
    (community,) = site.open(SPEC, Blog([])).communities()

    assert (community.source, community.community) == ("diary", "blog")


def test_a_walk_that_meets_less_than_was_promised_is_not_complete(site: Any) -> None:
    blog = Blog([post(n) for n in range(1, 151)])
    nothing = httpx.Response(200, json=[], headers={"X-WP-Total": "0", "X-WP-TotalPages": "0"})

    def answer(request: httpx.Request) -> httpx.Response:
        later = "modified_after" in request.url.params
        return nothing if later else blog(request)

    batches = harvest(site, answer)

    assert len(ids(batches)) == 100
    assert not batches[-1].complete

"""The WordPress harvester against an invented blog that answers as the REST API does."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from harvesters.base import Blocked, ParseError, RateLimited, SourceSpec
from harvesters.posts import ReadContext
from harvesters.wordpress import parse_comments, parse_posts
from warehouse.records import Batch, Community, Known

SPEC = SourceSpec(source="diary", platform="wordpress", url="https://blog.example.org")
BLOG = Community(source="diary", community="blog", name="Diary")
START = datetime(2025, 3, 1, 10, 0, tzinfo=UTC)


def post(native_id: int, *, modified: datetime | None = None, **changes: Any) -> dict[str, Any]:
    written = START + timedelta(hours=6 * native_id)
    return {
        "id": native_id,
        "date_gmt": f"{written:%Y-%m-%dT%H:%M:%S}",
        "modified_gmt": f"{modified or written:%Y-%m-%dT%H:%M:%S}",
        "link": f"https://blog.example.org/entry-{native_id}/",
        "title": {"rendered": f"Entry {native_id}"},
        "content": {"rendered": f"<p>What value means, part {native_id}.</p>", "protected": False},
        "author": 2,
        "type": "post",
        "categories": [7 if native_id % 2 else 8],
        **changes,
    }


def comment(native_id: int, *, on: int = 1, **changes: Any) -> dict[str, Any]:
    written = START + timedelta(hours=1 + 3 * native_id)
    return {
        "id": native_id,
        "post": on,
        "parent": 0,
        "author": 0,
        "author_name": f"guest number {native_id}",
        "date_gmt": f"{written:%Y-%m-%dT%H:%M:%S}",
        "content": {"rendered": f"<p>A thought, number {native_id}.</p>"},
        "link": f"https://blog.example.org/entry-{on}/#comment-{native_id}",
        "type": "comment",
        **changes,
    }


class Blog:
    """Answers as WordPress does: bounds are exclusive, unreadable items are counted and skipped."""

    def __init__(self, posts: list[dict[str, Any]], comments: list[dict[str, Any]] = ()) -> None:  # type: ignore[assignment]
        self.posts = list(posts)
        self.comments = list(comments)
        self.unreadable: set[int] = set()
        self.before_answer: Callable[[], None] = lambda: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.before_answer()
        query = dict(request.url.params)
        route, _, native_id = request.url.path.removeprefix("/wp-json/wp/v2/").partition("/")
        is_posts = route == "posts"
        items = {"posts": self.posts, "comments": self.comments}[route]
        if native_id:
            found = [item for item in items if str(item["id"]) == native_id]
            return httpx.Response(200, json=found[0]) if found else httpx.Response(401, json={})
        for name, field in (("modified_after", "modified_gmt"), ("after", "date_gmt")):
            if name in query:
                assert query[name].endswith("Z"), "a bound without a zone is the site's local time"
                items = [item for item in items if item[field] > query[name].removesuffix("Z")]
        if "include" in query:
            wanted = {int(name) for name in query["include"].split(",")}
            items = [item for item in items if item["id"] in wanted]
        if "categories" in query:
            items = [item for item in items if int(query["categories"]) in item["categories"]]
        order = "modified_gmt" if query.get("orderby") == "modified" else "date_gmt"
        items = sorted(items, key=lambda item: (item[order], item["id"]))
        size, number = int(query["per_page"]), int(query.get("page", "1"))
        n_pages = -(-len(items) // size)
        if is_posts and number > max(1, n_pages):
            answer = {"code": "rest_post_invalid_page_number", "message": "", "data": {}}
            return httpx.Response(400, json=answer)
        page = items[(number - 1) * size : number * size]
        shown = [item for item in page if item["id"] not in self.unreadable]
        totals = {"X-WP-Total": str(len(items)), "X-WP-TotalPages": str(n_pages)}
        return httpx.Response(200, json=shown, headers=totals)


@pytest.fixture
def context(keys: Any) -> ReadContext:
    return ReadContext(
        source="diary",
        platform="wordpress",
        host="blog.example.org",
        community="blog",
        fetched_at=datetime(2026, 1, 5, tzinfo=UTC),
        keys=keys,
    )


def harvest(site: Any, blog: Any, known: Known = Known(), since: Any = None) -> list[Batch]:  # noqa: B008
    return list(site.open(SPEC, blog).harvest(BLOG, since=since, known=known))


def ids(batches: list[Batch]) -> list[str]:
    return [read.native_id for batch in batches for read in batch.posts]


def test_recorded_posts_come_with_their_own_utc_times_titles_and_texts(
    context: ReadContext, recording: Any
) -> None:
    posts = parse_posts(recording("wordpress/posts_p1.json"), context)

    assert [read.native_id for read in posts] == [
        "post:4",
        "post:5",
        "post:6",
        "post:10",
        "post:11",
    ]
    assert posts[0].created_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert posts[0].edited_at is None
    assert posts[0].title == "Co-production diary 1"
    assert posts[0].text == "Entry 1 on what value means to us.\nSecond paragraph."
    assert posts[0].kind == "post"
    assert posts[0].native_thread_id == "post:4"
    assert "共同生产 🧠" in posts[2].title
    assert "&" in posts[2].title
    assert "מה ערך? 价值是什么? 😀 & <b>" in posts[2].text


def test_recorded_comments_hang_below_their_post_or_comment_and_keep_quotations_apart(
    context: ReadContext, recording: Any
) -> None:
    first = parse_comments(recording("wordpress/comments_p1.json"), context)
    second = parse_comments(recording("wordpress/comments_p2.json"), context)
    by_id = {read.native_id: read for read in (*first, *second)}

    assert len(by_id) == 32
    assert by_id["comment:2"].native_parent_id == "post:6"
    assert by_id["comment:11"].native_parent_id == "comment:10"
    assert {read.native_thread_id for read in by_id.values()} == {"post:6"}
    assert by_id["comment:9"].own_text == "I disagree: the service sells to us."
    assert by_id["comment:9"].text.startswith("Vi skaber værdi sammen")
    assert "مرحبا" in by_id["comment:6"].text


def test_a_registered_author_is_one_person_and_a_guest_called_by_a_number_is_another(
    context: ReadContext,
) -> None:
    items = [
        comment(1, author=2, author_name="Mira"),
        comment(2, author=2, author_name="Mira Renamed"),
        comment(3, author=0, author_name="2"),
        comment(4, author=0, author_name="  "),
    ]
    first, renamed, guest, nameless = parse_comments(json.dumps(items).encode(), context)

    assert first.author_key == renamed.author_key is not None
    assert guest.author_key not in {None, first.author_key}
    assert nameless.author_key is None
    assert parse_posts(json.dumps([post(1, author=2)]).encode(), context)[0].author_key == (
        first.author_key
    )


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


def test_a_recheck_tells_present_edited_gone_and_hidden_posts_apart(site: Any, ref_of: Any) -> None:
    blog = Blog([post(n) for n in range(1, 5)], [comment(n) for n in range(1, 4)])
    refs = [ref_of(read) for batch in harvest(site, blog) for read in batch.posts]
    blog.posts[1] = post(2, content={"rendered": "<p>Other words.</p>", "protected": False})
    blog.posts[3] = post(4, content={"rendered": "", "protected": True})
    del blog.posts[2]
    blog.comments[0] = comment(1, content={"rendered": "<p>Never mind.</p>"})
    del blog.comments[1]
    site.requests.clear()

    seen = {sighting.native_id: sighting for sighting in site.open(SPEC, blog).recheck(refs)}

    assert {name: (s.outcome, s.reason) for name, s in seen.items()} == {
        "post:1": ("present", None),
        "post:2": ("edited", None),
        "post:3": ("gone", "not_found"),
        "post:4": ("gone", "login_required"),
        "comment:1": ("edited", None),
        "comment:2": ("gone", "not_found"),
        "comment:3": ("present", None),
    }
    assert seen["comment:1"].post is not None
    assert seen["comment:1"].post.text == "Never mind."
    assert len(site.requests) == 2 + 2  # and of each kind, one that is missing by itself


def test_a_recheck_of_many_posts_asks_for_a_hundred_at_a_time(site: Any, ref_of: Any) -> None:
    blog = Blog([post(n) for n in range(1, 251)])
    refs = [ref_of(read) for batch in harvest(site, blog) for read in batch.posts]
    site.requests.clear()

    sightings = list(site.open(SPEC, blog).recheck(refs))

    assert [s.outcome for s in sightings] == ["present"] * 250
    assert len(site.requests) == 3


def test_a_stale_or_foreign_list_makes_no_post_gone(site: Any, ref_of: Any) -> None:
    blog = Blog([post(n) for n in range(1, 5)])
    refs = [ref_of(read) for batch in harvest(site, blog) for read in batch.posts]
    for listed in ([], [post(1)], [post(77)]):

        def answer(request: httpx.Request, listed: Any = listed) -> httpx.Response:
            totals = {"X-WP-Total": str(len(listed)), "X-WP-TotalPages": "1"}
            is_list = request.url.path.endswith("posts")
            return httpx.Response(200, json=listed, headers=totals) if is_list else blog(request)

        seen: list[Any] = []
        with pytest.raises(ParseError, match="cache"):
            seen.extend(site.open(SPEC, answer).recheck(refs))
        assert [sighting.outcome for sighting in seen] == ["unknown"] * 4


def test_a_walk_that_meets_less_than_was_promised_is_not_complete(site: Any) -> None:
    blog = Blog([post(n) for n in range(1, 151)])
    nothing = httpx.Response(200, json=[], headers={"X-WP-Total": "0", "X-WP-TotalPages": "0"})

    def answer(request: httpx.Request) -> httpx.Response:
        later = "modified_after" in request.url.params
        return nothing if later else blog(request)

    batches = harvest(site, answer)

    assert len(ids(batches)) == 100
    assert not batches[-1].complete


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=b"<html>Checking your browser</html>"),
        httpx.Response(200, json=[]),
        httpx.Response(503),
        httpx.Response(404),
        httpx.Response(403),
    ],
    ids=["challenge", "no totals", "unavailable", "no route", "forbidden"],
)
def test_no_failure_of_the_host_makes_a_post_gone(
    site: Any, ref_of: Any, answer: httpx.Response
) -> None:
    refs = [
        ref_of(read) for batch in harvest(site, Blog([post(1), post(2)])) for read in batch.posts
    ]
    sightings = []

    with pytest.raises(Exception) as failure:  # noqa: PT011 # which one is not the point
        sightings.extend(
            site.open(
                SPEC, lambda _: httpx.Response(answer.status_code, content=answer.content)
            ).recheck(refs)
        )

    assert type(failure.value).__module__ == "harvesters.base"
    assert [(s.outcome, s.native_id) for s in sightings] == [
        ("unknown", "post:1"),
        ("unknown", "post:2"),
    ]

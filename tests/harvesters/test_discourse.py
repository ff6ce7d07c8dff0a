"""The Discourse harvester against an invented forum, old servers' pages and new ones'."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from harvesters import newest_first
from harvesters.base import HarvestError, ParseError, RateLimited, SourceSpec
from harvesters.discourse import parse_posts
from harvesters.posts import ReadContext
from warehouse.records import Batch, Community, Known

SPEC = SourceSpec(source="forum", platform="discourse", url="https://forum.example.org")
START = datetime(2025, 3, 1, 10, 0, tzinfo=UTC)
FIVE = Community(source="forum", community="5", name="Support")
SIX = Community(source="forum", community="6", name="Offtopic")


def post(native_id: int, **changes: Any) -> dict[str, Any]:
    """Return a post; every tenth begins a topic, the others reply to the one before them."""
    topic, number = native_id // 10 + 100, native_id % 10 + 1
    written = START + timedelta(hours=native_id)
    return {
        "id": native_id,
        "username": f"person_{native_id % 7}",
        "created_at": f"{written:%Y-%m-%dT%H:%M:%S}.000Z",
        "updated_at": f"{written:%Y-%m-%dT%H:%M:%S}.000Z",
        "cooked": f"<p>What value means, part {native_id}.</p>",
        "raw": f"What value means, part {native_id}.",
        "post_number": number,
        "post_type": 1,
        "reply_to_post_number": number - 1 if number > 2 else None,
        "version": 1,
        "topic_id": topic,
        "topic_slug": f"topic-{topic}",
        "topic_title": f"Topic {topic}",
        "category_id": 5 if topic % 2 == 0 else 6,
        "hidden": False,
        "deleted_at": None,
        "user_deleted": False,
        **changes,
    }


class Forum:
    """Answers `/posts.json` by windows of fifty ids, as old servers do, or by fifty posts."""

    def __init__(self, posts: list[dict[str, Any]], style: Literal["window", "limit"]) -> None:
        self.posts = {item["id"]: item for item in posts}
        self.style = style
        self.last_id = max(self.posts, default=0)
        self.gone_topics: set[int] = set()
        self.closed_topics: set[int] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/posts.json":
            return httpx.Response(200, json={"latest_posts": self._latest(request)})
        if path.startswith("/posts/"):
            item = self.posts.get(int(path.removeprefix("/posts/").removesuffix(".json")))
            return httpx.Response(200, json=self._untitled(item)) if item else httpx.Response(404)
        topic = int(path.split("/")[2].removesuffix(".json"))
        if topic in self.gone_topics:
            return httpx.Response(404, json={"errors": ["not found"]})
        if topic in self.closed_topics:
            return httpx.Response(403, json={"errors": ["not permitted"]})
        if not path.endswith("/posts.json"):
            listed = [self._untitled(p) for p in self.posts.values() if p["topic_id"] == topic]
            about = {"id": topic, "title": self._title(topic)}
            return httpx.Response(200, json={**about, "post_stream": {"posts": listed[:20]}})
        assert request.url.params["include_raw"] == "true"
        wanted = [int(name) for name in request.url.params.get_list("post_ids[]")]
        assert len(wanted) <= 20
        found = [self.posts[i] for i in wanted if i in self.posts]
        listed = [self._untitled(item) for item in found if item["topic_id"] == topic]
        return httpx.Response(200, json={"post_stream": {"posts": listed[::-1]}, "id": topic})

    def _latest(self, request: httpx.Request) -> list[dict[str, Any]]:
        named = request.url.params.get("before")
        newest_first_ids = sorted(self.posts, reverse=True)
        if self.style == "window":
            before = int(named) if named else self.last_id
            return [self.posts[i] for i in newest_first_ids if before - 50 < i <= before]
        below = [i for i in newest_first_ids if named is None or i < int(named)]
        return [self.posts[i] for i in below[:50]]

    @staticmethod
    def _untitled(item: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in item.items() if name != "topic_title"}

    def _title(self, topic: int) -> str:
        firsts = (p for p in self.posts.values() if p["post_number"] == 1)
        return next(p["topic_title"] for p in firsts if p["topic_id"] == topic)


@pytest.fixture
def context(keys: Any) -> ReadContext:
    return ReadContext(
        source="forum",
        platform="discourse",
        host="forum.example.org",
        community="5",
        fetched_at=datetime(2026, 1, 5, tzinfo=UTC),
        keys=keys,
    )


def harvest(
    site: Any,
    forum: Any,
    known: Known = Known(),  # noqa: B008
    *,
    community: Community = FIVE,
    since: datetime | None = None,
) -> list[Batch]:
    return list(site.open(SPEC, forum).harvest(community, since=since, known=known))


def ids(batches: list[Batch]) -> list[int]:
    return [int(read.native_id) for batch in batches for read in batch.posts]


def of_category(forum: Forum, category: int) -> list[int]:
    return [i for i, item in forum.posts.items() if item["category_id"] == category]


STYLES = pytest.mark.parametrize("style", ["window", "limit"])


def test_an_answer_is_read_with_titles_parents_quotations_and_times(
    context: ReadContext, recording: Any
) -> None:
    reply, first, elsewhere = parse_posts(recording("discourse/posts_latest.json"), context)

    assert (reply.native_id, reply.native_thread_id, reply.native_parent_id) == (
        "1042",
        "77",
        "1040",
    )
    assert (reply.kind, reply.title) == ("comment", "")
    assert "Has anyone tried" in reply.text
    assert "Has anyone tried" not in reply.own_text
    assert ":tea:" in reply.own_text
    assert reply.edited_at == datetime(2025, 11, 3, 9, tzinfo=UTC)
    assert (first.kind, first.title) == ("post", "The new hub & its <hours>")
    assert first.created_at == datetime(2025, 11, 3, 1, tzinfo=UTC)
    assert first.edited_at is None
    assert first.url == "https://forum.example.org/t/the-new-hub/77/1"
    assert f"author_{first.author_key}" in reply.own_text
    assert elsewhere.native_parent_id is None


@pytest.mark.parametrize(("name", "n_posts"), [("posts_latest", 4), ("posts_before", 3)])
def test_answers_of_a_real_forum_are_read_to_the_last_post(
    context: ReadContext, data_dir: Path, name: str, n_posts: int
) -> None:
    content = (data_dir / "recorded/discourse" / f"{name}.json").read_bytes()

    posts = parse_posts(content, context)

    assert len(posts) == n_posts
    assert all(post.title and post.text for post in posts if post.kind == "post")


@STYLES
def test_a_first_harvest_finds_every_post_of_a_category_across_gaps_in_the_ids(
    site: Any, style: Literal["window", "limit"]
) -> None:
    kept = [*range(3, 40), *range(260, 300), *range(700, 830)]  # gaps of more than four pages
    forum = Forum([post(n) for n in kept], style)

    batches = harvest(site, forum)

    assert sorted(ids(batches)) == of_category(forum, 5)
    assert len(ids(batches)) == len(set(ids(batches)))
    assert all(batch.complete for batch in batches)
    assert batches[-1].cursor == {"newest": 829, "top": 0, "low": 0, "since": None}
    assert sum(batch.expected or 0 for batch in batches) == sum(b.fetched for b in batches)


@STYLES
def test_the_second_night_of_an_unchanged_forum_costs_one_request(
    site: Any, known_after: Any, style: Literal["window", "limit"]
) -> None:
    forum = Forum([post(n) for n in range(1, 400)], style)
    known = known_after(harvest(site, forum))
    site.requests.clear()

    second = harvest(site, forum, known)

    assert len(site.requests) == 1
    assert second[-1].cursor == known.cursor
    assert all(batch.complete for batch in second)


@STYLES
def test_a_night_reads_down_to_the_last_one_even_if_its_newest_posts_are_gone(
    site: Any, known_after: Any, style: Literal["window", "limit"]
) -> None:
    forum = Forum([post(n) for n in range(1, 400)], style)
    known = known_after(harvest(site, forum))
    for lost in range(380, 400):
        del forum.posts[lost]
    new = [post(n) for n in range(520, 700)]
    forum.posts.update({item["id"]: item for item in new})
    forum.last_id = 699

    batches = harvest(site, forum, known)

    assert {i for i in ids(batches) if i >= 400} == {i for i in of_category(forum, 5) if i >= 400}
    assert batches[-1].cursor is not None
    assert batches[-1].cursor["newest"] == 699


def test_categories_of_a_forum_share_the_pages_of_one_walk(site: Any) -> None:
    forum = Forum([post(n) for n in range(1, 400)], "limit")
    harvester = site.open(SPEC, forum)

    five = list(harvester.harvest(FIVE, since=None, known=Known()))
    n_requests = len(site.requests)
    six = list(harvester.harvest(SIX, since=None, known=Known()))

    assert len(site.requests) == n_requests
    assert sorted(ids(five) + ids(six)) == list(range(1, 400))

    forum.posts[400] = post(400)
    assert 400 in ids(list(harvester.harvest(FIVE, since=None, known=Known())))


def test_the_parent_of_a_reply_is_found_on_an_older_page(site: Any) -> None:
    forum = Forum([post(n) for n in range(1, 200)], "limit")
    parents = {
        read.native_id: read.native_parent_id
        for batch in harvest(site, forum)
        for read in batch.posts
    }

    assert parents["109"] == "108"
    assert parents["101"] == "100"  # names no post, so it answers the first
    assert parents["100"] is None


def test_what_moderators_and_machines_did_is_counted_and_not_kept(site: Any) -> None:
    forum = Forum(
        [
            post(1, topic_id=100, category_id=5),
            post(2, post_type=3),
            post(3, post_type=4),
            post(4, hidden=True),
            post(5, user_deleted=True),
            post(6, deleted_at="2025-03-02T00:00:00Z"),
        ],
        "limit",
    )

    (batch,) = harvest(site, forum)

    assert ids([batch]) == [1]
    assert batch.drops == {"small_action": 1, "whisper": 1, "removed": 2, "deleted_by_author": 1}
    assert {(s.native_id, s.outcome, s.reason) for s in batch.sightings} == {
        ("4", "gone", "removed"),
        ("5", "gone", "deleted_by_author"),
        ("6", "gone", "removed"),
    }
    assert batch.complete


def test_since_bounds_a_first_harvest(site: Any) -> None:
    forum = Forum([post(n) for n in range(1, 1000)], "limit")
    bound = START + timedelta(hours=850)

    batches = harvest(site, forum, since=bound)

    assert min(ids(batches)) >= 850
    assert sorted(ids(batches)) == [i for i in of_category(forum, 5) if i >= 850]
    assert len(site.requests) == 4
    assert batches[-1].cursor is not None
    assert batches[-1].cursor["newest"] == 999


@STYLES
def test_a_walk_that_was_cut_short_goes_on_where_it_stopped(
    site: Any, known_after: Any, style: Literal["window", "limit"]
) -> None:
    forum = Forum([post(n) for n in range(1, 1200)], style)
    n_answers = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal n_answers
        n_answers += 1
        throttled = httpx.Response(429, headers={"Retry-After": "90000"})
        return forum(request) if n_answers <= 15 else throttled

    read: list[Batch] = []
    with pytest.raises(RateLimited):
        read.extend(site.open(SPEC, answer).harvest(FIVE, since=None, known=Known()))
    assert 0 < len(ids(read)) < len(of_category(forum, 5))

    site.clock.sleep(100_000)
    forum.posts.update({n: post(n) for n in range(1200, 1260)})
    forum.last_id = 1259
    site.requests.clear()
    rest = harvest(site, forum, known_after(read))

    assert sorted({*ids(read), *ids(rest)}) == of_category(forum, 5)
    assert len(site.requests) < 15 + 3
    assert rest[-1].cursor is not None
    assert rest[-1].cursor["newest"] == 1259


def test_a_harvest_stops_at_its_cap_says_so_and_the_next_one_goes_on(
    site: Any, known_after: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest_first, "MAX_PAGES", 10)
    forum = Forum([post(n) for n in range(1, 1200)], "limit")
    read: list[Batch] = []
    nights: list[bool] = []
    while not nights or not nights[-1]:
        read += harvest(site, forum, known_after(read))
        nights.append(read[-1].complete)
        assert len(nights) < 5

    assert nights == [False, False, True]
    assert sorted(set(ids(read))) == of_category(forum, 5)


def test_an_empty_forum_is_a_complete_harvest_of_nothing(site: Any) -> None:
    (batch,) = harvest(site, Forum([], "limit"))

    assert (batch.posts, batch.complete) == ((), True)


def test_a_forum_that_suddenly_shows_nothing_is_not_believed(site: Any, known_after: Any) -> None:
    forum = Forum([post(n) for n in range(1, 100)], "limit")
    known = known_after(harvest(site, forum))
    forum.posts.clear()

    (batch,) = harvest(site, forum, known)

    assert not batch.complete
    assert batch.cursor is not None
    assert batch.cursor["newest"] == 99


@pytest.mark.parametrize(
    "content",
    [
        b"<html>Log in</html>",
        b"[]",
        b"{}",
        b'{"latest_posts": null}',
        b'{"latest_posts": {"id": 1}}',
        b'{"post_stream": {"posts": []}}'[:-1],
    ],
)
def test_an_answer_that_no_discourse_gives_is_refused(site: Any, content: bytes) -> None:
    with pytest.raises(ParseError):
        harvest(site, lambda _: httpx.Response(200, content=content))


def test_broken_posts_are_counted_and_the_others_kept(site: Any) -> None:
    forum = Forum([post(1, category_id=5), post(2, category_id=5)], "limit")
    broken: list[Any] = [
        post(3, category_id=5, cooked=None),
        post(4, category_id=5, created_at="soon"),
        post(5, category_id=5, topic_id="one"),
        {"category_id": 5},
        {"id": -3, "category_id": 5},
        "no object",
        None,
    ]

    def answer(request: httpx.Request) -> httpx.Response:
        posts = forum(request).json()["latest_posts"]
        return httpx.Response(200, json={"latest_posts": [*broken, *posts]})

    (batch,) = harvest(site, answer)

    assert sorted(ids([batch])) == [1, 2]
    assert batch.drops == {"malformed": 5}
    assert not batch.complete


def test_a_cache_that_answers_every_page_alike_is_refused(site: Any) -> None:
    newest = json.dumps({"latest_posts": [post(n) for n in range(500, 450, -1)]}).encode()

    with pytest.raises(ParseError, match="cache"):
        harvest(site, lambda _: httpx.Response(200, content=newest))


def test_without_configured_communities_the_forums_categories_are_listed(site: Any) -> None:
    answer = {"categories": [{"id": 5, "name": "Support"}, {"id": "x"}, None]}
    harvester = site.open(SPEC, lambda _: httpx.Response(200, json=answer))

    assert [(c.community, c.name) for c in harvester.communities()] == [("5", "Support")]


def test_a_recheck_tells_present_edited_gone_moved_and_closed_posts_apart(
    site: Any, ref_of: Any
) -> None:
    forum = Forum([post(n, category_id=5) for n in range(10, 60)], "limit")
    refs = [ref_of(read) for batch in harvest(site, forum) for read in batch.posts]
    forum.posts[10]["topic_title"] = "Another title"
    forum.posts[12]["raw"] = "Other words."
    forum.posts[12]["cooked"] = "<p>Other words.</p>"
    del forum.posts[13]
    forum.posts[14]["user_deleted"] = True
    forum.posts[15]["hidden"] = True
    forum.posts[16]["topic_id"] = 102  # moved by a moderator
    for lost in range(30, 40):
        del forum.posts[lost]
    forum.gone_topics.add(103)
    forum.closed_topics.add(104)
    forum.gone_topics.add(105)
    for merged in range(51, 60):
        forum.posts[merged]["topic_id"] = 102  # the topic was merged into another one
    del forum.posts[50]
    site.requests.clear()

    seen = {int(s.native_id): s for s in site.open(SPEC, forum).recheck(refs)}

    outcomes = {i: (s.outcome, s.reason) for i, s in seen.items()}
    assert {i: outcomes[i] for i in range(10, 20)} == {
        10: ("edited", None),
        11: ("present", None),
        12: ("edited", None),
        13: ("gone", "not_found"),
        14: ("gone", "deleted_by_author"),
        15: ("gone", "removed"),
        16: ("present", None),
        17: ("present", None),
        18: ("present", None),
        19: ("present", None),
    }
    assert {outcomes[i] for i in range(20, 30)} == {("present", None)}
    assert {outcomes[i] for i in range(30, 40)} == {("gone", "not_found")}
    assert {outcomes[i] for i in range(40, 50)} == {("unknown", "login_required")}
    assert outcomes[50] == ("gone", "not_found")
    assert {outcomes[i] for i in range(51, 60)} == {("present", None)}
    edited = seen[10].post
    assert edited is not None
    assert edited.title == "Another title"


def test_a_recheck_of_a_long_topic_asks_for_twenty_posts_at_a_time(site: Any, ref_of: Any) -> None:
    forum = Forum(
        [post(n, category_id=5, topic_id=9, post_number=n) for n in range(1, 51)], "limit"
    )
    refs = [ref_of(read) for batch in harvest(site, forum) for read in batch.posts]
    site.requests.clear()

    outcomes = [sighting.outcome for sighting in site.open(SPEC, forum).recheck(refs)]

    assert outcomes == ["present"] * 50
    assert len(site.requests) <= 4


def test_no_failure_of_the_host_makes_a_post_gone(site: Any, ref_of: Any) -> None:
    forum = Forum([post(n, category_id=5) for n in range(1, 30)], "limit")
    refs = [ref_of(read) for batch in harvest(site, forum) for read in batch.posts]
    for answer in (
        httpx.Response(200, content=b"<html>Checking your browser</html>"),
        httpx.Response(200, json={"post_stream": None}),
        httpx.Response(200, json={"post_stream": {"posts": []}, "id": 999_999, "title": "x"}),
        httpx.Response(502),
        httpx.Response(401),
    ):
        seen: list[Any] = []
        handle = lambda _, a=answer: httpx.Response(a.status_code, content=a.content)  # noqa: E731
        with pytest.raises(HarvestError):
            seen.extend(site.open(SPEC, handle).recheck(refs))
        assert {s.outcome for s in seen} == {"unknown"}
        assert len(seen) == len(refs)

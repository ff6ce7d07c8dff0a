"""Harvests and rechecks of Bluesky accounts and threads, against an invented AppView."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from harvesters.base import Blocked, Gone, HarvestError, ParseError, RateLimited, SourceSpec
from tests.harvesters.invented_appview import (
    HANDLES,
    OPTED_OUT,
    ORGANISATION,
    READER,
    START,
    AppView,
    error,
    label,
    post,
    reply,
    stamp,
    uri,
)
from warehouse.records import Batch, Community, Known

URL = "https://appview.example"
SPEC = SourceSpec(source="sky", platform="bluesky", url=URL)
WITH_THREADS = SourceSpec(source="sky", platform="bluesky", url=URL, options={"threads": True})
FEED = Community(source="sky", community="@listening.example", name="Listening Trust")


def harvest(
    site: Any,
    view: Any,
    known: Known = Known(),  # noqa: B008
    *,
    spec: SourceSpec = SPEC,
    community: Community = FEED,
    since: datetime | None = None,
) -> list[Batch]:
    return list(site.open(spec, view).harvest(community, since=since, known=known))


def keys_of(batches: list[Batch]) -> list[str]:
    return [read.native_id.rpartition("/")[2] for batch in batches for read in batch.posts]


def diary(n: int) -> list[dict[str, Any]]:
    return [post(f"d{number:03}", number) for number in range(n)]


def test_an_account_is_read_from_its_newest_post_to_its_first(site: Any) -> None:
    batches = harvest(site, AppView(*diary(250)))

    assert keys_of(batches) == [f"d{n:03}" for n in range(249, -1, -1)]
    assert len(site.asked) == 4  # the last page has no cursor, and nothing on it
    assert all(batch.complete for batch in batches)
    assert sum(batch.fetched for batch in batches) == sum(b.expected or 0 for b in batches) == 250


def test_short_and_empty_pages_do_not_end_a_walk(site: Any) -> None:
    view = AppView(*diary(20), page_size=7)

    def sometimes_empty(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("cursor") == "7__bafy":
            return httpx.Response(200, json={"feed": [], "cursor": "7__again"})
        return view(request)

    assert len(keys_of(harvest(site, sometimes_empty))) == 20


def test_a_site_that_shows_one_page_for_ever_ends_the_walk_as_partial(site: Any) -> None:
    view = AppView(*diary(10), page_size=5)

    def stuck(request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_remove_param("cursor")
        return view(request)

    batches = harvest(site, stuck)

    assert len(keys_of(batches)) == 5
    assert not batches[-1].complete
    assert len(site.asked) < 10


def test_the_first_harvest_is_bounded(site: Any) -> None:
    batches = harvest(site, AppView(*diary(250)), since=START + timedelta(hours=200))

    assert keys_of(batches) == [f"d{n:03}" for n in range(249, 199, -1)]
    assert len(site.asked) == 1
    assert batches[-1].complete


def test_reposts_are_counted_and_are_not_posts(site: Any) -> None:
    view = AppView(*diary(3))
    reason = {"$type": "app.bsky.feed.defs#reasonRepost", "indexedAt": stamp(9)}
    view.reposts = [{"post": post("other", 1, did=READER), "reason": reason}]

    batches = harvest(site, view)

    assert keys_of(batches) == ["d002", "d001", "d000"]
    assert batches[0].drops == {"repost": 1}
    assert batches[0].complete


def test_a_second_night_on_an_unchanged_site_costs_one_request(site: Any, known_after: Any) -> None:
    view = AppView(*diary(250))
    known = known_after(harvest(site, view))
    site.requests.clear()

    batches = harvest(site, view, known)

    assert len(site.asked) == 1
    assert all(batch.complete for batch in batches)
    assert batches[-1].cursor == known.cursor


def test_a_second_night_reads_what_is_newer_and_what_came_late(site: Any, known_after: Any) -> None:
    view = AppView(*diary(250))
    known = known_after(harvest(site, view))
    view.add(post("late", 245.5), post("new", 251))

    read = keys_of(harvest(site, view, known))

    assert read[0] == "new"
    assert "late" in read
    assert len(read) <= 28  # what the last day holds is read twice, and does no harm


def test_a_post_from_the_future_does_not_hide_what_follows(site: Any, known_after: Any) -> None:
    view = AppView(post("a", 1), post("odd", 2, createdAt="2099-01-01T00:00:00Z"))
    known = known_after(harvest(site, view))
    view.add(post("b", 3))

    assert "b" in keys_of(harvest(site, view, known))


@pytest.mark.parametrize("n_answers", range(1, 7))
def test_a_harvest_that_is_cut_short_goes_on_where_it_was(
    site: Any, known_after: Any, n_answers: int
) -> None:
    view = AppView(*diary(60), page_size=10)
    answers = iter(range(n_answers))

    def failing(request: httpx.Request) -> httpx.Response:
        return view(request) if next(answers, None) is not None else httpx.Response(500)

    batches = list(until_failure(site, failing))
    known = known_after(batches)
    view.add(post("new", 70))
    site.requests.clear()
    rest = harvest(site, view, known)

    assert sorted({*keys_of(batches), *keys_of(rest)}) == sorted([*keys_of_all(view)])
    assert rest[-1].complete
    assert len(site.asked) <= 3 + 8 - n_answers  # a day above the top, then what was left
    assert keys_of(harvest(site, view, known_after([*batches, *rest])))[0] == "new"


def keys_of_all(view: AppView) -> Iterator[str]:
    return (name.rpartition("/")[2] for name in view.posts)


def until_failure(
    site: Any, answer: Any, spec: SourceSpec = SPEC, community: Community = FEED
) -> Iterator[Batch]:
    with pytest.raises(HarvestError):
        yield from site.open(spec, answer).harvest(community, since=None, known=Known())


def test_a_token_that_is_none_any_more_begins_the_walk_again(site: Any) -> None:
    view = AppView(*diary(30), page_size=10)
    cursor = {"newest": None, "top": stamp(29), "token": "old", "since": None}

    def strict(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("cursor") == "old":
            return error("InvalidRequest", "Malformed cursor")
        return view(request)

    batches = harvest(site, strict, Known(cursor=cursor))

    assert {*keys_of(batches)} == {*keys_of_all(view)}
    assert batches[-1].complete


def threaded() -> AppView:
    root = post("root", 0)
    first = reply("first", 1, root)
    nested = reply("nested", 2, first, did=ORGANISATION)
    return AppView(root, first, nested, reply("second", 3, root), post("alone", 4))


def test_replies_are_read_with_their_thread_where_that_is_wanted(site: Any) -> None:
    batches = harvest(site, threaded(), spec=WITH_THREADS)

    read = {p.native_id.rpartition("/")[2]: p for batch in batches for p in batch.posts}
    assert {*read} == {"root", "first", "nested", "second", "alone"}
    assert {p.native_thread_id for name, p in read.items() if name != "alone"} == {uri("root")}
    assert read["nested"].native_parent_id == uri("first", READER)
    (count,) = [count for batch in batches for count in batch.threads]
    assert (count.native_thread_id, count.expected, count.fetched) == (uri("root"), 3, 3)
    assert {*keys_of(harvest(site, threaded()))} == {"root", "nested", "alone"}


def some_weeks_later(view: AppView, site: Any, known_after: Any) -> Known:
    batches = harvest(site, view, spec=WITH_THREADS)
    known = known_after(batches)
    promised = {c.native_thread_id: c.expected for b in batches for c in b.threads}
    posts = [p for b in batches for p in b.posts]
    threads = {
        name: replace(
            held,
            expected=promised.get(name),
            last_post_at=max(p.created_at for p in posts if p.native_thread_id == name),
        )
        for name, held in known.threads.items()
    }
    site.requests.clear()
    return Known(cursor=known.cursor, threads=threads)


def test_a_quiet_thread_is_not_read_again(site: Any, known_after: Any) -> None:
    view = threaded()
    for n in range(40):
        other = post(f"other{n}", 9 * n)
        view.add(other, reply(f"answer{n}", 9 * n + 1, other))
    known = some_weeks_later(view, site, known_after)

    batches = harvest(site, view, known, spec=WITH_THREADS)

    assert len(site.asked) == 1
    assert batches[-1].complete


def test_a_thread_that_grew_is_read_again(site: Any, known_after: Any) -> None:
    view = threaded()
    known = some_weeks_later(view, site, known_after)
    view.add(reply("third", 800, view.posts[uri("root")]))

    batches = harvest(site, view, known, spec=WITH_THREADS)

    assert "third" in keys_of(batches)
    assert sum("getPostThread" in asked for asked in site.asked) == 1


def test_a_lively_thread_is_read_again_for_replies_to_replies(site: Any, known_after: Any) -> None:
    view = threaded()
    view.add(reply("third", 800, view.posts[uri("root")]))
    known = some_weeks_later(view, site, known_after)
    view.add(reply("below", 820, view.posts[uri("third", READER)]))

    assert "below" in keys_of(harvest(site, view, known, spec=WITH_THREADS))


def deep(n: int) -> AppView:
    chain = [post("root", 0)]
    for number in range(n):
        chain.append(reply(f"r{number}", number / 10, chain[-1]))
    return AppView(*chain)


def test_a_thread_deeper_than_an_answer_is_read_to_its_end(site: Any) -> None:
    view = deep(25)
    view.depth = 4

    batches = harvest(site, view, spec=WITH_THREADS)

    assert len(keys_of(batches)) == 26
    assert all(batch.complete for batch in batches)
    assert len(site.asked) == 1 + 1 + 6 + 1


def test_a_thread_that_is_not_shown_whole_is_partial(site: Any) -> None:
    view = threaded()
    view.posts[uri("root")]["replyCount"] = 5

    batches = harvest(site, view, spec=WITH_THREADS)

    assert not all(batch.complete for batch in batches)
    assert batches[0].drops == {"not_shown": 3}
    (count,) = batches[0].threads
    assert (count.expected, count.fetched) == (6, 3)


def test_blocked_replies_are_counted_and_cut_nothing(site: Any) -> None:
    view = threaded()
    view.blocked.add(uri("second", READER))

    batches = harvest(site, view, spec=WITH_THREADS)

    assert "second" not in keys_of(batches)
    assert batches[0].drops == {"blocked": 1}
    assert all(batch.complete for batch in batches)


def test_a_reply_of_somebody_who_opted_out_is_left_out_and_what_is_below_it_not(site: Any) -> None:
    view = threaded()
    view.posts[uri("first", READER)]["author"]["labels"] = [label(OPTED_OUT)]

    batches = harvest(site, view, spec=WITH_THREADS)

    assert {*keys_of(batches)} == {"root", "nested", "second", "alone"}
    assert batches[0].drops["opted_out"] == 1


def test_a_thread_that_cannot_be_read_leaves_the_others_and_is_partial(site: Any) -> None:
    view = threaded()

    def broken(request: httpx.Request) -> httpx.Response:
        thread = request.url.path.endswith("getPostThread")
        return httpx.Response(200, text="<html>") if thread else view(request)

    batches = harvest(site, broken, spec=WITH_THREADS)

    assert {*keys_of(batches)} == {"root", "nested", "alone"}
    assert batches[0].drops == {"thread_not_read": 1}
    assert not batches[0].complete


@pytest.mark.parametrize(
    "handle",
    [
        uri("root"),
        uri("nested"),
        "https://bsky.app/profile/listening.example/post/root",
    ],
)
def test_a_single_thread_is_read_from_its_root(site: Any, handle: str) -> None:
    view = threaded()
    community = Community(source="sky", community=handle, name="A thread")

    def with_handles(request: httpx.Request) -> httpx.Response:
        asked = request.url.params.get("uri", "").replace(
            "//listening.example", f"//{ORGANISATION}"
        )
        return view(httpx.Request("GET", request.url.copy_set_param("uri", asked)))

    (batch,) = harvest(site, with_handles, community=community)

    assert {*keys_of([batch])} == {"root", "first", "nested", "second"}
    assert batch.complete
    assert len(site.asked) <= 2


def test_an_account_that_asks_for_a_login_is_left_alone(site: Any) -> None:
    view = AppView(*diary(250))
    for item in view.posts.values():
        item["author"] = {**item["author"], "labels": [label(OPTED_OUT, ORGANISATION)]}

    with pytest.raises(Blocked, match="without a login"):
        harvest(site, view)
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error("InvalidRequest", "Profile not found"), Gone),
        (error("AccountDeactivated", "Account is deactivated"), Gone),
        (error("BlockedByActor", "Requester is blocked"), Blocked),
        (error("InvalidRequest", "limit must be"), ParseError),
        (httpx.Response(400, text="<html>"), ParseError),
        (httpx.Response(200, json={"feed": {}}), ParseError),
        (httpx.Response(200, text='{"feed": [{"post"'), ParseError),
        (httpx.Response(200, json=[]), ParseError),
        (httpx.Response(403), Blocked),
        (httpx.Response(429), RateLimited),
        (httpx.Response(502), HarvestError),
    ],
)
def test_what_is_no_feed_is_an_error_without_a_name(
    site: Any, answer: httpx.Response, kind: type[HarvestError]
) -> None:
    with pytest.raises(kind) as raised:
        harvest(site, lambda _: answer)

    assert HANDLES[ORGANISATION] not in str(raised.value)


def test_waits_are_kept(site: Any) -> None:
    view = AppView(*diary(3))
    begun = site.clock.now()
    waits = iter([httpx.Response(429, headers={"Retry-After": "40"})])

    harvest(site, lambda request: next(waits, None) or view(request))
    assert (site.clock.now() - begun).total_seconds() >= 40


def test_a_used_up_allowance_is_waited_for(site: Any) -> None:
    view = AppView(*diary(10), page_size=5)
    begun = site.clock.now()
    used_up = {"RateLimit-Remaining": "0", "RateLimit-Reset": str(int(begun.timestamp()) + 90)}

    def limited(request: httpx.Request) -> httpx.Response:
        answer = view(request)
        if "cursor" not in request.url.params:
            answer.headers.update(used_up)
        return answer

    harvest(site, limited)
    assert (site.clock.now() - begun).total_seconds() >= 89


def test_an_empty_account_is_complete(site: Any) -> None:
    (batch,) = harvest(site, AppView())

    assert (batch.posts, batch.complete) == ((), True)


def test_an_account_that_shows_nothing_where_posts_are_known_is_partial(
    site: Any, known_after: Any
) -> None:
    known = known_after(harvest(site, AppView(*diary(3))))

    assert not harvest(site, AppView(), known)[-1].complete


def test_a_deleted_post_is_found_missing_as_a_real_server_says_it(
    site: Any, recording: Any
) -> None:
    answer = httpx.Response(400, content=recording("bluesky/thread_deleted.json"))
    community = Community(source="sky", community=uri("gone"), name="A thread")

    with pytest.raises(Gone) as raised:
        harvest(site, lambda _: answer, community=community)
    assert "did:" not in str(raised.value)

    unknown = httpx.Response(400, content=recording("bluesky/badactor.json"))
    with pytest.raises(Gone):
        harvest(site, lambda _: unknown)


def test_times_are_those_of_the_posts(site: Any) -> None:
    (batch,) = harvest(site, AppView(post("1", 0)))

    assert batch.posts[0].created_at == datetime(2025, 12, 1, 10, tzinfo=UTC)

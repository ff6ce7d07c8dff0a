"""The Reddit harvester against an invented subreddit, with the unmodified PRAW between them."""

import json
import logging
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from harvesters.base import Blocked, Gone, HarvestError, ParseError, RateLimited
from tests.harvesters.invented_reddit import (
    PLACE,
    SPEC,
    START,
    InventedReddit,
    comment,
    submission,
)
from warehouse.records import Batch, Known


@pytest.fixture(autouse=True)
def _nothing_waits_by_the_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(seconds: float) -> None:
        raise AssertionError(f"something waits {seconds} s by the wall clock")

    monkeypatch.setattr(time, "sleep", fail)


def harvest(site: Any, server: Any, known: Known | None = None, **changes: Any) -> list[Batch]:
    since = changes.pop("since", START)
    harvester = site.open(replace(SPEC, **changes), server)
    return list(harvester.harvest(PLACE, since=since, known=known or Known()))


def names(batches: list[Batch]) -> set[str]:
    return {post.native_id for batch in batches for post in batch.posts}


def gaps(batches: list[Batch]) -> list[Any]:
    return [gap for batch in batches for gap in batch.gaps]


def busy_place(hours: int, *, cap: int = 1000) -> InventedReddit:
    """Return a subreddit with a submission an hour and a comment under each."""
    things = []
    for hour in range(hours):
        root = submission(hour, num_comments=1)
        things += [root, comment(hour + 0.5, root)]
    return InventedReddit(things, cap=cap)


def test_a_first_harvest_reads_both_listings_back_to_the_bound(site: Any) -> None:
    server = busy_place(300)
    since = START + timedelta(hours=100)
    batches = harvest(site, server, since=since)

    expected = {
        name for name, t in server.things.items() if t["data"]["created_utc"] >= since.timestamp()
    }
    assert names(batches) == expected
    assert len(expected) == 400
    assert all(batch.complete for batch in batches)
    assert gaps(batches) == []
    assert len(site.requests) == 1 + 3 + 3


def test_the_second_night_reads_what_is_new_and_one_day_again(site: Any, known_after: Any) -> None:
    server = busy_place(300)
    known = known_after(harvest(site, server))
    late = submission(290.25)  # released by moderators after it had waited
    root = submission(300, num_comments=1)
    server.add(late, root, comment(300.5, root))
    site.requests.clear()

    second = harvest(site, server, known)

    assert {late["data"]["name"], root["data"]["name"]} <= names(second)
    hours = {round((p.created_at - START) / timedelta(hours=1)) for b in second for p in b.posts}
    assert min(hours) >= 275
    assert len(site.requests) == 3
    assert all(batch.complete for batch in second)


def test_an_unchanged_subreddit_costs_a_token_and_two_pages(site: Any, known_after: Any) -> None:
    server = busy_place(300)
    known = known_after(harvest(site, server))
    site.requests.clear()
    second = harvest(site, server, known)
    assert len(site.requests) == 3
    cursors = [batch.cursor for batch in second if batch.cursor]
    assert cursors[-1] == known.cursor


def test_a_night_beyond_what_reddit_shows_is_a_gap_and_the_next_goes_on(
    site: Any, known_after: Any
) -> None:
    server = busy_place(50)
    known = known_after(harvest(site, server))
    server.add(*(submission(50 + n / 20) for n in range(1200)))

    second = harvest(site, server, known)

    (gap,) = gaps(second)
    assert gap.reason == "listing_cap"
    assert gap.since == START + timedelta(hours=49)
    assert gap.until == START + timedelta(hours=50 + 200 / 20)
    assert not all(batch.complete for batch in second)
    assert len([name for name in names(second) if name.startswith("t3_")]) == 1000
    third = harvest(site, server, known_after(second))
    assert gaps(third) == []
    assert all(batch.complete for batch in third)


def test_a_first_harvest_that_cannot_go_back_to_its_bound_says_so(site: Any) -> None:
    batches = harvest(site, busy_place(1100), since=START + timedelta(hours=10))
    assert {(gap.since, gap.until, gap.reason) for gap in gaps(batches)} == {
        (START + timedelta(hours=10), START + timedelta(hours=100), "listing_cap"),
        (START + timedelta(hours=10), START + timedelta(hours=100.5), "listing_cap"),
    }
    assert not all(batch.complete for batch in batches)


def test_a_small_subreddit_ends_before_the_bound_and_is_whole(site: Any) -> None:
    batches = harvest(site, busy_place(30), since=START - timedelta(days=900))
    assert len(names(batches)) == 60
    assert all(batch.complete for batch in batches)


def test_short_and_empty_pages_do_not_end_a_walk(site: Any) -> None:
    """Reddit leaves out what is hidden, which can empty a page in the middle of a listing."""
    server = busy_place(60)
    server.page_size = 7
    n_pages = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal n_pages
        answered = server(request)
        if request.url.path.startswith("/r/KindPlace/new"):
            n_pages += 1
            if n_pages == 3:
                content = answered.json()
                content["data"]["children"] = []
                return httpx.Response(200, json=content)
        return answered

    read = names(harvest(site, answer))
    assert len([name for name in read if name.startswith("t3_")]) == 53
    assert len([name for name in read if name.startswith("t1_")]) == 60


def test_a_listing_that_turns_in_circles_ends(site: Any) -> None:
    server = busy_place(60)
    server.page_size = 20

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/r/"):
            first = httpx.Request("GET", request.url.copy_remove_param("after"))
            first.headers = request.headers
            answered = server(first).json()
            answered["data"]["after"] = f"t3_{len(site.requests)}"
            return httpx.Response(200, json=answered)
        return server(request)

    batches = harvest(site, answer)
    assert len(site.requests) == 1 + 2 + 2
    assert len(names(batches)) == 40


def test_an_empty_listing_where_posts_are_known_is_not_believed(
    site: Any, known_after: Any
) -> None:
    server = busy_place(30)
    known = known_after(harvest(site, server))
    server.things.clear()
    batches = harvest(site, server, known)
    assert not any(batch.complete for batch in batches)
    assert batches[-1].cursor == known.cursor


def test_withdrawn_things_are_gone_at_first_sight_and_not_kept(site: Any, recording: Any) -> None:
    new = json.loads(recording("reddit/new.json"))["data"]["children"]
    comments = json.loads(recording("reddit/comments.json"))["data"]["children"]
    batches = harvest(site, InventedReddit([*new, *comments]))
    (batch,) = batches
    assert {(s.native_id, s.outcome, s.reason) for s in batch.sightings} == {
        ("t3_1pk0ad", "gone", "deleted_by_author"),
        ("t3_1pk0ac", "gone", "removed"),
    }
    assert batch.drops == {"crosspost": 1, "deleted_by_author": 1, "removed": 1}
    assert (batch.expected, batch.fetched) == (13, 10)
    counts = {t.native_thread_id: (t.expected, t.fetched) for t in batch.threads}
    assert counts["t3_1pk0aa"] == (7, 4)
    assert counts["t3_1pk0ah"] == (3, 3)


def test_no_name_of_an_account_is_in_what_is_landed(site: Any, recording: Any) -> None:
    new = json.loads(recording("reddit/new.json"))["data"]["children"]
    comments = json.loads(recording("reddit/comments.json"))["data"]["children"]
    batches = harvest(site, InventedReddit([*new, *comments]))
    for name in ("heron_by_water", "wren_at_dawn", "tern_on_sea", "avocet", "t2_k1nd", "ModTeam"):
        assert name not in repr(batches)


def test_a_token_that_is_refused_is_got_anew_without_waiting(site: Any) -> None:
    server = busy_place(150)
    harvester = site.open(SPEC, server)
    first = list(harvester.harvest(PLACE, since=START, known=Known()))
    server.tokens += 1  # as if Reddit had forgotten the token
    second = list(harvester.harvest(PLACE, since=START, known=Known()))
    assert names(first) == names(second)
    assert server.tokens == 3


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, {"reason": "private", "error": 403}, Blocked),
        (404, {"reason": "banned", "error": 404}, Gone),
        (451, {}, Blocked),
        (401, {}, Blocked),
        (400, {"message": "Bad Request", "error": 400}, ParseError),
        (418, {}, ParseError),
    ],
)
def test_a_refused_subreddit_is_an_error_of_its_kind(
    site: Any, status: int, body: dict[str, Any], error: type[HarvestError]
) -> None:
    server = busy_place(1)

    def answer(request: httpx.Request) -> httpx.Response:
        closed = request.url.path.startswith("/r/")
        return httpx.Response(status, json=body) if closed else server(request)

    with pytest.raises(error) as raised:
        harvest(site, answer)
    assert raised.value.__cause__ is None
    assert "KindPlace" not in str(raised.value)


def test_a_subreddit_that_there_is_not_is_gone(site: Any) -> None:
    """Reddit leads such a name to its search, which is not followed."""
    harvester = site.open(SPEC, busy_place(1))
    with pytest.raises(Gone, match="no such subreddit"):
        list(harvester.harvest(replace(PLACE, community="NoPlace"), since=START, known=Known()))
    assert [path.partition("?")[0] for path in site.asked][1:] == ["/r/NoPlace/new"]


def test_wrong_credentials_are_blocked_and_not_shown(site: Any) -> None:
    secrets = {"client_id": "other-id", "client_secret": "other-secret"}
    with pytest.raises(Blocked, match="client id") as raised:
        harvest(site, busy_place(1), secrets=secrets)
    assert "other-" not in f"{raised.value!r}{raised.value.__context__!r}"
    with pytest.raises(Blocked, match="environment"):
        harvest(site, busy_place(1), secrets={})


def test_what_was_read_before_a_failure_is_kept_and_the_next_night_goes_on(
    site: Any, known_after: Any
) -> None:
    server = busy_place(250)
    n_answers = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal n_answers
        n_answers += 1
        throttled = httpx.Response(429, headers={"Retry-After": "90000"})
        return server(request) if n_answers <= 3 else throttled

    read: list[Batch] = []
    with pytest.raises(RateLimited):
        read.extend(site.open(SPEC, answer).harvest(PLACE, since=START, known=Known()))
    site.clock.sleep(100_000)
    rest = harvest(site, server, known_after(read))
    assert names(read) | names(rest) == set(server.things)


@pytest.mark.parametrize(
    "content",
    [
        b"<html>maintenance</html>",
        b"null",
        b"[]",
        b"{}",
        b'"words"',
        b'{"kind": "Listing", "data": {"children": 5, "after": null}}',
        b'{"kind": "Listing", "data": {"children": [{"kind": "t1", "data": {}}]}}',
        b'{"kind": "Listing", "data": {"children": [], "after": {"a": 1}}}',
        b'{"kind": "t3", "data": {"id": "abc", "author": 5, "subreddit": 7}}',
        b'{"json": {"errors": [["RATELIMIT", "take a break for 5 seconds", "ratelimit"]]}}',
        b'{"kind": "Listing", "data": ' + b'{"replies": ' * 5000,
    ],
)
def test_an_answer_that_no_reddit_gives_is_refused(site: Any, content: bytes) -> None:
    server = busy_place(1)

    def answer(request: httpx.Request) -> httpx.Response:
        listed = request.url.path.startswith("/r/")
        return httpx.Response(200, content=content) if listed else server(request)

    with pytest.raises(ParseError):
        harvest(site, answer)


def test_things_of_another_subreddit_are_refused(site: Any) -> None:
    server = InventedReddit([submission(1, subreddit="OtherPlace")])
    with pytest.raises(ParseError, match="another subreddit"):
        harvest(site, server)


@pytest.mark.parametrize(
    "community", ["u_heron", "r/u_heron", "kind place", "a+b", "../r/x", "", "r/" + "x" * 40, "x?y"]
)
def test_what_is_no_subreddit_is_not_asked_for(site: Any, community: str) -> None:
    harvester = site.open(SPEC, busy_place(1))
    place = replace(PLACE, community=community or " ")
    with pytest.raises(ParseError, match="no subreddit"):
        list(harvester.harvest(place, since=START, known=Known()))
    assert site.requests == []


def test_a_subreddit_is_named_with_or_without_its_prefix(site: Any) -> None:
    for community in ("KindPlace", "r/KindPlace", "/r/KindPlace/"):
        harvester = site.open(SPEC, busy_place(2))
        place = replace(PLACE, community=community)
        (batch,) = harvester.harvest(place, since=START, known=Known())
        assert (batch.community, len(batch.posts)) == (community, 4)


def test_no_file_and_no_variable_of_the_machine_leads_the_credentials_elsewhere(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = "\n".join(f"{name}=https://thief.example" for name in ("oauth_url", "reddit_url"))
    (tmp_path / "praw.ini").write_text(
        f"[DEFAULT]\n{elsewhere}\ncomment_kind=t9\nclient_id=other\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("praw_site", "other")
    monkeypatch.setenv("praw_client_id", "other")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    batches = harvest(site, busy_place(2))
    assert len(names(batches)) == 4
    assert {request.url.host for request in site.requests} == {"reddit.example"}


def test_only_the_study_is_named_and_no_address_is_logged(
    site: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = busy_place(2)
    harvester = site.open(SPEC, server)
    list(harvester.harvest(PLACE, since=START, known=Known()))
    server.tokens += 1
    list(harvester.harvest(PLACE, since=START, known=Known()))
    agents = {request.headers["user-agent"] for request in site.requests}
    assert agents == {"valuetalk-tests/0 (+https://example.org)"}
    assert "KindPlace" not in caplog.text
    assert "invented" not in caplog.text

"""The Mastodon harvester against an invented server."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from harvesters.base import Blocked, HarvestError, ParseError, RateLimited
from harvesters.mastodon import parse_statuses
from harvesters.posts import ReadContext
from tests.harvesters.invented_server import SPEC, START, TAG, Server, harvest, ids, number, status
from warehouse.records import Batch


@pytest.fixture
def context(keys: Any) -> ReadContext:
    return ReadContext(
        source="fedi",
        platform="mastodon",
        host="kind.example",
        community="peersupport",
        fetched_at=datetime(2026, 1, 5, tzinfo=UTC),
        keys=keys,
    )


def test_a_timeline_is_read_with_threads_home_hosts_warnings_and_machines(
    context: ReadContext, recording: Any
) -> None:
    reply, bot, middle, root = parse_statuses(recording("mastodon/tag.json"), context)

    assert {p.native_thread_id for p in (reply, middle, root)} == {root.native_id}
    assert (reply.native_parent_id, reply.kind) == (middle.native_id, "comment")
    assert (root.native_parent_id, root.kind) == (None, "post")
    assert reply.title == "benefits, waiting"
    assert reply.edited_at == datetime(2025, 11, 10, 13, tzinfo=UTC)
    assert middle.text == "Same here.\nEvery week."
    assert (bot.automated, root.automated) == (True, False)
    assert root.author_key == reply.author_key
    assert root.author_key == context.keys.author_key(
        "mastodon", "far.example", "otter@far.example"
    )
    assert f"author_{middle.author_key}" in reply.text
    assert "heron" not in reply.text
    assert "#peersupport" in reply.text


@pytest.mark.parametrize(
    ("name", "n_statuses"), [("test_hashtag_tl", 1), ("test_pagination_iterator", 50)]
)
def test_timelines_of_a_real_server_are_read_to_the_last_status(
    context: ReadContext, data_dir: Path, name: str, n_statuses: int
) -> None:
    cassette = yaml.safe_load((data_dir / "recorded/mastodon" / f"{name}.yaml").read_text())
    answers = [entry["response"]["body"]["string"] for entry in cassette["interactions"]]
    timelines = [answer for answer in answers if answer.startswith('[{"id"')]

    assert sum(len(parse_statuses(page.encode(), context)) for page in timelines) == n_statuses


def test_a_first_harvest_goes_back_to_the_time_bound_and_the_next_ones_forward(
    site: Any, known_after: Any
) -> None:
    server = Server([status(hour) for hour in range(300)])

    first = harvest(site, server, since=START + timedelta(hours=100))
    assert sorted(ids(first)) == [number(hour) for hour in range(100, 300)]
    assert all(batch.complete for batch in first)

    server.add(*(status(hour) for hour in range(300, 420)))
    site.requests.clear()
    second = harvest(site, server, known_after(first), since=START)
    assert {number(hour) for hour in range(300, 420)} <= set(ids(second))
    assert min(ids(second)) > number(274)
    assert all("min_id" in asked for asked in site.asked[1:])


def test_the_second_night_of_an_unchanged_tag_costs_the_listing_only(
    site: Any, known_after: Any
) -> None:
    server = Server([status(hour) for hour in range(300)])
    known = known_after(harvest(site, server))
    site.requests.clear()

    second = harvest(site, server, known)

    assert len(site.requests) == 1 + 2
    assert second[-1].cursor == known.cursor


def test_a_status_that_reached_the_server_late_is_found(site: Any, known_after: Any) -> None:
    server = Server([status(hour) for hour in range(100)])
    known = known_after(harvest(site, server))
    server.add(status(90.5), status(100))

    assert {number(90.5), number(100)} <= set(ids(harvest(site, server, known)))


def test_a_tag_without_statuses_is_a_complete_harvest_of_nothing(
    site: Any, known_after: Any
) -> None:
    server = Server([])
    batches = harvest(site, server)
    assert [(b.posts, b.complete, b.cursor) for b in batches] == [((), True, None)]

    server.add(status(1))
    assert ids(harvest(site, server, known_after(batches))) == [number(1)]


def test_boosts_closed_statuses_and_people_who_opted_out_are_not_kept(site: Any) -> None:
    account = {"acct": "wren", "bot": False, "note": ""}
    server = Server(
        [
            status(1),
            status(2, reblog=status(1)),
            status(3, visibility="private"),
            status(4, account={**account, "noindex": True}),
            status(5, account={**account, "note": "<p>Hello #<span>nobot</span></p>"}),
            status(6, account={**account, "note": "<p>robots are welcome</p>"}),
        ]
    )

    (batch,) = harvest(site, server)

    assert sorted(ids([batch])) == [number(1), number(6)]
    assert batch.drops == {"reblog": 1, "not_public": 1, "opted_out": 2}
    assert batch.expected == 6
    assert batch.complete


@pytest.mark.parametrize("access", ["disabled", "authenticated"])
def test_a_server_that_closed_its_timelines_is_blocked_and_not_empty(
    site: Any, access: str
) -> None:
    server = Server([])
    feeds = {"local": access, "remote": access}
    server.instance["configuration"] = {"timelines_access": {"hashtag_feeds": feeds}}

    with pytest.raises(Blocked, match="tag timelines"):
        harvest(site, server)
    assert len(site.requests) == 1


def test_where_guests_see_local_statuses_only_these_are_asked_for(site: Any) -> None:
    server = Server([status(1)])
    feeds = {"local": "public", "remote": "authenticated"}
    server.instance["configuration"] = {"timelines_access": {"hashtag_feeds": feeds}}

    harvest(site, server)

    assert all("local=true" in asked for asked in site.asked[1:])


def test_older_servers_and_other_software_are_read_without_an_instance_page(site: Any) -> None:
    server = Server([status(1)])

    def answer(request: httpx.Request) -> httpx.Response:
        about = request.url.path == "/api/v2/instance"
        return httpx.Response(404) if about else server(request)

    (batch,) = harvest(site, answer)
    assert batch.posts[0].author_key == site.keys.author_key(
        "mastodon", "web.kind.example", "heron@web.kind.example"
    )

    def closed(request: httpx.Request) -> httpx.Response:
        about = request.url.path == "/api/v2/instance"
        return httpx.Response(404) if about else httpx.Response(422, json={"error": "no"})

    with pytest.raises(Blocked, match="tag timelines"):
        harvest(site, closed)


def test_accounts_of_the_server_live_on_its_name_and_not_on_its_web_address(site: Any) -> None:
    (batch,) = harvest(site, Server([status(1)]))

    assert batch.posts[0].author_key == site.keys.author_key("mastodon", "kind.example", "heron")


def test_replies_keep_their_thread_over_pages_and_nights(site: Any, known_after: Any) -> None:
    replies = [status(hour, in_reply_to_id=str(number(hour - 1))) for hour in range(1, 60)]
    server = Server([status(0), *replies])
    first = harvest(site, server)
    assert {p.native_thread_id for b in first for p in b.posts} == {str(number(0))}

    for hour in range(60, 62):
        server.add(status(hour, in_reply_to_id=str(number(hour - 1))))
    newest_last = [
        Batch(
            source=batch.source,
            community=batch.community,
            posts=tuple(sorted(batch.posts, key=lambda post: post.created_at)),
            cursor=batch.cursor,
        )
        for batch in first
    ]
    server.statuses = {i: s for i, s in server.statuses.items() if i >= number(58)}
    second = harvest(site, server, known_after(newest_last))
    threads = {int(p.native_id): p.native_thread_id for b in second for p in b.posts}
    assert threads[number(60)] == threads[number(61)] == str(number(0))


def test_a_reply_stays_one_when_what_it_answered_is_deleted(site: Any, ref_of: Any) -> None:
    reply = status(2, in_reply_to_id=str(number(1)), in_reply_to_account_id="11")
    server = Server([status(1), reply])
    refs = [ref_of(read) for batch in harvest(site, server) for read in batch.posts]
    del server.statuses[number(1)]
    server.add({**reply, "in_reply_to_id": None})

    (batch,) = harvest(site, server)
    assert batch.posts[0].kind == "comment"
    outcomes = {int(s.native_id): s.outcome for s in site.open(SPEC, server).recheck(refs)}
    assert outcomes == {number(1): "gone", number(2): "present"}


def test_what_was_read_before_a_failure_is_kept_and_the_next_harvest_goes_on(
    site: Any, known_after: Any
) -> None:
    server = Server([status(hour) for hour in range(20)])
    read = harvest(site, server)
    server.add(*(status(hour) for hour in range(100, 300)))
    n_answers = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal n_answers
        n_answers += 1
        throttled = httpx.Response(429, headers={"Retry-After": "90000"})
        return server(request) if n_answers <= 3 else throttled

    with pytest.raises(RateLimited):
        read.extend(site.open(SPEC, answer).harvest(TAG, since=None, known=known_after(read)))
    assert len(ids(read)) > 40

    site.clock.sleep(100_000)
    rest = harvest(site, server, known_after(read))
    assert set(ids(read)) | set(ids(rest)) == set(server.statuses)
    assert len(ids(rest)) < 200


def test_ids_that_are_no_numbers_count_up_by_length_and_letters(site: Any) -> None:
    names = [f"01HXA{n:04d}" for n in range(90)]
    statuses = [{**status(hour), "id": name} for hour, name in enumerate(names)]

    def answer(request: httpx.Request) -> httpx.Response:
        below = request.url.params.get("max_id", "Z")
        page = [s for s in reversed(statuses) if s["id"] < below][:40]
        return httpx.Response(200, json={} if "instance" in request.url.path else page)

    read = [p.native_id for b in harvest(site, answer) for p in b.posts]
    assert sorted(read) == names


@pytest.mark.parametrize(
    "content", [b"<html>maintenance</html>", b'{"error": "x"}', b"null", b"[{}, {}, {}, {}, {}]"]
)
def test_an_answer_that_no_mastodon_gives_is_refused(site: Any, content: bytes) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        about = "instance" in request.url.path
        return httpx.Response(200, content=b"{}" if about else content)

    with pytest.raises(ParseError):
        harvest(site, answer)


def test_a_server_that_ignores_the_bounds_is_refused(site: Any, known_after: Any) -> None:
    server = Server([status(hour) for hour in range(60)])
    same = json.dumps([status(hour) for hour in range(59, 19, -1)]).encode()

    def answer(request: httpx.Request) -> httpx.Response:
        about = "instance" in request.url.path
        return httpx.Response(200, content=b"{}" if about else same)

    with pytest.raises(ParseError, match="max_id"):
        harvest(site, answer)
    with pytest.raises(ParseError, match="min_id"):
        harvest(site, answer, known_after(harvest(site, server)))


def test_broken_statuses_are_counted_and_the_others_kept(site: Any) -> None:
    server = Server([status(1), status(2)])
    broken: list[Any] = [
        status(3, content=None),
        status(4, account=None),
        status(5, created_at=12),
        {**status(6), "id": ""},
        None,
    ]

    def answer(request: httpx.Request) -> httpx.Response:
        sound = server(request)
        first = "timelines" in request.url.path and "max_id" not in request.url.params
        return httpx.Response(200, json=[*broken, *sound.json()]) if first else sound

    (batch,) = harvest(site, answer)

    assert sorted(ids([batch])) == [number(1), number(2)]
    assert batch.drops == {"malformed": 5}
    assert not batch.complete


@pytest.mark.parametrize("asks_many", [True, False])
def test_a_recheck_tells_present_edited_gone_and_withdrawn_statuses_apart(
    site: Any, ref_of: Any, asks_many: bool
) -> None:
    server = Server([status(hour) for hour in range(1, 31)], asks_many=asks_many)
    refs = [ref_of(read) for batch in harvest(site, server) for read in batch.posts]
    server.add(
        status(2, content="<p>Other words.</p>", edited_at="2025-12-01T00:00:00.000Z"),
        status(3, account={"acct": "heron", "noindex": True}),
        status(4, visibility="private"),
    )
    for hour in (5, 6):
        del server.statuses[number(hour)]
    site.requests.clear()

    seen = {int(s.native_id): s for s in site.open(SPEC, server).recheck(refs)}

    assert len(seen) == 30
    assert {
        hour: (seen[number(hour)].outcome, seen[number(hour)].reason) for hour in range(1, 8)
    } == {
        1: ("present", None),
        2: ("edited", None),
        3: ("gone", "opted_out"),
        4: ("gone", "removed"),
        5: ("gone", "not_found"),
        6: ("gone", "not_found"),
        7: ("present", None),
    }
    edited = seen[number(2)].post
    assert edited is not None
    assert edited.text == "Other words."
    assert len(site.requests) == (1 + 2 + 1 if asks_many else 1 + 1 + 30)


def test_an_answer_that_lacks_statuses_is_believed_only_when_one_is_not_found_by_itself(
    site: Any, ref_of: Any
) -> None:
    server = Server([status(hour) for hour in range(1, 4)])
    refs = [ref_of(read) for batch in harvest(site, server) for read in batch.posts]

    def forgetful(request: httpx.Request) -> httpx.Response:
        many = request.url.path == "/api/v1/statuses"
        return httpx.Response(200, json=[]) if many else server(request)

    assert {s.outcome for s in site.open(SPEC, forgetful).recheck(refs)} == {"present"}
    server.statuses.clear()
    assert {s.outcome for s in site.open(SPEC, forgetful).recheck(refs)} == {"gone"}


def test_no_failure_of_the_host_makes_a_status_gone(site: Any, ref_of: Any) -> None:
    server = Server([status(hour) for hour in range(1, 4)])
    refs = [ref_of(read) for batch in harvest(site, server) for read in batch.posts]
    for answer in (
        httpx.Response(200, content=b"<html>Checking your browser</html>"),
        httpx.Response(200, json=[status(99)]),
        httpx.Response(401, json={"error": "authorized fetch"}),
        httpx.Response(503),
    ):
        seen: list[Any] = []
        handle = lambda _, a=answer: httpx.Response(a.status_code, content=a.content)  # noqa: E731
        with pytest.raises(HarvestError):
            seen.extend(site.open(SPEC, handle).recheck(refs))
        assert [s.outcome for s in seen] == ["unknown"] * 3

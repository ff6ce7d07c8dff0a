"""Whole threads around the statuses of a timeline, on an invented server."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.base import HarvestError, ParseError, Unavailable
from harvesters.mastodon import parse_context
from harvesters.posts import ReadContext
from tests.harvesters.invented_server import (
    SPEC,
    START,
    TAG,
    Server,
    account,
    harvest,
    number,
    status,
)
from warehouse.protection.keys import KeyRing
from warehouse.records import Batch, Known, KnownThread

WHOLE = replace(SPEC, options={"contexts": True})
UNTAGGED: list[dict[str, str]] = []
CONTEXT = ReadContext(
    source="fedi",
    platform="mastodon",
    host="kind.example",
    community="peersupport",
    fetched_at=datetime(2026, 3, 5, tzinfo=UTC),
    keys=KeyRing(study="s", author=(b"1" * 32,), content=b"2" * 32, erasure=b"3" * 32),
)


def reply(hours: float, to: float, **changes: Any) -> dict[str, Any]:
    return status(hours, to=to, tags=UNTAGGED, **changes)


def posts(batches: list[Batch]) -> dict[int, Any]:
    return {int(post.native_id): post for batch in batches for post in batch.posts}


def counts(batches: list[Batch]) -> dict[int, tuple[int | None, int]]:
    return {int(t.native_thread_id): (t.expected, t.fetched) for b in batches for t in b.threads}


def test_the_replies_to_a_tagged_status_are_read_as_comments_of_its_thread(site: Any) -> None:
    server = Server([status(0), reply(1, 0), reply(2, 1), reply(3, 0), status(9)])

    batches = harvest(site, server, spec=WHOLE)

    read = posts(batches)
    assert set(read) == {number(hour) for hour in (0, 1, 2, 3, 9)}
    assert {read[number(h)].native_thread_id for h in range(4)} == {str(number(0))}
    assert read[number(2)].native_parent_id == str(number(1))
    assert [read[number(h)].kind for h in (0, 1, 9)] == ["post", "comment", "post"]
    assert counts(batches) == {number(0): (4, 4)}
    assert all(batch.complete for batch in batches)
    assert sum(asked.endswith("/context") for asked in site.asked) == 1


def test_without_the_option_no_context_is_asked_for(site: Any) -> None:
    batches = harvest(site, Server([status(0), reply(1, 0)]))

    assert set(posts(batches)) == {number(0)}
    assert counts(batches) == {}


def test_a_tagged_reply_brings_the_thread_that_it_stands_in(site: Any) -> None:
    server = Server([reply(0, -5), status(1, to=0), reply(2, 0), reply(3, 1)])
    server.add(status(-5, tags=UNTAGGED))

    read = posts(harvest(site, server, spec=WHOLE))

    assert set(read) == {number(hour) for hour in (-5, 0, 1, 2, 3)}
    assert {post.native_thread_id for post in read.values()} == {str(number(-5))}


def test_a_thread_of_which_guests_see_a_part_is_counted_and_not_complete(site: Any) -> None:
    server = Server([status(0), *(reply(hour, 0) for hour in range(1, 81))], descendants=60)

    batches = harvest(site, server, spec=WHOLE)

    assert counts(batches) == {number(0): (81, 61)}
    assert [batch.complete for batch in batches] == [True, False]
    assert sum(batch.expected or 0 for batch in batches) == 81
    assert sum(batch.fetched for batch in batches) == 61


def test_people_in_a_thread_who_keep_out_of_search_are_left_out_and_do_not_cut_it(
    site: Any,
) -> None:
    server = Server([status(0), reply(1, 0, account=account("wren", indexable=False)), reply(2, 1)])

    batches = harvest(site, server, spec=WHOLE)

    assert set(posts(batches)) == {number(0), number(2)}
    assert batches[-1].drops == {"opted_out": 1}
    assert counts(batches) == {number(0): (3, 3)}
    assert all(batch.complete for batch in batches)


def known_with_counts(known_after: Any, batches: list[Batch]) -> Any:
    """Return what the loader knows, the promised counts of threads with it."""
    known = known_after(batches)
    expected = {str(name): count[0] for name, count in counts(batches).items()}
    newest: dict[str, KnownThread] = {}
    for name, thread in known.threads.items():
        last = max(
            (p for p in posts(batches).values() if p.native_thread_id == name),
            key=lambda post: post.created_at,
        )
        newest[name] = replace(
            thread,
            last_native_id=last.native_id,
            last_post_at=last.created_at,
            expected=expected.get(name),
        )
    return replace(known, threads=newest)


def test_a_known_thread_is_read_again_when_it_goes_on_and_else_costs_a_shared_request(
    site: Any, known_after: Any
) -> None:
    t = (site.clock.now() - START) / timedelta(hours=1) - 96
    threads = [status(t + hour) for hour in range(8)]
    replies = [reply(t + hour + 0.5, t + hour) for hour in range(8)]
    server = Server([*threads, *replies, status(t + 60)])
    first = harvest(site, server, spec=WHOLE)
    known = known_with_counts(known_after, first)
    assert set(counts(first).values()) == {(2, 2)}

    site.requests.clear()
    assert not counts(harvest(site, server, known, spec=WHOLE))
    assert len(site.requests) == 1 + 2 + 1  # the server's page, the timeline, 17 statuses at once

    server.add(reply(t + 70, t + 3), reply(t + 71, t + 5.5))
    third = harvest(site, server, known, spec=WHOLE)
    assert set(posts(third)) >= {number(t + 70), number(t + 71)}
    assert posts(third)[number(t + 71)].native_thread_id == str(number(t + 5))
    assert counts(third) == {number(t + 3): (3, 3), number(t + 5): (3, 3)}


def test_a_thread_that_is_quiet_for_two_weeks_is_asked_about_no_more(
    site: Any, known_after: Any
) -> None:
    t = (site.clock.now() - START) / timedelta(hours=1) - 24
    server = Server([status(t), reply(t + 1, t)])
    known = known_with_counts(known_after, harvest(site, server, spec=WHOLE))

    for days, asks in ((10, 1), (30, 0)):
        site.clock.advance_to(site.clock.now() + timedelta(days=days))
        site.requests.clear()
        harvest(site, server, known, spec=WHOLE)
        assert sum("statuses?id" in asked for asked in site.asked) == asks


def test_a_failure_among_the_contexts_keeps_what_was_read(site: Any) -> None:
    server = Server([status(0), reply(1, 0), status(2), reply(3, 2)])

    def answer(request: httpx.Request) -> httpx.Response:
        broken = f"{number(2)}/context" in request.url.path
        return httpx.Response(503) if broken else server(request)

    read: list[Batch] = []
    with pytest.raises(Unavailable):
        read.extend(site.open(WHOLE, answer).harvest(TAG, since=None, known=Known()))
    assert set(posts(read)) == {number(0), number(1), number(2)}


def test_a_status_that_vanished_before_its_context_was_read_stops_nothing(site: Any) -> None:
    server = Server([status(0), reply(1, 0), status(2), reply(3, 2)])

    def answer(request: httpx.Request) -> httpx.Response:
        gone = f"{number(0)}/context" in request.url.path
        return httpx.Response(404, json={}) if gone else server(request)

    assert set(posts(harvest(site, answer, spec=WHOLE))) == {number(h) for h in (0, 2, 3)}


def test_more_threads_than_a_night_reads_are_counted_and_left(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harvesters.mastodon.contexts.MAX_CONTEXTS", 2)
    hours = range(0, 10, 2)
    server = Server([s for h in hours for s in (status(h), reply(h + 1, h))])

    batches = harvest(site, server, spec=WHOLE)

    assert len(counts(batches)) == 2
    assert batches[-1].drops == {"thread_left": 3}
    assert not batches[-1].complete


def test_a_recorded_context_is_read_with_machines_and_refusals(recording: Any) -> None:
    read = {
        post.native_id[-1]: post
        for post in parse_context(recording("mastodon/context.json"), CONTEXT)
    }

    assert set(read) == {"1", "2", "4", "5"}  # 6 keeps out of search, 7 says #nobot
    assert [read[name].automated for name in "1245"] == [False, False, False, True]
    assert read["2"].native_thread_id == read["1"].native_id
    assert read["2"].author_key == CONTEXT.keys.author_key("mastodon", "far.example", "otter")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "ancestors",
                        "descendants",
                        "id",
                        "account",
                        "visibility",
                        "content",
                        "in_reply_to_id",
                        "created_at",
                        "replies_count",
                    ]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=20,
    )
)
@settings(max_examples=100, deadline=None)
def test_a_hostile_context_raises_nothing_but_parse_errors(answer: Any) -> None:
    with suppress(ParseError):
        parse_context(json.dumps(answer).encode(), CONTEXT)


@pytest.mark.parametrize("answer", [[], {}, {"ancestors": []}, {"descendants": "none"}])
def test_what_is_no_context_is_refused(site: Any, answer: Any) -> None:
    server = Server([status(0), reply(1, 0)])

    def handle(request: httpx.Request) -> httpx.Response:
        is_context = request.url.path.endswith("/context")
        return httpx.Response(200, json=answer) if is_context else server(request)

    with pytest.raises(HarvestError):
        harvest(site, handle, spec=WHOLE)

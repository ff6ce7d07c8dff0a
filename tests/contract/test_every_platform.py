"""What every harvester promises, asked of each of them in the same way."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import httpx
import pytest

from harvesters.base import Blocked, HarvestError, RateLimited, Unavailable
from harvesters.registry import PLATFORMS
from tests.contract.sites.base import A_THREAD
from tests.contract.sites.every import SITES
from warehouse.records import Post

UNICODE = "Wertschätzung 共同生产 مشاركة 🧠🏽 e\u0301te\u0301"
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)><style>p{}</style>"
    + "<div>" * 300
    + "deep\x00down"
    + "&#0;&lt;b&gt; ]]> %00 '; DROP TABLE posts; --"
)


EDITABLE = [name for name, site in SITES.items() if site.edits]
UNDER_ROBOTS = [name for name in SITES if not PLATFORMS[name].needs_approval]
"""The others are APIs under their own terms: the platform's approval takes robots' place."""


def numbers_of(reader: Any) -> list[int]:
    """Return which items are held, each as often as it is held."""
    return sorted(number for number in reader.site.items for _ in reader.with_word(number))


def test_every_platform_has_a_site_that_holds_it_to_the_contract() -> None:
    assert set(SITES) == set(PLATFORMS)


def test_communities_are_those_that_the_entry_names(reader: Any) -> None:
    assert list(reader.open().communities()) == [reader.site.community]
    assert reader.open().evidence


def test_an_empty_site_gives_nothing_and_is_no_failure(reader: Any) -> None:
    assert reader.harvest() is None
    assert reader.held == {}


def test_every_post_of_several_pages_is_read_exactly_once(reader: Any) -> None:
    n = int(2.4 * reader.site.page)
    reader.site.fill(n)
    assert reader.harvest() is None
    shown = range(1, n + 1) if reader.site.shows_old else range(n - reader.site.page + 1, n + 1)
    assert numbers_of(reader) == list(shown)
    yielded = [post.native_id for batch in reader.batches for post in batch.posts]
    assert len(yielded) == len(set(yielded))
    fetched = sum(batch.fetched for batch in reader.batches)
    assert fetched == len(yielded)


def test_posts_carry_times_threads_and_keys_in_place_of_names(reader: Any) -> None:
    reader.site.fill(13)
    reader.harvest()
    for number, item in reader.site.items.items():
        (post,) = reader.with_word(number)
        assert post.created_at == item.written
        assert post.author_key is None or len(post.author_key) == 24
        assert item.author not in repr(post)
    if not reader.site.tells_authors:
        assert len({post.author_key for post in reader.held.values()}) == 1
        return
    by_author: dict[str, set[str | None]] = {}
    for number, item in reader.site.items.items():
        if not item.is_first:
            by_author.setdefault(item.author, set()).add(reader.with_word(number)[0].author_key)
    assert all(len(found) == 1 for found in by_author.values())
    assert len({key for found in by_author.values() for key in found}) == len(by_author)


def test_a_second_harvest_of_an_unchanged_site_costs_little_and_changes_nothing(
    reader: Any,
) -> None:
    reader.site.fill(reader.site.page * 2)
    reader.harvest()
    before = dict(reader.held)
    reader.requests.clear()
    assert reader.harvest() is None
    assert len(reader.requests) <= reader.site.unchanged_requests
    assert {k: p.content_hash for k, p in reader.held.items()} == {
        k: p.content_hash for k, p in before.items()
    }


def test_what_was_written_since_is_read_on_the_next_night(reader: Any) -> None:
    reader.site.fill(reader.site.page)
    reader.harvest()
    reader.clock.sleep(86_400)
    reader.site.fill(3)
    assert reader.harvest() is None
    newest = max(reader.site.items)
    assert numbers_of(reader)[-3:] == [newest - 2, newest - 1, newest]
    assert len(numbers_of(reader)) == len(set(numbers_of(reader)))


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_harvest_that_is_cut_off_goes_on_and_loses_nothing(reader: Any, after: int) -> None:
    n = int(2.4 * reader.site.page)
    reader.site.fill(n)
    met = 0

    def fail_later(_: httpx.Request, response: httpx.Response) -> httpx.Response | Exception:
        nonlocal met
        met += 1
        return response if met <= after else httpx.ConnectError("gone")

    reader.break_with = fail_later
    first = reader.harvest()
    assert first is None or isinstance(first, HarvestError)
    reader.break_with = lambda _, response: response
    reader.clock.sleep(86_400)
    assert reader.harvest() is None
    shown = range(1, n + 1) if reader.site.shows_old else range(n - reader.site.page + 1, n + 1)
    assert numbers_of(reader) == list(shown)


@pytest.mark.parametrize("reader", EDITABLE, indirect=True)
def test_an_edit_is_seen_at_a_recheck_by_its_text(reader: Any) -> None:
    reader.site.fill(12)
    reader.harvest()
    (post,), (other,) = reader.with_word(12), reader.with_word(11)
    reader.clock.sleep(86_400)
    reader.site.edit(12, "Being asked made no difference, word12.")
    seen = {sighting.native_id: sighting for sighting in reader.recheck(post, other)}
    assert seen[other.native_id].outcome == "present"
    assert seen[post.native_id].outcome == "edited"
    assert "no difference" in seen[post.native_id].post.text


def test_a_deletion_is_seen_at_a_recheck_beside_what_is_there(reader: Any) -> None:
    reader.site.fill(12)
    reader.harvest()
    (post,), (other,) = reader.with_word(12), reader.with_word(11)
    reader.site.delete(12)
    seen = {sighting.native_id: sighting for sighting in reader.recheck(post, other)}
    assert seen[post.native_id].outcome == "gone"
    assert seen[post.native_id].reason
    assert seen[other.native_id].outcome == "present"


FAILURES = {
    "503": lambda: httpx.Response(503),
    "500": lambda: httpx.Response(500, text="oops"),
    "reset": lambda: httpx.ConnectError("reset"),
    "challenge": lambda: httpx.Response(403, headers={"cf-mitigated": "challenge"}),
    "forbidden": lambda: httpx.Response(403, text="no"),
    "login": lambda: httpx.Response(302, headers={"location": "/login"}),
    "gatekeeper": lambda: httpx.Response(200, html="<h1>Checking your browser</h1>"),
    "empty": lambda: httpx.Response(200, content=b""),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_no_failure_of_a_host_deletes_anything(reader: Any, failure: str) -> None:
    reader.site.fill(12)
    reader.harvest()
    posts = [reader.with_word(number)[0] for number in (2, 11, 12)]
    refs = [reader.ref(post) for post in posts]
    reader.break_with = lambda _request, _response: FAILURES[failure]()
    seen: list[Any] = []
    with suppress(HarvestError):
        seen.extend(reader.open().recheck(refs))
    assert {sighting.outcome for sighting in seen} <= {"unknown", "present"}
    assert sorted(s.native_id for s in seen) == sorted(ref.native_id for ref in refs)


@pytest.mark.parametrize("failure", FAILURES)
def test_a_harvest_that_fails_raises_its_kind_of_error_and_invents_nothing(
    reader: Any, failure: str
) -> None:
    reader.site.fill(12)
    reader.break_with = lambda _request, _response: FAILURES[failure]()
    error = reader.harvest()
    assert isinstance(error, HarvestError), "an unreadable site must not look like an empty one"
    assert reader.held == {}
    if failure in {"503", "500", "reset"}:
        assert isinstance(error, Unavailable)
    if failure in {"challenge", "forbidden", "login"}:
        assert isinstance(error, Blocked)


def test_retry_after_is_kept_and_the_harvest_goes_on(reader: Any) -> None:
    reader.site.fill(5)
    asked_at: list[Any] = []

    def throttle_once(_: httpx.Request, response: httpx.Response) -> httpx.Response:
        asked_at.append(reader.clock.now())
        if len(asked_at) == 1:
            return httpx.Response(429, headers={"Retry-After": "120"})
        return response

    reader.break_with = throttle_once
    assert reader.harvest() is None
    assert (asked_at[1] - asked_at[0]).total_seconds() >= 120
    assert numbers_of(reader) == [1, 2, 3, 4, 5]


def test_a_host_that_goes_on_throttling_is_left_alone(reader: Any) -> None:
    reader.site.fill(5)
    reader.break_with = lambda _request, _response: httpx.Response(429)
    assert isinstance(reader.harvest(), RateLimited)
    assert len(reader.requests) <= 6


@pytest.mark.parametrize("reader", UNDER_ROBOTS, indirect=True)
def test_what_robots_disallows_is_not_read(reader: Any) -> None:
    reader.site.fill(3)
    reader.robots = httpx.Response(200, text="User-agent: *\nDisallow: /\n")
    assert isinstance(reader.harvest(), Blocked)
    assert reader.requests == []


def test_texts_of_every_script_come_through_in_one_form(reader: Any) -> None:
    reader.site.write(f"{UNICODE} word1.")
    reader.harvest()
    (post,) = reader.with_word(1)
    assert "Wertschätzung 共同生产 مشاركة 🧠🏽 été" in post.text


def test_hostile_text_is_text_and_nothing_else(reader: Any) -> None:
    reader.site.write(f"{HOSTILE} word1.")
    reader.site.fill(2)
    assert reader.harvest() is None
    posts: list[Post] = list(reader.held.values())
    assert len(posts) == 3
    assert all("\x00" not in post.text for post in posts)
    if reader.site.markup:  # elsewhere it is what somebody typed, shown as typed
        assert all("<script" not in post.text and "alert" not in post.text for post in posts)


@pytest.mark.slow
@pytest.mark.parametrize(
    "reader", [name for name, site in SITES.items() if site.shows_old], indirect=True
)
def test_a_second_night_on_two_hundred_unchanged_threads_costs_five_requests(reader: Any) -> None:
    reader.site.spacing = timedelta(hours=2)
    reader.site.history = 200 * A_THREAD * reader.site.spacing
    reader.site.fill(200 * A_THREAD)
    assert reader.harvest() is None
    threads = {post.native_thread_id for post in reader.held.values()}
    assert len(threads) == 200
    assert reader.site.most or len(reader.held) == 200 * A_THREAD
    reader.clock.sleep(86_400)
    reader.requests.clear()
    assert reader.harvest() is None
    assert len(reader.requests) <= 5

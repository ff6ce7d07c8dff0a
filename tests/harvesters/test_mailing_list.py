"""HyperKitty and the choice of the archive: nights, threads that grow, deletions, closed doors."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from harvesters.base import Blocked, HarvestError, ParseError, ResponseRefused, SourceSpec
from harvesters.mailing_list.archives import Mailbox, windows
from tests.harvesters.invented_lists import LIST, START, HyperKittySite, Note
from warehouse.records import Batch, Community, Known, KnownThread, Post, Sighting

SPEC = SourceSpec(source="voices", platform="mailing_list", url="https://lists.example/archives")
VOICES = Community(source="voices", community=LIST, name="Voices")
NOTES = [
    Note("root", 0),
    Note("a", 1, "root"),
    Note("b", 2, "a"),
    Note("other", 10),
    *(Note(f"n{n}", 20 + n) for n in range(12)),
]


@pytest.fixture
def harvest(site: Any) -> Callable[..., list[Batch]]:
    def read(answer: Any, known: Known = Known(), **changes: Any) -> list[Batch]:  # noqa: B008
        harvester = site.open(replace(SPEC, **changes), answer)
        return list(harvester.harvest(VOICES, since=START - timedelta(days=1), known=known))

    return read


def posts_of(batches: list[Batch]) -> list[Post]:
    return [post for batch in batches for post in batch.posts]


def known_of(batches: list[Batch], before: Known | None = None) -> Known:
    """Return what the loader knows after loading, each post once."""
    posts = {post.native_id: post for post in posts_of(batches)}
    threads: dict[str, KnownThread] = dict(before.threads) if before else {}
    promised = {t.native_thread_id: t.expected for b in batches for t in b.threads}
    for post in sorted(posts.values(), key=lambda p: p.created_at):
        held = threads.get(post.native_thread_id)
        threads[post.native_thread_id] = KnownThread(
            last_native_id=post.native_id,
            last_post_at=post.created_at,
            n_posts=1 + (held.n_posts if held else 0),
        )
    for name, thread in threads.items():
        threads[name] = replace(thread, expected=promised.get(name, thread.expected))
    cursors = [batch.cursor for batch in batches if batch.cursor]
    return Known(cursor=cursors[-1], threads=threads)


def recheck(site: Any, answer: Any, posts: list[Post], ref_of: Any) -> dict[str, Sighting]:
    harvester = site.open(SPEC, answer)
    seen = harvester.recheck([ref_of(post) for post in posts])
    return {sighting.native_id: sighting for sighting in seen}


def test_every_mail_comes_once_with_its_thread_and_the_threads_are_counted(harvest: Any) -> None:
    batches = harvest(HyperKittySite(NOTES))

    posts = posts_of(batches)
    assert len(posts) == len({p.native_id for p in posts}) == len(NOTES)
    assert [p.created_at for p in posts] == [n.written for n in NOTES]
    threads = {p.native_thread_id for p in posts[:3]}
    assert threads == {posts[0].native_id}
    counts = {t.native_thread_id: (t.expected, t.fetched) for b in batches for t in b.threads}
    assert counts[posts[0].native_id] == (3, 3)
    assert len(counts) == 14
    assert all(batch.complete for batch in batches)


def test_a_night_on_which_nobody_wrote_costs_two_requests(site: Any, harvest: Any) -> None:
    known = known_of(harvest(HyperKittySite(NOTES)))
    site.clock.advance_to(datetime(2026, 1, 6, 2, tzinfo=UTC))
    site.requests.clear()

    batches = harvest(HyperKittySite(NOTES), known)

    assert len(site.requests) == 2
    assert {p.native_id for p in posts_of(batches)} <= {
        k.last_native_id for k in known.threads.values()
    }
    assert all(batch.complete for batch in batches)


def test_a_reply_to_an_old_mail_finds_its_thread(site: Any, harvest: Any) -> None:
    known = known_of(harvest(HyperKittySite(NOTES)))
    site.clock.advance_to(datetime(2026, 1, 6, 2, tzinfo=UTC))
    late = Note("late", 35, "b")
    site.requests.clear()

    batches = harvest(HyperKittySite([*NOTES, late]), known)

    posts = {p.created_at: p for p in posts_of(batches)}
    root = posts[NOTES[0].written].native_id
    assert posts[late.written].native_thread_id == root
    assert posts[late.written].native_parent_id == posts[NOTES[2].written].native_id
    (count,) = [t for b in batches for t in b.threads if t.native_thread_id == root]
    assert (count.expected, count.fetched) == (4, 4)
    assert len(site.requests) == 3  # the window, the counts, the thread

    known = known_of(batches, known)
    site.clock.advance_to(datetime(2026, 1, 7, 2, tzinfo=UTC))
    site.requests.clear()
    again = harvest(HyperKittySite([*NOTES, late]), known)
    assert len(site.requests) == 2
    assert late.written not in {p.created_at for p in posts_of(again)}  # nothing tells its thread


def test_a_thread_that_promises_more_than_it_shows_is_not_whole(harvest: Any) -> None:
    batches = harvest(HyperKittySite(NOTES, withheld=frozenset({"b"})))

    cut = [t for b in batches for t in b.threads if t.expected != t.fetched]
    assert [(t.expected, t.fetched) for t in cut] == [(3, 2)]
    assert not all(batch.complete for batch in batches)
    assert len(posts_of(batches)) == len(NOTES) - 1


def test_without_the_export_mails_come_one_by_one_and_are_the_same(harvest: Any) -> None:
    whole = {
        p.native_id: replace(p, harvested_at=START)
        for p in posts_of(harvest(HyperKittySite(NOTES)))
    }

    single = posts_of(harvest(HyperKittySite(NOTES, export=False)))

    assert {p.native_id: replace(p, harvested_at=START) for p in single} == whole


def test_without_the_rest_interface_the_mails_still_come(harvest: Any) -> None:
    batches = harvest(HyperKittySite([*NOTES, Note("x", 33, "nowhere")], api=False))

    assert len(posts_of(batches)) == len(NOTES) + 1


def test_a_list_that_always_shows_its_first_page_ends(harvest: Any, site: Any) -> None:
    archive = HyperKittySite([Note(f"n{n}", n / 10) for n in range(300)])

    def ignore_offset(request: httpx.Request) -> httpx.Response | None:
        if "offset" not in request.url.params or request.url.params["offset"] == "0":
            return None
        return archive._page(
            httpx.Request("GET", request.url.copy_set_param("offset", "0")),
            [archive._thread(t) for t in archive._threads()],
        )

    archive.spoken.append(ignore_offset)
    batches = harvest(archive)

    assert len(posts_of(batches)) == 300
    assert len([url for url in site.asked if "threads" in url]) == 2


def test_a_deleted_mail_is_gone_and_the_others_are_there(
    site: Any, harvest: Any, ref_of: Any
) -> None:
    posts = posts_of(harvest(HyperKittySite(NOTES)))
    site.requests.clear()

    seen = recheck(site, HyperKittySite([n for n in NOTES if n.name != "a"]), posts, ref_of)

    gone = {name for name, sighting in seen.items() if sighting.outcome == "gone"}
    assert gone == {posts[1].native_id}
    assert seen[posts[1].native_id].reason == "removed"
    assert {s.outcome for name, s in seen.items() if name not in gone} == {"present"}
    assert len(seen) == len(posts)
    assert len(site.requests) < 10  # windows, not mails


def test_a_mail_that_the_archive_dates_otherwise_is_not_gone(
    site: Any, harvest: Any, ref_of: Any
) -> None:
    post = posts_of(harvest(HyperKittySite(NOTES)))[3]
    elsewhere = replace(post, created_at=post.created_at + timedelta(days=90))

    seen = recheck(site, HyperKittySite(NOTES), [elsewhere], ref_of)

    assert seen[post.native_id].outcome == "present"


def test_an_edited_mail_keeps_its_thread(site: Any, harvest: Any, ref_of: Any) -> None:
    posts = posts_of(harvest(HyperKittySite(NOTES)))
    changed = [replace(n, text="Said otherwise.") if n.name == "b" else n for n in NOTES]

    seen = recheck(site, HyperKittySite(changed), posts, ref_of)

    edited = seen[posts[2].native_id].post
    assert edited is not None
    assert (edited.own_text, edited.native_thread_id) == ("Said otherwise.", posts[0].native_id)
    assert sum(s.outcome == "edited" for s in seen.values()) == 1


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: httpx.Response(500),
        lambda _: httpx.Response(403),
        lambda _: httpx.Response(200, content=b"<html>Please log in</html>"),
        lambda _: httpx.Response(200, headers={"cf-mitigated": "challenge"}),
        lambda _: httpx.Response(302, headers={"location": "/accounts/login/"}),
    ],
)
def test_no_failure_makes_a_mail_gone(site: Any, harvest: Any, ref_of: Any, answer: Any) -> None:
    posts = posts_of(harvest(HyperKittySite(NOTES)))
    sightings = site.open(SPEC, answer).recheck([ref_of(post) for post in posts])
    seen: list[Sighting] = []

    with pytest.raises(HarvestError):
        seen.extend(sightings)

    assert len(seen) == len(posts)
    assert {sighting.outcome for sighting in seen} == {"unknown"}


def test_recorded_lists_of_threads_are_walked_by_offset_and_count(
    site: Any, harvest: Any, recording: Any
) -> None:
    site.clock.advance_to(datetime(2026, 11, 27, tzinfo=UTC))

    def recorded(request: httpx.Request) -> httpx.Response:
        params = request.url.params
        if "/threads/" in request.url.path:
            page = 1 if params["offset"] == "0" else 2
            content = recording(f"mailing_list/hyperkitty_threads_{page}.json")
        elif "start" in params:
            content = recording("mailing_list/hyperkitty_export.mbox.gz")
        else:
            content = gzip.compress(b"")  # threads that the recording left out
        return httpx.Response(200, content=content)

    batches = harvest(recorded, options={"archive": "hyperkitty"})

    counts = [(t.expected, t.fetched) for b in batches for t in b.threads]
    assert sorted(counts) == [(1, 0)] * 19 + [(61, 61)]
    assert len(posts_of(batches)) == 61
    assert not all(batch.complete for batch in batches)


def test_a_private_list_is_blocked(harvest: Any) -> None:
    with pytest.raises(Blocked):
        harvest(lambda _: httpx.Response(403))
    with pytest.raises(Blocked):
        harvest(lambda _: httpx.Response(403), options={"archive": "hyperkitty"})


def test_a_page_of_no_known_archive_and_an_unknown_option_are_told(harvest: Any) -> None:
    with pytest.raises(ParseError, match="option archive"):
        harvest(lambda _: httpx.Response(200, content=b"<html>Welcome</html>"))
    with pytest.raises(ParseError, match="'listserv'"):
        harvest(HyperKittySite(NOTES), options={"archive": "listserv"})


@pytest.mark.parametrize("at_most", [1, 5, 400])
def test_windows_cover_every_day_once_however_little_fits_into_one(at_most: int) -> None:
    end = START + timedelta(days=400)
    days: list[datetime] = []

    def fetch(start: datetime, until: datetime) -> Mailbox:
        if (until - start).days > at_most:
            raise ResponseRefused("too much")
        days.extend(start + timedelta(days=n) for n in range((until - start).days))
        return Mailbox(mails=(), unreadable=0, size=0, fetched_at=until)

    bounds = [(start, until) for _, start, until in windows(START, end, fetch)]

    midnight = START.replace(hour=0)
    assert days == [midnight + timedelta(days=n) for n in range(401)]
    assert all(a[1] == b[0] for a, b in pairwise(bounds))


def test_one_day_that_is_too_much_is_told() -> None:
    def fetch(_: datetime, __: datetime) -> Mailbox:
        raise ResponseRefused("too much")

    with pytest.raises(ResponseRefused):
        list(windows(START, START + timedelta(days=9), fetch))

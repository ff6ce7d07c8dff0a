"""Pipermail by recorded months, and public-inbox with and without a search index."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from harvesters.base import Blocked, Gone, ParseError, SourceSpec
from harvesters.mailing_list.pipermail import volumes_of
from harvesters.mailing_list.public_inbox import feed_entries
from tests.harvesters.invented_lists import START, Note, PublicInboxSite
from warehouse.records import Batch, Community, Known, Post

PIPERMAIL = SourceSpec(source="voices", platform="mailing_list", url="https://lists.example")
INBOX = SourceSpec(source="voices", platform="mailing_list", url="https://inbox.example")
MONTHS = Community(source="voices", community="/pipermail/voices/", name="Voices")
VOICES = Community(source="voices", community="voices", name="Voices")
LONG_AGO = datetime(2025, 11, 1, tzinfo=UTC)
NOTES = [
    Note("root", 0),
    Note("reply", 1, "root"),
    Note("deep", 2, "reply"),
    *(Note(f"n{n}", 3 + n) for n in range(20)),
]

Harvest = Callable[..., list[Batch]]


@dataclass
class Months:
    """A Pipermail of two recorded months and one that is older than anybody asks for."""

    page: bytes
    volumes: dict[str, bytes]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        if not request.url.path.startswith("/pipermail/voices/"):
            return httpx.Response(200, content=b"Lists")
        if not name:
            return httpx.Response(200, content=self.page)
        content = self.volumes.get(name)
        if content is None:
            return httpx.Response(404)
        stamp = f'"{len(content)}"'
        if request.headers.get("If-None-Match") == stamp:
            return httpx.Response(304)
        return httpx.Response(200, content=content, headers={"ETag": stamp})


@pytest.fixture
def months(recording: Any) -> Months:
    return Months(
        page=recording("mailing_list/pipermail_index.html"),
        volumes={
            "2025-December.txt.gz": recording("mailing_list/pipermail_2025-December.txt"),
            "2026-January.txt": recording("mailing_list/pipermail_2026-January.txt"),
        },
    )


@pytest.fixture
def harvest(site: Any) -> Harvest:
    def read(
        answer: Any,
        spec: SourceSpec,
        community: Community,
        known: Known = Known(),  # noqa: B008
    ) -> list[Batch]:
        return list(site.open(spec, answer).harvest(community, since=LONG_AGO, known=known))

    return read


def posts_of(batches: list[Batch]) -> list[Post]:
    return [post for batch in batches for post in batch.posts]


def known_of(batches: list[Batch]) -> Known:
    validators = {name: v for batch in batches for name, v in batch.validators.items()}
    cursors = [batch.cursor for batch in batches if batch.cursor]
    return Known(cursor=cursors[-1], validators=validators)


def outcomes(site: Any, spec: SourceSpec, answer: Any, refs: list[Any]) -> dict[str, str]:
    return {s.native_id: s.outcome for s in site.open(spec, answer).recheck(refs)}


def test_months_since_the_bound_are_read_oldest_first_and_threads_span_them(
    site: Any, harvest: Harvest, months: Months
) -> None:
    batches = harvest(months, PIPERMAIL, MONTHS)

    posts = posts_of(batches)
    assert [p.created_at.month for p in posts] == [12, 12, 12, 1, 1]
    assert posts[4].native_thread_id == posts[0].native_id
    assert posts[4].native_parent_id == posts[2].native_id
    assert posts[4].author_key == posts[0].author_key
    assert posts[3].url == "https://lists.example/pipermail/voices/2026-January/thread.html"
    assert not any("October" in url for url in site.asked)
    assert all(batch.complete for batch in batches)


def test_a_second_night_asks_for_two_months_if_they_changed(
    site: Any, harvest: Harvest, months: Months
) -> None:
    known = known_of(harvest(months, PIPERMAIL, MONTHS))
    site.clock.advance_to(datetime(2026, 1, 6, 2, tzinfo=UTC))
    site.requests.clear()

    assert posts_of(harvest(months, PIPERMAIL, MONTHS, known)) == []
    assert len(site.requests) == 3  # the page, this month, the month before

    months.volumes["2026-January.txt"] += (
        b"From a at b.example  Mon Jan  5 10:00:00 2026\nFrom: a at b.example\n"
        b"Date: Mon, 5 Jan 2026 10:00:00 +0000\nMessage-ID: <c1@b.example>\n\nOne more.\n"
    )
    again = posts_of(harvest(months, PIPERMAIL, MONTHS, known))
    assert [p.own_text for p in again][-1] == "One more."
    assert len(again) == 3  # the month that changed


def test_a_mail_that_left_its_month_is_gone_and_so_are_those_of_a_month_that_left(
    site: Any, harvest: Harvest, months: Months, ref_of: Any
) -> None:
    posts = posts_of(harvest(months, PIPERMAIL, MONTHS))
    refs = [ref_of(post) for post in posts]
    january = months.volumes["2026-January.txt"]
    months.volumes["2026-January.txt"] = january[january.index(b"From mira") :]

    seen = outcomes(site, PIPERMAIL, months, refs)
    assert [seen[p.native_id] for p in posts] == ["present"] * 3 + ["gone", "present"]

    months.page = months.page.replace(b"2025-December.txt.gz", b"")
    seen = outcomes(site, PIPERMAIL, months, refs)
    assert [seen[p.native_id] for p in posts] == ["gone"] * 4 + ["present"]


def test_a_month_that_cannot_be_read_makes_nothing_gone(
    site: Any, harvest: Harvest, months: Months, ref_of: Any
) -> None:
    posts = posts_of(harvest(months, PIPERMAIL, MONTHS))
    months.volumes["2025-December.txt.gz"] = b"<html>Maintenance</html>"
    sightings = site.open(PIPERMAIL, months).recheck([ref_of(post) for post in posts])
    seen = []

    with pytest.raises(ParseError):
        seen.extend(sightings)

    assert [s.outcome for s in seen] == ["unknown"] * 3 + ["present"] * 2


@pytest.mark.parametrize("body", [b"", b"<html>Please log in</html>"])
def test_an_answer_that_is_no_mailbox_makes_nothing_of_an_inbox_gone(
    site: Any, harvest: Harvest, ref_of: Any, body: bytes
) -> None:
    archive = PublicInboxSite(NOTES)
    posts = posts_of(harvest(archive, INBOX, VOICES))

    def broken(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body) if request.method == "POST" else archive(request)

    seen = []
    sightings = site.open(INBOX, broken).recheck([ref_of(post) for post in posts])
    with pytest.raises(ParseError):
        seen.extend(sightings)

    assert {sighting.outcome for sighting in seen} == {"unknown"}
    assert len(seen) == len(posts)


@pytest.mark.parametrize(
    ("file", "begins", "days"),
    [
        ("2025-December.txt.gz", "2025-12-01", 31),
        ("2025q4.txt", "2025-10-01", 92),
        ("2025.txt.gz", "2025-01-01", 366),
        ("Week-of-Mon-20251201.txt.gz", "2025-12-01", 7),
        ("20251224.txt.gz", "2025-12-24", 1),
    ],
)
def test_volumes_of_every_length_are_known_by_their_names(
    file: str, begins: str, days: int
) -> None:
    (volume,) = volumes_of(f'<a href="{file}">x</a> <a href="2025-Smarch.txt">y</a>'.encode())

    assert f"{volume.begins:%Y-%m-%d}" == begins
    assert volume.ends - volume.begins == timedelta(days=days)


def test_an_inbox_is_read_by_its_search_and_counted_against_its_page(
    site: Any, harvest: Harvest
) -> None:
    batches = harvest(PublicInboxSite(NOTES), INBOX, VOICES)

    posts = posts_of(batches)
    assert len(posts) == len({p.native_id for p in posts}) == len(NOTES)
    assert len({p.native_thread_id for p in posts}) == 21
    assert sum(batch.expected or 0 for batch in batches) == len(NOTES)
    assert all(batch.complete for batch in batches)
    assert not any("people.example" in str(p.url) for p in posts)

    site.clock.advance_to(datetime(2026, 1, 6, 2, tzinfo=UTC))
    site.requests.clear()
    again = harvest(PublicInboxSite(NOTES), INBOX, VOICES, known_of(batches))
    assert len(site.requests) <= 2
    assert posts_of(again) == []


def test_an_inbox_that_shows_fewer_mails_than_it_counts_is_not_whole(harvest: Harvest) -> None:
    archive = PublicInboxSite(NOTES)

    def forgetful(request: httpx.Request) -> httpx.Response:
        answer = archive(request)
        if request.method == "GET" and b"Results" in answer.content:
            return httpx.Response(200, content=b"Results 1-25 of 25")
        return answer

    (batch,) = harvest(forgetful, INBOX, VOICES)

    assert (batch.expected, batch.fetched, batch.complete) == (25, 23, False)


def test_a_deleted_mail_of_an_inbox_is_gone_whatever_its_date_says(
    site: Any, harvest: Harvest, ref_of: Any
) -> None:
    posts = posts_of(harvest(PublicInboxSite(NOTES), INBOX, VOICES))
    odd = replace(posts[5], created_at=posts[5].created_at + timedelta(days=2))
    refs = [ref_of(post) for post in (*posts[:5], odd, *posts[6:])]
    deleted = {p.native_id for p in posts if p.created_at == START + timedelta(days=1)}

    seen = outcomes(site, INBOX, PublicInboxSite([n for n in NOTES if n.name != "reply"]), refs)

    assert {name for name, outcome in seen.items() if outcome == "gone"} == deleted
    assert list(seen.values()).count("present") == len(NOTES) - 1


def test_an_inbox_without_search_is_read_by_its_feed_and_unknown_mails_are_left(
    site: Any, harvest: Harvest, recording: Any, ref_of: Any
) -> None:
    whole = posts_of(harvest(PublicInboxSite(NOTES), INBOX, VOICES))
    archive = PublicInboxSite(
        NOTES, search=False, missing=recording("mailing_list/public_inbox_missing.html")
    )

    batches = harvest(archive, INBOX, VOICES)

    assert {p.native_id for p in posts_of(batches)} == {p.native_id for p in whole}
    # a mail that is deleted between the feed and its thread is answered with 300
    feed = archive._feed("99999999999999").content
    archive.notes = [n for n in NOTES if n.name != "n19"]

    def stale(request: httpx.Request) -> httpx.Response:
        fresh = request.url.path.endswith("new.atom") and "t" not in request.url.params
        return httpx.Response(200, content=feed) if fresh else archive(request)

    assert len(posts_of(harvest(stale, INBOX, VOICES))) == len(NOTES) - 1
    seen = outcomes(site, INBOX, archive, [ref_of(post) for post in whole])
    assert list(seen.values()).count("gone") == 1


def test_a_recorded_feed_is_read_and_a_page_is_none(recording: Any) -> None:
    entries = feed_entries(recording("mailing_list/public_inbox_new.atom"))

    assert len(entries) == 25
    assert entries[0] == (
        "http://127.0.0.1:8805/coprod/m79@example.org/",
        datetime(2026, 3, 4, 17, tzinfo=UTC),
    )
    with pytest.raises(ParseError):
        feed_entries(recording("mailing_list/public_inbox_missing.html"))


def test_doors_that_are_closed_or_gone_are_told(harvest: Harvest) -> None:
    said = replace(INBOX, options={"archive": "public-inbox"})
    with pytest.raises(Blocked):
        harvest(lambda _: httpx.Response(403), said, VOICES)
    with pytest.raises(Gone):
        harvest(lambda _: httpx.Response(404, content=b"Not Found"), said, VOICES)
    page = httpx.Response(200, content=b"<html>Welcome</html>")
    with pytest.raises(ParseError, match="no volumes"):
        harvest(lambda _: page, replace(PIPERMAIL, options={"archive": "pipermail"}), MONTHS)

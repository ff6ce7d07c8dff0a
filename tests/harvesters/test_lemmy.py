"""Harvests of Lemmy communities, against an invented server that speaks version 3 or 4."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from harvesters.base import Blocked, Gone, HarvestError, ParseError, RateLimited, SourceSpec
from tests.harvesters.invented_lemmy import COMMUNITY, START, URL, Lemmy, comment, post
from warehouse.records import Batch, Community, Known

SPEC = SourceSpec(source="kind", platform="lemmy", url=URL)
PEERS = Community(source="kind", community=COMMUNITY, name="Peer support")


@pytest.fixture(params=["0.19.9", "1.0.0"])
def server(request: pytest.FixtureRequest) -> Callable[..., Lemmy]:
    """Return a maker of servers of one version."""
    return lambda *items: Lemmy(*items, version=request.param)


def harvest(
    site: Any,
    answer: Any,
    known: Known = Known(),  # noqa: B008
    *,
    since: datetime | None = None,
    community: Community = PEERS,
) -> list[Batch]:
    return list(site.open(SPEC, answer).harvest(community, since=since, known=known))


def names(batches: list[Batch]) -> list[str]:
    return [read.native_id for batch in batches for read in batch.posts]


def talk(n_posts: int, n_comments: int = 2, *, step: int = 6) -> list[dict[str, Any]]:
    """Return posts some hours apart, each with some comments in the hours after it."""
    posts = [post(number, step * number) for number in range(1, n_posts + 1)]
    comments = [
        comment(100 * number + k, step * number + k, number)
        for number in range(1, n_posts + 1)
        for k in range(1, n_comments + 1)
    ]
    return [*posts, *comments]


def after(batches: list[Batch], known_after: Any) -> Known:
    """Return what the loader would know, with what threads promise."""
    known: Known = known_after(batches)
    promised = {c.native_thread_id: c.expected for b in batches for c in b.threads}
    threads = {
        name: replace(held, expected=promised.get(name)) for name, held in known.threads.items()
    }
    return replace(known, threads=threads)


def test_a_community_is_read_whole(site: Any, server: Any) -> None:
    lemmy = server(*talk(60))

    batches = harvest(site, lemmy)

    assert len(names(batches)) == len({*names(batches)}) == 180
    counts = [count for batch in batches for count in batch.threads]
    assert {(c.expected, c.fetched) for c in counts} == {(3, 3)}
    assert len(counts) == 60
    assert all(batch.complete for batch in batches)
    assert sum(batch.fetched for batch in batches) == sum(b.expected or 0 for b in batches) == 180


def test_short_pages_do_not_end_a_walk(site: Any, server: Any) -> None:
    lemmy = server(*talk(20))
    lemmy.page_size = 7

    assert len(names(harvest(site, lemmy))) == 60


def test_one_empty_page_does_not_end_a_numbered_walk(site: Any) -> None:
    lemmy = Lemmy(*talk(60))

    def gap(request: httpx.Request) -> httpx.Response:
        page = request.url.params.get("page")
        if not request.url.path.endswith("/comment/list") or page is None:
            return lemmy(request)
        if page == "2":
            return httpx.Response(200, json={"comments": []})
        earlier = request.url.copy_set_param("page", str(int(page) - 1))
        return lemmy(httpx.Request("GET", earlier))

    assert len(names(harvest(site, gap))) == 180


def test_a_server_without_cursors_is_read_by_numbers(site: Any) -> None:
    lemmy = Lemmy(*talk(120, 0), version="0.18.5")

    def older(request: httpx.Request) -> httpx.Response:
        answer = lemmy(request).json()
        assert "page_cursor" not in request.url.params
        return httpx.Response(200, json={k: v for k, v in answer.items() if k != "next_page"})

    assert (
        len(names(harvest(site, lambda r: older(r) if "list" in r.url.path else lemmy(r)))) == 120
    )


def test_a_server_that_shows_one_page_for_ever_ends_the_walk_as_partial(
    site: Any, server: Any
) -> None:
    lemmy = server(*talk(120, 0))

    def stuck(request: httpx.Request) -> httpx.Response:
        url = request.url.copy_remove_param("page_cursor").copy_remove_param("page")
        return lemmy(httpx.Request("GET", url))

    batches = harvest(site, stuck)

    assert len({*names(batches)}) == 50
    assert not batches[-1].complete
    assert len(site.asked) < 15


def test_the_first_harvest_is_bounded_and_pinned_posts_do_not_disturb_it(
    site: Any, server: Any
) -> None:
    lemmy = server(*talk(120))
    lemmy.posts[1]["featured_community"] = True

    batches = harvest(site, lemmy, since=START + timedelta(hours=6 * 100))

    assert {name for name in names(batches) if name.startswith("post")} == {
        f"post:{n}" for n in range(100, 121)
    }
    assert len(site.asked) <= 6
    assert batches[-1].complete


def test_a_second_night_on_an_unchanged_site_costs_a_handful(
    site: Any, server: Any, known_after: Any
) -> None:
    lemmy = server(*talk(200, 1, step=4))
    first = harvest(site, lemmy, since=START - timedelta(days=1))
    known = after(first, known_after)
    site.requests.clear()

    batches = harvest(site, lemmy, known)

    assert len(site.asked) <= 4
    assert all(batch.complete for batch in batches)
    assert batches[-1].cursor == known.cursor
    assert [c for b in batches for c in b.threads] == []


def test_a_second_night_reads_what_is_newer(site: Any, server: Any, known_after: Any) -> None:
    lemmy = server(*talk(100))
    known = after(harvest(site, lemmy), known_after)
    site.requests.clear()
    lemmy.add(post(101, 610), comment(20001, 611, 101), comment(20002, 612, 50, above="0.5001"))

    batches = harvest(site, lemmy, known)

    read = {post.native_id: post for batch in batches for post in batch.posts}
    assert {"post:101", "comment:20001", "comment:20002"} <= read.keys()
    assert read["comment:20002"].native_parent_id == "comment:5001"
    assert [(c.native_thread_id, c.expected) for b in batches for c in b.threads] == [
        ("post:101", 2)
    ]
    assert len(site.asked) <= 5


def test_a_comment_that_came_late_is_found_by_its_threads_count(
    site: Any, server: Any, known_after: Any
) -> None:
    lemmy = server(*talk(100))
    known = after(harvest(site, lemmy), known_after)
    lemmy.add(comment(20001, 6 * 90 - 100, 90))

    batches = harvest(site, lemmy, known)

    assert "comment:20001" in names(batches)
    (count,) = [c for b in batches for c in b.threads]
    assert (count.native_thread_id, count.expected, count.fetched) == ("post:90", 4, 4)
    assert all(batch.complete for batch in batches)


def test_a_thread_that_holds_less_than_it_promises_is_partial_once(
    site: Any, server: Any, known_after: Any
) -> None:
    lemmy = server(*talk(10))
    lemmy.miscounted[4] = 7

    batches = harvest(site, lemmy)

    (count,) = [c for b in batches for c in b.threads if c.expected != c.fetched]
    assert (count.native_thread_id, count.expected, count.fetched) == ("post:4", 8, 3)
    assert not all(batch.complete for batch in batches)
    site.requests.clear()
    again = harvest(site, lemmy, after(batches, known_after))
    assert all(batch.complete for batch in again)
    assert len(site.asked) <= 4


def test_a_community_that_lists_less_than_it_counts_is_partial(site: Any, server: Any) -> None:
    lemmy = server(*talk(10))

    def short(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/community"):
            lemmy.add(post(99, 1))
            answer = lemmy(request)
            del lemmy.posts[99]
            return answer
        return lemmy(request)

    batches = harvest(site, short)

    assert batches[-1].drops == {"not_listed": 1}
    assert not batches[-1].complete


def test_what_was_taken_back_is_seen_and_not_kept(site: Any, server: Any) -> None:
    lemmy = server(*talk(3))
    lemmy.comments[101]["deleted"] = True
    lemmy.comments[201]["removed"] = True
    lemmy.posts[3]["deleted"] = True

    batches = harvest(site, lemmy)

    assert not {"comment:101", "comment:201", "post:3"} & {*names(batches)}
    seen = {(s.native_id, s.outcome, s.reason) for b in batches for s in b.sightings}
    assert seen == {
        ("comment:101", "gone", "deleted_by_author"),
        ("comment:201", "gone", "removed"),
        ("post:3", "gone", "deleted_by_author"),
    }
    drops = {reason: n for batch in batches for reason, n in batch.drops.items()}
    assert drops == {"deleted_by_author": 1, "removed": 1}
    assert all(batch.complete for batch in batches)


@pytest.mark.parametrize("n_answers", range(3, 14, 2))
def test_a_harvest_that_is_cut_short_goes_on_where_it_was(
    site: Any, server: Any, known_after: Any, n_answers: int
) -> None:
    lemmy = server(*talk(40))
    lemmy.page_size = 10
    answers = iter(range(n_answers))

    def failing(request: httpx.Request) -> httpx.Response:
        return lemmy(request) if next(answers, None) is not None else httpx.Response(500)

    batches = list(until_failure(site, failing))
    lemmy.add(post(900, 300), comment(90001, 301, 900), comment(90002, 302, 7))
    rest = harvest(site, lemmy, after(batches, known_after))

    everything = {f"post:{n}" for n in lemmy.posts} | {f"comment:{n}" for n in lemmy.comments}
    assert {*names(batches), *names(rest)} == everything
    assert rest[-1].complete


def until_failure(site: Any, answer: Any) -> Iterator[Batch]:
    with pytest.raises(HarvestError):
        yield from site.open(SPEC, answer).harvest(PEERS, since=None, known=Known())


def test_communities_of_other_servers_are_asked_for_by_their_full_name(
    site: Any, server: Any
) -> None:
    lemmy = server(*talk(2))
    community = Community(source="kind", community="peersupport@far.example", name="Peers")

    def known_here(request: httpx.Request) -> httpx.Response:
        url = request.url
        for name in ("name", "community_name"):
            if name in url.params:
                assert url.params[name] == "peersupport@far.example"
                url = url.copy_set_param(name, COMMUNITY)
        return lemmy(httpx.Request("GET", url))

    assert len(names(harvest(site, known_here, community=community))) == 6


def test_posts_marked_as_delicate_are_asked_for(site: Any, server: Any) -> None:
    harvest(site, server(*talk(1)))

    asked = [r.url.params for r in site.requests if r.url.path.endswith("/post/list")]
    assert {params["show_nsfw"] for params in asked} == {"true"}


@pytest.mark.parametrize("visibility", ["Private", "LocalOnly", "local_only_private"])
def test_a_community_for_members_is_blocked(site: Any, server: Any, visibility: str) -> None:
    lemmy = server(*talk(2))
    lemmy.visibility = visibility

    with pytest.raises(Blocked):
        harvest(site, lemmy)


def test_a_private_server_is_blocked(site: Any, server: Any) -> None:
    lemmy = server(*talk(2))
    lemmy.private = True

    with pytest.raises(Blocked):
        harvest(site, lemmy)
    refusal = httpx.Response(400, json={"error": "instance_is_private"})
    with pytest.raises(Blocked):
        harvest(site, lambda r: refusal if "list" in r.url.path else server()(r))


def test_an_unknown_community_is_gone(site: Any, server: Any) -> None:
    with pytest.raises(Gone):
        harvest(site, server(), community=replace(PEERS, community="nobody"))


def test_an_empty_community_is_complete(site: Any, server: Any) -> None:
    batches = harvest(site, server())

    assert names(batches) == []
    assert all(batch.complete for batch in batches)


def test_a_community_that_shows_nothing_where_posts_are_known_is_partial(
    site: Any, server: Any, known_after: Any
) -> None:
    known = after(harvest(site, server(*talk(3))), known_after)

    assert not harvest(site, server(), known)[-1].complete


def test_an_unfinished_version_4_is_not_used(site: Any) -> None:
    lemmy = Lemmy(*talk(2), version="0.20.0-alpha.18")

    def both(request: httpx.Request) -> httpx.Response:
        url = str(request.url).replace("/api/v4", "/api/v3")
        return lemmy(httpx.Request("GET", url))

    assert len(names(harvest(site, both))) == 6
    assert {path.split("/")[2] for path in site.asked[1:]} == {"v3"}


def test_a_page_in_the_place_of_version_4_leads_to_version_3(site: Any) -> None:
    lemmy = Lemmy(*talk(2))

    def front_page(request: httpx.Request) -> httpx.Response:
        is_v4 = request.url.path.startswith("/api/v4")
        return httpx.Response(200, text="<html>") if is_v4 else lemmy(request)

    assert len(names(harvest(site, front_page))) == 6


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(200, text="<html>"), ParseError),
        (httpx.Response(200, json=[]), ParseError),
        (httpx.Response(200, json={"items": 1}), ParseError),
        (httpx.Response(200, text='{"items": [{"post"'), ParseError),
        (httpx.Response(200, json={"items": [{"post": 1}] * 9}), ParseError),
        (httpx.Response(400, json={"error": "invalid_fetch_limit"}), ParseError),
        (httpx.Response(400, json={"error": "rate_limit_error"}), RateLimited),
        (httpx.Response(404), Gone),
        (httpx.Response(403), Blocked),
        (httpx.Response(429), RateLimited),
        (httpx.Response(503), HarvestError),
    ],
)
def test_what_is_no_list_is_an_error(
    site: Any, server: Any, answer: httpx.Response, kind: type[HarvestError]
) -> None:
    lemmy = server(*talk(3))

    with pytest.raises(kind):
        harvest(site, lambda r: answer if r.url.path.endswith("/list") else lemmy(r))


def test_one_broken_item_is_counted_and_the_others_are_read(site: Any, server: Any) -> None:
    lemmy = server(*talk(5))
    lemmy.comments[301]["path"] = "elsewhere"

    batches = harvest(site, lemmy)

    assert len(names(batches)) == 14
    assert sum(batch.drops.get("malformed", 0) for batch in batches) >= 1
    assert not all(batch.complete for batch in batches)


def test_waits_are_kept(site: Any, server: Any) -> None:
    lemmy = server(*talk(3))
    begun = site.clock.now()
    waits = iter([httpx.Response(429, headers={"Retry-After": "40"})])

    harvest(site, lambda request: next(waits, None) or lemmy(request))
    assert (site.clock.now() - begun).total_seconds() >= 40

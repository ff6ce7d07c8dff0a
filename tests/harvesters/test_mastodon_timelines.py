"""Whole servers, several tags in one, closed feeds and tokens: timelines of an invented server."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from harvesters.base import Blocked, ParseError
from tests.harvesters.invented_server import (
    SPEC,
    TAG,
    Server,
    account,
    harvest,
    ids,
    number,
    status,
)
from warehouse.records import Community

LOCAL = Community(source="fedi", community="local", name="The server's own")
FEDERATED = Community(source="fedi", community="public", name="All that came by")
SEVERAL = Community(source="fedi", community="peersupport+carers+coproduction", name="Tags")


def closed_feeds(server: Server, **feeds: dict[str, str]) -> Server:
    server.instance["configuration"] = {"timelines_access": feeds}
    return server


def test_the_local_timeline_holds_the_servers_own_people_and_the_federated_one_all(
    site: Any,
) -> None:
    far = account("otter@far.example")
    server = Server([status(1, tags=[]), status(2), status(3, account=far)])

    assert sorted(ids(harvest(site, server, community=LOCAL))) == [number(1), number(2)]
    assert len(ids(harvest(site, server, community=FEDERATED))) == 3
    public = [asked for asked in site.asked if "timelines/public" in asked]
    assert ["local=true" in asked for asked in public].count(True) == len(public) / 2


def test_several_tags_are_one_timeline_in_which_each_status_is_once(site: Any) -> None:
    def tagged(hours: float, *names: str) -> dict[str, Any]:
        return status(hours, tags=[{"name": name} for name in names])

    server = Server(
        [tagged(1, "carers"), tagged(2, "coproduction", "carers"), tagged(3, "gardens"), status(4)]
    )

    batches = harvest(site, server, community=SEVERAL)

    assert sorted(ids(batches)) == [number(1), number(2), number(4)]
    asked = site.requests[-1].url
    assert asked.path.endswith("/tag/peersupport")
    assert asked.params.get_list("any[]") == ["carers", "coproduction"]


@pytest.mark.parametrize("name", ["a+b+c+d+e+f", "a++b", "#", "+a"])
def test_a_community_that_is_no_timeline_is_refused_before_anything_is_asked(
    site: Any, name: str
) -> None:
    community = Community(source="fedi", community=name, name="x")
    with pytest.raises(ParseError, match="no timeline"):
        harvest(site, Server([]), community=community)
    assert site.requests == []


@pytest.mark.parametrize(
    ("community", "feeds", "outcome"),
    [
        (LOCAL, {"live_feeds": {"local": "public", "remote": "disabled"}}, "read"),
        (LOCAL, {"live_feeds": {"local": "authenticated", "remote": "public"}}, "closed"),
        (LOCAL, {"hashtag_feeds": {"local": "disabled", "remote": "disabled"}}, "read"),
        (FEDERATED, {"live_feeds": {"local": "public", "remote": "authenticated"}}, "closed"),
        (FEDERATED, {"live_feeds": {"local": "public", "remote": "public"}}, "read"),
        (TAG, {"live_feeds": {"local": "disabled", "remote": "disabled"}}, "read"),
        (TAG, {"hashtag_feeds": {"local": "disabled", "remote": "public"}}, "closed"),
        (TAG, {"hashtag_feeds": {"local": 7, "remote": "whatever"}}, "read"),
    ],
)
def test_what_a_server_closed_is_blocked_and_what_it_opened_is_read(
    site: Any, community: Community, feeds: Any, outcome: str
) -> None:
    server = closed_feeds(Server([status(1)]), **feeds)
    if outcome == "closed":
        with pytest.raises(Blocked):
            harvest(site, server, community=community)
        assert len(site.requests) == 1
    else:
        assert ids(harvest(site, server, community=community)) == [number(1)]


def test_to_whom_a_feed_is_shown_is_recorded_even_where_it_is_empty(
    site: Any, known_after: Any
) -> None:
    feeds = {"hashtag_feeds": {"local": "public", "remote": "authenticated"}}
    server = closed_feeds(Server([]), **feeds)

    first = harvest(site, server)
    assert first[-1].cursor == {"access": "hashtag_feeds local=public remote=authenticated"}
    assert first[-1].complete

    server.add(status(1))
    second = harvest(site, server, known_after(first))
    assert second[-1].cursor == {
        "after": str(number(1)),
        "access": "hashtag_feeds local=public remote=authenticated",
    }


def test_a_token_opens_what_is_for_members_and_is_sent_with_every_question(
    site: Any, ref_of: Any
) -> None:
    spec = replace(SPEC, secrets={"token": "s3cret"})
    feeds = {"local": "authenticated", "remote": "authenticated"}
    server = closed_feeds(Server([status(1)]), hashtag_feeds=feeds)

    batches = harvest(site, server, spec=spec)
    refs = [ref_of(post) for batch in batches for post in batch.posts]
    assert [s.outcome for s in site.open(spec, server).recheck(refs)] == ["present"]

    assert {request.headers["Authorization"] for request in site.requests} == {"Bearer s3cret"}
    assert "s3cret" not in repr(spec) + repr(batches)

    def without(request: httpx.Request) -> httpx.Response:
        assert "Authorization" not in request.headers
        return server(request)

    with pytest.raises(Blocked):
        harvest(site, without)


OPENNESS = [
    ({}, {"opt_out", "found"}),
    ({"discoverable": None}, {"opt_out", "found"}),
    ({"discoverable": True, "indexable": True}, {"opt_out", "found", "opt_in"}),
    ({"discoverable": True, "indexable": False}, {"opt_out"}),
    ({"discoverable": False, "indexable": True}, {"opt_out"}),
    ({"discoverable": True, "indexable": True, "noindex": True}, set()),
    ({"discoverable": True, "indexable": True, "note": "<p>No bots please #NoBots</p>"}, set()),
]


@pytest.mark.parametrize(("signals", "kept_by"), OPENNESS)
def test_who_wishes_not_to_be_read_is_left_out(
    site: Any, signals: dict[str, Any], kept_by: set[str]
) -> None:
    server = Server([status(1, account=account(**signals))])

    def keeps(community: Community, **options: str) -> bool:
        batches = harvest(site, server, spec=replace(SPEC, options=options), community=community)
        kept = bool(ids(batches))
        assert sum(batch.drops.get("opted_out", 0) for batch in batches) == (not kept)
        return kept

    assert keeps(TAG) == ("opt_out" in kept_by)  # a tag is put on to be found
    assert keeps(LOCAL) == ("found" in kept_by)
    assert keeps(LOCAL, consent="opt_out") == ("opt_out" in kept_by)
    assert keeps(TAG, consent="opt_in") == ("opt_in" in kept_by)


def test_a_status_bears_the_same_key_on_every_server_that_shows_it(site: Any) -> None:
    shown = status(1, account=account("heron@kind.example"))
    elsewhere = replace(SPEC, source="other", url="https://other.example")
    mirrored = Server([{**shown, "id": "999"}])
    mirrored.instance["domain"] = "other.example"

    (here,) = harvest(site, Server([shown]))
    (there,) = harvest(
        site,
        mirrored,
        spec=elsewhere,
        community=Community(source="other", community="peersupport", name="#peersupport"),
    )

    assert here.posts[0].native_id != there.posts[0].native_id
    assert here.posts[0].item_key == there.posts[0].item_key is not None
    assert here.posts[0].author_key == there.posts[0].author_key


def test_a_local_post_whose_author_closes_the_account_to_search_is_gone_at_the_next_recheck(
    site: Any, ref_of: Any
) -> None:
    server = Server([status(1), status(2)])
    batches = harvest(site, server, community=LOCAL)
    refs = [ref_of(post) for batch in batches for post in batch.posts]
    server.add(status(1, account=account(indexable=False)))

    seen = {int(s.native_id): (s.outcome, s.reason) for s in site.open(SPEC, server).recheck(refs)}

    assert seen == {number(1): ("gone", "opted_out"), number(2): ("present", None)}

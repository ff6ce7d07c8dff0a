"""The second look at Reddit posts: a hundred a request, and why each is gone."""

import json
from typing import Any

import httpx
import pytest

from harvesters.base import Blocked, HarvestError, ParseError
from tests.harvesters.invented_reddit import (
    PLACE,
    SPEC,
    START,
    InventedReddit,
    comment,
    listing,
    submission,
)
from warehouse.records import Known, PostRef, Sighting


def refs_of(site: Any, server: Any, ref_of: Any) -> list[PostRef]:
    harvester = site.open(SPEC, server)
    batches = list(harvester.harvest(PLACE, since=START, known=Known()))
    return [ref_of(post) for batch in batches for post in batch.posts]


def recheck(site: Any, server: Any, refs: list[PostRef]) -> dict[str, Sighting]:
    site.requests.clear()
    return {s.native_id: s for s in site.open(SPEC, server).recheck(refs)}


def test_posts_are_asked_for_a_hundred_a_request(site: Any, ref_of: Any) -> None:
    server = InventedReddit([submission(hour) for hour in range(250)])
    refs = refs_of(site, server, ref_of)
    seen = recheck(site, server, refs)
    assert len(seen) == 250
    assert {s.outcome for s in seen.values()} == {"present"}
    assert len(site.requests) == 1 + 3


def test_recorded_answers_tell_why_a_post_is_gone(site: Any, recording: Any, ref_of: Any) -> None:
    new = json.loads(recording("reddit/new.json"))["data"]["children"]
    comments = json.loads(recording("reddit/comments.json"))["data"]["children"]
    refs = refs_of(site, InventedReddit([*new, *comments]), ref_of)
    info = json.loads(recording("reddit/info.json"))["data"]["children"]

    seen = recheck(site, InventedReddit(info), refs)

    assert {name: (s.outcome, s.reason) for name, s in seen.items()} == {
        "t3_1pk0ah": ("edited", None),
        "t3_1pk0ag": ("gone", "not_found"),
        "t3_1pk0ae": ("gone", "not_found"),
        "t3_1pk0ab": ("gone", "deleted_by_author"),
        "t3_1pk0aa": ("present", None),
        "t1_nx0ab": ("gone", "deleted_by_author"),
        "t1_nx0ac": ("gone", "removed"),
        "t1_nx0ad": ("gone", "not_found"),
        "t1_nx0ae": ("gone", "account_deleted"),
        "t1_nx0af": ("present", None),
    }
    edited = seen["t3_1pk0ah"].post
    assert edited is not None
    assert edited.text == "The words were changed."
    assert edited.edited_at is not None


def test_an_edit_is_told_by_the_text_and_not_by_the_mark(site: Any, ref_of: Any) -> None:
    server = InventedReddit([submission(hour) for hour in range(3)])
    refs = refs_of(site, server, ref_of)
    marked, changed, _ = sorted(server.things)
    server.change(marked, edited=1_762_500_000.0, num_comments=7, score=12)
    server.change(changed, selftext="Asked at last.")
    seen = recheck(site, server, refs)
    assert [seen[name].outcome for name in sorted(seen)] == ["present", "edited", "present"]


@pytest.mark.parametrize("kind", ["private", "employees_only"])
def test_a_subreddit_that_closed_makes_nothing_gone(site: Any, ref_of: Any, kind: str) -> None:
    server = InventedReddit([submission(hour) for hour in range(4)])
    refs = refs_of(site, server, ref_of)
    server.things.clear()
    server.kind = kind
    seen = recheck(site, server, refs)
    assert {(s.outcome, s.reason) for s in seen.values()} == {("unknown", "blocked")}


@pytest.mark.parametrize(("missing", "outcome"), [(4, "gone"), (7, "unknown")])
def test_without_any_post_that_is_there_only_few_are_believed_gone(
    site: Any, ref_of: Any, missing: int, outcome: str
) -> None:
    server = InventedReddit([submission(hour) for hour in range(missing)])
    refs = refs_of(site, server, ref_of)
    server.things.clear()
    assert {s.outcome for s in recheck(site, server, refs).values()} == {outcome}


def test_a_missing_post_beside_one_that_is_there_is_gone(site: Any, ref_of: Any) -> None:
    server = InventedReddit([submission(hour) for hour in range(120)])
    refs = refs_of(site, server, ref_of)
    kept = max(server.things)
    server.things = {kept: server.things[kept]}
    seen = recheck(site, server, refs)
    assert seen.pop(kept).outcome == "present"
    assert {(s.outcome, s.reason) for s in seen.values()} == {("gone", "not_found")}
    assert len(site.requests) == 1 + 2 + 1  # whether the subreddit is open is asked once


@pytest.mark.parametrize(
    ("answer", "reason", "error"),
    [
        (httpx.Response(200, content=b"<html>Checking your browser</html>"), "error", ParseError),
        (httpx.Response(200, json=listing([submission(99)])), "error", ParseError),
        (httpx.Response(403, json={"error": 403}), "blocked", Blocked),
        (httpx.Response(503), "error", HarvestError),
        (httpx.Response(302, headers={"Location": "/login"}), "blocked", Blocked),
    ],
)
def test_no_failure_makes_a_post_gone(
    site: Any, ref_of: Any, answer: httpx.Response, reason: str, error: type[HarvestError]
) -> None:
    server = InventedReddit([submission(hour) for hour in range(3)])
    refs = refs_of(site, server, ref_of)

    def failing(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/api/info"):
            return httpx.Response(
                answer.status_code, content=answer.content, headers=answer.headers
            )
        return server(request)

    seen: list[Sighting] = []
    with pytest.raises(error):
        seen.extend(site.open(SPEC, failing).recheck(refs))
    assert [(s.outcome, s.reason) for s in seen] == [("unknown", reason)] * 3


def test_a_thing_that_is_broken_now_is_unknown(site: Any, ref_of: Any) -> None:
    root = submission(1)
    server = InventedReddit([root, comment(2, root)])
    refs = refs_of(site, server, ref_of)
    server.change(root["data"]["name"], created_utc="yesterday", selftext="Other words.")
    seen = recheck(site, server, refs)
    assert seen[root["data"]["name"]].outcome == "unknown"

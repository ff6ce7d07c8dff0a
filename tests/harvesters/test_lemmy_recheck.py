"""Rechecks of Lemmy posts and comments, against an invented server that speaks version 3 or 4."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from harvesters.base import HarvestError, SourceSpec
from tests.harvesters.invented_lemmy import COMMUNITY, URL, Lemmy, comment, post
from warehouse.records import Community, Known, PostRef, Sighting

SPEC = SourceSpec(source="kind", platform="lemmy", url=URL)
PEERS = Community(source="kind", community=COMMUNITY, name="Peer support")


@pytest.fixture(params=["0.19.9", "1.0.0"])
def lemmy(request: pytest.FixtureRequest) -> Lemmy:
    posts = [post(number, number) for number in range(1, 5)]
    comments = [comment(100 + k, 10 + k / 10, 1) for k in range(30)]
    return Lemmy(*posts, *comments, comment(201, 20, 2), version=request.param)


@pytest.fixture
def refs(site: Any, lemmy: Lemmy, ref_of: Callable[..., PostRef]) -> list[PostRef]:
    batches = list(site.open(SPEC, lemmy).harvest(PEERS, since=None, known=Known()))
    site.requests.clear()
    return [ref_of(read) for batch in batches for read in batch.posts]


def rechecked(site: Any, answer: Any, refs: list[PostRef]) -> dict[str, Sighting]:
    sightings = list(site.open(SPEC, answer).recheck(refs))
    assert len(sightings) == len(refs)
    return {sighting.native_id: sighting for sighting in sightings}


def test_a_recheck_sees_edits_and_what_was_taken_back(
    site: Any, lemmy: Lemmy, refs: list[PostRef]
) -> None:
    lemmy.comments[103]["content"] = "Put otherwise."
    lemmy.comments[104]["deleted"] = True
    lemmy.comments[105]["removed"] = True
    del lemmy.comments[106]
    lemmy.comments[107]["path"] = "broken"
    lemmy.posts[2]["name"] = "Another title"
    lemmy.posts[3]["removed"] = True
    lemmy.posts[4]["deleted"] = True

    seen = rechecked(site, lemmy, refs)

    changed = {name: (s.outcome, s.reason) for name, s in seen.items() if s.outcome != "present"}
    assert changed == {
        "comment:103": ("edited", None),
        "comment:104": ("gone", "deleted_by_author"),
        "comment:105": ("gone", "removed"),
        "comment:106": ("gone", "not_found"),
        "comment:107": ("unknown", "error"),
        "post:2": ("edited", None),
        "post:3": ("gone", "not_found"),
        "post:4": ("gone", "deleted_by_author"),
    }
    edited = seen["comment:103"].post
    assert edited is not None
    assert edited.text == "Put otherwise."


def test_the_comments_of_a_thread_are_looked_for_together(
    site: Any, lemmy: Lemmy, refs: list[PostRef]
) -> None:
    seen = rechecked(site, lemmy, refs)

    assert {s.outcome for s in seen.values()} == {"present"}
    assert len(site.asked) <= 2 + 4 + 1 + 1  # versions, posts, one list, a comment by itself


def test_comments_that_lists_leave_out_are_asked_for_by_themselves(
    site: Any, lemmy: Lemmy, refs: list[PostRef]
) -> None:
    lemmy.lists_deleted = False
    lemmy.comments[104]["deleted"] = True

    seen = rechecked(site, lemmy, refs)

    gone = {name: s.reason for name, s in seen.items() if s.outcome == "gone"}
    assert gone == {"comment:104": "deleted_by_author"}


def test_a_server_where_everything_is_gone_is_not_believed(
    site: Any, lemmy: Lemmy, refs: list[PostRef]
) -> None:
    seen = rechecked(site, Lemmy(version=lemmy.version), refs)

    assert {(s.outcome, s.reason) for s in seen.values()} == {("unknown", "no_control")}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503),
        httpx.Response(200, text="Welcome"),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"post_view": {"post": {"id": 999}}}),
        httpx.Response(200, json={"comment_view": [], "comments": [], "post_view": 1}),
        httpx.Response(400, json={"error": "unknown"}),
        httpx.Response(403),
    ],
)
def test_a_failing_server_makes_nothing_gone(
    site: Any, lemmy: Lemmy, refs: list[PostRef], answer: httpx.Response
) -> None:
    def failing(request: httpx.Request) -> httpx.Response:
        return lemmy(request) if request.url.path.endswith("/site") else answer

    sightings = site.open(SPEC, failing).recheck(refs)

    assert {next(sightings).outcome for _ in refs} == {"unknown"}
    with pytest.raises(HarvestError):
        next(sightings)

"""Rechecks of Bluesky posts, against an invented AppView."""

from typing import Any

import httpx
import pytest

from harvesters.base import HarvestError, SourceSpec
from tests.harvesters.invented_appview import OPTED_OUT, AppView, label, post, uri
from warehouse.records import Community, Known, PostRef

SPEC = SourceSpec(source="sky", platform="bluesky", url="https://appview.example")
FEED = Community(source="sky", community="listening.example", name="Listening Trust")


@pytest.fixture
def harvested(site: Any, ref_of: Any) -> Any:
    """Harvest what an AppView holds, and return what a recheck would be asked for."""

    def refs(view: AppView) -> list[PostRef]:
        batches = list(site.open(SPEC, view).harvest(FEED, since=None, known=Known()))
        site.requests.clear()
        return [ref_of(read) for batch in batches for read in batch.posts]

    return refs


def diary(n: int) -> list[dict[str, Any]]:
    return [post(f"d{number:03}", number) for number in range(n)]


def rechecked(site: Any, view: Any, refs: list[Any]) -> dict[str, Any]:
    sightings = list(site.open(SPEC, view).recheck(refs))
    assert len(sightings) == len(refs)
    return {s.native_id.rpartition("/")[2]: s for s in sightings}


def test_a_recheck_sees_edits_deletions_and_wishes(site: Any, harvested: Any) -> None:
    view = AppView(*diary(60), post("quiet", 70))
    refs = harvested(view)
    view.posts[uri("d001")] = post("d001", 1, text="Put otherwise.", cid="bafyedited")
    view.delete(uri("d002"))
    view.posts[uri("d003")]["labels"] = [label("!takedown")]
    view.posts[uri("quiet")]["author"]["labels"] = [label(OPTED_OUT)]
    view.posts[uri("d004")]["record"] = "broken"

    seen = rechecked(site, view, refs)

    outcomes = {name: (s.outcome, s.reason) for name, s in seen.items() if s.outcome != "present"}
    assert outcomes == {
        "d001": ("edited", None),
        "d002": ("gone", "not_found"),
        "d003": ("gone", "removed"),
        "d004": ("unknown", "error"),
        "quiet": ("gone", "opted_out"),
    }
    assert seen["d001"].post is not None
    assert seen["d001"].post.text == "Put otherwise."
    assert len(site.asked) == 4  # 61 posts, and one question whether the missing one is missing


def test_an_answer_that_is_not_whole_makes_nothing_gone(site: Any, harvested: Any) -> None:
    view = AppView(*diary(10))
    refs = harvested(view)

    def partial_answers(request: httpx.Request) -> httpx.Response:
        asked = request.url.params.get_list("uris")
        return httpx.Response(200, json={"posts": [view.posts[name] for name in asked[:3]]})

    seen = rechecked(site, partial_answers, refs)

    assert {s.outcome for s in seen.values()} == {"present"}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503),
        httpx.Response(200, text="Welcome"),
        httpx.Response(200, json={"posts": [post("strange", 1)]}),
        httpx.Response(200, json={"posts": ["strange"]}),
        httpx.Response(200, json={}),
    ],
)
def test_a_failing_host_makes_nothing_gone(
    site: Any, harvested: Any, answer: httpx.Response
) -> None:
    refs = harvested(AppView(*diary(9)))
    sightings = site.open(SPEC, lambda _: answer).recheck(refs)

    seen = [next(sightings) for _ in refs]
    assert {s.outcome for s in seen} == {"unknown"}
    with pytest.raises(HarvestError):
        next(sightings)


def test_a_site_where_everything_is_gone_is_not_believed(site: Any, harvested: Any) -> None:
    refs = harvested(AppView(*diary(30)))

    seen = rechecked(site, AppView(), refs)

    assert {(s.outcome, s.reason) for s in seen.values()} == {("unknown", "no_control")}

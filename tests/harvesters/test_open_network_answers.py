"""Whatever stands in the place of any part of an answer, a harvest ends as the protocol says."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvesters.base import HarvestError, SourceSpec
from tests.harvesters import invented_appview as sky
from tests.harvesters import invented_lemmy as lemmy
from warehouse.records import Batch, Community, Known

Steps = tuple[str | int, ...]

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
QUICKLY = settings(
    max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


def spoilt(
    answer: Callable[[httpx.Request], httpx.Response], path: str, steps: Steps, value: Any
) -> Callable[[httpx.Request], httpx.Response]:
    """Return `answer` with another value in one place of what it says at one path."""

    def answered(request: httpx.Request) -> httpx.Response:
        further = {"page", "page_cursor", "cursor"} & request.url.params.keys()
        try:
            response = answer(request)
        except ValueError:  # a cursor that it never gave
            return httpx.Response(400, json={"error": "InvalidRequest"})
        if further or not request.url.path.endswith(path) or not response.content:
            return response
        item = whole = response.json()
        with suppress(LookupError):  # a thread asked for by itself may have no such place
            for step in steps[:-1]:
                item = item[step]
            item[steps[-1]] = value
        return httpx.Response(200, content=json.dumps(whole).encode("utf-8", "surrogatepass"))

    return answered


def is_honest(site: Any, spec: SourceSpec, answer: Any, community: str) -> bool:
    """Tell whether a harvest that kept less than all three posts says so; it may end in an error.

    Any error that is not of the protocol goes through.
    """
    batches: list[Batch] = []
    harvester = site.open(spec, answer)
    about = Community(source=spec.source, community=community, name=community)
    try:
        batches.extend(harvester.harvest(about, since=None, known=Known()))
    except HarvestError:
        return True
    n_posts = len({post.native_id for batch in batches for post in batch.posts})
    return n_posts >= 3 or any(batch.drops or not batch.complete for batch in batches)


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("getAuthorFeed", ("feed",)),
        ("getAuthorFeed", ("cursor",)),
        ("getAuthorFeed", ("feed", 0)),
        ("getAuthorFeed", ("feed", 0, "post")),
        ("getAuthorFeed", ("feed", 0, "reason")),
        ("getAuthorFeed", ("feed", 0, "post", "replyCount")),
        ("getAuthorFeed", ("feed", 0, "post", "indexedAt")),
        ("getPostThread", ("thread",)),
        ("getPostThread", ("thread", "post")),
        ("getPostThread", ("thread", "replies")),
        ("getPostThread", ("thread", "replies", 0)),
        ("getPostThread", ("thread", "replies", 0, "post")),
        ("getPostThread", ("thread", "replies", 0, "post", "replyCount")),
    ],
)
def test_any_answer_of_an_appview_is_read_or_refused(site: Any, path: str, steps: Steps) -> None:
    @given(value=ANYTHING)
    @QUICKLY
    def check(value: Any) -> None:
        root = sky.post("root", 0)
        view = sky.AppView(root, sky.reply("answer", 1, root), sky.post("other", -1))
        spec = SourceSpec(
            source="sky", platform="bluesky", url="https://a.example", options={"threads": True}
        )
        empty = steps == ("feed",) and value == []  # an account that has written nothing
        silent = steps[-1] == "replyCount" and value == 0  # a post that nobody answered
        honest = is_honest(site, spec, spoilt(view, path, steps, value), "listening.example")
        assert empty or silent or honest

    check()


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("/site", ("version",)),
        ("/site", ("site_view",)),
        ("/site", ("site_view", "site")),
        ("/community", ("community_view",)),
        ("/community", ("community_view", "community")),
        ("/post/list", ("items",)),
        ("/post/list", ("next_page",)),
        ("/post/list", ("items", 0)),
        ("/post/list", ("items", 0, "post")),
        ("/post/list", ("items", 0, "creator")),
        ("/post/list", ("posts", 0, "counts")),
        ("/comment/list", ("comments",)),
        ("/comment/list", ("comments", 0, "post")),
        ("/comment/list", ("items",)),
        ("/comment/list", ("items", 0)),
        ("/comment/list", ("items", 0, "comment")),
    ],
)
def test_any_answer_of_a_lemmy_server_is_read_or_refused(
    site: Any, path: str, steps: Steps
) -> None:
    version = "1.0.0" if "items" in steps else "0.19.9"

    @given(value=ANYTHING)
    @QUICKLY
    def check(value: Any) -> None:
        kind = lemmy.Lemmy(
            lemmy.post(1, 0), lemmy.post(2, 1), lemmy.comment(7, 2, 1), version=version
        )

        spec = SourceSpec(source="kind", platform="lemmy", url=lemmy.URL)
        assert is_honest(site, spec, spoilt(kind, path, steps, value), lemmy.COMMUNITY)

    check()

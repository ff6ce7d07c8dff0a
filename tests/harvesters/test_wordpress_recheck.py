"""Rechecks of an invented WordPress blog: what is edited, gone or not to be known."""

from typing import Any

import httpx
import pytest

from harvesters.base import ParseError
from tests.harvesters.invented_blog import SPEC, Blog, comment, harvest, post


def test_a_recheck_tells_present_edited_gone_and_hidden_posts_apart(site: Any, ref_of: Any) -> None:
    blog = Blog([post(n) for n in range(1, 5)], [comment(n) for n in range(1, 4)])
    refs = [ref_of(read) for batch in harvest(site, blog) for read in batch.posts]
    blog.posts[1] = post(2, content={"rendered": "<p>Other words.</p>", "protected": False})
    blog.posts[3] = post(4, content={"rendered": "", "protected": True})
    del blog.posts[2]
    blog.comments[0] = comment(1, content={"rendered": "<p>Never mind.</p>"})
    del blog.comments[1]
    site.requests.clear()

    seen = {sighting.native_id: sighting for sighting in site.open(SPEC, blog).recheck(refs)}

    assert {name: (s.outcome, s.reason) for name, s in seen.items()} == {
        "post:1": ("present", None),
        "post:2": ("edited", None),
        "post:3": ("gone", "not_found"),
        "post:4": ("gone", "login_required"),
        "comment:1": ("edited", None),
        "comment:2": ("gone", "not_found"),
        "comment:3": ("present", None),
    }
    assert seen["comment:1"].post is not None
    assert seen["comment:1"].post.text == "Never mind."
    assert len(site.requests) == 2 + 2  # and of each kind, one that is missing by itself


def test_a_recheck_of_many_posts_asks_for_a_hundred_at_a_time(site: Any, ref_of: Any) -> None:
    blog = Blog([post(n) for n in range(1, 251)])
    refs = [ref_of(read) for batch in harvest(site, blog) for read in batch.posts]
    site.requests.clear()

    sightings = list(site.open(SPEC, blog).recheck(refs))

    assert [s.outcome for s in sightings] == ["present"] * 250
    assert len(site.requests) == 3


def test_a_stale_or_foreign_list_makes_no_post_gone(site: Any, ref_of: Any) -> None:
    blog = Blog([post(n) for n in range(1, 5)])
    refs = [ref_of(read) for batch in harvest(site, blog) for read in batch.posts]
    for listed in ([], [post(1)], [post(77)]):

        def answer(request: httpx.Request, listed: Any = listed) -> httpx.Response:
            totals = {"X-WP-Total": str(len(listed)), "X-WP-TotalPages": "1"}
            is_list = request.url.path.endswith("posts")
            return httpx.Response(200, json=listed, headers=totals) if is_list else blog(request)

        seen: list[Any] = []
        with pytest.raises(ParseError, match="cache"):
            seen.extend(site.open(SPEC, answer).recheck(refs))
        assert [sighting.outcome for sighting in seen] == ["unknown"] * 4


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=b"<html>Checking your browser</html>"),
        httpx.Response(200, json=[]),
        httpx.Response(503),
        httpx.Response(404),
        httpx.Response(403),
    ],
    ids=["challenge", "no totals", "unavailable", "no route", "forbidden"],
)
def test_no_failure_of_the_host_makes_a_post_gone(
    site: Any, ref_of: Any, answer: httpx.Response
) -> None:
    refs = [
        ref_of(read) for batch in harvest(site, Blog([post(1), post(2)])) for read in batch.posts
    ]
    sightings = []

    with pytest.raises(Exception) as failure:  # noqa: PT011 # which one is not the point
        sightings.extend(
            site.open(
                SPEC, lambda _: httpx.Response(answer.status_code, content=answer.content)
            ).recheck(refs)
        )

    assert type(failure.value).__module__ == "harvesters.base"
    assert [(s.outcome, s.native_id) for s in sightings] == [
        ("unknown", "post:1"),
        ("unknown", "post:2"),
    ]

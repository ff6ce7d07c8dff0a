"""Searches of Bluesky with the study's own account, against an invented server."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from harvesters import bluesky
from harvesters.base import Blocked, ParseError, SourceSpec, Unavailable
from harvesters.client import PoliteClient
from tests.harvesters.invented_appview import OPTED_OUT, READER, AppView, label, post
from warehouse.records import Batch, Community, Known

SECRETS = {"username": "study.example", "password": "app-password"}
SPEC = SourceSpec(
    source="sky",
    platform="bluesky",
    url="https://appview.example",
    options={"server": "https://pds.example"},
    secrets=SECRETS,
)
TERM = Community(source="sky", community="search:value", name="value")


def harvest(
    site: Any,
    view: Any,
    known: Known = Known(),  # noqa: B008
    *,
    spec: SourceSpec = SPEC,
    community: Community = TERM,
) -> list[Batch]:
    return list(site.open(spec, view).harvest(community, since=None, known=known))


def keys_of(batches: list[Batch]) -> list[str]:
    return [read.native_id.rpartition("/")[2] for batch in batches for read in batch.posts]


def found(n: int) -> AppView:
    return AppView(*(post(f"d{number:03}", number, did=READER) for number in range(n)))


def test_a_search_without_an_account_is_refused_with_what_to_do(site: Any) -> None:
    spec = SourceSpec(source="sky", platform="bluesky", url="https://appview.example")

    with pytest.raises(Blocked, match="username_env and password_env"):
        harvest(site, found(3), spec=spec)
    assert site.asked == []


def test_a_search_is_read_with_one_session_and_known_hits_end_the_next(
    site: Any, known_after: Any
) -> None:
    view = found(250)
    batches = harvest(site, view)

    assert keys_of(batches) == [f"d{n:03}" for n in range(249, -1, -1)]
    assert [r.method for r in site.requests] == ["POST", "GET", "GET", "GET", "GET"]
    assert {r.url.host for r in site.requests} == {"pds.example"}
    assert batches[-1].complete

    site.requests.clear()
    view.add(post("new", 260))
    again = harvest(site, view, known_after(batches))
    assert keys_of(again)[0] == "new"
    assert len(site.asked) == 2


def test_a_tag_is_searched_by_its_sign(site: Any) -> None:
    view = AppView(
        post("1", 1, text="We met for #coproduction week."), post("2", 2, text="coproduction")
    )
    community = Community(source="sky", community="tag:coproduction", name="#coproduction")

    assert keys_of(harvest(site, view, community=community)) == ["1"]


def test_an_expired_session_is_renewed_and_a_lapsed_one_begun_again(site: Any) -> None:
    view = found(250)
    expire_at = iter([2, 5])
    turn = next(expire_at)
    n = 0

    def expiring(request: httpx.Request) -> httpx.Response:
        nonlocal n, turn
        n += 1
        if n == turn + 1 and request.method == "GET":
            old = view.access
            view.access = "lapsed" if turn == 5 else f"{old}-new"
            turn = next(expire_at, 99)
        return view(request)

    assert len(keys_of(harvest(site, expiring))) == 250
    posted = [r.url.path.rpartition(".")[2] for r in site.requests if r.method == "POST"]
    assert posted == ["createSession", "refreshSession", "refreshSession", "createSession"]


def test_a_wrong_password_is_blocked_without_saying_it(site: Any) -> None:
    view = found(3)
    view.password = "another"

    with pytest.raises(Blocked) as raised:
        harvest(site, view)
    assert not any(secret in str(raised.value) for secret in SECRETS.values())
    assert "app-password" not in repr(SPEC)


def test_a_password_is_never_sent_unencrypted(site: Any) -> None:
    spec = replace(SPEC, options={"server": "http://pds.example"})

    with pytest.raises(Blocked, match="https://"):
        harvest(site, found(3), spec=spec)
    assert site.requests == []


def test_where_a_search_gives_out_it_is_asked_for_what_is_older(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bluesky, "SEARCH_DEPTH", 150)
    view = found(500)
    view.search_depth = 200

    batches = harvest(site, view)

    assert sorted({*keys_of(batches)}) == [f"d{n:03}" for n in range(500)]
    assert batches[-1].complete


def test_where_a_search_fails_at_its_depth_it_is_asked_for_what_is_older(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bluesky, "SEARCH_DEPTH", 150)
    view = found(500)

    def failing(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("cursor", "").startswith("200_"):
            return httpx.Response(400, json={"error": "InvalidRequest"})
        return view(request)

    batches = harvest(site, failing)

    assert sorted({*keys_of(batches)}) == [f"d{n:03}" for n in range(500)]
    assert batches[-1].complete


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(400, json={"error": "InvalidRequest"}), ParseError),
        (httpx.Response(401, json={"error": "AuthMissing"}), Blocked),
        (httpx.Response(403), Blocked),
        (httpx.Response(500), Unavailable),
        (httpx.Response(200, json={"posts": 1}), ParseError),
    ],
)
def test_a_refused_search_is_an_error(
    site: Any, answer: httpx.Response, kind: type[Exception]
) -> None:
    view = found(3)

    with pytest.raises(kind):
        harvest(site, lambda request: view(request) if request.method == "POST" else answer)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"accessJwt": 1}', b"<html>"])
def test_a_session_without_tokens_is_a_parse_error(site: Any, content: bytes) -> None:
    with pytest.raises(ParseError):
        harvest(site, lambda _: httpx.Response(200, content=content))


def test_people_who_opted_out_are_left_out_of_searches_too(site: Any) -> None:
    view = found(2)
    for item in view.posts.values():
        item["author"] = {**item["author"], "labels": [label(OPTED_OUT)]}

    (batch,) = harvest(site, view)

    assert (batch.posts, batch.drops) == ((), {"opted_out": 2})


def test_a_guest_is_never_sent_with_credentials_and_robots_hold_for_guests(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, bool]] = []
    get = PoliteClient.get

    def noted(self: Any, url: str, **how: Any) -> Any:
        asked.append((url, how.get("own_terms", False)))
        return get(self, url, **how)

    monkeypatch.setattr(PoliteClient, "get", noted)
    feed = Community(source="sky", community="listening.example", name="A trust")
    harvest(site, AppView(post("1", 1)), community=feed)
    harvest(site, found(1))

    assert [own for url, own in asked if "getAuthorFeed" in url] == [False, False]
    assert {own for url, own in asked if "searchPosts" in url} == {True}
    feeds = [r for r in site.requests if "getAuthorFeed" in r.url.path]
    assert feeds
    assert not any("authorization" in r.headers for r in feeds)

"""The session that a library is given: it speaks `requests`, and only the polite client sends."""

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from prawcore import Requestor

from harvesters.base import HarvestError, RateLimited, ResponseRefused, Unavailable
from harvesters.client import PoliteClient
from harvesters.gate import HostGate
from harvesters.gated_session import GatedSession
from tests.harvesters.client.scripted_site import AGENT, Answer, Site, running
from warehouse.records import VirtualClock

TOKEN = "/api/v1/access_token"


@pytest.fixture
def site(clock: VirtualClock) -> Iterator[Site]:
    yield from running(Site(clock))


@pytest.fixture
def client(tmp_path: Path, clock: VirtualClock) -> Iterator[PoliteClient]:
    with (
        HostGate(tmp_path / "hosts.sqlite", clock) as gate,
        PoliteClient(user_agent=AGENT, gate=gate, clock=clock, allow_private=True) as client,
    ):
        yield client


@pytest.fixture
def session(client: PoliteClient) -> GatedSession:
    return GatedSession(client, questions=[TOKEN, "/api/ask/"])


def test_an_answer_is_a_genuine_one_of_requests(site: Site, session: GatedSession) -> None:
    body = json.dumps({"words": "Fürsorge, 共同生产"}, ensure_ascii=False).encode()
    kind = {"Content-Type": "application/json; charset=utf-8", "X-Own": "kept"}
    site.script["/read"] = [Answer(body=body, headers=kind)]

    answer = session.request("get", f"{site.url}/read", params={"limit": 100, "none": None})

    assert type(answer) is requests.Response
    assert (answer.status_code, answer.reason, answer.ok) == (200, "OK", True)
    assert answer.json() == {"words": "Fürsorge, 共同生产"}
    assert (answer.content, answer.encoding) == (body, "utf-8")
    assert answer.text == body.decode()
    assert answer.headers["x-own"] == answer.headers["X-OWN"] == "kept"
    assert answer.url == answer.request.url == f"{site.url}/read?limit=100"
    assert site.pages()[0].path == "/read?limit=100"


def test_what_requests_would_send_is_sent(site: Site, client: PoliteClient) -> None:
    """Both send the same question to the same server, which writes down what it saw."""
    site.script[TOKEN] = [Answer(body=b"{}")]
    question: dict[str, Any] = {
        "params": {"raw_json": 1, "words": ["a b", "ü&"]},
        "data": [("grant_type", "client_credentials"), ("mark", "a b&ü")],
        "auth": ("id", "sécret"),
    }
    with requests.Session() as plain:
        plain.trust_env = False
        plain.post(f"{site.url}{TOKEN}", **question)
    GatedSession(client, questions=[TOKEN]).post(f"{site.url}{TOKEN}", **question)

    theirs, ours = site.pages()
    assert (ours.method, ours.path, ours.body) == (theirs.method, theirs.path, theirs.body)
    for name in ("authorization", "content-type", "content-length"):
        assert ours.headers[name] == theirs.headers[name]
    assert ours.headers["user-agent"] == AGENT
    identity = base64.b64encode("id:sécret".encode("latin-1")).decode()
    assert ours.headers["authorization"] == f"Basic {identity}"


@pytest.mark.parametrize(
    "status", [204, 301, 302, 304, 400, 401, 403, 404, 409, 410, 413, 414, 451]
)
def test_every_status_that_is_not_to_be_tried_again_is_returned(
    site: Site, session: GatedSession, status: int
) -> None:
    body = b"" if status in {204, 304} else b'{"message": "why"}'
    moved = {"Location": "/elsewhere"} if status in {301, 302} else {}
    site.script["/read"] = [Answer(status, body, headers=moved)]
    answer = session.get(f"{site.url}/read", headers={"Authorization": "bearer t"})
    assert (answer.status_code, answer.content) == (status, body)
    assert answer.headers.get("location") == moved.get("Location")
    assert [asked.path for asked in site.asked] == ["/read"]


def test_throttling_is_waited_out_and_never_shown(
    site: Site, session: GatedSession, clock: VirtualClock
) -> None:
    limits = {"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "300", "X-Ratelimit-Used": "600"}
    site.script["/read"] = [
        Answer(429, headers={"Retry-After": "60"}),
        Answer(body=b"1", headers=limits),
        Answer(body=b"2"),
    ]
    first = session.get(f"{site.url}/read")
    second = session.get(f"{site.url}/read")
    assert (first.status_code, second.status_code) == (200, 200)
    assert not [name for name in first.headers if "ratelimit" in name.lower()]
    one, two, three = (asked.virtual for asked in site.asked)
    assert (two - one).total_seconds() >= 60
    assert (three - two).total_seconds() >= 300
    assert (clock.now() - one).total_seconds() < 400


@pytest.mark.parametrize(("status", "error"), [(429, RateLimited), (503, Unavailable)])
def test_what_the_client_gives_up_is_its_own_error_in_the_library(
    site: Site, session: GatedSession, status: int, error: type[HarvestError]
) -> None:
    site.script["/read"] = [Answer(status)]
    with pytest.raises(error):
        session.get(f"{site.url}/read")
    assert len(site.asked) == 4


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "POST"])
def test_nothing_is_written(site: Site, session: GatedSession, method: str) -> None:
    with pytest.raises(ResponseRefused, match="only read"):
        session.request(method, f"{site.url}/api/submit", data={"title": "no"})
    assert site.asked == []


def test_a_named_question_may_be_posted_with_or_without_its_slash(
    site: Site, session: GatedSession
) -> None:
    site.script |= {"/api/ask": [Answer(body=b"1")], "/api/ask/": [Answer(body=b"2")]}
    assert session.post(f"{site.url}/api/ask", json={"a": 1}).content == b"1"
    assert session.post(f"{site.url}/api/ask/?raw=1", data={"a": 1}).content == b"2"
    first, second = site.asked
    assert (first.body, first.headers["content-type"]) == (b'{"a": 1}', "application/json")
    assert (second.body, second.path) == (b"a=1", "/api/ask/?raw=1")


def test_the_session_itself_cannot_reach_anything(site: Site, session: GatedSession) -> None:
    prepared = session.prepare_request(requests.Request("GET", f"{site.url}/read"))
    with pytest.raises(requests.exceptions.InvalidSchema, match="No connection adapters"):
        session.send(prepared)
    assert site.asked == []


def test_no_credentials_are_taken_from_the_machine(
    site: Site, session: GatedSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ann password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    site.script["/read"] = [Answer()]
    session.get(f"{site.url}/read")
    assert "authorization" not in site.asked[0].headers


def test_cookies_are_neither_kept_nor_sent(site: Site, session: GatedSession) -> None:
    site.script["/read"] = [Answer(headers={"Set-Cookie": "session=invented"})]
    first = session.get(f"{site.url}/read")
    session.get(f"{site.url}/read")
    assert "set-cookie" not in first.headers
    assert all("cookie" not in asked.headers for asked in site.asked)


def test_prawcore_takes_it_as_its_session(site: Site, session: GatedSession) -> None:
    site.script["/read"] = [Answer(body=b"[1]")]
    requestor = Requestor(session=session, user_agent="valuetalk tests")
    assert requestor.request("GET", f"{site.url}/read", allow_redirects=False).json() == [1]
    assert site.asked[0].headers["user-agent"] == AGENT
    requestor.close()


def test_a_compressed_answer_arrives_unpacked(site: Site, session: GatedSession) -> None:
    body = json.dumps({"a": "b" * 1000}).encode()
    site.script["/read"] = [Answer(body=gzip.compress(body), headers={"Content-Encoding": "gzip"})]
    answer = session.get(f"{site.url}/read")
    assert answer.content == body
    assert "content-encoding" not in answer.headers
    assert answer.headers["content-length"] == str(len(body))

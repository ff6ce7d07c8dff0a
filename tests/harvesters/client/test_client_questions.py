"""Questions under an API's own terms: POST, credentials, and where those never go."""

import threading

import pytest

from harvesters.base import Blocked, Gone, ResponseRefused, Unavailable
from harvesters.client import PoliteClient
from harvesters.gate import HostGate
from tests.harvesters.client.scripted_site import AGENT, Answer, Site
from warehouse.records import VirtualClock

CREDENTIALS = {
    "Authorization": "bearer invented-token",
    "Cookie": "session=invented",
    "X-Kept": "1",
}
FORM = "application/x-www-form-urlencoded"


def ask(client: PoliteClient, site: Site, **changes: object) -> bytes:
    arguments = {"body": b"a=1&b=2", "content_type": FORM, **changes}
    return client.post(f"{site.url}/ask", **arguments).content  # type: ignore[arg-type] # tests' own


def test_a_question_is_posted_with_its_body_type_and_headers(
    site: Site, client: PoliteClient
) -> None:
    site.script["/ask"] = [Answer(body=b"answer")]
    assert ask(client, site, headers=CREDENTIALS) == b"answer"
    (asked,) = site.pages()
    assert (asked.method, asked.body) == ("POST", b"a=1&b=2")
    assert asked.headers["content-type"] == FORM
    assert asked.headers["authorization"] == "bearer invented-token"
    assert asked.headers["user-agent"] == AGENT


def test_a_question_is_asked_again_after_failure_and_throttling_and_keeps_the_spacing(
    site: Site, client: PoliteClient
) -> None:
    site.script["/ask"] = [
        Answer(500),
        Answer(429, headers={"Retry-After": "30"}),
        Answer(body=b"at last"),
    ]
    assert ask(client, site) == b"at last"
    assert [asked.body for asked in site.pages()] == [b"a=1&b=2"] * 3
    first, second, third = (asked.virtual for asked in site.pages())
    assert (second - first).total_seconds() >= 1
    assert (third - second).total_seconds() >= 30


@pytest.mark.parametrize(
    ("status", "error"), [(404, Gone), (403, Blocked), (401, Blocked), (500, Unavailable)]
)
def test_a_question_fails_as_a_read_does_unless_the_status_is_accepted(
    site: Site, client: PoliteClient, status: int, error: type[Exception]
) -> None:
    site.script["/ask"] = [Answer(status, b"why")]
    with pytest.raises(error):
        ask(client, site)
    if status < 500:
        assert ask(client, site, accept=(status,)) == b"why"


def test_a_question_needs_the_robots_files_leave_like_any_page(
    site: Site, client: PoliteClient
) -> None:
    site.script["/robots.txt"] = [Answer(body=b"User-agent: *\nDisallow: /ask\n")]
    with pytest.raises(Blocked, match="robots"):
        ask(client, site)
    assert site.pages() == []


def test_an_api_under_its_own_terms_is_not_asked_for_a_robots_file_and_is_spaced_all_the_same(
    site: Site, client: PoliteClient
) -> None:
    site.script |= {
        "/robots.txt": [Answer(body=b"User-agent: *\nDisallow: /\n")],
        "/ask": [Answer(body=b"answer")],
        "/read": [Answer(body=b"read")],
    }
    assert ask(client, site, own_terms=True) == b"answer"
    assert client.get(f"{site.url}/read", own_terms=True).content == b"read"
    assert [asked.path for asked in site.asked] == ["/ask", "/read"]
    early, late = (asked.virtual for asked in site.asked)
    assert (late - early).total_seconds() >= 1
    assert client.traffic.decisions["own_terms"] == 2


def test_the_headers_of_one_read_are_not_those_of_the_next(
    site: Site, client: PoliteClient
) -> None:
    site.script["/a"] = [Answer()]
    client.get(f"{site.url}/a", headers=CREDENTIALS)
    client.get(f"{site.url}/a")
    first, second = site.pages()
    assert first.headers["authorization"] == "bearer invented-token"
    assert not {"authorization", "cookie", "x-kept"} & second.headers.keys()


def test_credentials_go_along_on_one_origin_and_never_to_another(
    site: Site, other_site: Site, client: PoliteClient
) -> None:
    site.script["/a"] = [Answer(302, headers={"Location": "/b"})]
    site.script["/b"] = [Answer(302, headers={"Location": f"{other_site.url}/c"})]
    other_site.script["/c"] = [Answer(302, headers={"Location": f"{site.url}/d"})]
    site.script["/d"] = [Answer(body=b"end")]

    assert client.get(f"{site.url}/a", headers=CREDENTIALS).content == b"end"

    a, b, d = site.pages()
    (c,) = other_site.pages()
    assert a.headers["authorization"] == b.headers["authorization"] == "bearer invented-token"
    for asked in (c, d):  # what came back from elsewhere gets none either
        assert not {"authorization", "cookie"} & asked.headers.keys()
        assert asked.headers["x-kept"] == "1"


def test_credentials_are_not_shown_by_an_error(site: Site, client: PoliteClient) -> None:
    site.script["/ask"] = [Answer(401)]
    with pytest.raises(Blocked) as raised:
        ask(client, site, headers=CREDENTIALS, body=b"secret=invented-secret")
    shown = f"{raised.value!r} {raised.value.__cause__!r} {raised.value.__context__!r}"
    assert "invented-" not in shown


def test_a_question_to_a_private_address_is_refused(gate: HostGate, clock: VirtualClock) -> None:
    with (
        PoliteClient(user_agent=AGENT, gate=gate, clock=clock) as client,
        pytest.raises(ResponseRefused, match="not a public address"),
    ):
        client.post("http://127.0.0.1:9/ask", body=b"", content_type=FORM)


def test_one_lock_a_host_keeps_others_waiting_until_it_is_free(
    site: Site, other_site: Site, client: PoliteClient
) -> None:
    entered = threading.Event()
    order: list[str] = []

    def second() -> None:
        entered.set()
        with client.alone(f"{site.url}/another/path"):
            order.append("second")

    with client.alone(f"{site.url}/ask"):
        waiting = threading.Thread(target=second)
        waiting.start()
        assert entered.wait(60)
        with client.alone(f"{other_site.url}/ask"):
            order.append("another host")
        order.append("first")
    waiting.join(60)
    assert order == ["another host", "first", "second"]

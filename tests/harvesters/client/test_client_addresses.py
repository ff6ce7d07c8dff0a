"""Where the polite client goes: redirects, login walls, and never a private address."""

import socket

import httpx
import pytest

from harvesters.base import Blocked, HarvestError, ResponseRefused
from harvesters.client import PoliteClient
from harvesters.gate import HostGate
from tests.harvesters.client.scripted_site import AGENT, Answer, Site
from warehouse.records import VirtualClock


def test_redirects_are_followed_to_another_host_under_its_own_robots(
    site: Site, other_site: Site, client: PoliteClient
) -> None:
    site.script["/a"] = [Answer(302, headers={"Location": "/b#part"})]
    site.script["/b"] = [Answer(301, headers={"Location": f"{other_site.url}/c"})]
    other_site.script["/c"] = [Answer(body=b"there")]
    response = client.get(f"{site.url}/a")
    assert (response.url, response.content) == (f"{other_site.url}/c", b"there")
    assert [asked.path for asked in other_site.asked] == ["/robots.txt", "/c"]
    site.script["/d"] = [Answer(302, headers={"Location": f"{other_site.url}/private/x"})]
    with pytest.raises(Blocked, match=f"{other_site.host}/robots"):
        client.get(f"{site.url}/d")


def test_redirects_without_end_are_refused(site: Site, client: PoliteClient) -> None:
    site.script["/a"] = [Answer(302, headers={"Location": "/a"})]
    with pytest.raises(ResponseRefused, match="redirects without end"):
        client.get(f"{site.url}/a")
    assert len(site.pages()) == 6


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://x.example/", "javascript:1", "//"])
def test_redirects_out_of_the_web_are_refused(
    site: Site, client: PoliteClient, target: str
) -> None:
    site.script["/a"] = [Answer(302, headers={"Location": target})]
    with pytest.raises(ResponseRefused):
        client.get(f"{site.url}/a")


@pytest.mark.parametrize("wall", ["/login", "/session/sso/login", "/wp-login.php", "/auth/sign_in"])
def test_a_redirect_to_a_login_wall_is_blocked(site: Site, client: PoliteClient, wall: str) -> None:
    site.script |= {"/a": [Answer(302, headers={"Location": wall})], wall: [Answer()]}
    with pytest.raises(Blocked, match="login wall"):
        client.get(f"{site.url}/a")
    assert len(site.pages()) == 1


def test_credentials_in_an_address_are_refused_and_not_repeated(client: PoliteClient) -> None:
    with pytest.raises(ResponseRefused) as raised:
        client.get("https://ann:hunter2@forum.example/")
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("url", ["forum.example/a", "", "https://", "http://[::1", "/a"])
def test_what_is_no_address_is_refused_in_words(client: PoliteClient, url: str) -> None:
    with pytest.raises(HarvestError):
        client.get(url)


PRIVATE = [
    "http://127.0.0.1:{port}/a",
    "http://localhost:{port}/a",
    "http://127.1.2.3:{port}/a",
    "http://[::1]:{port}/a",
    "http://[::ffff:127.0.0.1]:{port}/a",
    "http://10.0.0.7/a",
    "http://192.168.1.1/a",
    "http://169.254.169.254/latest/meta-data/",
    "http://0.0.0.0:{port}/a",
    "http://[fd00::1]/a",
    "http://[64:ff9b::7f00:1]/a",
    "http://printer.local/a",
]


@pytest.mark.parametrize("target", PRIVATE)
def test_a_redirect_to_a_private_address_is_refused_before_any_request(
    site: Site, gate: HostGate, clock: VirtualClock, target: str
) -> None:
    asked: list[str] = []

    def public_site(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        if request.url.path == "/robots.txt":
            return httpx.Response(404)
        return httpx.Response(302, headers={"Location": target.format(port=site.server_port)})

    with (
        PoliteClient(
            user_agent=AGENT, gate=gate, clock=clock, transport=httpx.MockTransport(public_site)
        ) as client,
        pytest.raises(ResponseRefused, match="not a public address"),
    ):
        client.get("https://forum.example/start")
    assert set(asked) == {"forum.example"}
    assert site.asked == []


def test_a_name_that_resolves_to_a_private_address_is_refused(
    site: Site, gate: HostGate, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
        public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 80))
        private = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", site.server_port))
        return [public, private]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with (
        PoliteClient(user_agent=AGENT, gate=gate, clock=clock) as client,
        pytest.raises(ResponseRefused, match=r"forum\.example is not a public address"),
    ):
        client.get(f"http://forum.example:{site.server_port}/a")
    assert site.asked == []


def test_a_name_that_is_pointed_elsewhere_after_the_check_brings_nothing(
    site: Site, gate: HostGate, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.script["/a"] = [Answer(body=b"inside")]
    truth = socket.getaddrinfo
    lookups = 0

    def resolve(_: object, port: object, *rest: object, **named: object) -> object:
        nonlocal lookups
        lookups += 1
        if lookups == 1:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 80))]
        return truth("127.0.0.1", port, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with (
        PoliteClient(user_agent=AGENT, gate=gate, clock=clock) as client,
        pytest.raises(ResponseRefused, match="not a public address"),
    ):
        client.get(f"http://forum.example:{site.server_port}/a")
    assert site.pages() == []

"""What a read by the polite client asks for, returns, raises, costs and leaves in logs."""

import logging
import time

import httpx
import pytest

from harvesters.base import Blocked, Gone, HarvestError, ParseError
from harvesters.client import PoliteClient
from harvesters.gate import HostGate
from tests.harvesters.client.scripted_site import AGENT, Answer, Handler, Site
from warehouse.records import Validator, VirtualClock


def test_an_answer_is_plain_values(site: Site, client: PoliteClient, clock: VirtualClock) -> None:
    site.script["/a"] = [Answer(body=b'{"n": 1}', headers={"X-WP-Total": "7", "ETag": '"v1"'})]
    response = client.get(f"{site.url}/a?page=1", params={"per_page": 100, "id[]": ["1", "2"]})
    assert (response.url, response.status) == (
        f"{site.url}/a?page=1&per_page=100&id%5B%5D=1&id%5B%5D=2",
        200,
    )
    assert response.json() == {"n": 1}
    assert response.headers["x-wp-total"] == response.headers.get("X-WP-Total") == "7"
    assert response.validator == Validator(etag='"v1"')
    assert not response.not_modified
    assert response.fetched_at == clock.now()


def test_the_client_names_itself_and_asks_for_what_it_can_read(
    site: Site, client: PoliteClient
) -> None:
    site.script["/a"] = [Answer()]
    client.get(f"{site.url}/a")
    assert [asked.headers["user-agent"] for asked in site.asked] == [AGENT, AGENT]
    assert site.asked[1].headers["accept-encoding"] == "gzip, deflate"


def test_what_promised_json_and_is_none_is_a_parse_error(site: Site, client: PoliteClient) -> None:
    site.script["/a"] = [Answer(body=b"<html>", headers={"Content-Type": "text/html"})]
    with pytest.raises(ParseError, match=r"promised JSON.*6 bytes.*text/html"):
        client.get(f"{site.url}/a").json()


def test_one_connection_serves_many_reads(site: Site, client: PoliteClient) -> None:
    site.script["/a"] = [Answer()]
    for _ in range(20):
        client.get(f"{site.url}/a")
    assert len({asked.connection for asked in site.asked}) == 1


def test_cookies_are_never_sent_back(site: Site, client: PoliteClient) -> None:
    site.script["/a"] = [Answer(headers={"Set-Cookie": "session=1; Path=/"})]
    for _ in range(2):
        client.get(f"{site.url}/a")
    assert all("cookie" not in asked.headers for asked in site.asked)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((404, Gone), (410, Gone), (401, Blocked), (403, Blocked), (451, Blocked)),
        *((400, ParseError), (418, ParseError), (304, ParseError), (300, ParseError)),
    ],
)
def test_a_status_that_is_not_to_be_read_raises_at_once(
    site: Site, client: PoliteClient, status: int, error: type[HarvestError]
) -> None:
    site.script["/secret-page"] = [Answer(status)]
    with pytest.raises(error) as raised:
        client.get(f"{site.url}/secret-page")
    assert len(site.pages()) == 1
    assert "secret-page" not in str(raised.value)


def test_an_accepted_status_is_returned(site: Site, client: PoliteClient) -> None:
    site.script["/a"] = [Answer(400, b'{"code": "rest_post_invalid_page_number"}')]
    response = client.get(f"{site.url}/a", accept=(400,))
    assert response.status == 400
    assert response.json()["code"] == "rest_post_invalid_page_number"


def test_traffic_counts_requests_unchanged_answers_and_throttled_time(
    site: Site, client: PoliteClient
) -> None:
    site.script["/a"] = [Answer(429, headers={"Retry-After": "30"}), Answer(), Answer(304)]
    client.get(f"{site.url}/a")
    before = client.traffic
    client.get(f"{site.url}/a", validator=Validator(etag='"v"'))
    assert before.requests == len(site.asked) - 1 == 3
    assert before.throttled_seconds == pytest.approx(30, abs=1)
    since = client.traffic.minus(before)
    assert (since.requests, since.not_modified, since.throttled_seconds) == (1, 1, 0)


def test_every_seventh_reread_is_a_full_one(site: Site, client: PoliteClient) -> None:
    def conditional(handler: Handler) -> None:
        known = handler.headers.get("If-None-Match") == '"v1"'
        body = b"" if known else b"words"
        handler.send_response(304 if known else 200)
        handler.send_header("ETag", '"v1"')
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    site.script["/a"] = [Answer(act=conditional)]
    validator, seen = None, []
    for _ in range(15):
        response = client.get(f"{site.url}/a", validator=validator)
        validator = response.validator
        seen.append((response.status, response.content))
        assert response.not_modified == (response.status == 304)
    full, unchanged = (200, b"words"), (304, b"")
    assert seen == [full, *[unchanged] * 6] * 2 + [full]
    assert client.traffic.not_modified == 12


def test_last_modified_alone_is_a_validator_too(site: Site, client: PoliteClient) -> None:
    stamp = "Mon, 05 Jan 2026 00:00:00 GMT"
    site.script["/a"] = [Answer(headers={"Last-Modified": stamp}), Answer(304)]
    first = client.get(f"{site.url}/a")
    second = client.get(f"{site.url}/a", validator=first.validator)
    assert site.asked[-1].headers["if-modified-since"] == stamp
    assert second.validator == Validator(last_modified=stamp, trusted=1)


def test_no_address_is_ever_logged(
    site: Site, client: PoliteClient, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    site.script["/@ann_b77"] = [Answer(500), Answer()]
    with caplog.at_level(logging.DEBUG):
        client.get(f"{site.url}/@ann_b77")
    assert "ann_b77" not in caplog.text


def test_a_read_costs_little_of_the_machine(gate: HostGate, clock: VirtualClock) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"User-agent: *\nDisallow: /private/\n")

    with PoliteClient(
        user_agent=AGENT, gate=gate, clock=clock, transport=httpx.MockTransport(answer)
    ) as client:
        client.get("https://forum.example/")
        started = time.process_time()
        for number in range(300):
            client.get(f"https://forum.example/t/{number}")
        assert (time.process_time() - started) / 300 < 0.003

"""The tests' own questions to a Prefect server outlive a server that is busy."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError, URLError

import pytest

from tests.flows.conftest import ask_until_answered
from tests.real_servers.conftest import free_port

SOON = {"answer_seconds": 0.3, "pause_seconds": 0.01}


@contextmanager
def answering(*answers: int | None) -> Iterator[tuple[str, list[bytes]]]:
    """Serve one status after another; None leaves the question without an answer."""
    asked: list[bytes] = []
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["content-length"])))
            status = answers[len(asked) - 1]
            if status is None:
                over.wait(60)
                return
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b'[{"name": "nightly"}]')

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", asked
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def test_no_answer_and_an_overloaded_server_are_asked_again():
    with answering(None, 503, 200) as (url, asked):
        assert ask_until_answered(url, {"limit": 1}, **SOON) == [{"name": "nightly"}]
    assert asked == [b'{"limit": 1}'] * 3


def test_a_refused_question_is_not_asked_again():
    with answering(422, 200) as (url, asked), pytest.raises(HTTPError):
        ask_until_answered(url, {}, **SOON)
    assert len(asked) == 1


def test_when_the_time_is_over_the_last_reason_is_told():
    with pytest.raises(URLError, match="refused"):
        ask_until_answered(f"http://127.0.0.1:{free_port()}/", {}, within_seconds=0, **SOON)

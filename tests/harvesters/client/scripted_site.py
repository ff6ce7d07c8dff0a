"""A real server on this machine that answers by a script and keeps what it was asked for."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from warehouse.records import Clock

AGENT = "valuetalk/0.1 (+study@example.org)"
ALLOW_ALL = b"User-agent: *\nDisallow: /private/\n"


@dataclass
class Answer:
    """One scripted answer; `act` may do with the socket what it likes instead."""

    status: int = 200
    body: bytes = b"hello"
    headers: dict[str, str] = field(default_factory=dict)
    act: Callable[["Handler"], None] | None = None


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    at: float
    virtual: datetime
    connection: int
    method: str = "GET"
    body: bytes = b""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer
    server: "Site"

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, body: bytes) -> None:
        site = self.server
        site.asked.append(
            Asked(
                path=self.path,
                headers={name.lower(): value for name, value in self.headers.items()},
                at=time.monotonic(),
                virtual=site.clock.now(),
                connection=self.client_address[1],
                method=self.command,
                body=body,
            )
        )
        script = site.script.get(self.path.partition("?")[0], [Answer(404, b"nothing")])
        answer = script.pop(0) if len(script) > 1 else script[0]
        if answer.act is not None:
            answer.act(self)
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        pass


class Site(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, clock: Clock) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.clock = clock
        self.asked: list[Asked] = []
        self.script: dict[str, list[Answer]] = {"/robots.txt": [Answer(body=ALLOW_ALL)]}
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.host = f"127.0.0.1:{self.server_port}"

    def pages(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.path != "/robots.txt"]

    def handle_error(self, *_: object) -> None:
        pass


def running(site: Site) -> Iterator[Site]:
    thread = threading.Thread(target=site.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield site
    site.shutdown()
    site.server_close()
    thread.join()

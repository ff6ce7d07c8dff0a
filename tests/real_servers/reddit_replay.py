"""A server that answers with what PRAW's own tests recorded of Reddit.

The recordings come with PRAW's source distribution. They hold what real people wrote, so they are
fetched into a folder of the machine when a test asks for them, and nothing of them is kept here.
Listings and `info` are answered from the things of the recordings that are served; a tree and its
folds are answered with exactly what was recorded for the same question.
"""

import importlib.metadata
import json
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.real_servers.environments import kept

PAGE_SIZE = 100
TOKEN = {"access_token": "replayed", "expires_in": 86400, "scope": "*", "token_type": "bearer"}


def cassettes() -> Path:
    """Return the folder of the recordings, fetched once and kept for later runs."""
    version = importlib.metadata.version("praw")
    with kept(f"praw-{version}") as (folder, is_empty):
        if is_empty:
            folder.mkdir()
            _fetch(folder, f"praw=={version}")
    return next(folder.glob("praw-*/tests/integration/cassettes"))


def _fetch(folder: Path, package: str) -> None:
    tools = folder / "tools"
    subprocess.run([sys.executable, "-m", "venv", str(tools)], check=True, capture_output=True)
    command = [str(tools / "bin" / "python"), "-m", "pip", "download", "-q", "--no-deps"]
    command += ["--no-binary", "praw", package, "-d", str(folder)]
    done = subprocess.run(command, check=False, capture_output=True)
    sources = list(folder.glob("praw-*.tar.gz"))
    if done.returncode != 0 or not sources:
        pytest.skip("PRAW's recordings cannot be had: the package index does not answer")
    with tarfile.open(sources[0]) as archive:
        archive.extractall(folder, filter="data")


def interactions(name: str) -> list[dict[str, Any]]:
    """Return the questions and answers of one recording."""
    recorded = json.loads((cassettes() / f"{name}.json").read_text())
    return list(recorded["interactions"])


def answer_of(interaction: dict[str, Any]) -> Any:
    """Return a recorded answer as JSON; None where it is none."""
    body = interaction["response"]["body"]
    try:
        return json.loads(body.get("string", "") if isinstance(body, dict) else body)
    except ValueError:
        return None


def things_in(answer: object) -> Iterator[dict[str, Any]]:
    """Yield every submission and comment of an answer, however deep."""
    if isinstance(answer, dict):
        data = answer.get("data")
        if answer.get("kind") in {"t1", "t3"} and isinstance(data, dict):
            yield answer
        for value in answer.values():
            yield from things_in(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from things_in(value)


class Replay(ThreadingHTTPServer):
    """Answers from one recording.

    `requests` holds method and path of each, `overlapped` whether two folds were asked for at once.
    """

    daemon_threads = True

    def __init__(self, name: str, *, page_size: int = PAGE_SIZE) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.page_size = page_size
        self.requests: list[tuple[str, str]] = []
        self.overlapped = False
        self.unfolding = threading.Lock()
        self._exact: dict[tuple[str, str, str], Any] = {}
        self._things: dict[str, dict[str, Any]] = {}
        for interaction in interactions(name):
            self._learn(interaction)

    def _learn(self, interaction: dict[str, Any]) -> None:
        request, answer = interaction["request"], answer_of(interaction)
        body = request["body"]
        text = body.get("string", "") if isinstance(body, dict) else body
        path = urlsplit(request["uri"]).path
        self._exact.setdefault((request["method"], path, _children(text or "")), answer)
        for thing in things_in(answer):
            self._things.setdefault(thing["data"]["name"], thing)

    def answer(self, method: str, target: str, body: str) -> Any:
        """Return what Reddit answered, or would have, of the things that are there."""
        address = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path == "/api/v1/access_token":
            return TOKEN
        if address.path.rstrip("/") == "/api/info":
            asked = query["id"].split(",")
            return _listing([self._things[name] for name in asked if name in self._things], None)
        if address.path.startswith("/r/"):
            return self._listed(address.path.rstrip("/").split("/"), query.get("after"))
        return self._exact.get((method, address.path, _children(body)))

    def _listed(self, path: list[str], after: str | None) -> Any:
        subreddit, listing = path[2].lower(), path[3]
        if listing == "about":
            about = {"display_name": path[2], "subreddit_type": "public", "id": "x", "name": "t5_x"}
            return {"kind": "t5", "data": about}
        kind = {"new": "t3", "comments": "t1"}[listing]
        names = [
            name
            for name, thing in self._things.items()
            if thing["kind"] == kind and thing["data"]["subreddit"].lower() == subreddit
        ]
        names.sort(key=lambda name: -self._things[name]["data"]["created_utc"])
        start = names.index(after) + 1 if after in names else 0
        page = names[start : start + self.page_size]
        more = start + len(page) < len(names)
        return _listing([self._things[name] for name in page], page[-1] if more else None)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: Replay

    def do_GET(self) -> None:
        self._reply("")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        alone = self.server.unfolding.acquire(blocking=False)
        self.server.overlapped = self.server.overlapped or not alone
        try:
            self._reply(body)
        finally:
            if alone:
                self.server.unfolding.release()

    def _reply(self, body: str) -> None:
        self.server.requests.append((self.command, self.path))
        answer = self.server.answer(self.command, self.path, body)
        content = json.dumps({"error": 404} if answer is None else answer).encode()
        self.send_response(404 if answer is None else 200)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(content)))
        used = len(self.server.requests)
        for name, value in (("remaining", 1000 - used), ("used", used), ("reset", 600 - used)):
            self.send_header(f"x-ratelimit-{name}", str(value))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def replaying(name: str, *, page_size: int = PAGE_SIZE) -> Iterator[Replay]:
    """Serve one recording."""
    with Replay(name, page_size=page_size) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _children(body: str) -> str:
    return ",".join(sorted(parse_qs(body).get("children", [""])[0].split(",")))


def _listing(things: list[dict[str, Any]], after: str | None) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"after": after, "children": things}}

"""What a harvest costs, platform by platform, beside forum-dl where that can read the same pages.

    python -m tests.benchmarks.bench_harvest [NAME ...] [--forum-dl] [--threads 100]

Every site is simulated and served over real HTTP by a process of its own, so that CPU time and
memory are the reader's alone. No time is spent waiting: the spacing between requests is set to
nothing, here only. `--forum-dl` installs forum-dl 0.3.0 into a folder of its own and lets it read
the same sites.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from harvesters.base import SourceSpec
from harvesters.client import PoliteClient
from harvesters.gate import HostGate
from harvesters.registry import open_harvester
from harvesters.simulation.forums.build import build_board
from harvesters.simulation.forums.serving import serve_forums
from harvesters.simulation.forums.site import SOFTWARES, ForumSite
from tests.contract.sites.base import ContractSite
from tests.contract.sites.every import SITES
from warehouse.protection.keys import KeyRing
from warehouse.records import Community, Known, VirtualClock, WallClock

ENDS = datetime(2026, 1, 5, 2, tzinfo=UTC)
BOARD = 2
A_THREAD = 10
ITSELF = (sys.executable, "-m", "tests.benchmarks.bench_harvest")
PEER = ("forum-dl==0.3.0", "pydantic<2")  # with a newer pydantic it writes nothing
READ_BY_PEER = frozenset({"discourse", "xenforo2", "phpbb3", "smf2", "vbulletin5", "invision4"})


def main() -> None:
    """Print a line for each platform, and one for the peer where it reads the same site."""
    chosen = _arguments()
    if chosen.serve:
        serve(chosen.serve, threads=chosen.threads)
    elif chosen.read:
        read(*chosen.read)
    else:
        compare(chosen.names or names(), threads=chosen.threads, with_peer=chosen.forum_dl)


def names() -> list[str]:
    """Return every platform of the contract, and every simulated forum software."""
    return [*sorted(set(SITES) - {"forum"}), *sorted(SOFTWARES)]


def compare(chosen: list[str], *, threads: int, with_peer: bool) -> None:
    sys.stdout.write(f"{'site':14} {'reader':9} posts  requests  posts/s  CPU s/1000  peak MB\n")
    with tempfile.TemporaryDirectory() as folder:
        peer = _install_peer(Path(folder)) if with_peer else None
        for name in chosen:
            with _served(name, threads=threads) as (url, spec):
                _print(name, "valuetalk", _measured([*ITSELF, "--read", name, spec]))
                if peer and name in READ_BY_PEER:
                    _print(name, "forum-dl", _measured_peer(peer, url))


def _print(name: str, reader: str, found: dict[str, float]) -> None:
    posts = max(found["posts"], 1)
    sys.stdout.write(
        f"{name:14} {reader:9} {found['posts']:5.0f}  {found['requests']:8.0f}"
        f"  {found['posts'] / found['seconds']:7.0f}  {1000 * found['cpu'] / posts:10.2f}"
        f"  {found['peak_mb']:7.0f}\n"
    )
    sys.stdout.flush()


@contextmanager
def _served(name: str, *, threads: int) -> Iterator[tuple[str, str]]:
    """Serve a site in a process of its own; yield where it is, and its source as JSON."""
    command = [*ITSELF, "--serve", name, "--threads", str(threads)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        spec = server.stdout.readline().strip()
        try:
            yield f"{json.loads(spec)['url']}/", spec
        finally:
            assert server.stdin is not None
            server.stdin.close()
            server.wait()


def _measured(command: list[str]) -> dict[str, float]:
    """Run a reader that prints its own figures."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _measured_peer(peer: Path, url: str) -> dict[str, float]:
    """Run forum-dl on a whole site and count the posts that it wrote; it tells no requests."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "posts.jsonl"
        started = time.monotonic()
        process = subprocess.Popen(
            [str(peer), "-q", "--no-boards", "--no-threads", "-f", "jsonl", "-o", str(out), url],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, _, usage = os.wait4(process.pid, 0)
        lines = out.read_text(encoding="utf-8").splitlines() if out.is_file() else []
        posts = {line for line in lines if '"content"' in line}
    return {
        "posts": float(len(posts)),
        "requests": float("nan"),
        "seconds": time.monotonic() - started,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
    }


def _install_peer(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", str(folder / "peer")], check=True)
    pip = [str(folder / "peer" / "bin" / "python"), "-m", "pip", "install", "-q", *PEER]
    subprocess.run(pip, check=True, capture_output=True)
    return folder / "peer" / "bin" / "forum-dl"


def serve(name: str, *, threads: int) -> None:
    """Serve one site until standard input closes, its source written to standard output."""
    if name in SOFTWARES:
        site = ForumSite(build_board(seed=7, ends_at=ENDS, threads=max(30, threads)), software=name)
        with serve_forums({name: site}, clock=VirtualClock(ENDS)) as served:
            url = served.url(name)
            board = site.forum_url(BOARD).removeprefix(f"{url}/")
            options = {"profile": name, "confirmed": _digest(name), "timezone": "Europe/London"}
            _announce(url, platform="forum", community=board, options=options)
        return
    contract = SITES[name](lambda: ENDS)
    contract.fill(threads * A_THREAD)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(contract))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    spec = contract.spec
    _announce(
        f"http://127.0.0.1:{server.server_address[1]}",
        platform=spec.platform,
        community=contract.handle,
        options=dict(spec.options),
        secrets=dict(spec.secrets),
    )


def _announce(
    url: str,
    *,
    platform: str,
    community: str,
    options: dict[str, str | int | float | bool],
    secrets: dict[str, str] | None = None,
) -> None:
    said = {"url": url, "platform": platform, "community": community, "options": options}
    sys.stdout.write(json.dumps({**said, "secrets": secrets or {}}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


def _digest(profile: str) -> str:
    from harvesters.html_forum.profile import load_profile  # noqa: PLC0415 # for forums alone

    return load_profile(profile).digest


def _handler_of(site: ContractSite) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def _answer(self, body: bytes) -> None:
            request = httpx.Request(
                self.command,
                f"https://{site.host}{self.path}",
                headers=dict(self.headers.items()),
                content=body,
            )
            answer = _answered(site, request)
            self.send_response(answer.status_code)
            for field, value in answer.headers.items():
                if field not in {"content-length", "content-encoding"}:
                    self.send_header(field, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the base's name
            pass

    return Handler


def _answered(site: ContractSite, request: httpx.Request) -> httpx.Response:
    """Answer a request; what the contract's site does not know is not there."""
    if request.url.path == "/robots.txt":
        return httpx.Response(404)
    try:
        return site.answer(request)
    except (KeyError, ValueError, IndexError):
        return httpx.Response(404)


def read(name: str, said: str) -> None:
    """Harvest one site from its beginning and print what that cost."""
    entry = json.loads(said)
    community = Community(source=name, community=entry["community"], name=name)
    spec = SourceSpec(
        source=name,
        platform=entry["platform"],
        url=entry["url"],
        communities=(community,),
        options=entry["options"],
        secrets=entry["secrets"],
        allow_private=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        keys = KeyRing.create(Path(folder) / "bench.key")
        gate = HostGate(Path(folder) / "hosts.sqlite", WallClock(), spacing=0.0, daily_budget=10**6)
        with PoliteClient(
            user_agent="valuetalk-bench/0 (+https://example.org)",
            gate=gate,
            clock=WallClock(),
            allow_private=True,
        ) as client:
            harvester = open_harvester(spec, client=client, keys=keys, clock=VirtualClock(ENDS))
            before, started = _cpu(), time.monotonic()
            since = ENDS - timedelta(days=3650)
            batches = harvester.harvest(community, since=since, known=Known())
            posts = sum(len(batch.posts) for batch in batches)
            found = {
                "posts": posts,
                "requests": client.traffic.requests,
                "seconds": time.monotonic() - started,
                "cpu": _cpu() - before,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
    sys.stdout.write(json.dumps(found) + "\n")


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _arguments() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("names", nargs="*", help="platforms or forum softwares; all if none")
    arguments.add_argument("--threads", type=int, default=100, help="threads of each site")
    arguments.add_argument("--forum-dl", action="store_true", help="compare with forum-dl")
    arguments.add_argument("--serve", help=argparse.SUPPRESS)
    arguments.add_argument("--read", nargs=2, help=argparse.SUPPRESS)
    return arguments.parse_args()


if __name__ == "__main__":
    main()

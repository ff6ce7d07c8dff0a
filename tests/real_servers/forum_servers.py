"""Forum servers on 127.0.0.1, each in a folder of its own, seeded with an invented board."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.real_servers.conftest import free_port, wait_until_listening
from tests.real_servers.environments import environment, find_python
from tests.real_servers.invented_forum import Entry
from tests.real_servers.postgres import postgres

HERE = Path(__file__).parent
FLASKBB = "flaskbb==2.2.0"
MISAGO = "misago==0.39.6"


@dataclass(frozen=True)
class ForumServer:
    """A running board: where it is, by which profile it is read, and who acts on it.

    `ids` holds the native ids of each entry: of the post and of its thread. `shows_hidden` says
    whether guests see the place of a post that was taken back.
    """

    profile: str
    url: str
    community: str
    log: Path
    command: Sequence[str]
    environment: dict[str, str] = field(repr=False)
    ids: dict[int, tuple[str, str]] = field(default_factory=dict)
    shows_hidden: bool = False

    @property
    def archive(self) -> str:
        """As a study names the source."""
        return self.profile

    def n_requests(self) -> int:
        """How many requests the server has answered, by its own log."""
        return self.log.read_text(errors="replace").count(" HTTP/1.")

    def tell_time(self, moment: datetime) -> None:
        """Set the server's clock, where it can be set."""
        self.log.with_name("clock").write_text(moment.isoformat())

    def change(self, **wanted: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
        """Edit, delete and write as people do; returns the ids of new posts by their threads."""
        made: dict[str, str] = self.act("change", wanted)
        return made

    def seed(self, entries: Sequence[Entry]) -> None:
        """Write the board."""
        made = self.act("seed", [entry.as_json() for entry in entries])
        self.ids.update({int(number): (post, thread) for number, (post, thread) in made.items()})

    def act(self, action: str, given: object) -> dict[str, Any]:
        """Let the server's own code do something; returns what it says."""
        file = self.log.with_name("given.json")
        file.write_text(json.dumps(given))
        said = self.run([*self.command, action, str(file)])
        made: dict[str, Any] = json.loads(said.splitlines()[-1])
        return made

    def run(self, command: Sequence[str]) -> bytes:
        """Run a command beside the server; returns what it prints."""
        done = subprocess.run(command, env=self.environment, check=False, capture_output=True)
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
        return done.stdout


@contextmanager
def flaskbb(folder: Path, entries: Sequence[Entry]) -> Iterator[ForumServer]:
    """Serve a FlaskBB."""
    python = environment("flaskbb-2.2.0", [FLASKBB], python=find_python("3.12"))
    folder.mkdir()
    port = free_port()
    server = ForumServer(
        profile="flaskbb",
        url=f"http://127.0.0.1:{port}",
        community="forum/1",
        log=folder / "log",
        command=[python, str(HERE / "flaskbb" / "board.py")],
        environment=os.environ | {"FLASKBB_HOME": str(folder), "PYTHONUNBUFFERED": "1"},
    )
    server.seed(entries)
    with _running([*server.command, "serve", str(port)], server, port):
        yield server


@contextmanager
def misago(folder: Path, entries: Sequence[Entry]) -> Iterator[ForumServer]:
    """Serve a Misago over PostgreSQL."""
    needed = [MISAGO, "psycopg2-binary", "setuptools<81"]
    python = environment("misago-0.39.6", needed, python=find_python("3.12"))
    folder.mkdir()
    with postgres() as database:
        port = free_port()
        server = ForumServer(
            profile="misago",
            url=f"http://127.0.0.1:{port}",
            community="c/first-category/3/",
            log=folder / "log",
            command=[python, str(HERE / "misago" / "board.py")],
            environment=os.environ
            | {
                "MISAGO_HOME": str(folder),
                "POSTGRES_PORT": str(database),
                "DJANGO_SETTINGS_MODULE": "site_settings",
                "PYTHONPATH": str(HERE / "misago"),
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONUNBUFFERED": "1",
            },
            shows_hidden=True,
        )
        admin = [python, "-m", "django"]
        server.run([*admin, "migrate", "--verbosity", "0"])
        server.seed(entries)
        command = [*admin, "runserver", "--noreload", "--insecure", f"127.0.0.1:{port}"]
        with _running(command, server, port):
            yield server


@contextmanager
def _running(command: Sequence[str], server: ForumServer, port: int) -> Iterator[None]:
    with server.log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=server.environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until_listening(port, process)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        process.wait(timeout=30)

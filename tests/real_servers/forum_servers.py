"""Forum servers on 127.0.0.1, each in a folder of its own, seeded with an invented board."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.real_servers.conftest import free_port
from tests.real_servers.environments import environment, find_python
from tests.real_servers.invented_forum import Entry
from tests.real_servers.postgres import postgres
from tests.real_servers.processes import serving

HERE = Path(__file__).parent
FLASKBB = "flaskbb==2.2.0"
# of 2018: what it pins cannot be built any more, so these stand in for it, on Python 3.11 at most
FLASKBB_OLD = (
    "FlaskBB==2.0.2",
    "Flask==1.1.4",
    "Werkzeug==0.16.1",
    "Jinja2==2.11.3",
    "itsdangerous==1.1.0",
    "Flask-Alembic==2.0.1",
    "flask-allows==0.4.0",
    "Flask-BabelPlus==2.1.1",
    "Flask-Caching==1.10.1",
    "Flask-DebugToolbar==0.10.1",
    "Flask-Limiter==1.0.1",
    "Flask-Login==0.4.1",
    "Flask-Mail==0.9.1",
    "Flask-Redis==0.3.0",
    "Flask-SQLAlchemy==2.5.1",
    "Flask-Themes2==0.1.4",
    "flask-whooshee==0.5.0",
    "Flask-WTF==0.14.3",
    "limits==1.6",
)
NEEDED_BY_OLD = (
    "alembic==1.4.3",
    "attrs==26.1.0",
    "Babel==2.11.0",
    "blinker==1.7.0",
    "celery==5.2.7",
    "click==8.5.1",
    "click-log==0.4.0",
    "MarkupSafe==2.0.1",
    "mistune==0.8.4",
    "Pillow==13.0.0",
    "pluggy==0.13.1",
    "Pygments==2.21.0",
    "pytz==2026.6",
    "redis==3.5.3",
    "requests==2.34.2",
    "setuptools==65.7.0",
    "simplejson==4.3.0",
    "six==1.17.0",
    "speaklater==1.3",
    "SQLAlchemy==1.3.24",
    "SQLAlchemy-Utils==0.36.8",
    "Unidecode==1.4.0",
    "Whoosh==2.7.4",
    "WTForms==2.2.1",
)
MISAGO = "misago==0.39.6"


@dataclass(frozen=True)
class ForumServer:
    """A running board: where it is, by which profile it is read, and who acts on it.

    `ids` holds the native ids of each entry: of the post and of its thread. `shows_hidden` says
    whether guests see the place of a post that was taken back, `shows_seconds` how exact times are.
    """

    profile: str
    url: str
    community: str
    log: Path
    command: Sequence[str]
    environment: dict[str, str] = field(repr=False)
    ids: dict[int, tuple[str, str]] = field(default_factory=dict)
    shows_hidden: bool = False
    shows_seconds: bool = True

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
def flaskbb(
    folder: Path, entries: Sequence[Entry], *, release: str = "2.2.0"
) -> Iterator[ForumServer]:
    """Serve a FlaskBB."""
    if release == "2.2.0":
        python = environment("flaskbb-2.2.0", [FLASKBB], python=find_python("3.12"))
    elif sys.version_info < (3, 12):
        python = environment("flaskbb-2.0.2", NEEDED_BY_OLD, alone=FLASKBB_OLD)
    else:
        pytest.skip("FlaskBB 2.0 runs on Python 3.11 at most")
    folder.mkdir()
    port = free_port()
    server = ForumServer(
        profile="flaskbb",
        url=f"http://127.0.0.1:{port}",
        community="forum/1",
        log=folder / "log",
        command=[python, str(HERE / "flaskbb" / "board.py")],
        environment=os.environ | {"FLASKBB_HOME": str(folder), "PYTHONUNBUFFERED": "1"},
        shows_seconds=release == "2.2.0",
    )
    server.seed(entries)
    command = [*server.command, "serve", str(port)]
    with serving(command, environment=server.environment, log=server.log, port=port):
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
        with serving(command, environment=server.environment, log=server.log, port=port):
            yield server

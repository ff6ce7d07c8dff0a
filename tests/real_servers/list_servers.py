"""HyperKitty and public-inbox on 127.0.0.1, each in a folder of its own, seeded with an mbox."""

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.real_servers.conftest import START_SECONDS, free_port
from tests.real_servers.environments import environment
from tests.real_servers.invented_list import LIST
from tests.real_servers.processes import serving

HERE = Path(__file__).parent
HYPERKITTY = "hyperkitty==1.3.12"
IMPORT = (
    'my $i = PublicInbox::InboxWritable->new(PublicInbox::Config->new->lookup_name("coprod"));'
    'open my $fh, "<", $ARGV[0] or die; $i->import_mbox($fh, "mboxrd");'
)


@dataclass(frozen=True)
class ListServer:
    """A running archive: where it is, how the list is called there, and who acts on it."""

    archive: str
    url: str
    community: str
    log: Path
    folder: Path
    environment: dict[str, str] = field(repr=False)

    def n_requests(self) -> int:
        """How many requests the server has answered, by its own log."""
        text = self.log.read_text(errors="replace")
        return text.count('"GET /') + text.count('"POST /')

    def delete(self, sources: Sequence[bytes], message_ids: Sequence[str]) -> None:
        """Let the archive's owner delete mails."""
        if self.archive == "hyperkitty":
            _run([_python(), str(HERE / "hyperkitty" / "act.py"), "delete", *message_ids], self)
            return
        for source in sources:
            _run(["public-inbox-learn", "rm"], self, given=source)

    def close_list(self) -> None:
        """Make the list of a HyperKitty private."""
        _run([_python(), str(HERE / "hyperkitty" / "act.py"), "private", LIST], self)


@contextmanager
def public_inbox(folder: Path, mbox: Path, *, level: str = "full") -> Iterator[ListServer]:
    """Serve an inbox; `level` basic has no search."""
    if shutil.which("public-inbox-httpd") is None or shutil.which("git") is None:
        pytest.skip("no public-inbox here: install Debian's packages")
    folder.mkdir()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "HOME": str(folder),
        "PI_DIR": str(folder / "settings"),
        "PI_CONFIG": str(folder / "settings" / "config"),
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    server = ListServer("public-inbox", url, "coprod", folder / "log", folder, environment)
    inbox = [str(folder / "coprod"), f"{url}/coprod", LIST]
    _run(["public-inbox-init", "-V2", "-L", level, "coprod", *inbox], server)
    with (folder / "settings" / "config").open("a") as settings:
        settings.write("[publicinboxmda]\n\tspamcheck = none\n")
    modules = ["-MPublicInbox::Config", "-MPublicInbox::InboxWritable"]
    _run(["perl", *modules, "-e", IMPORT, str(mbox)], server)
    (folder / "site.psgi").write_text(_PSGI)
    command = ["public-inbox-httpd", "-W0", "-l", f"127.0.0.1:{port}", str(folder / "site.psgi")]
    with serving(command, environment=server.environment, log=server.log, port=port):
        yield server


@contextmanager
def hyperkitty(folder: Path, mbox: Path) -> Iterator[ListServer]:
    """Serve the archive of a Mailman 3 list."""
    python = _python()
    folder.mkdir()
    port = free_port()
    environment = os.environ | {
        "HYPERKITTY_HOME": str(folder),
        "DJANGO_SETTINGS_MODULE": "site_settings",
        "PYTHONPATH": str(HERE / "hyperkitty"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    url = f"http://127.0.0.1:{port}/hyperkitty"
    server = ListServer("hyperkitty", url, LIST, folder / "log", folder, environment)
    admin = [python, "-m", "django"]
    _run([*admin, "migrate", "--verbosity", "0"], server)
    arguments = ["--no-sync-mailman", "--since", "2000-01-01", str(mbox)]
    _run([*admin, "hyperkitty_import", "-l", LIST, *arguments], server)
    command = [*admin, "runserver", "--noreload", "--insecure", f"127.0.0.1:{port}"]
    with serving(command, environment=server.environment, log=server.log, port=port):
        yield server


def _run(command: Sequence[str], server: ListServer, *, given: bytes = b"") -> None:
    done = subprocess.run(
        command, env=server.environment, input=given, check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]


def _python() -> str:
    """Return the Python of an environment with HyperKitty."""
    packages = [HYPERKITTY, "whoosh==2.7.4", "setuptools<81"]
    return environment(HYPERKITTY.replace("==", "-"), packages)


def read(url: str) -> bytes:
    """Ask a server of this machine, as a browser would."""
    with urllib.request.urlopen(url, timeout=START_SECONDS) as answer:
        content: bytes = answer.read()
    return content


_PSGI = """use PublicInbox::WWW;
my $www = PublicInbox::WWW->new;
$www->preload;
sub {
    my ($env) = @_;
    print STDERR qq("$env->{REQUEST_METHOD} $env->{REQUEST_URI}"\\n);
    $www->call($env);
};
"""

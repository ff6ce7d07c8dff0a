"""PostgreSQL from Debian's package on 127.0.0.1, in a folder of its own."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.real_servers.conftest import START_SECONDS, free_port

BINARIES = Path("/usr/lib/postgresql")
OWNER = "postgres"


@contextmanager
def postgres() -> Iterator[int]:
    """Serve an empty cluster whose user `postgres` needs no password; yields its port."""
    found = sorted(BINARIES.glob("*/bin/initdb"))
    if not found:
        pytest.skip("no PostgreSQL here: install Debian's package postgresql")
    binaries = found[-1].parent
    # PostgreSQL refuses to run as root, and its own user may not enter the test's folder
    user = OWNER if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="valuetalk-postgres-"))
    try:
        if user:
            shutil.chown(folder, user)
        yield from _serve(folder, binaries, user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(folder: Path, binaries: Path, user: str | None) -> Iterator[int]:
    data, port = str(folder / "data"), free_port()
    made = subprocess.run(
        [str(binaries / "initdb"), "-D", data, "-A", "trust", "-U", OWNER, "-E", "UTF8", "-N"],
        user=user,
        cwd=folder,
        check=False,
        capture_output=True,
    )
    assert made.returncode == 0, made.stderr.decode(errors="replace")[-2000:]
    settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    server = subprocess.Popen(
        [str(binaries / "postgres"), "-D", data, "-p", str(port), *options],
        user=user,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_ready(binaries, port, server)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=START_SECONDS)


def _wait_until_ready(binaries: Path, port: int, server: subprocess.Popen[bytes]) -> None:
    command = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    for _ in range(START_SECONDS * 10):
        assert server.poll() is None, "PostgreSQL ended before it was ready"
        if subprocess.run(command, check=False, capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    pytest.fail("PostgreSQL does not start")

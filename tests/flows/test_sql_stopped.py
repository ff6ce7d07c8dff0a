"""On a terminal a long query shows that it goes on, and Ctrl-C stops it without a traceback."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.commands import app
from tests.warehouse.invented import Study
from warehouse.home import Home
from warehouse.release.controlled import publish_controlled

pytestmark = pytest.mark.slow
ENDLESS = "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT sum(n) FROM t"


def read_until(terminal: int, wanted: bytes) -> bytes:
    """Return what a terminal shows until something stands there, or to its end."""
    shown = b""
    while wanted not in shown:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other end of the terminal is closed
            break
        if not part:
            break
        shown += part
    return shown


def test_ctrl_c_stops_a_query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("VALUETALK_HOME", str(tmp_path / "study"))
    begin = ["init", "--name", "A study", "--contact", "study@example.org"]
    assert CliRunner().invoke(app, begin).exit_code == 0
    publish_controlled(Study().connection, Home(tmp_path / "study"))
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.commands", "sql", ENDLESS],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(theirs)
    try:
        assert b"Ctrl-C stops the query" in read_until(ours, b"Ctrl-C stops the query")
        process.send_signal(signal.SIGINT)
        rest = read_until(ours, b"never shown")
        stdout, _ = process.communicate(timeout=300)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert (process.returncode, stdout) == (1, b"")
    assert b"valuetalk: the query was stopped; it has changed nothing" in rest
    assert b"Traceback" not in rest

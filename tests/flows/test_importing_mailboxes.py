"""`valuetalk import` of mails: by the command of every archive, once, and without addresses."""

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from flows.commands import app
from tests.harvesters.invented_lists import Note, mbox

NOTES = [
    Note("root", 0),
    *(Note(f"reply{n}", n, "root", text=f"View {n} of many.") for n in range(1, 12)),
]
HIDDEN = b"From: Ada <ada@ward7.example>\nX-No-Archive: yes\n\nNot for keeping.\n"


def run(*arguments: str) -> Any:
    done = CliRunner().invoke(app, [*arguments, "--json"], prog_name="valuetalk")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def counted(*arguments: str) -> dict[str, int]:
    return {row["what"]: row["n"] for row in run("import", *arguments)}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("VALUETALK_HOME", str(tmp_path / "study"))
    monkeypatch.delenv("VALUETALK_KEY_FILE", raising=False)
    arguments = ["init", "--name", "A study", "--contact", "study@example.org"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    return tmp_path / "study"


def test_an_mbox_and_a_maildir_come_in_by_the_same_command_and_once(
    tmp_path: Path, home: Path
) -> None:
    archive = tmp_path / "kept.mbox.gz"
    archive.write_bytes(gzip.compress(mbox(NOTES) + b"From x Mon Dec  1 09:00:00 2025\n" + HIDDEN))
    folder = tmp_path / "maildir"
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    for number, note in enumerate(NOTES):
        (folder / "cur" / f"{number}.host").write_bytes(note.source(references=True))
    entry = ("--source", "kept", "--ethics-ref", "REC 1")

    (described,) = run("import", str(archive), "--dry-run")
    first = counted(str(archive), *entry)
    second = counted(str(folder), *entry)

    assert described["rows"] == 13
    assert "1 opted out" in described["not read"]
    assert (first["rows"], first["posts"], first["dropped: opted_out"]) == (13, 12, 1)
    assert (first["new"], second["new"], second["unchanged"]) == (12, 0, 12)
    with duckdb.connect(home / "controlled/latest/discourse.duckdb", read_only=True) as released:
        rows = released.execute("SELECT count(*), count(DISTINCT thread_id) FROM posts").fetchall()
    assert rows == [(12, 1)]
    held = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"people.example" not in held

"""Recordings hold nothing that scrubbing would take, and each is used by some test."""

import gzip
import re
from pathlib import Path

import pytest

from tests.recordings.scrubbing import FOLDER, save, scrub

TESTS = FOLDER.parent
RECORDINGS = sorted(
    path for path in FOLDER.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}
)
_NAMED = re.compile(r"""["']([\w./{}-]+\.(?:json|html|xml|atom|eml|txt|gz))["']""")
_HOLES = re.compile(r"\\\{\w+\\\}")  # what an f-string fills in, as re.escape leaves it
NAMES = [str(path.relative_to(FOLDER)) for path in RECORDINGS]


def content_of(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


@pytest.mark.parametrize("path", RECORDINGS, ids=NAMES)
def test_a_recording_is_scrubbed(path: Path) -> None:
    content = content_of(path)
    assert scrub(content) == content


def test_every_recording_is_used_by_a_test() -> None:
    sources = [
        path.read_text(encoding="utf-8") for path in TESTS.rglob("*.py") if path.parent != FOLDER
    ]
    named = {name for source in sources for name in _NAMED.findall(source)}
    patterns = [re.compile(_HOLES.sub(".+", re.escape(name))) for name in named]
    unused = [
        name
        for name in NAMES
        if not any(pattern.fullmatch(end) for end in _ends(name) for pattern in patterns)
    ]
    assert unused == []


def _ends(name: str) -> list[str]:
    """Return a path and its shorter ends: tests may name a recording within its folder."""
    parts = name.split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]


def test_saving_scrubs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.recordings.scrubbing.FOLDER", tmp_path)
    answer = tmp_path / "answer"
    answer.write_bytes(
        b'{"accessJwt": "eyJ0", "from": "ann@real-host.co.uk", "to": "b@lists.example"} '
        b"Set-Cookie: id=1\r\n?sid=0123456789abcdef from 203.0.113.9 and 127.0.0.1"
    )
    assert save(answer, "site/page").read_bytes() == (
        b'{"accessJwt": "scrubbed", "from": "somebody@people.example", "to": "b@lists.example"} '
        b"Set-Cookie: scrubbed\r\n?sid=scrubbed from 127.0.0.1 and 127.0.0.1"
    )

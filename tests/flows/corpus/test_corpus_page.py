"""What docs/corpus.md shows is what runs."""

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from flows.corpus import Corpus
from flows.corpus.subcorpora import read_subcorpora, remove_subcorpus, save_subcorpus
from tests.flows.corpus.conftest import COMMAND, Release, run
from warehouse.corpus.population import CONDITION_COLUMNS

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "corpus.md").read_text(encoding="utf-8")
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_python_of_the_page_runs(
    release: Release,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "valuetalk-home").symlink_to(release.home.root)
    monkeypatch.chdir(tmp_path)
    save_subcorpus(release.home, "carers", where="role = 'carers'", now=NOON)
    names: dict[str, object] = {}
    try:
        with Corpus.open(release.home.root) as corpus:
            names["connection"] = corpus.connection
            for block in blocks("python"):
                exec(block, names)
    finally:
        remove_subcorpus(release.home, "carers")
    tables = {name: value for name, value in names.items() if isinstance(value, pa.Table)}
    assert {"lines", "near", "keys", "spread", "years", "moved", "posts", "talk"} <= set(tables)
    assert all(table.num_rows for name, table in tables.items() if name != "fixed")
    assert "log_ratio" in capsys.readouterr().out


def test_the_commands_of_the_page_are_there_and_answer(
    release: Release, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VALUETALK_HOME", str(release.home.root))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    table = re.findall(r"^\| [^|]+\? \| (`[^|]*`) \|", PAGE, re.MULTILINE)
    wanted = [line for cell in table for line in re.findall(r"`([^`]+)`", cell)]
    shell = [line.split("   #")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    lines = [line.removeprefix("valuetalk ") for line in shell] + wanted
    assert len(lines) > 12
    save_subcorpus(release.home, "peers", where="role = 'service_users'", now=NOON)
    try:
        for line in lines:
            done = run(*shlex.split(line.replace("1234", "1")))
            assert done.exit_code == 0, (line, done.output)
    finally:
        for name in read_subcorpora(release.home):
            remove_subcorpus(release.home, name)


def test_names_that_a_condition_may_use_are_those_of_the_page() -> None:
    (paragraph,) = re.findall(r"\*\*Sub-corpora\.\*\*(.*?)```", PAGE, re.DOTALL)
    named = set(re.findall(r"`([a-z_]+)`", paragraph))
    assert named <= set(CONDITION_COLUMNS)
    assert {"country", "role", "tags", "frames", "topic_id", "year"} <= named


def test_options_of_the_page_are_options() -> None:
    known = {
        option
        for command in COMMAND.commands.values()  # type: ignore[attr-defined]
        for part in command.params
        for option in (*part.opts, *part.secondary_opts)
    }
    named = set(re.findall(r"--[a-z][a-z-]+", PAGE.partition("## Near-duplicates")[0]))
    assert named - known - {"--help"} == {"--note"}  # of a command in a group

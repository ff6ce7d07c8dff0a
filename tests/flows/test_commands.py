"""The command line: exit codes, one sentence an error, fast help, tables of any text."""

import json
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from flows.commands import Commands, _root, app, session
from flows.commands.session import CommandError, PartlyDone, WrongUse, open_study
from harvesters.base import Blocked
from warehouse.home import Home

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str, **environ: str) -> Any:
    return CliRunner().invoke(app, list(arguments), env=environ, prog_name="valuetalk")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A study that `valuetalk init` made, found by the environment."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("VALUETALK_HOME", str(tmp_path / "study"))
    monkeypatch.delenv("VALUETALK_KEY_FILE", raising=False)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    made = run("init", "--name", "A study", "--contact", "study@example.org")
    assert made.exit_code == 0, made.output
    return Home(tmp_path / "study")


# Errors and exit codes


def raising(error: Exception) -> typer.Typer:
    """Return the command line with one more command, which fails."""

    def fail() -> None:
        raise error

    failing = typer.Typer(cls=Commands, rich_markup_mode=None)
    failing.callback()(_root)
    failing.command()(fail)
    return failing


@pytest.mark.parametrize(
    ("error", "code"),
    [(CommandError("It failed."), 1), (WrongUse("It cannot."), 2), (PartlyDone("Half."), 3)],
)
def test_an_error_is_one_sentence_and_an_exit_code(error: CommandError, code: int) -> None:
    done = CliRunner().invoke(raising(error), ["fail"])
    assert (done.exit_code, done.stderr, done.stdout) == (code, f"valuetalk: {error}\n", "")


def test_our_own_errors_speak_for_themselves() -> None:
    done = CliRunner().invoke(raising(Blocked("robots.txt of a.example closes /t/")), ["fail"])
    assert (done.exit_code, done.stderr) == (1, "valuetalk: robots.txt of a.example closes /t/\n")


def test_an_unknown_error_never_repeats_what_it_says() -> None:
    done = CliRunner().invoke(raising(KeyError("words of a person")), ["fail"])
    assert done.exit_code == 1
    assert "words of a person" not in done.output
    assert "an unexpected KeyError" in done.stderr
    assert "--debug" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_error_of_the_system_names_its_file_and_what_to_do() -> None:
    error = PermissionError(13, "Permission denied", "/a/file")
    done = CliRunner().invoke(raising(error), ["fail"])
    assert done.stderr.startswith("valuetalk: /a/file: permission denied; let the account")


@pytest.mark.parametrize("arguments", [["--debug", "fail"], ["fail", "--debug"]])
def test_debug_shows_the_traceback_wherever_it_stands(arguments: list[str]) -> None:
    done = CliRunner().invoke(raising(KeyError("words of a person")), arguments)
    assert done.exit_code == 1
    assert "Traceback (most recent call last)" in done.stderr
    assert "words of a person" in done.stderr


def test_wrong_use_of_the_command_line_ends_with_two() -> None:
    for arguments in (["staus"], ["init"], ["status", "--nights", "many"], ["sql"]):
        assert run(*arguments).exit_code == 2, arguments
    assert "Did you mean 'status'?" in run("staus").stderr


@pytest.mark.parametrize("command", ["status", "sources list", "kwic word", "sql x", "index"])
def test_a_home_without_a_study_is_wrong_use(command: str, tmp_path: Path) -> None:
    done = run(*command.split(), "--home", str(tmp_path / "none"))
    assert done.exit_code == 2
    assert f"there is no study at {tmp_path / 'none'}" in done.stderr
    assert "valuetalk init" in done.stderr


def test_home_is_the_option_else_the_environment_else_beside_us(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = str(tmp_path / "other")
    run("init", "--home", other, "--name", "Another", "--contact", "b@example.org")
    assert run("sources", "list", "--home", other).exit_code == 0
    assert open_study(Path(other)).settings.study.name == "Another"
    monkeypatch.setenv("VALUETALK_HOME", "")
    monkeypatch.chdir(tmp_path)
    assert str(tmp_path / "valuetalk-home") in run("sources", "list").stderr
    assert session.find_home(None).root == tmp_path / "valuetalk-home"
    assert home.root.is_dir()


# Help, completion, start-up


def commands() -> Iterator[tuple[str, Any]]:
    def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        children = getattr(command, "commands", None)
        if children is None:
            yield name, command
        for child, below in (children or {}).items():
            yield from walk(f"{name} {child}".strip(), below)

    yield from walk("", get_command(app))


NEEDS_NO_STUDY = {"frames evaluate", "topics evaluate"}


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_takes_a_home_and_has_help_that_fits(name: str) -> None:
    command = dict(commands())[name]
    options = {option for part in command.params for option in part.opts}
    assert ("--home" in options) is (name not in NEEDS_NO_STUDY)
    done = run(*name.split(), "--help", COLUMNS="100")
    assert done.exit_code == 0
    assert command.help
    assert "Traceback" not in done.output


@pytest.mark.parametrize("name", ["doctor", "status", "sources list", "kwic", "sql", "index"])
def test_every_command_that_prints_a_table_prints_json_too(name: str) -> None:
    assert "--json" in {option for part in dict(commands())[name].params for option in part.opts}


def test_every_section_of_help_is_known() -> None:
    assert "\nMore:" not in run("--help").output


def used_seconds(run_it: Callable[[], object]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run_it()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_answers_in_under_four_tenths_of_a_second() -> None:
    ask = [sys.executable, "-m", "flows.commands", "--help"]
    tries = [
        used_seconds(lambda: subprocess.run(ask, cwd=ROOT, check=True, capture_output=True))
        for _ in range(3)
    ]
    assert min(tries) < 0.4


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from flows.commands import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('prefect', 'duckdb', 'sklearn', 'numpy', 'pyarrow', 'httpx', "
        "'pydantic', 'rich') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_shell_completes_commands() -> None:
    environ = {
        "_VALUETALK_COMPLETE": "complete_bash",
        "COMP_WORDS": "valuetalk so",
        "COMP_CWORD": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "flows.commands"],
        cwd=ROOT,
        env=os.environ | environ,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["sources"]


# A study begins


def test_init_makes_a_private_study_and_its_keys(home: Home, tmp_path: Path) -> None:
    keys = tmp_path / "config" / "valuetalk" / "a-study.key"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700
    for folder in (home.landing, home.state, home.models, home.coding, home.controlled):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
    assert stat.S_IMODE(home.settings_file.stat().st_mode) == 0o600
    assert (home.root / ".gitignore").read_text().endswith("*\n")
    assert run("doctor").exit_code == 0


def test_init_never_overwrites(home: Home, tmp_path: Path) -> None:
    before = home.settings_file.read_bytes()
    again = ("init", "--name", "A study", "--contact", "c@example.org")
    done = run(*again)
    assert done.exit_code == 2
    assert "holds a study already" in done.stderr
    elsewhere = tmp_path / "elsewhere"
    done = run(*again, "--home", str(elsewhere))
    assert done.exit_code == 2
    assert "holds the keys of a study already" in done.stderr
    assert not elsewhere.exists()
    assert home.settings_file.read_bytes() == before


def test_init_refuses_a_key_inside_the_home(tmp_path: Path) -> None:
    inside = tmp_path / "study" / "a.key"
    done = run(
        *("init", "--name", "A", "--contact", "c@example.org"),
        *("--home", str(tmp_path / "study")),
        VALUETALK_KEY_FILE=str(inside),
    )
    assert done.exit_code == 2
    assert "lies inside the home" in done.stderr
    assert not inside.parent.exists()


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--name", ""), "name must be text"),
        (("--contact", "me"), "contact must be an e-mail"),
        (("--bin", "year"), "bin must be 'month' or 'week'"),
        (("--language", "English"), "language must be a language code"),
    ],
)
def test_init_refuses_what_it_cannot_use(
    tmp_path: Path, option: tuple[str, str], said: str
) -> None:
    values = {"--name": "A", "--contact": "c@example.org"} | dict([option])
    done = run("init", "--home", str(tmp_path / "study"), *(p for v in values.items() for p in v))
    assert done.exit_code == 2
    assert said in done.stderr
    assert not (tmp_path / "study").exists()


def test_doctor_fails_where_a_check_fails_and_says_what_to_do(home: Home) -> None:
    home.state.chmod(0o755)
    done = run("doctor")
    assert done.exit_code == 1
    assert f"-> chmod -R go-rwx {home.root}" in done.stdout
    assert done.stderr == "valuetalk: 1 of 12 checks failed: privacy\n"
    findings = json.loads(run("doctor", "--json").stdout)
    assert [finding["name"] for finding in findings if not finding["ok"]] == ["privacy"]


def test_doctor_needs_no_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    assert run("doctor", VALUETALK_HOME="").exit_code == 0


def test_sources_are_listed_with_the_reason_why_a_night_leaves_them_out(home: Home) -> None:
    new = ("sources", "new", "https://a.example", "--name", "our_blog", "--platform", "wordpress")
    done = run(*new, "--ethics-ref", "REC 26/0123", "--licence", "CC0-1.0")
    assert done.exit_code == 0
    assert "The next night reads it." in done.stdout
    done = run("sources", "new", "https://f.example/", "--platform", "discourse")
    assert "No night reads it yet: no ethics_ref" in done.stdout
    listed = {row["source"]: row for row in json.loads(run("sources", "list", "--json").stdout)}
    assert listed["our_blog"]["read_at_night"]
    assert listed["nsun"]["reason"] == "switched off (enabled = false)"
    runnable = json.loads(run("sources", "list", "--runnable", "--json").stdout)
    assert [row["source"] for row in runnable] == ["our_blog"]
    assert run("sources", "check", "our_blog", "--offline").exit_code == 0
    done = run("sources", "check")
    assert done.exit_code == 1
    assert done.stderr == "valuetalk: no night can read f_example as it is\n"
    assert run("sources", "check", "our_blogg").stderr.endswith("did you mean our_blog?\n")
    assert home.settings_file.read_text().count("[[sources]]\nname") > 20

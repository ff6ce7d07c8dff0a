"""What docs/sql.md shows is run as it stands there, on releases of an invented study."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.commands import app
from tests.real_servers.environments import environment
from tests.warehouse.invented import healthy_study
from warehouse.home import Home
from warehouse.protection.gate import pass_gate
from warehouse.records import Run
from warehouse.release.controlled import publish_controlled
from warehouse.release.public import publish_public

pytestmark = pytest.mark.slow
PAGE = Path(__file__).resolve().parents[2] / "docs" / "sql.md"
OWN_TOOLS = Path(sys.executable).parent
CHECKS = """
assert len(monthly) == 6 and monthly["n_posts"].sum() == 600, monthly
assert len(lines) == 20 and set(lines["node"]) == {"help"}, lines
assert len(near) and near["log_dice"].is_monotonic_decreasing, near
assert wide.shape == (2, 3), wide
"""


def blocks(language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as surroundings:
        surroundings.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        surroundings.setenv("VALUETALK_HOME", str(folder / "study"))
        surroundings.delenv("VALUETALK_KEY_FILE", raising=False)
        begin = ["init", "--name", "A study", "--contact", "study@example.org"]
        assert CliRunner().invoke(app, begin).exit_code == 0
        home = Home(folder / "study")
        study = healthy_study()
        publish_controlled(study.connection, home)
        at = datetime(2026, 3, 1, tzinfo=UTC)
        run = Run(run_id="run-1", flow="nightly", started_at=at, version="0.1.0")
        publish_public(pass_gate(study.connection), home, dashboard="", run=run)
        study.connection.close()
        yield home


def run_lines(script: str, home: Home, *, tools: Path) -> str:
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-eu"],
        input=script,
        cwd=home.root,
        env={**os.environ, "PATH": path},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_lines_of_our_command(home: Home) -> None:
    (script,) = [block for block in blocks("sh") if "valuetalk sql" in block]
    said = run_lines(script, home, tools=OWN_TOOLS)
    assert "posts_by_month" in said
    (file,) = home.exports.iterdir()
    assert file.suffix == ".parquet"


def test_the_lines_of_duckdbs_own_command(home: Home) -> None:
    tools = Path(environment("duckdb-cli", ["duckdb-cli"])).parent
    (script,) = [block for block in blocks("sh") if "duckdb -readonly" in block]
    said = run_lines(script, home, tools=tools)
    assert "frame,source,community,bin,period,estimate" in said
    assert "600" in said


def test_the_lines_of_a_notebook(home: Home) -> None:
    python = environment("notebook", ["duckdb", "pandas", "pytz"])
    script = "\n".join([*blocks("python"), CHECKS])
    done = subprocess.run(
        [python, "-c", script], cwd=home.root, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr

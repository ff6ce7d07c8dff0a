"""`valuetalk doctor --repair`: from a broken file to a study that goes on."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.commands import app
from flows.commands.session import open_study
from flows.new_study import begin_study
from tests.flows.erased.planting import Garden
from warehouse.home import Home


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [*arguments], prog_name="valuetalk")
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.slow
def test_a_broken_warehouse_is_rebuilt_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    monkeypatch.setenv("XDG_CONFIG_HOME", config["XDG_CONFIG_HOME"])
    monkeypatch.delenv("VALUETALK_KEY_FILE", raising=False)
    home = Home(tmp_path / "study")
    begin_study(home, environ=config, name="A study", contact="study@example.org")
    named = ("--home", str(home.root))
    garden = Garden(tmp_path, seed=4)
    garden.thread(3)
    with garden.open() as warehouse:
        garden.land_all()
        garden.load(warehouse)
    code, said, _ = run("doctor", "--repair", *named)
    assert code == 0
    assert "its index was made anew from 3 posts" in said
    backup = tmp_path / "b.tar.zst"
    assert run("backup", str(backup), *named)[0] == 0
    home.database.write_bytes(b"no database at all")
    code, said, _ = run("doctor", "--repair", *named)
    assert code == 0
    assert "rebuilt with 3 posts, under the numbers that they had" in said
    assert "0 are lost" in said
    code, said, _ = run("doctor", "--repair", "--from", str(backup), *named)
    assert code == 0
    assert "rebuilt from the backup with 3 posts" in said
    assert run("doctor", "--from", str(backup), *named)[0] == 2
    with open_study(home.root).warehouse() as warehouse:
        assert warehouse.query("SELECT count(*) AS n FROM posts").to_pylist() == [{"n": 3}]

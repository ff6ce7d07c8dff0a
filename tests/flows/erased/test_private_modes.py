"""After a full night every file under a home is its owner's alone, whatever the umask allows."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import stages
from flows.new_study import begin_study
from harvesters.gate import HostGate
from tests.flows.erased.planting import SOURCES, Garden
from warehouse.home import Home


@pytest.fixture
def _open_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(root: Path) -> dict[str, str]:
    """Return the modes under a folder that are not 0600 of a file or 0700 of a folder."""
    return {
        str(path.relative_to(root)): oct(mode)
        for path in (root, *root.rglob("*"))
        if (mode := stat.S_IMODE(path.stat().st_mode)) != (0o700 if path.is_dir() else 0o600)
    }


@pytest.mark.slow
@pytest.mark.usefixtures("_open_umask")
def test_everything_under_a_home_is_private_after_a_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    monkeypatch.setenv("XDG_CONFIG_HOME", config["XDG_CONFIG_HOME"])
    monkeypatch.delenv("VALUETALK_KEY_FILE", raising=False)
    garden = Garden(tmp_path, seed=3)
    home = Home(tmp_path / "study")
    begin_study(home, environ=config, name="A study", contact="study@example.org")
    text = home.settings_file.read_text(encoding="utf-8")
    home.settings_file.write_text(text[: text.index("[[sources]]")] + SOURCES, encoding="utf-8")
    with HostGate(home.hosts, garden.clock) as gate:
        gate.reserve("forum.example:443")
    for number in range(6):
        garden.thread(6, author=f"person {number}")
    with garden.open() as warehouse:
        garden.land_all()
        garden.load(warehouse)
        garden.derive(warehouse)
        garden.code(warehouse, garden.planted[:2])
        for path in home.coding.iterdir():  # written by this test
            path.chmod(0o600)
        warehouse.forget("post", "forum", garden.planted[0].native_id)
        assert stages.erase(warehouse, garden.night()) == 1
        garden.derive(warehouse)
        assert modes(home.root) == {}
    assert modes(home.root) == {}
    assert (home.public / "dashboard.html").is_file()
    assert (home.state / "private" / "manifest.json").is_file()

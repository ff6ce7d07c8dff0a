"""A forum whose posts are drawn and coded."""

import shutil
from pathlib import Path

import pytest

from tests.flows.topics.nights import Forum, begin_forum
from warehouse.home import Home


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Forum:
    """Return a study with an empty warehouse, to be copied."""
    place = tmp_path_factory.mktemp("begun")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CONFIG_HOME", str(place / "config"))
        environment.delenv("VALUETALK_KEY_FILE", raising=False)
        forum = begin_forum(place)
        with forum.opened():
            pass
    return forum


@pytest.fixture
def forum(begun: Forum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Forum:
    """Return a study that has no post yet."""
    shutil.copytree(begun.home.root.parent, tmp_path, dirs_exist_ok=True)
    home = Home(tmp_path / begun.home.root.name)
    config = str(tmp_path / "config")
    monkeypatch.setenv("XDG_CONFIG_HOME", config)
    monkeypatch.delenv("VALUETALK_KEY_FILE", raising=False)
    monkeypatch.setenv("VALUETALK_HOME", str(home.root))
    return Forum(home, {"XDG_CONFIG_HOME": config}, settings=begun.settings)

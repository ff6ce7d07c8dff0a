"""A forum whose posts are drawn and coded."""

from pathlib import Path

import pytest

from tests.flows.topics.nights import Forum, begin_forum


@pytest.fixture
def forum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Forum:
    """Return a study that has no post yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("VALUETALK_KEY_FILE", raising=False)
    forum = begin_forum(tmp_path)
    monkeypatch.setenv("VALUETALK_HOME", str(forum.home.root))
    return forum

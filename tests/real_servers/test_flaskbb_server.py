"""A real FlaskBB, seeded by its own models, harvested over several nights."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.real_servers import board_checks
from tests.real_servers.forum_servers import flaskbb
from tests.real_servers.invented_forum import entries
from tests.real_servers.list_study import BoardStudy

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("release", ["2.2.0", "2.0.2"])
def test_a_real_flaskbb_is_followed_night_by_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: str
) -> None:
    monkeypatch.setenv("VALUETALK_KEY_FILE", str(tmp_path / "keys" / "test.key"))
    written = entries(datetime.now(UTC).replace(microsecond=0) - timedelta(days=3))
    with flaskbb(tmp_path / "flaskbb", written, release=release) as server:
        study = BoardStudy(tmp_path / "home", [server])
        board_checks.check_first_night(study, server, written)
        board_checks.check_quiet_night(study, server)
        board_checks.check_nobody_is_named(study)
        board_checks.check_changes(study, server, written)

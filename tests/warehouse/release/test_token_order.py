"""The rows of the released token stream lie in the order of the running position."""

from pathlib import Path

import duckdb
import pytest

from tests.warehouse.invented import Study
from warehouse.home import Home
from warehouse.release.controlled import publish_controlled

# How many positions are not above the one that was stored before.
_TURNS = """
SELECT count(*) FROM (SELECT g, lag(g) OVER (ORDER BY rowid) AS before FROM token_stream)
WHERE before >= g
"""


@pytest.mark.parametrize("few", [200, 0])
def test_tokens_lie_in_reading_order_however_many_threads_wrote_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """Whether those of withheld posts are left out one by one, or what stays is sorted."""
    monkeypatch.setattr("warehouse.release.controlled._FEW_HIDDEN", few)
    home = Home(tmp_path / "study")
    home.create()
    study = Study()
    study.add_posts(60, text="we wait for the service and nobody answers us here " * 600)
    study.index()
    study.sql("UPDATE posts SET withheld = true WHERE post_id % 7 = 3")
    study.sql("SET threads = 4")
    publish_controlled(study.connection, home)
    with duckdb.connect(home.controlled / "discourse.duckdb", read_only=True) as release:
        (n_tokens,) = release.execute("SELECT count(*) FROM token_stream").fetchone() or (0,)
        assert n_tokens > 2 * 122_880  # more than one thread has rows to write
        assert release.execute(_TURNS).fetchone() == (0,)

"""A real WordPress, seeded by us, harvested over several nights."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows import stages
from flows.night import Night, open_warehouse, prepare_night
from flows.settings import key_file, load_settings
from flows.stages import CommunityReport
from warehouse.home import Home
from warehouse.protection.keys import KeyRing
from warehouse.records import LoadCounts, VirtualClock

pytestmark = pytest.mark.slow

SETTINGS = """
[study]
name = "Real server"
contact = "tests@example.org"
[harvest]
spacing_seconds = 0.0
history_days = 60
[[sources]]
name = "blog"
platform = "wordpress"
url = "{url}"
licence = "invented"
ethics_ref = "simulated"
[[sources.communities]]
community = "blog"
name = "Invented blog"
"""


class Study:
    """A home over one site, with nights a virtual day apart."""

    def __init__(self, root: Path, url: str) -> None:
        self.home = Home(root)
        self.home.create()
        self.home.simulated_mark.write_text("{}")
        self.home.settings_file.write_text(SETTINGS.format(url=url))
        key = key_file(self.home, load_settings(self.home))
        if not key.exists():
            KeyRing.create(key)
        self.clock = VirtualClock(datetime.now(UTC))

    def night(self) -> tuple[list[CommunityReport], LoadCounts]:
        self.clock.advance_to(self.clock.now() + timedelta(days=1))
        night = prepare_night(self.home.root, flow="test", clock=self.clock)
        source = night.settings.sources[0]
        reports = stages.harvest_source(night, source) + stages.recheck_source(night, source)
        with open_warehouse(night) as warehouse:
            counts = stages.load_landed(warehouse, night)
            stages.erase(warehouse, night)
        return reports, counts

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        night: Night = prepare_night(self.home.root, flow="test", clock=self.clock)
        with open_warehouse(night) as warehouse:
            return [tuple(row.values()) for row in warehouse.query(sql).to_pylist()]


@pytest.fixture
def study(tmp_path: Path, wordpress, monkeypatch: pytest.MonkeyPatch) -> Study:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("VALUETALK_KEY_FILE", str(tmp_path / "keys" / "test.key"))
    return Study(tmp_path / "home", wordpress.url)


def test_a_real_wordpress_comes_in_exactly(study: Study, wordpress) -> None:  # type: ignore[no-untyped-def]
    reports, counts = study.night()

    assert counts.new == 46
    assert all(report.status == "complete" for report in reports), reports
    assert study.rows("SELECT kind, count(*) AS n FROM posts GROUP BY ALL ORDER BY ALL") == [
        ("comment", 34),
        ("post", 12),
    ]
    titles = {row[0] for row in study.rows("SELECT title FROM posts WHERE kind = 'post'")}
    assert titles == {
        "Værdi 共同 🧠 and “care”",
        *(f"Co-production diary {i}" for i in range(1, 13) if i != 5),
    }
    own = {row[0] for row in study.rows("SELECT own_text FROM posts WHERE kind = 'comment'")}
    expected = {
        f"I disagree, café talk {i}." if i % 5 == 0 else f"Comment {i} about what helped."
        for i in range(1, 35)
    }
    assert own == expected
    nested = "SELECT count(*) AS n FROM posts c JOIN posts p ON p.post_id = c.parent_id"
    assert study.rows(f"{nested} WHERE p.kind = 'comment'") == [(11,)]
    assert study.rows(
        "SELECT count(DISTINCT author_key) AS n FROM posts WHERE kind = 'comment'"
    ) == [(11,)]

    before = wordpress.n_requests()
    reports, counts = study.night()
    assert (counts.new, counts.edited, counts.missed) == (0, 0, 0)
    assert counts.present == 46
    # posts by change and by date, comments by date; one recheck of each kind; a day's robots.txt
    assert wordpress.n_requests() - before <= 6
    assert sum(report.requests for report in reports) == wordpress.n_requests() - before
    assert study.rows("SELECT count(*) AS n FROM post_revisions") == [(46,)]


def test_edits_and_deletions_of_a_real_wordpress_are_seen(study: Study, wordpress) -> None:  # type: ignore[no-untyped-def]
    study.night()
    assert wordpress.act("change") == {"posts": 12, "comments": 32}

    _, counts = study.night()
    assert counts.edited == 2  # one post, one comment
    assert counts.missed == 2  # one trashed, one held
    assert study.rows("SELECT count(*) AS n FROM posts WHERE withheld") == [(2,)]

    _, counts = study.night()
    assert counts.confirmed == 2
    assert study.rows("SELECT count(*) AS n FROM tombstones") == [(2,)]
    assert study.rows("SELECT count(*) AS n FROM posts") == [(44,)]
    texts = {row[0] for row in study.rows("SELECT own_text FROM posts")}
    assert "Comment 4, now said otherwise." in texts
    assert not {"Comment 7 about what helped.", "Comment 9 about what helped."} & texts


def test_a_real_wordpress_that_closes_its_api_reads_post_for_post_as_by_the_api(  # type: ignore[no-untyped-def]
    tmp_path: Path, wordpress, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (wordpress.root / "wp-content/themes/twentytwentythree").is_dir():
        pytest.skip("no theme, so pages are empty: install wordpress-theme-twentytwentythree")
    monkeypatch.setenv("VALUETALK_KEY_FILE", str(tmp_path / "keys" / "test.key"))
    opened = Study(tmp_path / "opened", wordpress.url)
    opened.night()
    wordpress.close_api()
    closed = Study(tmp_path / "closed", wordpress.url)
    reports, counts = closed.night()

    assert all(report.status == "complete" for report in reports), reports
    assert counts.new == 46
    same = """
        SELECT l.native_id, l.native_thread_id, p.kind, p.created_at, p.title, p.text, p.own_text,
               parent.native_id AS parent, p.language, r.content_hash
        FROM posts p JOIN locators l USING (post_id)
        LEFT JOIN locators parent ON parent.post_id = p.parent_id
        JOIN post_revisions r ON r.post_id = p.post_id ORDER BY ALL
    """
    assert closed.rows(same) == opened.rows(same)
    authors = """
        SELECT l.native_id, p.author_key FROM posts p JOIN locators l USING (post_id)
        WHERE p.kind = 'comment' ORDER BY ALL
    """
    assert closed.rows(authors) == opened.rows(authors)

    before = wordpress.n_requests()
    _, counts = closed.night()
    assert (counts.new, counts.edited, counts.missed) == (0, 0, 0)
    assert counts.present >= 46
    assert wordpress.n_requests() - before <= 2 + 12 * 2 + 10  # two feeds; a recheck of pages

    wordpress.act("change")
    _, counts = closed.night()
    # a comment; the edited entry lies behind the feed's first page. One trashed, one held
    assert (counts.edited, counts.missed) == (1, 2)
    _, counts = closed.night()
    assert counts.confirmed == 2
    texts = {row[0] for row in closed.rows("SELECT own_text FROM posts")}
    assert "Comment 4, now said otherwise." in texts
    assert closed.rows("SELECT count(*) AS n FROM posts") == [(44,)]

    wordpress.open_api()
    nights = [closed.night()[1] for _ in range(6)]
    assert sum(counts.new for counts in nights) == 0
    assert sum(counts.edited for counts in nights) == 1  # the entry, once the API shows it
    assert closed.rows("SELECT count(*) AS n FROM posts") == [(44,)]

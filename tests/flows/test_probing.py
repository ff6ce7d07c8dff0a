"""`valuetalk sources check` and `new` look at simulated sites: what is recognised and told."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows import stages
from flows.commands import app, probes
from flows.confirmations import confirm, read_confirmed
from flows.night import prepare_night
from flows.probing import posts_to_confirm, probe_source
from flows.simulated_home import Simulation, make_simulated_home, write_settings
from harvesters.html_forum.profile import SHIPPED
from harvesters.simulation.forums.build import build_board
from harvesters.simulation.forums.serving import serve_forums
from harvesters.simulation.forums.site import ForumSite
from harvesters.simulation.server import SimulatedSites
from warehouse.home import Home
from warehouse.records import VirtualClock

SIMULATION = Simulation(seed=3, start=date(2026, 1, 5), nights=3, scale=0.2)
AT = datetime(2026, 1, 8, 2, 0, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Home, SimulatedSites]]:
    """A simulated home beside its sites, looked at by one still clock."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("VALUETALK_KEY_FILE", raising=False)
    home = make_simulated_home(tmp_path / "home", SIMULATION)
    clock = VirtualClock(AT)
    night = probes._night
    monkeypatch.setattr(probes, "_night", lambda study: night(_at(study, clock)))
    with SimulatedSites(SIMULATION.world(), clock=clock) as sites:
        write_settings(home, sites.specs())
        monkeypatch.setenv("VALUETALK_HOME", str(home.root))
        yield home, sites


def _at(study: Any, clock: VirtualClock) -> Any:
    return replace(study, clock=clock)


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, list(arguments), prog_name="valuetalk")
    assert done.exit_code == code, done.output
    return str(done.output)


@pytest.mark.parametrize(
    ("site", "platform"),
    [("sim_blog", "wordpress"), ("sim_forum", "discourse"), ("sim_social", "mastodon")],
)
def test_a_platform_is_recognised_and_told_in_counts(
    world: tuple[Home, SimulatedSites], site: str, platform: str
) -> None:
    home, sites = world
    before = sorted(path.name for path in home.landing.rglob("*"))
    arguments = ("sources", "check", sites.url(site), "--community", "openminds", "--json")
    wanted = arguments if platform == "mastodon" else (*arguments[:3], "--json")
    (report,) = json.loads(run(*wanted))
    assert report["platform"] == platform
    assert report["recognised_by"]
    assert report["posts"] > 0
    assert report["authors"] > 1
    assert report["fields"]["text"].endswith(f"/{report['posts']}")
    assert "days" not in report  # nothing of what is there is told before an ethics reference
    assert report["requests"] <= 12
    assert sorted(path.name for path in home.landing.rglob("*")) == before


def test_a_feed_is_recognised_by_its_bytes(world: tuple[Home, SimulatedSites]) -> None:
    _, sites = world
    (report,) = json.loads(run("sources", "check", f"{sites.url('sim_feed')}/feed.xml", "--json"))
    assert (report["platform"], report["problem"]) == ("feed", None)
    assert report["posts"] > 0


@pytest.mark.usefixtures("world")
def test_a_source_with_an_ethics_reference_shows_its_days() -> None:
    said = run("sources", "check", "sim_forum")
    assert "2026-01-05 to 2026-01-0" in said
    assert "recognised by" in said


def test_what_nothing_tells_is_said_and_not_guessed(
    world: tuple[Home, SimulatedSites],
) -> None:
    _, sites = world
    said = run("sources", "check", f"{sites.url('sim_feed')}/robots.txt", code=1)
    assert "no platform that can be read was recognised" in said
    said = run("sources", "new", f"{sites.url('sim_feed')}/robots.txt", code=1)
    assert "say it with --platform" in said


def test_a_new_entry_is_written_from_what_the_site_says(
    world: tuple[Home, SimulatedSites],
) -> None:
    home, sites = world
    said = run("sources", "new", sites.url("sim_blog"), "--name", "another", "--ethics-ref", "x1")
    assert "as wordpress" in said
    text = home.settings_file.read_text()
    entry = text[text.index('name = "another"') :]
    assert f'url = "{sites.url("sim_blog")}"' in entry
    assert 'checked = "2026-01-' in entry or 'checked = "20' in entry


@pytest.mark.usefixtures("world")
def test_an_address_cannot_be_checked_without_asking_it() -> None:
    assert "--offline" in run("sources", "check", "https://a.example", "--offline", code=2)


def test_confirmations_are_kept_by_source_and_digest(tmp_path: Path) -> None:
    confirm(tmp_path, "a", digest="d1", n_posts=3, now=AT)
    confirm(tmp_path, "b", digest="d2", n_posts=4, now=AT)
    confirm(tmp_path, "a", digest="d3", n_posts=5, now=AT)
    assert read_confirmed(tmp_path) == {"a": "d3", "b": "d2"}
    (tmp_path / "confirmed.json").write_text("{broken")
    assert read_confirmed(tmp_path) == {}


BOARD_ENDS = datetime(2026, 1, 8, 1, 0, tzinfo=UTC)


@pytest.fixture
def board(world: tuple[Home, SimulatedSites], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A served board whose profile nobody tested, entered as a source of the study."""
    home, _ = world
    site = ForumSite(
        build_board(seed=5, ends_at=BOARD_ENDS, threads=30, longest=60), software="xenforo2"
    )
    with serve_forums({"board": site}, clock=VirtualClock(AT)) as served:
        url = site.forum_url(2)
        new = ("sources", "new", url, "--name", "board", "--ethics-ref", "simulated")
        assert "as forum" in run(*new)
        monkeypatch.setattr(probes, "_on_terminal", lambda: True)
        yield home, site, served


def night_of(home: Home) -> Any:
    return prepare_night(home.root, flow="test", clock=VirtualClock(AT))


def test_a_forum_that_nobody_confirmed_yields_nothing(board: Any) -> None:
    home, _, _ = board
    night = night_of(home)
    (report,) = stages.harvest_source(night, night.settings.source_named("board"))
    assert (report.status, report.fetched) == ("blocked", 0)
    assert "sources check" in str(report.error)


def answers_for(home: Home, site: ForumSite, *, second_author: str | None = None) -> str:
    """Return what a person would type who reads the two posts that are asked about."""
    night = night_of(home)
    found = probe_source(night, night.settings.source_named("board"))
    truth = {post.post_id: post for post in site.truth(AT)}
    asked = posts_to_confirm(found.understood)
    assert len(asked) == 2
    authors = [truth[post.native_id].author for post in asked]
    return f"y\n{authors[0]}\ny\n{second_author or authors[1]}\n"


def test_two_dates_and_two_authors_confirm_a_profile(board: Any) -> None:
    home, site, _ = board
    typed = answers_for(home, site)
    done = CliRunner().invoke(app, ["sources", "check", "board"], input=typed)
    assert done.exit_code == 0, done.output
    assert "Confirmed" in done.output
    night = night_of(home)
    (report,) = stages.harvest_source(night, night.settings.source_named("board"))
    assert report.status in {"complete", "partial"}
    assert report.fetched > 5


def test_a_wrong_author_or_date_confirms_nothing(board: Any) -> None:
    home, site, _ = board
    typed = answers_for(home, site, second_author="somebody else")
    done = CliRunner().invoke(app, ["sources", "check", "board"], input=typed)
    assert done.exit_code == 1
    assert "reads this board wrongly" in done.output
    done = CliRunner().invoke(app, ["sources", "check", "board"], input="n\n")
    assert done.exit_code == 1
    assert read_confirmed(home.state) == {}


def test_a_profile_that_changes_is_to_be_confirmed_anew(board: Any) -> None:
    home, site, _ = board
    CliRunner().invoke(app, ["sources", "check", "board"], input=answers_for(home, site))
    shipped = (SHIPPED / "xenforo2.toml").read_text(encoding="utf-8")
    home.profiles.mkdir()
    mended = shipped.replace('order = "DMY"', 'order = "MDY"')
    (home.profiles / "xenforo2.toml").write_text(mended, encoding="utf-8")
    night = night_of(home)
    (report,) = stages.harvest_source(night, night.settings.source_named("board"))
    assert report.status == "blocked"

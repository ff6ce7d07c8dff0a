"""The settings that bound what a night may ask of a site reach the site."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from flows import stages
from flows.night import prepare_night
from flows.simulated_home import Simulation, make_simulated_home, write_settings
from harvesters.simulation.server import SimulatedSites
from warehouse.home import Home
from warehouse.records import VirtualClock

SIMULATION = Simulation(seed=3, start=date(2026, 1, 5), nights=3, scale=0.2)
AT = datetime(2026, 1, 8, 2, 0, tzinfo=UTC)
BUDGET = 4


def set_budget(home: Home) -> None:
    text = home.settings_file.read_text()
    assert "[harvest]\n" in text
    changed = text.replace("[harvest]\n", f"[harvest]\nrequests_a_day = {BUDGET}\n")
    home.settings_file.write_text(changed)


def test_a_host_is_asked_no_more_often_a_day_than_the_settings_allow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("VALUETALK_KEY_FILE", raising=False)
    home = make_simulated_home(tmp_path / "home", SIMULATION)
    clock = VirtualClock(AT)
    with SimulatedSites(SIMULATION.world(), clock=clock) as sites:
        write_settings(home, sites.specs())
        set_budget(home)
        night = prepare_night(home.root, flow="nightly", clock=clock)
        source = night.settings.source_named("sim_social")
        reports = stages.harvest_source(night, source)
        asked = [request for request in sites.requests if request.site == "sim_social"]
    assert len(asked) == BUDGET
    first, second = reports
    assert (first.status, second.status) == ("complete", "failed")
    assert "requests_a_day" in (second.error or "")

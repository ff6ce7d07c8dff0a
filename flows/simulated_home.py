"""Homes of simulated data: how they are marked, filled with settings, and told from real ones."""

import json
import shutil
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from flows.setting_sections import CommunitySettings, SourceSettings
from flows.settings import key_file, load_settings
from flows.study_file import source_text
from harvesters.base import SourceSpec
from harvesters.simulation.world import World, build_world
from warehouse.home import Home, write_private
from warehouse.protection.keys import KeyRing


class NotSimulated(ValueError):
    """A folder holds something that is not marked as simulated, so it must not be replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What a simulated world is made from; kept in the home's mark."""

    seed: int
    start: date
    nights: int
    scale: float = 1.0

    def world(self) -> World:
        """Return the world; built once a process."""
        return _world(self.seed, self.start, self.nights, self.scale)


@lru_cache(maxsize=2)
def _world(seed: int, start: date, nights: int, scale: float) -> World:
    return build_world(seed=seed, start=start, nights=nights, scale=scale)


def read_simulation(home: Home) -> Simulation:
    """Return what the simulated world of a home is made from."""
    mark = json.loads(home.simulated_mark.read_text(encoding="utf-8"))
    return Simulation(
        seed=mark["seed"],
        start=date.fromisoformat(mark["start"]),
        nights=mark["nights"],
        scale=mark["scale"],
    )


def make_simulated_home(root: Path, simulation: Simulation) -> Home:
    """Make an empty simulated home, in place of an earlier simulated one.

    Raises
    ------
    NotSimulated
        If the folder exists, is not empty, and lacks the mark.
    """
    home = Home(root.expanduser().resolve())
    if home.root.exists() and any(home.root.iterdir()) and not home.is_simulated:
        raise NotSimulated(
            f"{home.root} exists and is not marked as simulated; choose another folder with --home"
        )
    if home.root.exists():
        shutil.rmtree(home.root)
    home.create()
    mark = asdict(simulation) | {"start": simulation.start.isoformat()}
    write_private(home.simulated_mark, json.dumps(mark).encode())
    return home


def write_settings(home: Home, specs: list[SourceSpec]) -> None:
    """Write the settings and the key of a simulated home."""
    text = [_STUDY, *(_source_entry(spec) for spec in specs)]
    write_private(home.settings_file, "\n".join(text).encode())
    keys = key_file(home, load_settings(home))
    keys.unlink(missing_ok=True)
    KeyRing.create(keys)


_STUDY = """\
# A simulated study: the people and their words are invented.
[study]
name = "Simulated communities"
contact = "simulation@example.org"
bin = "week"

# A night reads a part of the known posts again, so that sixty nights pass in minutes.
[harvest]
history_days = 7
recheck_budget = 100
landing_days = 7

[analysis]
topics = 30
refit_days = 20
train_codings = 400
measure_codings = 900
"""


def _source_entry(spec: SourceSpec) -> str:
    communities = tuple(
        CommunitySettings(
            community=community.community,
            name=community.name,
            country=community.country,
            role=community.role,
            tags=community.tags,
        )
        for community in spec.communities
    )
    return source_text(
        SourceSettings(
            name=spec.source,
            platform=spec.platform,
            url=spec.url,
            licence="invented text, no licence needed",
            ethics_ref="simulated",
            communities=communities,
        )
    )

"""Homes of simulated data: how they are marked, filled with settings, and told from real ones."""

import json
import shutil
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from harvesters.simulation.world import World, build_world

from flows.settings import key_file, load_settings
from harvesters.base import SourceSpec
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

[harvest]
history_days = 7
"""


def _source_entry(spec: SourceSpec) -> str:
    lines = [
        "[[sources]]",
        f"name = {json.dumps(spec.source)}",
        f"platform = {json.dumps(spec.platform)}",
        f"url = {json.dumps(spec.url)}",
        'licence = "invented text, no licence needed"',
        'ethics_ref = "simulated"',
    ]
    for community in spec.communities:
        lines += [
            "[[sources.communities]]",
            f"community = {json.dumps(community.community)}",
            f"name = {json.dumps(community.name)}",
            f"country = {json.dumps(community.country)}",
            f"role = {json.dumps(community.role)}",
            f"tags = {json.dumps(list(community.tags))}",
        ]
    return "\n".join(lines) + "\n"

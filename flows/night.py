"""What every stage of a night shares: home, settings, keys, clock and the run it belongs to."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from flows.settings import Settings, key_file, load_settings
from warehouse.gateway import Warehouse
from warehouse.home import Home
from warehouse.protection.keys import KeyRing
from warehouse.records import Clock, Run, VirtualClock, WallClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """One run over one home; stages take it instead of reading settings or clocks themselves."""

    home: Home
    settings: Settings
    keys: KeyRing
    clock: Clock
    run: Run

    @property
    def user_agent(self) -> str:
        """How this study names itself to the sites that it reads."""
        return f"valuetalk/{self.run.version} (+{self.settings.study.contact})"


class VirtualTimeRefused(ValueError):
    """A time other than the machine's was asked for outside a simulated home."""


def new_run(flow: str, clock: Clock) -> Run:
    """Return a run that starts now; its id sorts by time."""
    started = clock.now()
    return Run(
        run_id=f"{started:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        flow=flow,
        started_at=started,
        version=version("valuetalk"),
    )


def prepare_night(
    home: Path, *, flow: str, as_of: datetime | None = None, clock: Clock | None = None
) -> Night:
    """Read a home's settings and keys and start a run.

    Parameters
    ----------
    home : Path
        The study's home folder.
    flow : str
        Name of the flow or command that runs.
    as_of : datetime, optional
        Virtual time of the run; only a home that is marked as simulated accepts one.
    clock : Clock, optional
        A clock to use as it is, for simulations that share one.

    Raises
    ------
    VirtualTimeRefused
        If a virtual time is asked for in a home of real data.
    SettingsError, KeyFileError
        If the settings or the key file cannot be used.
    """
    place = Home(home.expanduser().resolve())
    settings = load_settings(place)
    if as_of is not None and not place.is_simulated:
        raise VirtualTimeRefused(
            f"{place.root} holds real data and runs at the machine's time: leave as_of out"
        )
    chosen = clock or (VirtualClock(as_of) if as_of is not None else WallClock())
    return Night(
        home=place,
        settings=settings,
        keys=KeyRing.read(key_file(place, settings)),
        clock=chosen,
        run=new_run(flow, chosen),
    )


@contextmanager
def open_warehouse(night: Night) -> Iterator[Warehouse]:
    """Open the night's warehouse as its one writer."""
    with Warehouse.open(night.home, keys=night.keys, clock=night.clock) as warehouse:
        yield warehouse

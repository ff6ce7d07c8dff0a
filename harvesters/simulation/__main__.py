"""`python -m harvesters.simulation`: serve a simulated world until Ctrl-C."""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day

from harvesters.simulation.server import SimulatedSites
from harvesters.simulation.world import World, build_world


class HurryingClock:
    """A clock that starts at a moment and runs faster than the machine's.

    Parameters
    ----------
    start : datetime
        Aware time at which it starts.
    speed : float
        How many of its seconds pass in one of the machine's.
    """

    def __init__(self, start: datetime, *, speed: float) -> None:
        self._start = start
        self._speed = speed
        self._began = time.monotonic()

    def now(self) -> datetime:
        """Return the time that the simulation has reached."""
        passed = (time.monotonic() - self._began) * self._speed
        return self._start + timedelta(seconds=passed)

    def sleep(self, seconds: float) -> None:
        """Wait so many simulated seconds."""
        if seconds > 0:
            time.sleep(seconds / self._speed)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a world and print where; returns the exit code."""
    parser = ArgumentParser(
        prog="python -m harvesters.simulation",
        description="Serve invented communities on this machine, to try a harvester on.",
    )
    parser.add_argument("--seed", type=int, default=1, help="another seed, another world")
    parser.add_argument("--nights", type=int, default=60, help="days with posts")
    parser.add_argument("--scale", type=float, default=1.0, help="1: about 220 posts a day")
    parser.add_argument(
        "--start", type=date.fromisoformat, help="first day; by default the world ends today"
    )
    parser.add_argument(
        "--begin", type=int, help="nights that have passed when serving starts; by default all"
    )
    parser.add_argument(
        "--speed",
        type=float,
        default=1.0,
        help="simulated seconds a second: 1440 is a day a minute",
    )
    parser.add_argument(
        "--port", type=int, default=0, help="of the first site; by default free ones"
    )
    chosen = parser.parse_args(arguments)
    today = datetime.now(UTC).date()
    start = chosen.start or today - timedelta(days=chosen.nights)
    world = build_world(seed=chosen.seed, start=start, nights=chosen.nights, scale=chosen.scale)
    begin = chosen.nights if chosen.begin is None else chosen.begin
    midnight = datetime.combine(start + timedelta(days=begin), time_of_day.min, tzinfo=UTC)
    clock = HurryingClock(midnight, speed=chosen.speed)
    with SimulatedSites(world, clock=clock, first_port=chosen.port) as sites:
        sys.stdout.write(_welcome(world, sites, clock))
        sys.stdout.flush()
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            sys.stdout.write("\nStopped.\n")
    return 0


def _welcome(world: World, sites: SimulatedSites, clock: HurryingClock) -> str:
    lines = [f"{len(world.posts)} invented posts; it is {clock.now():%d %B %Y, %H:%M} UTC there."]
    for spec in sites.specs():
        names = ", ".join(community.community for community in spec.communities)
        lines.append(f"{spec.platform:<10} {spec.url}  communities: {names}")
    return "\n".join([*lines, "Ctrl-C stops."]) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())

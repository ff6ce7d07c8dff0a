"""Is a demo's home what the README promises? Prints what it measures; fails with one sentence.

python tests/gates/check_demo.py HOME
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from flows.night import Night, open_warehouse, prepare_night
from flows.settings import SettingsError
from flows.simulated_home import read_simulation
from flows.truth import Cell, compare_with_truth, modelled_topic
from warehouse.errors import WarehouseError
from warehouse.home import Home
from warehouse.protection.keys import KeyFileError

LEAST_COVERED = 0.90
LEAST_SHOWN = 0.50
LEAST_RUNS = 60
LATEST_EVENT_DAYS = 16
"""A birth needs some nights of posts, a death two weeks without any."""
PRIVATE_COLUMNS = frozenset({"native_id", "native_thread_id", "native_parent_id", "url"})
ALLOWED_PRIVATE = frozenset({("events", "url")})
"""The address that an event's label points to is no post's."""


class DemoFault(Exception):
    """The home lacks something that a demo leaves behind."""


def check_sources(home: Home) -> str:
    """Hold that posts of every simulated source were harvested and released."""
    with _controlled(home) as ask:
        counts = dict(ask("SELECT source, count(*) FROM posts GROUP BY source ORDER BY source"))
    expected = {site.source for site in read_simulation(home).world().sources}
    if missing := sorted(expected - set(counts)):
        raise DemoFault(f"the controlled release has no post of {', '.join(missing)}")
    return "posts: " + ", ".join(f"{source} {n}" for source, n in counts.items())


def check_runs(home: Home) -> str:
    """Hold that every night is recorded and that the last one is whole."""
    with _controlled(home) as ask:
        runs = ask("SELECT flow, status, started_at FROM runs ORDER BY started_at, run_id")
    if len(runs) < LEAST_RUNS:
        raise DemoFault(f"{len(runs)} runs are recorded; a demo has at least {LEAST_RUNS}")
    flow, status, started_at = runs[-1]
    if (flow, status) != ("nightly", "complete"):
        raise DemoFault(f"the last run is {flow}, {status}; it should be nightly, complete")
    return f"runs: {len(runs)}, the last one {flow} of {started_at:%Y-%m-%d}, {status}"


def check_columns(home: Home) -> str:
    """Hold that no native id and no link of a post is in the controlled release."""
    with _controlled(home) as ask:
        columns = set(
            ask("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal")
        )
    found = {pair for pair in columns if pair[1].lower() in PRIVATE_COLUMNS} - ALLOWED_PRIVATE
    if found:
        named = ", ".join(sorted(".".join(pair) for pair in found))
        raise DemoFault(f"the controlled release must not have the columns {named}")
    return f"columns of the controlled release: {len(columns)}, none with a post's id or link"


def check_intervals(home: Home) -> str:
    """Hold that intervals contain what the coders would have said of every post."""
    cells = _cells(home)
    measured = [cell for cell in cells if cell.covered is not None]
    covered = sum(bool(cell.covered) for cell in measured)
    line = f"{covered} of {len(measured)} cells covered, {len(cells) - len(measured)} refused"
    if covered < LEAST_COVERED * max(len(measured), 1):
        raise DemoFault(f"{line}; at least {LEAST_COVERED:.0%} should be covered")
    return f"intervals: {line}"


def check_public(home: Home) -> str:
    """Hold that most of the cells that have posts are in the public release with a figure."""
    with duckdb.connect(str(home.public / "trends.duckdb"), read_only=True) as trends:
        shown = trends.execute("SELECT count(estimate) FROM frame_prevalence").fetchall()[0][0]
    all_cells = len(_cells(home))
    line = f"{shown} of {all_cells} cells of frame, community and week are shown"
    if shown < LEAST_SHOWN * all_cells:
        raise DemoFault(f"{line}; at least {LEAST_SHOWN:.0%} should be")
    return f"public release: {line}"


def check_topic_events(home: Home) -> str:
    """Hold that the planted birth and death of topics became events, soon after they happened."""
    truth = read_simulation(home).world().truth
    told = []
    for planted in (*truth.births, *truth.deaths):
        topic_id = _modelled_topic(home, planted.name)
        column, event = (
            ("born_on", "born") if planted.kind == "birth" else ("retired_on", "retired")
        )
        with _controlled(home) as ask:
            days = dict(ask(f"SELECT topic_id, {column} FROM topics"))
        day = days.get(topic_id)
        if day is None or not 0 <= (day - planted.day).days <= LATEST_EVENT_DAYS:
            raise DemoFault(f"the topic {planted.name} was not {event} after {planted.day}: {day}")
        told.append(f"{planted.name} {event} {(day - planted.day).days} days after it happened")
    return "topics: " + ", ".join(told)


def check_dashboard(home: Home) -> str:
    """Hold that there is a dashboard that says that its data are simulated."""
    page = home.public / "dashboard.html"
    if not page.is_file():
        raise DemoFault(f"there is no {page}")
    if "Simulated" not in page.read_text(encoding="utf-8"):
        raise DemoFault(f"{page} does not say that its data are simulated")
    return f"dashboard: {page.stat().st_size:,} bytes, marked as simulated"


CHECKS: tuple[Callable[[Home], str], ...] = (
    check_sources,
    check_runs,
    check_columns,
    check_intervals,
    check_public,
    check_topic_events,
    check_dashboard,
)


@contextmanager
def _controlled(home: Home) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    file = home.controlled / "discourse.duckdb"
    with duckdb.connect(str(file), read_only=True) as release:
        yield lambda sql: release.execute(sql).fetchall()


def _cells(home: Home) -> list[Cell]:
    """Return the cells of the last night beside their truth, as the demo's clock stood."""
    night = _last_night(home)
    with open_warehouse(night) as warehouse:
        return compare_with_truth(warehouse, night)


def _modelled_topic(home: Home, planted: str) -> int | None:
    night = _last_night(home)
    with open_warehouse(night) as warehouse:
        return modelled_topic(warehouse, night, planted)


def _last_night(home: Home) -> Night:
    with _controlled(home) as ask:
        as_of = ask("SELECT max(started_at) FROM runs")[0][0]
    return prepare_night(home.root, flow="check", as_of=as_of)


def main() -> int:
    """Run every check, so that one run tells all that is wrong."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python tests/gates/check_demo.py HOME\n")
        return 2
    home = Home(Path(sys.argv[1]).expanduser().resolve())
    if not home.is_simulated:
        sys.stderr.write(f"{home.root} is no home of a demo; make one with 'valuetalk demo'\n")
        return 2
    failed = 0
    for check in CHECKS:
        try:
            sys.stdout.write(f"{check(home)}\n")
        except (DemoFault, duckdb.Error, KeyFileError, SettingsError, WarehouseError) as fault:
            failed = 1
            sys.stderr.write(f"demo check failed: {fault}\n")
    return failed


if __name__ == "__main__":
    sys.exit(main())

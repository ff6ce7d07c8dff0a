"""`valuetalk events`, and what a night says of series, breaks and events."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from analysis.series import first_day, periods_of
from flows.commands import app
from flows.commands.session import open_study
from flows.events import EventRefused, add_event
from flows.series_stage import save_series
from warehouse.gateway import Warehouse
from warehouse.home import Home
from warehouse.records import VirtualClock
from warehouse.release.controlled import publish_controlled

START = int(periods_of([date(2022, 1, 1)], "month").number[0])
MONTHS = 36
SHIFT = 20  # September 2023


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["events", *arguments], prog_name="valuetalk")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("VALUETALK_HOME", str(tmp_path / "study"))
    monkeypatch.delenv("VALUETALK_KEY_FILE", raising=False)
    begin = ["init", "--name", "A study", "--contact", "study@example.org"]
    assert CliRunner().invoke(app, begin).exit_code == 0
    return Home(tmp_path / "study")


def shares(frame: str, *, shift: float = 0.0, **columns: Any) -> list[dict[str, Any]]:
    """Return three years of figures, each of 800 codings' worth, with a shift in the middle."""
    draw = np.random.default_rng(sum(frame.encode()))
    truth = 0.2 + shift * (np.arange(MONTHS) >= SHIFT)
    share = draw.binomial(800, truth) / 800
    error = np.sqrt(share * (1 - share) / 800)
    base = {"run_id": "run-9", "source": "forum", "community": "carers", "bin": "month"}
    base |= {"n_posts": 900, "n_coded": 800, "effective_n": 800.0, "borrowed": 0.0}
    base |= {"method": "m", "classifier": "c1", "codebook_version": 1, "frame": frame}
    return [
        {
            **base,
            "period": first_day(START + t, "month"),
            "estimate": share[t],
            "lower": share[t] - 1.96 * error[t],
            "upper": share[t] + 1.96 * error[t],
            **columns,
        }
        for t in range(MONTHS)
    ]


def covered(gap: int | None = None, since: int = 0) -> list[dict[str, Any]]:
    base = {"source": "forum", "community": "carers", "bin": "month"}
    return [
        {
            **base,
            "period": first_day(START + t, "month"),
            "share_complete": 0.4 if t == gap else 1.0,
            "gaps": 18 if t == gap else 0,
        }
        for t in range(since, MONTHS)
    ]


def measure(
    warehouse: Warehouse,
    *rows: list[dict[str, Any]],
    today: datetime = datetime(2025, 1, 2, tzinfo=UTC),
) -> list[dict[str, Any]]:
    """Store figures, run the stage, and return the changes that it tells."""
    figures = pa.Table.from_pylist([row for some in rows for row in some])
    narrow = figures.schema.get_field_index("codebook_version")
    figures = figures.set_column(
        narrow, "codebook_version", figures.column("codebook_version").cast(pa.int32())
    )
    warehouse.replace("frame_prevalence", figures, keys=["run_id"])
    night: Any = SimpleNamespace(
        run=SimpleNamespace(run_id="run-9"),
        settings=SimpleNamespace(study=SimpleNamespace(bin="month")),
        clock=VirtualClock(today),
    )
    save_series(warehouse, night)
    return warehouse.query("SELECT * FROM changes ORDER BY frame, period, kind").to_pylist()


def test_a_shift_is_told_and_an_event_at_it_ranks_first(home: Home) -> None:
    with open_study(home.root).warehouse() as warehouse:
        add_event(warehouse, "2023-08-14", "Mental Health Act receives Royal Assent")
        changes = measure(warehouse, shares("hope", shift=0.15), shares("quiet"))
        levels = warehouse.query("SELECT * FROM series_levels WHERE frame = 'hope'").to_pylist()
        warehouse.query(
            "INSERT INTO runs VALUES ('run-9', 'measure', now(), now(), 'complete', '1', '')"
        )
        publish_controlled(warehouse.connection, home)
    told = [(row["frame"], row["kind"], row["period"]) for row in changes]
    assert told == [
        ("hope", "event", date(2023, 8, 1)),
        ("hope", "change_point", first_day(START + SHIFT, "month")),
        ("quiet", "event", date(2023, 8, 1)),
    ]
    event, point, quiet = changes
    assert 0 < point["lower"] < 0.15 < point["upper"]
    assert point["q_value"] < 0.05
    assert event["estimate"] == pytest.approx(0.15, abs=0.03)
    assert event["reason"].startswith(
        "Mental Health Act receives Royal Assent (2023-08-14): 3 months"
    )
    assert "rank 1 among it and 23 other dates" in event["reason"]
    assert quiet["q_value"] > event["q_value"]
    assert len(levels) == MONTHS
    assert [row["n_compared"] for row in json.loads(run("list", "--json").stdout)] == [2]
    assert levels[SHIFT]["change_probability"] > 0.5


def test_a_shift_at_another_classifier_is_a_break_and_no_event_is_told_over_it(home: Home) -> None:
    rows = shares("hope", shift=0.15)
    for row in rows[SHIFT:]:
        row["classifier"] = "c2"
    with open_study(home.root).warehouse() as warehouse:
        add_event(warehouse, "2023-08-14", "General election")
        changes = measure(warehouse, rows, shares("quiet"))
    assert [(row["frame"], row["kind"]) for row in changes] == [
        ("hope", "break"),
        ("quiet", "event"),
    ]
    assert changes[0]["reason"] == "measured by another classifier"


def test_a_gap_and_the_beginning_of_the_harvest_are_breaks(home: Home) -> None:
    with open_study(home.root).warehouse() as warehouse:
        rows = pa.Table.from_pylist(covered(gap=SHIFT, since=8))
        warehouse.replace("coverage_by_period", rows, keys=["source", "community", "period"])
        changes = measure(warehouse, shares("hope", shift=0.15), shares("quiet"))
    assert {row["frame"] for row in changes} == {None}  # both frames break
    found = [(row["kind"], row["period"], row["reason"].split(":")[0]) for row in changes]
    assert found == [
        ("break", first_day(START + 8, "month"), "the harvest begins"),
        ("break", first_day(START + SHIFT, "month"), "a gap in the harvest"),
        ("break", first_day(START + SHIFT + 1, "month"), "the harvest is whole again after a gap"),
    ]


@pytest.mark.parametrize(("today", "n_breaks"), [("2025-01-01", 1), ("2024-12-31", 0)])
def test_a_month_that_goes_on_has_no_gap_yet(home: Home, today: str, n_breaks: int) -> None:
    after = datetime.fromisoformat(f"{today}T02:00+00:00")
    with open_study(home.root).warehouse() as warehouse:
        rows = pa.Table.from_pylist(covered(gap=MONTHS - 1))
        warehouse.replace("coverage_by_period", rows, keys=["source", "community", "period"])
        changes = measure(warehouse, shares("hope"), today=after)
    assert [row["kind"] for row in changes] == ["break"] * n_breaks


def test_a_refused_or_borrowed_figure_is_a_gap_of_its_series(home: Home) -> None:
    rows = shares("hope")
    rows[5] |= {"estimate": None, "lower": None, "upper": None, "refused_because": "few codings"}
    rows[6]["borrowed"] = 1.0
    rows[7]["n_coded"] = 0  # all that is known of it comes from its neighbours
    with open_study(home.root).warehouse() as warehouse:
        assert measure(warehouse, rows) == []
        periods = warehouse.query("SELECT period FROM series_levels").column("period").to_pylist()
    gone = {first_day(START + t, "month") for t in (5, 6, 7)}
    assert len(periods) == MONTHS - 3
    assert not gone & set(periods)


def test_codings_that_several_figures_lean_on_count_once(home: Home) -> None:
    widths = {}
    with open_study(home.root).warehouse() as warehouse:
        for n_coded in (800, 100):
            measure(warehouse, shares("hope", n_coded=n_coded))
            mean = "SELECT avg(upper - lower) AS width FROM series_levels"
            (widths[n_coded],) = warehouse.query(mean).column("width").to_pylist()
    # an eighth of the information each
    assert 1.5 < widths[100] / widths[800] < 8**0.5


def test_no_figures_are_no_series(home: Home) -> None:
    with open_study(home.root).warehouse() as warehouse:
        night: Any = SimpleNamespace(
            run=SimpleNamespace(run_id="run-9"),
            settings=SimpleNamespace(study=SimpleNamespace(bin="week")),
            clock=VirtualClock(datetime(2025, 1, 2, tzinfo=UTC)),
        )
        assert save_series(warehouse, night).startswith("0 series")


@pytest.mark.usefixtures("home")
def test_events_are_listed_by_day() -> None:
    url = "https://bills.example/2023/14"
    assert run("add", "2023-08-14", "Act passed", "--url", url).exit_code == 0
    assert run("add", "2023-01-09", "Strike of nurses").exit_code == 0
    listed = run("list", "--json")
    assert listed.exit_code == 0, listed.output
    rows = json.loads(listed.stdout)
    assert [(row["event_id"], row["day"], row["label"], row["url"]) for row in rows] == [
        (2, "2023-01-09", "Strike of nurses", None),
        (1, "2023-08-14", "Act passed", url),
    ]
    assert [row["n_compared"] for row in rows] == [0, 0]
    assert "Strike of nurses" in run("list").stdout


@pytest.mark.usefixtures("home")
def test_what_names_a_person_is_taken_out_of_a_label() -> None:
    done = run("add", "2024-07-04", "Call 07700 900123 or a.person@mail.example")
    assert done.exit_code == 0, done.output
    assert "taken out of the label" in done.stderr
    (row,) = json.loads(run("list", "--json").stdout)
    assert row["label"] == "Call [phone] or [email]"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("2024-7-4", "General election"), "2024-7-4 is no day"),
        (("2024-13-01", "General election"), "2024-13-01 is no day"),
        (("2024-07-04", " \n"), "an event needs a label"),
        (("2024-07-04", "e" * 121), "the label has 121 characters"),
        (("2024-07-04", "A", "--url", "gov.example/law"), "no address of a page"),
        (("2024-07-04", "A", "--url", "https://me:secret@gov.example"), "no address of a page"),
        (
            ("2024-07-04", "A", "--url", "https://reddit.com/r/x/comments/abc123/title"),
            "may lead to a person's post",
        ),
    ],
)
def test_what_is_no_event_is_refused(home: Home, arguments: tuple[str, ...], sentence: str) -> None:
    done = run("add", *arguments)
    assert done.exit_code == 2, done.output
    assert sentence in done.stderr
    with open_study(home.root).warehouse() as warehouse:
        assert not warehouse.query("FROM events").num_rows


def test_an_event_is_entered_once(home: Home) -> None:
    with open_study(home.root).warehouse() as warehouse:
        assert add_event(warehouse, "2024-07-04", "General election").event_id == 1
        with pytest.raises(EventRefused, match="is entered already"):
            add_event(warehouse, "2024-07-04", "General  election")
        assert add_event(warehouse, "2024-07-05", "General election").event_id == 2

"""Floors under the topics: coherence, diversity and agreement with labels on three corpora."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gates.topics_floors import FLOORS, MARGINS, is_sealed, measure, moved, read_floors, seal

ENTRIES = read_floors()
SLOW = ("DBLP", "BBC_News, five topics")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in ENTRIES],
)
def test_topics_are_as_good_as_before(
    name: str, data_dir: Path, tell: Callable[[str], None]
) -> None:
    entry = ENTRIES[name]
    if not (data_dir / entry["file"]).is_file():
        pytest.skip(f"no corpus at {data_dir / entry['file']}")
    report = measure(entry, data_dir)
    assert report["sha256"] == entry["sha256"], "the floors were measured on another file"
    measured = {key: round(report[key], 3) for key in (*MARGINS, "without_topic")}
    tell(f"topics gate, {name}: {measured}")
    assert {key: measured[key] >= floor for key, floor in entry["floors"].items()} == dict.fromkeys(
        entry["floors"], True
    )
    assert report["without_topic"] <= 0.01


def test_floors_are_those_that_were_measured() -> None:
    assert is_sealed(), "move floors with: python -m tests.gates.topics_floors"
    assert all(set(entry["floors"]) == set(MARGINS) for entry in ENTRIES.values())
    stored = json.loads(FLOORS.read_text(encoding="utf-8"))
    (name, *_) = stored["corpora"]
    stored["corpora"][name]["floors"]["npmi"] -= 0.001
    assert seal(stored["corpora"]) != stored["seal"]


def test_a_floor_rises_by_itself_and_falls_only_where_that_is_said() -> None:
    floors = {"npmi": 0.3, "diversity": 0.9, "npmi_x_diversity": 0.27, "ami": 0.6}
    better = {"npmi": 0.4, "diversity": 0.99, "npmi_x_diversity": 0.396, "ami": 0.61}
    sd = {"npmi": 0.0, "diversity": float("nan"), "npmi_x_diversity": 0.0, "ami": 0.03}
    raised = {"npmi": 0.39, "diversity": 0.97, "npmi_x_diversity": 0.386, "ami": 0.6}
    assert moved(floors, better, sd=sd, may_fall=False) == (raised, [])
    worse = better | {"ami": 0.5}
    assert moved(floors, worse, sd=sd, may_fall=False) == (raised, ["ami"])
    fallen, missed = moved(floors, worse, sd=sd, may_fall=True)
    assert fallen == raised | {"ami": 0.47}
    assert missed == ["ami"]

"""The floors of the topic gate: what is measured, and how a floor is moved.

    python -m tests.gates.topics_floors [--allow-lower-floor]

Measures every corpus that is there and raises each floor to a little under what was reached. A
floor that would come down stays, and the command fails, unless `--allow-lower-floor` says that
worse is meant: say why in the commit. The file bears a seal over its floors, so that one that was
lowered by hand is noticed by the gate.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from flows.topics.evaluate import Settings, evaluate_topics

FLOORS = Path(__file__).with_name("topics_floors.json")
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
MARGINS = {"npmi": 0.01, "diversity": 0.02, "npmi_x_diversity": 0.01, "ami": 0.015}
"""How far under what was reached a floor lies at least, or else a standard deviation of starts.

On another machine a start may end elsewhere by the rounding of its sums.
"""


def measure(entry: Mapping[str, Any], data: Path) -> dict[str, Any]:
    """Return the report on one corpus; its columns are those of a file without a header line."""
    settings = Settings(k=entry["k"], seeds=entry["seeds"])
    return evaluate_topics(data / entry["file"], settings, text=["1"], label="3")


def read_floors() -> dict[str, dict[str, Any]]:
    """Return the entry of each corpus: file, sha256, k, seeds, floors."""
    stored: dict[str, Any] = json.loads(FLOORS.read_text(encoding="utf-8"))
    return {name: dict(entry) for name, entry in stored["corpora"].items()}


def seal(corpora: Mapping[str, Any]) -> str:
    """Return the hash that the file bears of its own floors."""
    return hashlib.sha256(json.dumps(corpora, sort_keys=True).encode()).hexdigest()


def is_sealed() -> bool:
    """Tell whether the floors are those that this command wrote."""
    stored = json.loads(FLOORS.read_text(encoding="utf-8"))
    return bool(stored["seal"] == seal(stored["corpora"]))


def moved(
    floors: Mapping[str, float],
    reached: Mapping[str, float],
    *,
    sd: Mapping[str, float],
    may_fall: bool,
) -> tuple[dict[str, float], list[str]]:
    """Return the floors under what was reached, and the names of those that it fell below.

    A floor comes down only where `may_fall` says so.
    """
    wanted = {
        name: round(reached[name] - max(margin, np.nan_to_num(sd[name])), 3)
        for name, margin in MARGINS.items()
    }
    missed = [name for name in MARGINS if reached[name] < floors.get(name, -1.0)]
    if may_fall:
        return wanted, missed
    return {name: max(value, floors.get(name, -1.0)) for name, value in wanted.items()}, missed


def main(arguments: Sequence[str] | None = None) -> int:
    """Move the floors; return 1 where one would have to come down and may not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--allow-lower-floor", action="store_true")
    parser.add_argument("--data", type=Path, default=DATA)
    given = parser.parse_args(arguments)
    corpora, failed = read_floors(), False
    for name, entry in corpora.items():
        report = measure(entry, given.data)
        if report["sha256"] != entry["sha256"]:
            sys.stderr.write(f"{name} is another file than the floors were measured on\n")
            return 1
        entry["floors"], missed = moved(
            entry["floors"], report, sd=report["sd"], may_fall=given.allow_lower_floor
        )
        failed = failed or bool(missed)
        shown = ", ".join(f"{measure} {report[measure]:.3f}" for measure in MARGINS)
        sys.stdout.write(f"{name}: {shown}; under its floor: {', '.join(missed) or 'none'}\n")
    stored = {"seal": seal(corpora), "corpora": corpora}
    FLOORS.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    return 1 if failed and not given.allow_lower_floor else 0


if __name__ == "__main__":
    sys.exit(main())

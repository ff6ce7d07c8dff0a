"""A night of topics that is killed anywhere, and again, comes to what it would have come to."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.flows.topics.nights import Forum, begin_forum, contents

REPOSITORY = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("topics_child.py")
STEPS = ("opened", "read_terms", "save_keeper", "store_night", "store_trends")
NIGHTS = 3


def run_child(forum: Forum, *, kill: tuple[str, float] | None = None) -> None:
    """Run the stage in a process, and kill it so many seconds after it said a word."""
    with subprocess.Popen(
        [sys.executable, str(CHILD), str(forum.home.root), forum.clock.now().isoformat()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    ) as child:
        assert child.stdout is not None
        said = ""
        while kill and kill[0] != said and (line := child.stdout.readline()):
            said = line.strip()
        if kill:
            time.sleep(kill[1])
            child.kill()
        rest, complaints = child.communicate()
    assert complaints == ""
    assert kill or rest.split()[-1] == "done"


def nights(place: Path, *, moments: random.Random | None) -> tuple[dict[str, Any], list[str]]:
    """Return what a study comes to, rows and files, each night killed twice or left alone."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("VALUETALK_KEY_FILE", raising=False)
        environment.setenv("XDG_CONFIG_HOME", str(place / "config"))
        forum = begin_forum(place)
        for night in range(NIGHTS + 1):
            with forum.opened() as warehouse:
                forum.write(warehouse, 30 if night else 240)
            for turn in range(2 if moments and night else 0):
                step = STEPS[(2 * night + turn) % len(STEPS)]
                run_child(forum, kill=(step, moments.uniform(0.0, 0.1) if moments else 0))
            run_child(forum)
            forum.next_night()
        with forum.opened() as warehouse:
            held = contents(warehouse)
    return held, sorted(path.name for path in forum.home.models.iterdir())


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_nights_come_to_what_they_would_have_come_to(tmp_path: Path) -> None:
    killed = nights(tmp_path / "killed", moments=random.Random(5))
    assert killed == nights(tmp_path / "alone", moments=None)

"""Runs the topic stage of one night until it is done or killed; says each step that it begins.

python tests/faults/topics_child.py HOME ISO_TIME
"""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from flows.topics import stage
from tests.flows.topics.nights import Forum
from warehouse.home import Home
from warehouse.records import VirtualClock


def say(what: str) -> None:
    """Print one word at once: the last one is what the process was killed in."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def telling(*names: str) -> None:
    """Let functions of the stage say their name when they are called."""
    for name in names:
        original = getattr(stage, name)

        def told(*arguments: Any, _name: str = name, _call: Any = original, **options: Any) -> Any:
            say(_name)
            return _call(*arguments, **options)

        setattr(stage, name, told)


def main() -> None:
    """Run the stage of the night that begins at a moment."""
    home, moment = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
    forum = Forum(Home(home), {}, VirtualClock(moment), settings={"topics": 3, "refit_days": 2})
    telling("read_terms", "save_keeper", "store_night", "store_trends", "_forget_other_versions")
    with forum.opened() as warehouse:
        say("opened")
        forum.run(warehouse)
    say("done")


if __name__ == "__main__":
    main()

"""A night that is ended anywhere can be done again, and comes to what it would have come to."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from flows.topics import beginning, stage, storing
from flows.topics.keeping import save_keeper
from tests.flows.topics.nights import Forum, begin_forum, contents
from warehouse.gateway import Warehouse


class Killed(BaseException):
    """Stands for a process that ends; nothing may catch it."""


def _die(*_: object, **__: object) -> None:
    raise Killed


def _saves_and_dies(*arguments: object) -> None:
    save_keeper(*arguments)
    raise Killed


ENDS: Mapping[str, tuple[str, Callable[..., None]]] = {
    "before the model is saved": ("save_keeper", _die),
    "after the model is saved": ("save_keeper", _saves_and_dies),
    "while rows are stored": ("count_posts", _die),
    "before rows are committed": ("store_trends", _die),
    "after rows are committed": ("_forget_other_versions", _die),
}

LIKELIEST = {"after the model is saved", "before rows are committed"}
"""Ends after which files and rows do not agree."""


def _nights(forum: Forum, warehouse: Warehouse, run: Callable[[int], None]) -> None:
    forum.settings = {"topics": 3, "refit_days": 2}
    forum.write(warehouse, 240)
    run(0)
    for night in (1, 2):
        forum.next_night()
        forum.write(warehouse, 30)
        run(night)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list], set[str]]:
    """What the nights come to if nothing ends them: rows, and names of the files."""
    place = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CONFIG_HOME", str(place / "config"))
        environment.delenv("VALUETALK_KEY_FILE", raising=False)
        forum = begin_forum(place)
        with forum.opened() as warehouse:
            _nights(forum, warehouse, lambda _: forum.run(warehouse))
            return contents(warehouse), _files(warehouse.home.models)


def _files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    "when",
    [
        pytest.param(when, marks=() if when in LIKELIEST else pytest.mark.slow, id=when)
        for when in ENDS
    ],
)
def test_a_night_that_was_ended_comes_to_the_same(
    forum: Forum, undisturbed: tuple[dict[str, list], set[str]], when: str
) -> None:
    name, end = ENDS[when]

    def run(_: int) -> None:
        with pytest.MonkeyPatch.context() as ended:
            for module in (beginning, stage, storing):
                if hasattr(module, name):
                    ended.setattr(module, name, end)
            with pytest.raises(Killed):
                forum.run(warehouse)
        forum.run(warehouse)

    with forum.opened() as warehouse:
        _nights(forum, warehouse, run)
        assert contents(warehouse) == undisturbed[0]
        assert _files(warehouse.home.models) == undisturbed[1]

"""A small release of invented posts, and the same posts as Python sees them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from flows.commands import app
from flows.corpus import Corpus
from tests.warehouse.invented import Study, author, insert
from warehouse.home import Home
from warehouse.release.controlled import publish_controlled

COMMUNITIES = {
    "carers": ("forum", "carers", "GB"),
    "peers": ("forum", "service_users", "GB"),
    "allies": ("blog", "movement", "IE"),
}
WORDS = ["peer", "support", "value", "service", "wait", "we", "together", "help", "budget", "co-op"]
WEIGHTS = {
    "carers": [2, 4, 1, 9, 9, 12, 1, 6, 2, 1],
    "peers": [9, 9, 4, 2, 2, 12, 8, 4, 1, 1],
    "allies": [3, 3, 9, 3, 1, 9, 4, 1, 6, 1],
}


@dataclass(frozen=True)
class Post:
    """One invented post."""

    post_id: int
    words: list[str]
    author: str | None
    thread_id: int
    community: str
    day: date
    duplicate: bool
    automated: bool

    @property
    def counts(self) -> bool:
        return not self.duplicate and not self.automated


@dataclass(frozen=True)
class Release:
    """A released study and its posts, those that count by default first asked for."""

    home: Home
    posts: list[Post]

    def spoken(self, *communities: str) -> list[Post]:
        wanted = communities or tuple(COMMUNITIES)
        return [post for post in self.posts if post.counts and post.community in wanted]


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Some 300 posts of three communities over half a year, with copies and a program's posts."""
    home = Home(tmp_path_factory.mktemp("released"))
    home.create()
    home.settings_file.write_text("# stands for a study's settings\n")
    study = Study()
    for name, (source, role, country) in COMMUNITIES.items():
        row = {"source": source, "community": name, "name": name, "role": role}
        insert(study.connection, "communities", {**row, "country": country, "tags": [role]})
    rng = random.Random(7)
    posts = [_invented(rng, number) for number in range(300)]
    study.append("posts", [_row(post) for post in posts])
    study.append(
        "coverage",
        [
            {
                "source": "forum",
                "community": "carers",
                "day": date(2026, 2, day),
                "status": "complete" if day <= 21 else "partial",
                "n_posts": 1,
            }
            for day in range(1, 29)
        ],
    )
    study.index()
    publish_controlled(study.connection, home)
    return Release(home, posts)


def _invented(rng: random.Random, number: int) -> Post:
    community = list(COMMUNITIES)[number % 3]
    return Post(
        post_id=number + 1,
        words=rng.choices(WORDS, WEIGHTS[community], k=rng.randrange(3, 30)),
        author=author(rng.randrange(12)) if rng.random() < 0.9 else None,
        thread_id=100 * (number % 3) + rng.randrange(15),
        community=community,
        day=date(2026, (1, 2, 4, 5)[rng.randrange(4)], rng.randrange(1, 29)),
        duplicate=number > 30 and rng.random() < 0.1,
        automated=rng.random() < 0.05,
    )


def _row(post: Post) -> dict[str, Any]:
    written = datetime(post.day.year, post.day.month, post.day.day, 12, tzinfo=UTC)
    return {
        "post_id": post.post_id,
        "source": COMMUNITIES[post.community][0],
        "community": post.community,
        "thread_id": post.thread_id,
        "kind": "post",
        "author_key": post.author,
        "created_at": written,
        "harvested_at": written,
        "title": "",
        "text": " ".join(post.words),
        "own_text": " ".join(post.words),
        "language": "en",
        "revision": 1,
        "text_version": 1,
        "duplicate_of": 1 if post.duplicate else None,
        "automated": post.automated,
        "withheld": False,
    }


COMMAND = get_command(app)
"""The command line, put together once: that takes longer than most of what is asked of it here."""


def run(*arguments: str, **environ: str) -> Any:
    """Run a command as a shell would."""
    return CliRunner().invoke(app, list(arguments), env=environ, prog_name="valuetalk")


@pytest.fixture(autouse=True)
def _begun_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what every command begins with, and takes longest here."""
    monkeypatch.setattr("flows.commands.assert_own_packages", lambda: None)
    monkeypatch.setattr("typer.testing._get_command", lambda _: COMMAND, raising=False)


@pytest.fixture
def corpus(release: Release) -> Iterator[Corpus]:
    with Corpus.open(release.home.root) as corpus:
        yield corpus


@pytest.fixture
def study(release: Release, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Release:
    """The release, found by commands through the environment."""
    monkeypatch.setenv("VALUETALK_HOME", str(release.home.root))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return release

"""What was erased is in no byte of any file, whatever it was stored in; what stays can be found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from flows import stages
from flows.new_study import begin_study
from tests.flows.erased.byte_search import files_holding, words_in
from tests.flows.erased.planting import SOURCES, Garden, Planted, store_uncompressed
from warehouse.backup import back_up, restore
from warehouse.home import Home
from warehouse.release.controlled import publish_controlled


@dataclass
class Requests:
    """What is to be erased, by kind of request."""

    posts: list[Planted] = field(default_factory=list)
    authors: list[tuple[str, list[Planted]]] = field(default_factory=list)
    threads: list[list[Planted]] = field(default_factory=list)
    deleted: list[Planted] = field(default_factory=list)
    whole_source: list[Planted] = field(default_factory=list)

    def all(self) -> list[Planted]:
        """Every post that goes."""
        in_groups = [posts for _, posts in self.authors] + self.threads
        singly = [*self.posts, *self.deleted, *self.whole_source]
        return [*singly, *(post for group in in_groups for post in group)]


@pytest.fixture
def garden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Garden]:
    """Return a function that begins a study."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("VALUETALK_KEY_FILE", raising=False)
    store_uncompressed(monkeypatch)

    def begin(seed: int) -> Garden:
        made = Garden(tmp_path, seed=seed)
        study = {"name": "A study", "contact": "study@example.org"}
        begin_study(made.home, environ={"XDG_CONFIG_HOME": str(tmp_path / "config")}, **study)
        text = made.home.settings_file.read_text(encoding="utf-8")
        begin_of_sources = text.index("[[sources]]")
        made.home.settings_file.write_text(text[:begin_of_sources] + SOURCES, encoding="utf-8")
        return made

    return begin


def plant(garden: Garden, *, posts: int, authors: int, threads: int, deleted: int) -> Requests:
    """Plant what will be erased, and as much that stays."""
    requests = Requests()
    for _ in range(posts):
        requests.posts.append(garden.thread(2)[1])
    for number in range(authors):
        name = f"person {number}"
        requests.authors.append((name, garden.thread(6, author=name)))
    for _ in range(threads):
        requests.threads.append(garden.thread(3))
    for _ in range(deleted):
        requests.deleted.append(garden.thread(2)[0])
    requests.whole_source = garden.thread(4, source="blog")
    for _ in range(10):
        garden.thread(2)
    return requests


def settle_in(garden: Garden, requests: Requests) -> None:
    """Load everything, let some be edited, and derive what a study derives."""
    edited = requests.all()[::2]
    with garden.open() as warehouse:
        garden.land_all()
        garden.load(warehouse)
        garden.next_night()
        for planted in edited:
            garden.edit(planted)
        garden.land_all()
        garden.load(warehouse)
        garden.derive(warehouse)
        first_of_each = [requests.posts[0], requests.deleted[0], requests.threads[0][0]]
        staying = next(p for p in reversed(garden.planted) if p.post.source == "forum")
        garden.code(warehouse, [*first_of_each, staying])
        publish_controlled(warehouse.connection, garden.home)


def ask(garden: Garden, requests: Requests) -> int:
    """Make every request, and let the deletions be found twice; return how many there were."""
    for _ in range(2):
        garden.next_night()
        garden.land_gone(requests.deleted)
    with garden.open() as warehouse:
        garden.load(warehouse)
        for planted in requests.posts:
            warehouse.forget("post", planted.post.source, planted.native_id)
        for _, group in requests.authors:
            assert group[0].post.author_key is not None
            warehouse.forget("author", group[0].post.author_key)
        for group in requests.threads:
            warehouse.forget("thread", "forum", group[0].post.native_thread_id)
        warehouse.forget("source", "blog")
    groups = len(requests.authors) + len(requests.threads)
    return len(requests.posts) + len(requests.deleted) + groups + 1


def erase(garden: Garden) -> None:
    night = garden.night()
    with garden.open() as warehouse:
        assert stages.erase(warehouse, night) > 0
        stages.index(warehouse)
        publish_controlled(warehouse.connection, garden.home)


def words_of(planted: Sequence[Planted], *, shared: bool) -> set[str]:
    return set().union(*(p.words | (p.shared if shared else set()) for p in planted))


def gone_and_left(garden: Garden, requests: Requests) -> tuple[set[str], set[str]]:
    """Return the words that must be gone, and those that must be found still."""
    erased = requests.all()
    in_groups = [p for _, group in requests.authors for p in group]
    in_groups += [p for group in requests.threads for p in group] + requests.whole_source
    gone = words_of(erased, shared=False) | words_of(in_groups, shared=True)
    ids = {p.native_id for p in erased}
    stay = [p for p in garden.planted if p.native_id not in ids]
    return gone, words_of([p for p in stay if p.post.source == "forum"], shared=False)


def prove(garden: Garden, requests: Requests, *, at_least: int) -> None:
    settle_in(garden, requests)
    gone, left = gone_and_left(garden, requests)
    places = files_holding(garden.home.root, gone)
    assert set().union(*places.values()) == gone
    assert {"warehouse.duckdb", "controlled/latest/discourse.duckdb", "coding/wave1.csv"} <= {
        *places
    }
    assert [name for name in places if name.startswith("models/") and name.endswith(".npz")]
    assert [name for name in places if name.startswith("controlled/exports/")]
    assert [name for name in places if name.startswith("state/due/")]
    file = garden.place / "backups" / "week-old.tar.zst"
    keys = garden.night().keys
    back_up(garden.home, file, keys=keys, clock=garden.clock)
    garden.land([p for p in requests.all() if p.post.source == "forum"][:5])  # waits, unloaded
    assert ask(garden, requests) >= at_least
    garden.litter([p for p in requests.all() if p.post.source == "forum"][:3])
    erase(garden)
    assert files_holding(garden.home.root, gone) == {}
    assert words_in(garden.home.root, left) == left
    for _ in range(3):
        garden.next_night()
    again = Home(garden.place / "again")
    restore(
        file,
        again,
        keys_of=lambda _: keys,
        clock=garden.clock,
        lists=[garden.home.state],
        derive=stages.index,
    )
    assert files_holding(again.root, gone) == {}
    assert words_in(again.root, left) == left
    assert [*garden.home.public.iterdir()]
    assert [*again.public.iterdir()] == []  # its examples may be of posts that are gone


def test_no_byte_of_what_was_erased_is_left_and_a_backup_brings_none_back(garden) -> None:
    study = garden(1)
    prove(study, plant(study, posts=2, authors=1, threads=1, deleted=2), at_least=7)


@pytest.mark.slow
def test_no_byte_is_left_after_a_hundred_erasures_of_every_kind(garden) -> None:
    study = garden(2)
    prove(study, plant(study, posts=40, authors=10, threads=12, deleted=37), at_least=100)

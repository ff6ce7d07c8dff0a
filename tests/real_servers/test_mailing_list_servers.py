"""Real archives of one invented list: what was sent is what is read, on both and once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.real_servers.invented_list import PEOPLE, Letter, as_mbox, letters
from tests.real_servers.list_servers import ListServer, hyperkitty, public_inbox
from tests.real_servers.list_study import ListStudy

pytestmark = pytest.mark.slow

Serve = Callable[..., ListServer]
READ = """
SELECT p.own_text, p.text, p.kind, p.title, p.created_at, p.author_key, above.own_text AS above,
       first.own_text AS first
FROM posts p LEFT JOIN posts above ON above.post_id = p.parent_id
JOIN posts first ON first.thread_id = p.thread_id AND first.kind = 'post'
ORDER BY p.created_at
"""


@pytest.fixture(scope="module")
def sent() -> list[Letter]:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=43)
    return letters(start)


@pytest.fixture
def serve(tmp_path: Path, sent: list[Letter]) -> Iterator[Serve]:
    mbox = tmp_path / "seed.mbox"
    mbox.write_bytes(as_mbox(sent))
    servers = {"hyperkitty": hyperkitty, "public-inbox": public_inbox}
    with ExitStack() as running:
        yield lambda archive, **more: running.enter_context(
            servers[archive](tmp_path / archive, mbox, **more)
        )


@pytest.fixture(autouse=True)
def _key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALUETALK_KEY_FILE", str(tmp_path / "keys" / "test.key"))


def expected_rows(sent: list[Letter]) -> list[tuple[object, ...]]:
    """Return what `READ` must give, from what was sent alone."""

    def own_of(letter: Letter) -> str:
        return f"{letter.subject}\n{letter.own}" if letter.parent is None else letter.own

    return [
        (
            own_of(letter),
            letter.text.strip(),
            "post" if letter.parent is None else "comment",
            letter.subject,
            letter.written,
            letter.person,
            own_of(letter.parent) if letter.parent else None,
            own_of(letter.root),
        )
        for letter in sent
    ]


def read_rows(study: ListStudy, sent: list[Letter]) -> list[tuple[object, ...]]:
    """Return what was read, every author key named by the person who first wrote under it."""
    rows = study.rows(READ)
    people: dict[object, str] = {}
    by_moment = {letter.written: letter.person for letter in sent}
    named = []
    for own, text, kind, title, created_at, key, above, first in rows:
        people.setdefault(key, by_moment[created_at])  # type: ignore[index]
        named.append((own, text, kind, title, created_at, people[key], above, first))
    assert len(set(people.values())) == len(people) == len(PEOPLE)
    return named


def without_marks(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Return rows whose text shows quotations without the mark that plain mails have."""
    return [(row[0], str(row[1]).replace("> ", ""), *row[2:]) for row in rows]


@pytest.mark.parametrize("archive", ["hyperkitty", "public-inbox"])
def test_every_mail_comes_in_as_it_was_sent_and_a_second_night_costs_little(
    tmp_path: Path, serve: Serve, sent: list[Letter], archive: str
) -> None:
    server = serve(archive)
    study = ListStudy(tmp_path / "home", [server])

    reports, counts = study.night()

    assert counts.new == len(sent) == 83
    assert all(report.status == "complete" for report in reports), reports
    assert without_marks(read_rows(study, sent)) == without_marks(expected_rows(sent))
    assert study.rows("SELECT count(DISTINCT thread_id) AS n FROM posts") == [(20,)]

    before = server.n_requests()
    reports, counts = study.night()
    assert (counts.new, counts.edited, counts.missed) == (0, 0, 0)
    assert all(report.status == "complete" for report in reports), reports
    harvested = next(report for report in reports if report.activity == "harvest")
    assert harvested.requests <= 5
    assert server.n_requests() - before == sum(report.requests for report in reports)
    assert study.rows("SELECT count(*) AS n FROM post_revisions") == [(83,)]


@pytest.mark.parametrize("archive", ["hyperkitty", "public-inbox"])
def test_deleted_mails_are_missed_confirmed_and_erased(
    tmp_path: Path, serve: Serve, sent: list[Letter], archive: str
) -> None:
    server = serve(archive)
    study = ListStudy(tmp_path / "home", [server])
    study.night()
    gone = [sent[62], sent[66], sent[82]]  # threads that are active are looked at every night
    server.delete([letter.source() for letter in gone], [letter.message_id for letter in gone])

    _, counts = study.night()
    assert (counts.new, counts.edited, counts.missed) == (0, 0, 3)

    _, counts = study.night()
    assert counts.confirmed == 3
    held = {str(row[0]) for row in study.rows("SELECT own_text FROM posts")}
    assert len(study.rows("SELECT post_id FROM posts")) == 80
    assert not held & {letter.own for letter in gone}


def test_the_same_mail_in_two_archives_is_one_post_of_one_person(
    tmp_path: Path, serve: Serve
) -> None:
    study = ListStudy(tmp_path / "home", [serve("hyperkitty"), serve("public-inbox")])

    _, counts = study.night()

    assert (counts.new, counts.elsewhere) == (83, 83)
    assert study.rows("SELECT count(DISTINCT author_key) AS n FROM posts") == [(len(PEOPLE),)]
    tables = [pq.read_table(path) for path in study.home.landing.rglob("*.parquet")]
    ids: dict[str, dict[str, tuple[object, ...]]] = {}
    for table in tables:
        for row in table.to_pylist():
            if row.get("native_id") and row.get("author_key"):
                held = ids.setdefault(row["source"], {})
                held[row["native_id"]] = (
                    row["native_thread_id"],
                    row["native_parent_id"],
                    row["author_key"],
                    row["item_key"],
                )
    assert len(ids["hyperkitty"]) == 83
    assert ids["hyperkitty"] == ids["public_inbox"]


def test_no_address_of_a_person_reaches_a_file(tmp_path: Path, serve: Serve) -> None:
    study = ListStudy(tmp_path / "home", [serve("hyperkitty"), serve("public-inbox")])
    study.night()

    tables = [pq.read_table(path) for path in study.home.landing.rglob("*.parquet")]
    held = "\n".join(str(table.to_pylist()) for table in tables).lower()
    held += study.every_byte().decode("utf-8", "replace").lower()
    assert "being heard is what counts" in held
    for name, address in PEOPLE.values():
        assert address.lower() not in held
        assert address.partition("@")[0].lower() not in held or "." not in address.split("@")[0]
        assert name.lower() not in held


def test_a_list_that_was_closed_is_blocked_and_nothing_of_it_is_gone(
    tmp_path: Path, serve: Serve
) -> None:
    server = serve("hyperkitty")
    study = ListStudy(tmp_path / "home", [server])
    study.night()
    server.close_list()

    reports, counts = study.night()

    assert {report.status for report in reports} == {"blocked"}, reports
    assert (counts.missed, counts.confirmed) == (0, 0)


def test_an_inbox_without_search_is_read_by_its_feed(
    tmp_path: Path, serve: Serve, sent: list[Letter]
) -> None:
    server = serve("public-inbox", level="basic")
    study = ListStudy(tmp_path / "home", [server])

    reports, counts = study.night()

    assert counts.new == 83
    assert all(report.status == "complete" for report in reports), reports
    assert without_marks(read_rows(study, sent)) == without_marks(expected_rows(sent))

"""What must hold of every real board that is seeded with the invented one, night after night."""

from collections import Counter
from collections.abc import Sequence

import pyarrow.parquet as pq

from flows.settings import key_file, load_settings
from tests.real_servers.forum_servers import ForumServer
from tests.real_servers.invented_forum import LEFT, LONG, PEOPLE, Entry
from tests.real_servers.list_study import BoardStudy
from warehouse.protection.keys import KeyRing

POSTS = """
SELECT native_id, native_thread_id, kind, author_key, created_at, title, own_text, text
FROM posts JOIN locators USING (post_id) ORDER BY created_at
"""
REVISIONS = """
SELECT native_id, count(*) AS n FROM post_revisions JOIN locators USING (post_id) GROUP BY ALL
"""


def expected_posts(
    study: BoardStudy, server: ForumServer, entries: Sequence[Entry]
) -> list[tuple[object, ...]]:
    """Return what `POSTS` must give, from what was seeded alone."""
    keys = KeyRing.read(key_file(study.home, load_settings(study.home)))
    host = server.url.removeprefix("http://")

    def key_of(person: str) -> str:
        return keys.author_key("forum", host, person)

    def quotation(entry: Entry) -> str:
        return f"author_{key_of(entry.person)}:\n{entry.own}\n"

    def row(entry: Entry) -> tuple[object, ...]:
        said = entry.own
        if entry.mentions:
            said = f"author_{key_of(entry.mentions)} {said}"
        first = entry.position == 0
        quoted = "" if entry.quoted is None else quotation(entries[entry.quoted])
        own, text = (_lines(each) for each in (said, f"{quoted}{said}"))
        return (
            *server.ids[entry.number],
            "post" if first else "comment",
            None if entry.person == LEFT else key_of(entry.person),
            entry.written if server.shows_seconds else entry.written.replace(second=0),
            entry.title if first else "",
            f"{entry.title}\n{own}" if first else own,
            text,
        )

    return [row(entry) for entry in entries if entry.is_shown]


def check_first_night(study: BoardStudy, server: ForumServer, entries: Sequence[Entry]) -> None:
    """Every post that guests may see comes in as it was seeded, and every thread is whole."""
    shown = [entry for entry in entries if entry.is_shown]
    reports, counts = study.night()

    assert counts.new == len(shown) == 61
    assert all(report.status == "complete" for report in reports), reports
    assert study.rows(POSTS) == expected_posts(study, server, entries)
    lengths = Counter(server.ids[entry.number][1] for entry in shown)
    assert lengths[server.ids[0][1]] == 24  # over three pages
    assert len(lengths) == 14  # over two pages of the board
    counted = "SELECT native_thread_id, count(*) AS n FROM locators GROUP BY ALL"
    assert dict(study.rows(counted)) == lengths
    totals = "SELECT sum(expected)::INT AS expected, sum(fetched)::INT AS fetched FROM harvests"
    n_hidden = sum(entry.hidden for entry in entries) if server.shows_hidden else 0
    assert study.rows(totals) == [(61 + n_hidden, 61)]


def check_quiet_night(study: BoardStudy, server: ForumServer) -> None:
    """A night in which nothing happened makes no row and costs a handful of requests."""
    before = server.n_requests()
    reports, counts = study.night()

    assert (counts.new, counts.edited, counts.missed) == (0, 0, 0)
    assert counts.present == 61
    assert all(report.status == "complete" for report in reports), reports
    harvested = next(report for report in reports if report.activity == "harvest")
    assert harvested.requests <= 5
    assert server.n_requests() - before == sum(report.requests for report in reports)
    assert study.rows("SELECT count(*) AS n FROM post_revisions") == [(61,)]


def check_nobody_is_named(study: BoardStudy) -> None:
    """No name of an account is in any file of the home."""
    tables = [pq.read_table(path) for path in study.home.landing.rglob("*.parquet")]
    held = "\n".join(str(table.to_pylist()) for table in tables).lower()
    held += study.every_byte().decode("utf-8", "replace").lower()
    assert "worth more than a form" in held
    assert not [name for name in (*PEOPLE, LEFT) if name in held]


def check_changes(study: BoardStudy, server: ForumServer, entries: Sequence[Entry]) -> None:
    """What people edit, write, delete and hide is found, and nothing else is touched."""
    before = {str(row[0]): row for row in study.rows(POSTS)}
    ids = {(each.topic, each.position): server.ids[each.number] for each in entries}
    plain, marked, deleted, hidden = (
        ids[place][0] for place in ((8, 1), (LONG, 6), (LONG, 15), (LONG, 21))
    )
    topic, answered = ids[7, 0][1], ids[9, 0][1]
    gone = {deleted, hidden, *(post for post, thread in server.ids.values() if thread == topic)}
    made = server.change(
        edit={plain: "Now said otherwise."},
        edit_by_form={marked: "Said otherwise, and it shows."},
        delete=[deleted],
        hide=[hidden],
        delete_topics=[topic],
        reply={answered: "A late answer."},
    )

    _, counts = study.night()
    assert (counts.new, counts.edited, counts.missed) == (1, 2, 5)
    reports, counts = study.night()
    assert counts.confirmed == 5
    assert all(report.status == "complete" for report in reports), reports

    after = {str(row[0]): row for row in study.rows(POSTS)}
    assert before.keys() - after.keys() == gone
    assert after.keys() - before.keys() == set(made.values())
    changed = {post for post in before.keys() & after.keys() if before[post] != after[post]}
    assert changed == {plain, marked}
    assert after[plain][6] == "Now said otherwise."
    assert after[marked][6] == "Said otherwise, and it shows."
    revised = {post for post, n in study.rows(REVISIONS) if n != 1}
    assert revised == {plain, marked}
    assert study.rows("SELECT count(*) AS n FROM tombstones") == [(5,)]


def _lines(text: str) -> str:
    return text.replace("\n\n", "\n")

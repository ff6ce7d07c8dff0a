"""The worked queries run on a release as they are, and give what counting by hand gives."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pytest

from tests.warehouse.invented import FEBRUARY, JANUARY, Study, author, healthy_study, insert
from warehouse.home import Home
from warehouse.protection.gate import pass_gate
from warehouse.records import Run
from warehouse.release.controlled import publish_controlled
from warehouse.release.public import publish_public
from warehouse.release.worked_queries import worked_queries

Row = Mapping[str, Any]
GARDEN = "the garden group gave me hope and help where the clinic had none of it for us"
LEAFLET = "sign the appeal against the closing of our day centre " * 3
PLACE = {"source": "forum", "community": "carers"}
AT = datetime(2026, 2, 20, 12, tzinfo=UTC)
PUBLIC = {"frames_over_time", "frames_and_topics", "topics_over_time"}


def add_garden(study: Study) -> None:
    study.add_posts(40, community="carers", month=FEBRUARY, text=GARDEN)
    study.add_posts(3, community="carers", text="a bot says help", automated=True)
    study.add_posts(2, community="carers", text="un mot", language="fr")
    study.add_posts(4, community="carers", text="help", language=None)
    study.add_posts(1, community="carers", text="")


def add_thread(study: Study) -> None:
    """In one thread b answers a, a answers b, c answers b and c answers c; ten stay alone."""
    common = {"community": "board", "authors": lambda _: None, "created_at": AT}
    a, b, c = (author(number) for number in (1, 2, 3))

    def add(key: str, thread: int, parent: int | None) -> int:
        kind = "post" if parent is None else "comment"
        columns = {"author_key": key, "thread_id": thread, "parent_id": parent, "kind": kind}
        (post_id,) = study.add_posts(1, text="so it is", **{**common, **columns})
        return post_id

    asked = add(a, 7000, None)
    answer = add(b, 7000, asked)
    add(a, 7000, answer)
    third = add(c, 7000, answer)
    add(c, 7000, third)
    for number in range(10):
        add(author(number + 1), 7001 + number, None)
    (few,) = study.add_posts(1, **{**common, "community": "two people", "author_key": a})
    study.add_posts(1, **{**common, "community": "two people", "author_key": b, "parent_id": few})


def add_copies(study: Study) -> None:
    common = {"community": "carers", "text": LEAFLET}
    (first,) = study.add_posts(1, author_key=author(50), created_at=AT, **common)
    for number, day in ((50, 21), (51, 25), (52, 28)):
        at = AT.replace(day=day)
        study.add_posts(1, author_key=author(number), created_at=at, duplicate_of=first, **common)
    (alone,) = study.add_posts(1, author_key=author(60), **common)
    study.add_posts(2, author_key=author(60), duplicate_of=alone, **common)


def add_days(study: Study) -> None:
    statuses = ["complete"] * 3 + ["partial", "blocked", ""] + ["complete"] * 3 + ["partial"]
    for number, status in enumerate(statuses, start=1):
        if status:
            day = {**PLACE, "day": date(2026, 1, number), "status": status, "n_posts": number}
            insert(study.connection, "coverage", day)


def add_losses(study: Study) -> None:
    for number, reason in enumerate(("removed", "removed", "deleted_by_author")):
        gone = {**PLACE, "post_id": 9000 + number, "reason": reason, "first_missed_at": AT}
        insert(study.connection, "tombstones", gone | {"confirmed_at": AT})
    study.add_posts(2, community="carers", text="edited now", revision=3, month=FEBRUARY)


@pytest.fixture(scope="module")
def study() -> Iterator[Study]:
    study = healthy_study()
    for add in (add_garden, add_thread, add_copies, add_days, add_losses):
        add(study)
    study.index()
    yield study
    study.connection.close()


@pytest.fixture(scope="module")
def home(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("queries"))
    run = Run(
        run_id="run-1", flow="nightly", started_at=datetime(2026, 3, 1, tzinfo=UTC), version="0.1.0"
    )
    publish_controlled(study.connection, home)
    publish_public(pass_gate(study.connection), home, dashboard="", run=run)
    return home


def answer_of(home: Home, name: str) -> list[dict[str, Any]]:
    """Run a query file of the controlled release on it."""
    sql = (home.controlled / "queries" / f"{name}.sql").read_text(encoding="utf-8")
    with duckdb.connect(home.controlled / "discourse.duckdb", read_only=True) as release:
        release.execute("SET TimeZone = 'Pacific/Auckland'")  # no month may hang on where one sits
        return release.execute(sql).to_arrow_table().to_pylist(maps_as_pydicts="strict")


def only(rows: list[dict[str, Any]], **values: Any) -> Row:
    found = [row for row in rows if all(row[name] == value for name, value in values.items())]
    assert len(found) == 1, found
    return found[0]


def spoken(study: Study, where: str = "true") -> list[tuple[str, datetime, list[str]]]:
    rows = study.sql(
        "SELECT community, created_at, own_text FROM posts"
        f" WHERE NOT automated AND duplicate_of IS NULL AND own_text <> '' AND {where}"
    )
    return [(community, at.astimezone(UTC), text.split()) for community, at, text in rows]


def test_there_are_twelve_and_each_explains_itself() -> None:
    queries = worked_queries()
    assert len(queries) == 12
    for query in queries.values():
        head = query.sql.partition("\n")[0]
        assert query.question.endswith("?") or query.question.endswith(")"), head
        for part in ("-- Columns:", "-- Cautions:"):
            assert part in query.sql, (query.name, part)
        assert max(len(line) for line in query.sql.splitlines()) <= 104, query.name
    assert {query.name for query in queries.values() if query.is_public} == PUBLIC


@pytest.mark.parametrize("name", sorted(worked_queries()))
def test_every_query_is_one_statement_that_answers(home: Home, name: str) -> None:
    assert len(duckdb.extract_statements(worked_queries()[name].sql)) == 1
    assert answer_of(home, name)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_queries_answer_on_the_public_database(home: Home, name: str) -> None:
    assert {path.stem for path in (home.public / "queries").iterdir()} == PUBLIC
    sql = (home.public / "queries" / f"{name}.sql").read_text(encoding="utf-8")
    with duckdb.connect(home.public / "trends.duckdb", read_only=True) as trends:
        assert trends.execute(sql).fetchall()


def test_coverage_counts_days_and_the_longest_gap(home: Home) -> None:
    row = only(answer_of(home, "coverage_of_harvests"), community="carers")
    expected = {"n_days": 10, "complete": 6, "partial": 2, "blocked": 1, "missing": 1}
    assert {name: row[name] for name in expected} == expected
    assert (row["share_complete"], row["longest_gap"], row["n_posts"]) == (0.6, 3, 55 - 6)


def test_posts_by_month_counts_each_post_once(home: Home, study: Study) -> None:
    rows = answer_of(home, "posts_by_month")
    by_month: Counter[tuple[str, str, date]] = Counter()
    for source, community, at in study.sql("SELECT source, community, created_at FROM posts"):
        by_month[source, community, at.astimezone(UTC).date().replace(day=1)] += 1
    assert {(r["source"], r["community"], r["period"]): r["n_posts"] for r in rows} == by_month
    parts = [name for name in rows[0] if name not in ("source", "community", "period", "n_posts")]
    assert all(sum(row[part] for part in parts) == row["n_posts"] for row in rows)
    january = only(rows, community="carers", period=JANUARY)
    assert [january[part] for part in parts] == [101, 3, 2, 0, 1, 4, 2]


def test_concordance_shows_the_word_in_its_text(home: Home, study: Study) -> None:
    rows = answer_of(home, "concordance")
    assert len(rows) == 50
    texts = dict(study.sql("SELECT post_id, own_text FROM posts"))
    for row in rows:
        line = f"{row['left_context']} {row['node']} {row['right_context']}".strip()
        assert row["node"] == "help"
        assert line in texts[row["post_id"]]


def test_collocates_are_counted_near_the_word(home: Home, study: Study) -> None:
    near: Counter[str] = Counter()
    everywhere: Counter[str] = Counter()
    for _, _, words in spoken(study):
        everywhere.update(words)
        nodes = [place for place, word in enumerate(words) if word == "help"]
        near.update(
            word
            for place, word in enumerate(words)
            if word != "help" and any(abs(place - node) <= 5 for node in nodes)
        )
    rows = answer_of(home, "collocates")
    assert {row["collocate"]: row["n_near"] for row in rows} == {
        word: n for word, n in near.items() if n >= 5
    }
    hope = only(rows, collocate="hope")
    strength = 14 + math.log2(2 * near["hope"] / (everywhere["help"] + everywhere["hope"]))
    assert hope["log_dice"] == round(strength, 2)


def test_keyness_compares_the_two_largest_communities(home: Home, study: Study) -> None:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for community, _, words in spoken(study):
        counts[community].update(words)
    target, reference = counts["carers"], counts["anxiety"]
    n, size, other = target["garden"], target.total(), reference.total()
    assert (n, reference["garden"]) == (40, 0)
    row = only(answer_of(home, "keyness"), key_word="garden")
    expected = size * n / (size + other)
    assert row["n_target"] == n
    assert row["log_likelihood"] == round(2 * n * math.log(n / expected), 2)
    assert row["log_ratio"] == round(math.log2((n / size) / (0.5 / other)), 2)


def test_a_trend_stands_beside_its_coverage(home: Home, study: Study) -> None:
    words = [cut for _, at, cut in spoken(study) if at.month == 1]
    n, n_tokens = sum(cut.count("help") for cut in words), sum(map(len, words))
    row = only(answer_of(home, "word_trend"), period=JANUARY)
    assert (row["n"], row["n_tokens"]) == (n, n_tokens)
    assert row["per_million"] == round(1e6 * n / n_tokens, 2)
    assert row["share_of_posts"] == round(sum("help" in cut for cut in words) / len(words), 4)
    assert row["share_complete"] == round(6 / 9, 3)  # one of the ten days has no row


def test_frames_come_with_their_intervals_and_coverage(home: Home) -> None:
    rows = answer_of(home, "frames_over_time")
    assert len(rows) == 6
    row = only(rows, community="carers", period=FEBRUARY)
    assert (row["estimate"], row["n_coded"], row["share_complete"]) == (0.2345, 31, 1.0)
    assert (row["lower"], row["upper"]) == pytest.approx((0.1845, 0.2845))


def test_topics_stand_beside_what_happened(home: Home) -> None:
    rows = answer_of(home, "topics_over_time")
    january = only(rows, community="anxiety", period=JANUARY)
    assert (january["share"], january["label"]) == (0.5, "waiting list")
    assert (january["topic_history"], january["events"]) == ("born", "A bill")
    february = only(rows, community="anxiety", period=FEBRUARY)
    assert (february["topic_history"], february["events"]) == (None, None)


def test_a_frame_with_a_topic_is_compared_with_all_topics(home: Home, study: Study) -> None:
    second = {"run_id": "run-1", "model": "m1", "topic_id": 1, "frame": "service_value"}
    figures = {"bin": "month", "period": JANUARY, "share": 0.1, "lower": 0, "upper": 0.2}
    with duckdb.connect(home.controlled / "discourse.duckdb", read_only=True) as release:
        release.execute("CREATE TEMP TABLE frame_topics AS FROM main.frame_topics")
        insert(release, "temp.frame_topics", {**second, **figures, "n_posts": 50})
        sql = worked_queries()["frames_and_topics"].sql
        rows = release.execute(sql).to_arrow_table().to_pylist()
    assert study.last_id
    overall = (0.4 * 150 + 0.1 * 50) / 200
    row = only(rows, topic_id=1)
    assert (row["share_of_all"], row["ratio"]) == (overall, round(0.1 / overall, 2))


def test_answers_are_counted_by_direction(home: Home) -> None:
    rows = answer_of(home, "who_answers_whom")
    assert {row["community"] for row in rows} == {"board", "anxiety", "carers"}  # not two people's
    row = only(rows, community="board")
    expected = {
        "n_threads": 11,
        "answered": 1 / 11,
        "people": 13 / 11,
        "n_answers": 4,
        "to_opener": 1,
    }
    more = {"by_opener": 1, "to_self": 1, "between_others": 1, "median_depth": 2, "most_depth": 3}
    assert {name: row[name] for name in row if name not in ("source", "community")} == (
        expected | more
    )


def test_losses_and_edits_are_counted_by_month(home: Home) -> None:
    row = only(answer_of(home, "deletions_and_edits"), community="carers", period=FEBRUARY)
    assert (row["n_gone"], row["reasons"]) == (3, {"removed": 2, "deleted_by_author": 1})
    assert row["n_edited"] == 2
    assert row["share_edited"] == 2 / row["n_posts"]


def test_families_of_copies_are_those_of_several_people(home: Home) -> None:
    (row,) = answer_of(home, "duplicate_families")
    assert (row["n_posts"], row["n_authors"], row["n_communities"]) == (4, 3, 1)
    assert (row["n_days"], row["n_words"]) == (8, 30)


def test_no_query_names_a_person(home: Home, study: Study) -> None:
    keys = {key for (key,) in study.sql("SELECT DISTINCT author_key FROM posts")} - {None}
    assert author(50) in keys
    for name in worked_queries():
        answer = str(answer_of(home, name))
        assert not [key for key in keys if key in answer], name

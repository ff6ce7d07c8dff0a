"""`valuetalk import`: every row is one post or one counted drop, once and for all."""

import csv
import json
import random
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from flows.commands import app

SUBJECTS = (
    ("waiting", "list", "months", "phone", "answer", "queue", "letter", "clinic"),
    ("garden", "allotment", "tea", "group", "walk", "music", "friends", "kitchen"),
    ("budget", "cuts", "council", "money", "funding", "jobs", "contract", "costs"),
)
MAPPING = ("--map", "text=answer,title=question,created_at=date")


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, list(arguments), prog_name="valuetalk")
    assert done.exit_code == code, done.output
    return str(done.stdout if code == 0 else done.output)


def counted(*arguments: str) -> dict[str, int]:
    return {row["what"]: row["n"] for row in json.loads(run("import", *arguments, "--json"))}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("VALUETALK_HOME", str(tmp_path / "study"))
    monkeypatch.delenv("VALUETALK_KEY_FILE", raising=False)
    run("init", "--name", "A study", "--contact", "study@example.org")
    return tmp_path / "study"


def released(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(home / "controlled/latest/discourse.duckdb", read_only=True) as connection:
        return connection.execute(sql).fetchall()


def write_answers(path: Path, rows: list[tuple[str, str, str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("date", "question", "answer", "community"))
        writer.writerows(rows)
    return path


ANSWER = ("2026-01-05", "What was good?", "Everything", "north")
EMPTY = ("2026-01-05", "What was good?", " ", "north")
UNDATED = ("", "What was good?", "They listened", "south")
OTHER = ("2026-01-06", "What was good?", "They listened", "south")
ETHICS = ("--ethics-ref", "REC 1", "--one-post-per-person")


def test_every_row_is_one_post_or_one_drop_and_a_second_import_adds_nothing(
    home: Path, tmp_path: Path
) -> None:
    first = write_answers(tmp_path / "one.csv", [ANSWER, ANSWER, EMPTY, OTHER, UNDATED])
    second = write_answers(tmp_path / "two.csv", [ANSWER, OTHER, EMPTY])
    call = (str(first), str(second), "--source", "answers", *MAPPING)

    counts = counted(*call, *ETHICS)

    dropped = {what: n for what, n in counts.items() if what.startswith("dropped")}
    assert (counts["rows"], counts["posts"], counts["new"]) == (8, 5, 5)
    assert dropped == {"dropped: empty": 2, "dropped: no_date": 1}
    by_community = "SELECT community, text, count(*) FROM posts GROUP BY ALL ORDER BY ALL"
    rows = released(home, by_community)
    assert rows == [("north", "Everything", 3), ("south", "They listened", 2)]
    again = counted(*call)
    assert (again["new"], again["unchanged"]) == (0, 5)
    assert released(home, by_community) == rows


def test_an_archive_without_an_ethics_reference_leaves_nothing(home: Path, tmp_path: Path) -> None:
    file = write_answers(tmp_path / "one.csv", [ANSWER])
    said = run("import", str(file), "--source", "answers", *MAPPING, code=2)
    assert "--ethics-ref" in said
    assert list((home / "landing").rglob("*.parquet")) == []
    assert "answers" not in (home / "valuetalk.toml").read_text()


def test_a_dry_run_prints_fields_and_counts_and_no_answer(home: Path, tmp_path: Path) -> None:
    file = write_answers(tmp_path / "one.csv", [ANSWER, OTHER])
    said = run("import", str(file), "--dry-run", *MAPPING, "--json")
    (row,) = json.loads(said)
    assert (row["rows"], row["communities"]) == (2, 2)
    assert row["fields"] == "date, question, answer, community"
    assert "Everything" not in said
    assert list((home / "landing").rglob("*.parquet")) == []


def test_imported_communities_are_entered_so_that_they_have_figures(
    home: Path, tmp_path: Path
) -> None:
    file = write_answers(tmp_path / "one.csv", [ANSWER, OTHER])
    counted(str(file), "--source", "answers", *MAPPING, *ETHICS)
    found = released(home, "SELECT community FROM communities WHERE source = 'answers' ORDER BY 1")
    assert found == [("north",), ("south",)]


@pytest.mark.usefixtures("home")
def test_topics_are_fitted_and_words_found_in_what_was_imported(tmp_path: Path) -> None:
    rng = random.Random(2)
    rows = [
        (
            f"2026-01-{1 + number % 28:02d}",
            "",
            f"We spoke of {' and the '.join(rng.sample(SUBJECTS[number % 3], k=4))} in recovery",
            "north",
        )
        for number in range(150)
    ]
    file = write_answers(tmp_path / "one.csv", rows)
    counted(str(file), "--source", "answers", *MAPPING, *ETHICS)

    run("topics", "fit", "--k", "3")

    topics = json.loads(run("topics", "list", "--json"))
    found = {frozenset(topic["terms"][:8]) for topic in topics}
    assert found == {frozenset(subject) for subject in SUBJECTS}
    lines = json.loads(run("kwic", "recovery", "--lines", "500", "--json"))
    assert len(lines) == 150


@pytest.mark.usefixtures("home")
def test_posts_that_share_all_their_words_are_said_to_have_no_topics(tmp_path: Path) -> None:
    rows = [
        (f"2026-01-{1 + n % 28:02d}", "", "They listened to us all", "north") for n in range(40)
    ]
    file = write_answers(tmp_path / "one.csv", rows)
    counted(str(file), "--source", "answers", *MAPPING, *ETHICS)
    assert "no word is in at least 5" in run("topics", "fit", "--k", "2", code=1)


def import_twice(home: Path, path: Path, *options: str) -> dict[str, int]:
    counts = counted(str(path), "--source", "archive_of_data", *options, *ETHICS)
    again = counted(str(path), "--source", "archive_of_data", *options)
    dropped = sum(n for what, n in counts.items() if what.startswith("dropped"))
    assert counts["rows"] == counts["posts"] + dropped == pq.read_metadata(path).num_rows
    assert counts["new"] == counts["posts"]
    assert (again["new"], again["edited"], again["unchanged"]) == (0, 0, counts["posts"])
    assert released(home, "SELECT count(*) FROM posts") == [(counts["posts"],)]
    return counts


@pytest.mark.slow
def test_the_service_users_feedback_comes_in_whole(home: Path, data_dir: Path) -> None:
    path = data_dir / "nhs_feedback.parquet"
    counts = import_twice(home, path, "--map", "title=question,text=answer")
    assert counts["rows"] == 7906
    assert counts["dropped: empty"] == 508


@pytest.mark.slow
@pytest.mark.timeout(900)  # twice 33,000 posts: a minute and a half each beside other work
def test_the_reddit_communities_come_in_whole_and_are_measured(home: Path, data_dir: Path) -> None:
    counts = import_twice(home, data_dir / "reddit_communities.parquet")
    assert counts["rows"] == 32_996
    entered = "SELECT count(*) FROM communities WHERE source = 'archive_of_data'"
    assert released(home, entered) == [(33,)]
    run("topics", "fit", "--k", "20")
    assert len(json.loads(run("topics", "list", "--json"))) == 20
    assert json.loads(run("kwic", "recovery", "--json"))


def test_a_transcript_comes_in_by_the_same_command(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "group.vtt"
    file.write_text(
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Orla Fenwick>We were heard on the ward.</v>\n\n"
        "00:03.000 --> 00:04.000\n<v Fay>What did that change?</v>\n"
    )
    options = (str(file), "--source", "room", "--ethics-ref", "REC 26/1", "--facilitator", "Fay")
    told = json.loads(run("import", *options, "--dry-run", "--json"))
    assert [row["rows"] for row in told] == [2]
    assert "--date" in run("import", *options, code=1)
    assert counted(*options, "--date", "2026-03-14")["new"] == 2
    again = counted(*options, "--date", "2026-03-14")
    assert (again["new"], again["unchanged"]) == (0, 2)
    rows = released(home, "SELECT community, count(*) FROM posts GROUP BY ALL ORDER BY ALL")
    assert rows == [("room", 1), ("room (facilitators)", 1)]

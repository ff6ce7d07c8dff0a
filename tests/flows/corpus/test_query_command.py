"""`valuetalk query`: its lines, what it says of them, and what it refuses."""

import json
import re
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from flows.commands import app
from tests.flows.corpus.conftest import Post, Release

NEAR = '"peer" []{0,2} "support"'


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["query", *arguments], prog_name="valuetalk")


def matches(post: Post) -> list[tuple[int, str]]:
    """Return where NEAR stands in a post; of two that end at one place, the longer."""
    found: dict[int, int] = {}
    for start, word in enumerate(post.words):
        ahead = [n for n in range(start + 1, start + 4) if post.words[n : n + 1] == ["support"]]
        if word == "peer" and ahead:
            found.setdefault(ahead[0], start)
    return [(start, " ".join(post.words[start : end + 1])) for end, start in found.items()]


def test_matches_are_shown_as_lines_with_their_numbers(study: Release) -> None:
    done = run(NEAR, "--lines", "1000", "--width", "3", "--json")
    assert done.exit_code == 0, done.output
    lines = [(line["post_id"], line["node"]) for line in json.loads(done.stdout)]
    expected = [(post.post_id, node) for post in study.spoken() for _, node in matches(post)]
    assert sorted(lines) == sorted(expected)
    every = [post for post in study.posts if not post.automated]
    with_copies = [len(matches(post)) for post in every]
    assert done.stderr == (
        f"{len(expected):,} hits in {len({post_id for post_id, _ in expected}):,} posts, each text"
        f" once; {sum(with_copies):,} in {sum(map(bool, with_copies)):,} with duplicates.\n"
    )


@pytest.mark.usefixtures("study")
def test_a_table_has_contexts_and_a_sample_is_named_by_its_seed() -> None:
    shown = run(NEAR, "--lines", "5", "--seed", "2", "--sort", "1R", "--where", "country = 'IE'")
    assert shown.exit_code == 0, shown.output
    header, *lines = [line for line in shown.stdout.splitlines() if line.strip()]
    assert header.split()[-3:] == ["left_context", "node", "right_context"]
    assert [line for line in lines if "allies" in line and "peer" in line] == lines[1:]
    assert len(lines) == 6
    again = run(NEAR, "--lines", "5", "--seed", "2", "--sort", "1R", "--where", "country = 'IE'")
    assert again.stdout == shown.stdout


def test_strategies_and_repeats_without_end_are_told(study: Release) -> None:
    longest = json.loads(run('"we"+', "--strategy", "longest", "--lines", "5000", "--json").stdout)
    runs = [
        found.group().rstrip()
        for post in study.spoken()
        for found in re.finditer(r"(?:\bwe\b ?)+", " ".join(post.words))
    ]
    assert sorted(line["node"] for line in longest) == sorted(runs)
    said = run('"we"+', "--lines", "1").stderr
    assert "repeat a word up to 100 times, a group up to 20 times" in said
    assert "is not one of standard, shortest" in run('"we"', "--strategy", "greedy").stderr


def test_the_sql_of_a_query_runs_on_the_release(study: Release) -> None:
    done = run(NEAR, "--sql")
    assert done.exit_code == 0, done.output
    with duckdb.connect(study.home.controlled / "discourse.duckdb", read_only=True) as connection:
        rows = connection.execute(done.stdout).fetchall()
    found = {(post_id, position, n) for post_id, _, n, position in rows}
    assert found == {
        (post.post_id, start, len(node.split()))
        for post in study.spoken()
        for start, node in matches(post)
    }


@pytest.mark.usefixtures("study")
def test_a_query_that_cannot_be_read_is_wrong_use_and_shown_at_its_place() -> None:
    done = run('"peer" []{3,1} "support"')
    assert done.exit_code == 2
    assert done.stderr == (
        "valuetalk: query, column 10: nothing is repeated 3 to 1 times\n"
        '  "peer" []{3,1} "support"\n'
        "           ^\n"
    )
    assert run("[]").exit_code == 2
    assert run('"peer"', "--where", "author_key = 'x'").exit_code == 2


@pytest.mark.usefixtures("study")
def test_no_match_is_said() -> None:
    done = run('"peer" "nobody"')
    assert done.exit_code == 0
    said = "No released post of this selection has a match of that query"
    assert done.stderr == f"{said}, and none at all has nobody.\n"
    assert f"{said}.\n" == run('"peer"', "--where", "year = 1999").stderr
    assert json.loads(run('"peer" "nobody"', "--json").stdout) == []

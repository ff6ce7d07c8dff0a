"""`valuetalk topics evaluate` on invented posts of four themes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from flows.commands import app

THEMES = {
    "services": ["waiting", "appointment", "clinic", "referral", "list", "months", "nurse"],
    "money": ["budget", "funding", "cuts", "money", "council", "savings", "price"],
    "rights": ["rights", "law", "coercion", "ward", "detained", "appeal", "unfair"],
    "nature": ["walking", "garden", "morning", "sleep", "music", "painting", "calm"],
}
COMMON = ["today", "people", "talk", "really", "day", "week", "think", "know", "thing", "place"]
KEYS = {
    "schema", "corpus", "sha256", "posts", "empty", "unreadable", "tokens", "words", "labels",
    "model", "k", "phrases", "top_n", "n_seeds", "npmi", "diversity", "npmi_x_diversity", "ami",
    "without_topic", "seed_stability", "cpu_seconds_fit", "cpu_seconds_assign", "cpu_seconds_read",
    "cpu_seconds_tokenise", "peak_memory_mb", "sd", "seeds", "parameters", "versions",
}  # fmt: skip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    draw = np.random.default_rng(5)
    lines = ["text,about"]
    for theme in draw.choice(list(THEMES), 240).tolist():
        own = draw.choice(THEMES[theme], int(draw.integers(4, 9))).tolist()
        lines.append(" ".join(own + draw.choice(COMMON, 4).tolist()) + f",{theme}")
    file = tmp_path_factory.mktemp("corpus") / "invented.csv"
    file.write_text("\n".join([*lines, ",nothing"]), encoding="utf-8")
    return file


def run(*arguments: object) -> Result:
    words = ["topics", "evaluate", *map(str, arguments)]
    return CliRunner().invoke(app, words, prog_name="valuetalk")


def report(*arguments: object) -> Any:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_report_has_its_keys_and_finds_the_themes(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = report("--corpus", corpus, "--text", "text", "--label", "about", "--k", 4, "--seeds", 3)
    assert set(found) == KEYS
    assert (found["posts"], found["empty"], found["labels"]) == (240, 1, 4)
    assert found["ami"] > 0.9
    assert found["without_topic"] == 0
    assert 0.5 < found["seed_stability"] <= 1
    assert [start["seed"] for start in found["seeds"]] == [0, 1, 2]
    assert {len(terms) for start in found["seeds"] for terms in start["terms"]} <= set(range(5, 11))
    assert found["peak_memory_mb"] > 20
    assert found["parameters"]["n_topics"] == 4
    assert list(tmp_path.iterdir()) == []  # no home is needed and none is made


def test_means_and_spreads_are_those_of_the_starts(corpus: Path) -> None:
    found = report("--corpus", corpus, "--text", "text", "--k", 3, "--seeds", 4, "--top-n", 5)
    for name in ("npmi", "diversity", "cpu_seconds_fit"):
        values = [start[name] for start in found["seeds"]]
        assert found[name] == pytest.approx(np.mean(values))
        assert found["sd"][name] == pytest.approx(np.std(values, ddof=1))
    assert found["ami"] is None
    assert found["labels"] is None
    assert found["seeds"][0]["ami"] is None


def test_the_same_call_gives_the_same_figures(corpus: Path) -> None:
    asked = ("--corpus", corpus, "--text", "text", "--label", "about", "--k", 5, "--seeds", 2)
    one, other = report(*asked), report(*asked)
    for fits in zip(one["seeds"], other["seeds"], strict=True):
        first, second = ({k: v for k, v in fit.items() if "cpu" not in k} for fit in fits)
        assert first == second


def test_a_person_reads_a_table_with_the_parameters_under_it(corpus: Path) -> None:
    done = run("--corpus", corpus, "--text", "text", "--label", "about", "--k", 4, "--seeds", 2)
    assert done.exit_code == 0
    assert "invented.csv: 240 posts" in done.stdout
    assert "1 empty" in done.stdout
    assert "agreement with labels (AMI)" in done.stdout
    assert "scikit-learn" in done.stdout
    unlabelled = run("--corpus", corpus, "--text", "text", "--k", 4, "--seeds", 1)
    assert "AMI" not in unlabelled.stdout


def test_phrases_are_terms_where_that_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "phrases.csv"
    lines = ["to the crisis team", "garden in the calm morning", "budget of the council"]
    lines += ["music and painting", "appeal by law", "walking is good"]
    file.write_text("\n".join(["text", *lines * 30]), encoding="utf-8")
    asked = ("--corpus", file, "--text", "text", "--k", 6, "--seeds", 1)
    listed = {
        phrases: {term for terms in report(*asked, *phrases)["seeds"][0]["terms"] for term in terms}
        for phrases in ((), ("--phrases",))
    }
    assert "crisis team" in listed["--phrases",]
    assert "crisis" not in listed["--phrases",]
    assert {"crisis", "team"} <= listed[()]


def test_rarer_words_are_left_out_where_it_is_said(corpus: Path) -> None:
    few = report(
        "--corpus", corpus, "--text", "text", "--k", 2, "--seeds", 1, "--min-posts", 37,
        "--top-n", 30,
    )  # fmt: skip
    listed = {term for terms in few["seeds"][0]["terms"] for term in terms}
    posts = [line.split(",")[0].split() for line in corpus.read_text().splitlines()]
    assert len(listed) >= 3
    assert all(sum(term in post for post in posts) >= 37 for term in listed)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--text", "body", "--k", "4"), "has no column body; its columns are text, about"),
        (("--text", "text", "--k", "500"), "ask for fewer topics"),
        (("--text", "text", "--k", "4", "--min-posts", "9000"), "lower min_posts"),
        (("--text", "text", "--k", "4", "--model", "lda"), "--model lda is not one of nmf"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_two(
    corpus: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = run("--corpus", corpus, *arguments, "--seeds", "1")
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""

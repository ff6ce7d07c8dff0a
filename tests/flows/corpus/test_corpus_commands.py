"""Corpus commands: what they print, whom they ask about, and how they say that there is nothing."""

import csv
import json
import signal
import threading
from datetime import date
from pathlib import Path

import duckdb
import pytest

from flows.commands.session import open_study
from flows.corpus import Corpus
from flows.corpus.days import TimeRefused, days_of
from flows.corpus.subcorpora import enter_subcorpora, read_subcorpora, sha256_of
from tests.flows.corpus.conftest import Release, run
from warehouse.home import Home
from warehouse.release.controlled import publish_controlled

PERIODS = ("2026-01", "2026-04..2026-05")
QUESTIONS = [
    ["kwic", "peer", "--lines", "5"],
    ["kwic", "peer", "--posts", "2"],
    ["kwic", "peer", "--spread", "month"],
    ["collocates", "peer"],
    ["keyness", "--where", "role = 'carers'", "--draws", "0"],
    ["trend", "peer"],
    ["dispersion", "peer"],
    ["ngrams", "2"],
    ["ngrams", "3", "--bundles", "--per-million", "900"],
    ["shift", "peer", *PERIODS],
    ["thread", "--post", "1"],
]


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: " ".join(question[:2]))
def test_an_answer_is_a_table_or_json(question: list[str]) -> None:
    done = run(*question)
    assert done.exit_code == 0, done.output
    rows = json.loads(run(*question, "--json").stdout)
    assert rows
    assert max(map(len, done.stdout.splitlines())) > 20
    assert "author_key" not in rows[0]
    header, *body = done.stdout.splitlines()
    assert set(header.split()) <= set(rows[0])
    assert len(body) > len(rows)  # a rule stands below the header


@pytest.mark.usefixtures("study")
def test_commands_answer_as_the_corpus_does(corpus: Corpus) -> None:
    carers = "role = 'carers'"
    for arguments, expected in (
        (["collocates", "we", "--side", "left"], corpus.collocates("we", side="left")),
        (["trend", "we", "--bin", "week"], corpus.trend("we", bin="week")),
        (["dispersion", "we", "--where", carers], corpus.dispersion("we", within=carers)),
        (["ngrams", "3", "--least", "2", "--most", "9"], corpus.ngrams(3, least=2).slice(0, 9)),
        (
            [
                "keyness",
                "--where",
                carers,
                "--against-where",
                "role = 'service_users'",
                "--draws",
                "100",
            ],
            corpus.keyness(carers, "role = 'service_users'", draws=100),
        ),
        (
            ["shift", "we", *PERIODS, "--least", "2"],
            corpus.shift("we", ("2026-01-01", "2026-02-01"), ("2026-04-01", "2026-06-01"), least=2),
        ),
    ):
        rows = json.loads(run(*arguments, "--json").stdout)
        assert [list(row) for row in rows] == [expected.column_names] * expected.num_rows
        key = expected.column_names[0]
        assert [row[key] for row in rows] == [_plain(v) for v in expected[key].to_pylist()]


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


@pytest.mark.usefixtures("study")
def test_both_figures_are_said_and_a_switch_chooses(corpus: Corpus) -> None:
    (counts,) = corpus.count("support").to_pylist()
    done = run("kwic", "support", "--lines", "5000", "--json")
    assert f"{counts['n_hits']:,} hits in {counts['n_posts']:,} posts" in done.stderr
    assert f"{counts['n_hits_with_duplicates']:,} in" in done.stderr
    assert len(json.loads(done.stdout)) == counts["n_hits"]
    with_copies = run("kwic", "support", "--lines", "5000", "--json", "--duplicates")
    assert len(json.loads(with_copies.stdout)) == counts["n_hits_with_duplicates"]


@pytest.mark.usefixtures("study")
def test_what_is_not_there_is_said_with_what_is_near() -> None:
    alike = run("kwic", "suport")
    assert alike.exit_code == 0
    assert "No released post has that word; did you mean support?" in alike.stderr
    strange = run("collocates", "coproduction")
    assert "a pattern such as copr*" in strange.stderr
    elsewhere = run("trend", "we", "--where", "role = 'nobody'")
    assert "No released post of this selection has that word; others have it." in elsewhere.stderr
    query = run("kwic", '"peer" "coproduction"')
    assert "has a match of that query" in query.stderr
    rare = run("collocates", "peer", "--least", "10000")
    assert "--least asks for fewer" in rare.stderr
    assert "--least shows rarer ones" in run("ngrams", "6", "--least", "10000").stderr
    assert "No released post is in that conversation." in run("thread", "99999").stderr


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["kwic", "peer", "--where", "colour = 'red'"], "colour"),
        (["kwic", "peer", "--where", "author_key = 'x'"], "no query is about one person"),
        (["kwic", "peer", "--corpus", "nobody"], "no sub-corpus nobody is saved"),
        (["kwic", "*"], "every word fits"),
        (["kwic", " "], "there is nothing to look for"),
        (["kwic", "peer", "--seed", str(2**63)], "--seed"),
        (["kwic", "peer", "--width", str(10**20)], "--width"),
        (["sql", "SELECT 1", "--limit", str(10**20)], "--limit"),
        (["kwic", "peer", "--to", " "], "name the person who gets the file"),
        (["kwic", "peer", "--to", "Dr A\nDr B"], "name the person who gets the file"),
        (["kwic", "peer", "--to", "Dr A", "--json"], "a file for somebody is CSV"),
        (["collocates", "peer", "--span", str(10**20)], "--span"),
        (["keyness", "--where", "role = 'carers'", "--draws", "5"], "--draws 5 are too few"),
        (["kwic", '"peer" ['], "query, column"),
        (["kwic", "peer", "--sort", "sideways"], "sideways"),
        (["kwic", "peer", "--spread", "hour"], "week, month, year"),
        (["kwic", "peer", "--spread", "year", "--posts", "2"], "leave one out"),
        (["kwic", "peer", "--names"], "say with --to who gets it"),
        (["collocates", "peer", "--order", "strength"], "log_dice, mi3, log_likelihood"),
        (["collocates", "peer", "--side", "up"], "both, left, right"),
        (["keyness"], "--where or --corpus whose words"),
        (["keyness", "--where", "true"], "both need some"),
        (["keyness", "--where", "post_id = 1"], "of the target are of one person"),
        (["trend", "peer", "--bin", "hour"], "week, month, year"),
        (["shift", "peer", "then", "now"], "write a year"),
        (["shift", "peer", "2027", "2026"], "not an earlier and a later"),
        (["thread"], "by its thread_id or by --post"),
        (["ngrams", "9"], "6"),
    ],
)
def test_wrong_use_ends_with_two_and_says_what_to_write(arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output


def test_times_are_years_months_days_or_from_one_to_another() -> None:
    assert days_of("2019") == (date(2019, 1, 1), date(2020, 1, 1))
    assert days_of("2019-12") == (date(2019, 12, 1), date(2020, 1, 1))
    assert days_of("2024-02-29") == (date(2024, 2, 29), date(2024, 3, 1))
    assert days_of("2019-03..2020") == (date(2019, 3, 1), date(2021, 1, 1))
    for time in ("", "2019-13", "2019-02-30", "19", "2020..2019", "..2019", "0000", "9999"):
        with pytest.raises(TimeRefused):
            days_of(time)


# Sub-corpora


@pytest.fixture
def own(release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A study that `valuetalk init` made, with the invented release."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("VALUETALK_HOME", str(tmp_path / "study"))
    monkeypatch.delenv("VALUETALK_KEY_FILE", raising=False)
    made = run("init", "--name", "A study", "--contact", "study@example.org")
    assert made.exit_code == 0, made.output
    home = Home(tmp_path / "study")
    held = release.home.controlled / "discourse.duckdb"
    (home.controlled / "discourse.duckdb").write_bytes(held.read_bytes())
    return home


def test_a_sub_corpus_is_saved_shown_asked_and_removed(own: Home, release: Release) -> None:
    where = "role = 'carers' AND country = 'GB'"
    saved = run("corpus", "save", "carers", "--where", where, "--note", "respite", "--json")
    assert saved.exit_code == 0, saved.output
    shown = json.loads(run("corpus", "show", "carers", "--json").stdout)
    assert shown == json.loads(saved.stdout)
    assert shown["sha256"] == sha256_of(shown["definition"])
    posts = release.spoken("carers")
    assert (shown["n_posts"], shown["n_communities"], shown["note"]) == (len(posts), 1, "respite")
    held = [post for post in release.posts if post.community == "carers"]
    out = shown["left_out_automated"] + shown["left_out_duplicates"]
    assert out == len(held) - len(posts) > 0
    listed = run("corpus", "list")
    assert "carers" in listed.stdout
    assert shown["sha256"][:12] in listed.stdout
    lines = json.loads(run("kwic", "we", "--lines", "9999", "--corpus", "carers", "--json").stdout)
    assert {line["community"] for line in lines} == {"carers"}
    both = run("kwic", "we", "--corpus", "carers", "--where", "role = 'service_users'")
    assert "No released post of this selection has that word" in both.stderr
    assert "n_posts" in run("corpus", "show", "carers").stdout
    removed = run("corpus", "remove", "carers")
    assert "no longer saved" in removed.stdout
    assert read_subcorpora(own) == {}
    assert "'valuetalk corpus save' saves one" in run("corpus", "list").stderr


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    "arguments",
    [
        ["save", "carers", "--where", "colour = 'red'"],
        ["save", "carers", "--where", "author_key = 'x'"],
        ["save", "Carers!", "--where", "role = 'carers'"],
        ["save", "carers"],
        ["save", "carers", "--where", " "],
        ["show", "carers"],
        ["remove", "carers"],
    ],
)
def test_a_sub_corpus_that_cannot_be_is_wrong_use(arguments: list[str]) -> None:
    assert run("corpus", *arguments).exit_code == 2
    assert run("corpus", "list", "--json").stdout.strip() == "[]"


@pytest.mark.usefixtures("study")
def test_an_order_or_times_that_cannot_be_are_refused_before_anything_is_counted() -> None:
    for arguments in (["kwic", "peer", "--sort", "sideways"], ["shift", "peer", "2027", "2026"]):
        assert " hits in " not in run(*arguments).stderr


@pytest.mark.usefixtures("study")
def test_both_sides_of_a_contrast_are_told_in_counts(corpus: Corpus) -> None:
    sizes = [
        corpus.sizes(where)["n_words"][0].as_py()
        for where in ("community = 'carers'", "community <> 'carers'")
    ]
    done = run("keyness", "--where", "community = 'carers'", "--draws", "0")
    assert [line.split(" words")[0] for line in done.stderr.splitlines()] == [
        f"Target: {sizes[0]:,}",
        f"Rest: {sizes[1]:,}",
    ]


ENDLESS = "SELECT sum(hash(range)) FROM range(100000000000000)"


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize("where", ["in the database", "outside of it"])
def test_ctrl_c_ends_a_question_in_one_sentence(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(corpus: Corpus, *_: object, **__: object) -> None:
        if where == "outside of it":
            raise KeyboardInterrupt
        threading.Timer(0.1, signal.raise_signal, [signal.SIGINT]).start()
        corpus.connection.execute(ENDLESS)

    monkeypatch.setattr(Corpus, "ngrams", interrupted)
    done = run("ngrams", "2")
    assert done.exit_code == 1
    assert done.stderr == "valuetalk: the question was stopped; it has changed nothing\n"


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (duckdb.OutOfMemoryException("Out of Memory Error: of 9 posts"), "more memory than it may"),
        (duckdb.IOException("IO Error: Corrupt database file"), "discourse.duckdb is damaged"),
    ],
)
def test_what_the_database_cannot_do_is_said_in_one_sentence(
    error: duckdb.Error, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Corpus, "dispersion", failing)
    done = run("dispersion", "peer")
    assert done.exit_code == 1
    assert said in done.stderr
    assert "9 posts" not in done.output


@pytest.mark.usefixtures("own")
def test_two_sub_corpora_are_compared_by_name(release: Release) -> None:
    run("corpus", "save", "carers", "--where", "role = 'carers'")
    run("corpus", "save", "peers", "--where", "role = 'service_users'")
    done = run("keyness", "--corpus", "carers", "--against", "peers", "--draws", "0")
    assert done.exit_code == 0, done.output
    assert "service" in done.stdout
    (target, *_) = done.stderr.splitlines()
    posts = [post for post in release.posts if post.community == "carers" and not post.automated]
    n_copies = sum(post.duplicate for post in posts)
    assert target.startswith(f"Target: {sum(len(p.words) for p in posts if p.counts):,} words in")
    assert target.endswith(f"; {n_copies} copies of texts are left out.")
    assert "Reference: " in done.stderr


def test_publishing_enters_what_is_saved(own: Home) -> None:
    run("corpus", "save", "carers", "--where", "role = 'carers'")
    with open_study(own.root).warehouse() as warehouse:
        enter_subcorpora(warehouse, own)
        publish_controlled(warehouse.connection, own)
    with Corpus.open(own.controlled) as alone:
        (found,) = alone.subcorpora().values()
        assert found.definition == read_subcorpora(own)["carers"].definition
        assert alone.population(saved="carers").where == found.definition
        told = "SELECT name, sha256 = sha256(definition) FROM subcorpora"
        assert alone.connection.execute(told).fetchall() == [("carers", True)]


def test_what_is_given_to_a_person_is_whole_and_recorded(own: Home) -> None:
    done = run("collocates", "we", "--where", "role = 'carers'", "--to", "Dr A", "--no-names")
    assert done.exit_code == 0, done.output
    (path,) = own.exports.iterdir()
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert "expected" in rows[0]
    with open_study(own.root).warehouse() as warehouse:
        (row,) = warehouse.query("SELECT who, what, n_rows FROM exports").to_pylist()
    assert row["who"] == "Dr A"
    assert row["what"] == "collocates we --where role = 'carers'"
    assert row["n_rows"] == len(rows)

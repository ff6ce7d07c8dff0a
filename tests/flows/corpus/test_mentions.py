"""No answer of the corpus is about one person, and none shows a pseudonym."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from analysis.corpus.bundles import BundleRule
from flows.corpus import Corpus
from flows.corpus.mentions import PersonRefused
from flows.corpus.subcorpora import save_subcorpus
from tests.flows.corpus.conftest import run
from tests.warehouse.invented import FEBRUARY, JANUARY, Study, author
from warehouse.home import Home
from warehouse.release.controlled import publish_controlled

MAGDA, ALEX = author(1), author(2)
TEXT = f"thank you author_{MAGDA} and author_{ALEX} for the kind support"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("mentions"))
    home.create()
    study = Study()
    for month in (JANUARY, FEBRUARY):
        study.add_posts(12, text=TEXT, authors=4, threads=6, month=month, community="peers")
        study.add_posts(12, text="we wait for the kind support", month=month, community="carers")
    study.add_posts(1, text="hello", authors=lambda _: MAGDA, threads=1, community="peers")
    study.sql("UPDATE posts SET thread_id = 1 WHERE post_id IN (1, 49)")
    study.index()
    publish_controlled(study.connection, home)
    return home


@pytest.fixture
def corpus(home: Home) -> Iterator[Corpus]:
    with Corpus.open(home.root) as corpus:
        yield corpus


TIMES = ("2026-01-01", "2026-02-01"), ("2026-02-01", "2026-03-01")
ANSWERS = {
    "kwic": lambda corpus: corpus.kwic("thank"),
    "kwic of a query": lambda corpus: corpus.kwic('"you" [] "and"'),
    "sample": lambda corpus: corpus.sample("thank"),
    "thread": lambda corpus: corpus.thread(1),
    "collocates": lambda corpus: corpus.collocates("thank", least=1),
    "shift": lambda corpus: corpus.shift("thank", *TIMES, least=1),
    "keyness": lambda corpus: corpus.keyness("community = 'peers'", least=1, draws=0),
    "ngrams": lambda corpus: corpus.ngrams(3, least=1),
    "bundles": lambda corpus: corpus.bundles(rule=BundleRule(per_million=1, min_posts=1)),
    "near spellings": lambda corpus: corpus.near_spellings(f"author_{author(3)}"),
}


@pytest.mark.parametrize("question", ANSWERS)
def test_no_answer_shows_a_pseudonym(corpus: Corpus, question: str) -> None:
    answer: Any = ANSWERS[question](corpus)
    said = repr(answer if isinstance(answer, list) else answer.to_pylist())
    assert MAGDA not in said
    assert ALEX not in said
    assert isinstance(answer, list) or answer.num_rows > 0


def test_lines_show_somebody_and_conversations_who_is_meant(corpus: Corpus) -> None:
    line = corpus.kwic("you", width=3).to_pylist()[0]
    assert line["right_context"] == "@somebody and @somebody"
    texts = {row["post_id"]: row for row in corpus.thread(1).to_pylist()}
    (own,) = (row["voice"] for row in texts.values() if row["text"] == "hello")
    assert texts[1]["text"] == f"thank you @{own} and @somebody for the kind support"
    key = [row["word"] for row in corpus.keyness("community = 'peers'", draws=0).to_pylist()]
    assert {"thank", "you", "and"} <= set(key)


@pytest.mark.parametrize("node", [f"author_{MAGDA}", "AUTHOR_*", f'"author_{MAGDA[:5]}.*" "and"'])
def test_nobody_can_be_looked_for(corpus: Corpus, node: str) -> None:
    for ask in (corpus.kwic, corpus.count, corpus.collocates, corpus.trend, corpus.dispersion):
        with pytest.raises(PersonRefused, match="about one person"):
            ask(node)
    with pytest.raises(PersonRefused):
        corpus.query(node)


def test_no_selection_of_posts_names_somebody(corpus: Corpus, home: Home) -> None:
    condition = f"contains(own_text, 'author_{MAGDA}')"
    for ask in (corpus.population, corpus.sizes, lambda where: corpus.kwic("and", within=where)):
        with pytest.raises(PersonRefused):
            ask(condition)
    with pytest.raises(PersonRefused):
        save_subcorpus(home, "magda", where=condition, now=datetime(2026, 1, 5, tzinfo=UTC))
    assert corpus.subcorpora() == {}


def test_the_command_refuses_alike(home: Home, tmp_path: Path) -> None:
    home.settings_file.write_text("# stands for a study's settings\n")
    environ = {"VALUETALK_HOME": str(home.root), "XDG_CONFIG_HOME": str(tmp_path)}
    for command in ("kwic", "query", "trend"):
        done = run(command, f"author_{MAGDA}", **environ)
        assert done.exit_code == 2
        assert "no question is about one person" in done.stderr

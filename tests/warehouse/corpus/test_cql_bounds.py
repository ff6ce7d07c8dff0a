"""What a query stays within: posts, populations, repeats, steps, and room."""

from pathlib import Path
from typing import cast

import duckdb
import pytest

from tests.warehouse.invented import Study
from warehouse.corpus.cql import CqlError, by_post, compiler, count, find
from warehouse.corpus.cql.parser import MOST_GROUPS, MOST_WORDS
from warehouse.corpus.lines import read_lines
from warehouse.corpus.population import Population

DOCUMENTED = (Path(__file__).resolve().parents[3] / "docs" / "corpus.md").read_text("utf-8")


def study_of(*texts: str) -> Study:
    study = Study()
    for text in texts:
        study.add_posts(1, text=text)
    study.index()
    return study


def nodes(study: Study, query: str) -> list[str]:
    lines = read_lines(study.connection, find(study.connection, query))
    return [str(node) for node in lines.column("node").to_pylist()]


def test_no_match_leaves_its_post() -> None:
    study = study_of("we wait", "for help", "", "we wait for help")
    assert nodes(study, '"wait" []{0,9} "help"') == ["wait for help"]
    assert nodes(study, '(?longest) []* "wait" []*') == ["we wait", "we wait for help"]
    assert nodes(study, '(?longest) [word!="help"]* "wait" [word!="we"]*') == [
        *("we wait", "we wait for help")
    ]
    assert nodes(study, '"wait" []') == ["wait for"]
    assert nodes(study, '[] "for"') == ["wait for"]
    assert nodes(study, '"wait" [word!="of"]') == ["wait for"]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("standard", ["very good", "good"]),
        ("shortest", ["good", "good"]),
        ("longest", ["very good good"]),
        ("traditional", ["very good", "good", "good"]),
    ],
)
def test_strategies_choose_as_the_documentation_shows(strategy: str, expected: list[str]) -> None:
    study = study_of("very good good")
    query = '"very"? "good"+'
    assert nodes(study, f"(?{strategy}) {query}") == expected
    shown = ", ".join(f"*{node}*" for node in expected)
    (row,) = [line for line in DOCUMENTED.splitlines() if line.startswith(f"| `{strategy}` |")]
    assert row.endswith(f"| {shown} |")
    assert f"`{query}` in *very good good*" in DOCUMENTED


def test_queries_of_the_documentation_can_be_read() -> None:
    shown = DOCUMENTED.partition("```cql\n")[2].partition("```")[0].splitlines()
    assert len(shown) > 5
    study = study_of("we wait")
    for query in shown:
        assert count(study.connection, query).hits == 0


def test_help_thrice_holds_help_twice_two_times() -> None:
    assert nodes(study_of("help help help"), '"help" "help"') == ["help help"] * 2


def test_an_edited_post_is_found_by_what_it_says_now() -> None:
    study = study_of("we wait for help", "we wait again")
    study.sql(
        "UPDATE posts SET own_text = 'help came', revision = 2, n_words = NULL WHERE post_id = 1"
    )
    study.index()
    assert nodes(study, '"we" "wait"') == ["we wait"]
    assert nodes(study, '"help" []*') == ["help"]


def test_posts_of_programs_and_copies_do_not_count_unless_they_are_asked_for() -> None:
    study = study_of("value for money")
    study.add_posts(2, text="value for money", duplicate_of=1)
    study.add_posts(4, text="value for money", automated=True)
    study.index()
    for population, posts in (
        (None, 1),
        (Population(include_duplicates=True), 3),
        (Population(include_automated=True), 5),
        (Population(include_duplicates=True, where="post_id > 1"), 2),
    ):
        found = count(study.connection, "value for money", population=population)
        assert (found.hits, found.posts) == (posts, posts)
        assert by_post(study.connection, "money", population=population).num_rows == posts


def test_repeats_without_an_end_reach_a_stated_number_of_times() -> None:
    study = study_of(
        "value " + "very " * MOST_WORDS + "good",
        "value " + "very " * (MOST_WORDS + 1) + "good",
        "now " + "so much " * MOST_GROUPS + "more",
        "now " + "so much " * (MOST_GROUPS + 1) + "more",
    )
    for gap in ("[]*", "[]+", '"very"*', '[word!="good"]{1,}'):
        assert count(study.connection, f'"value" {gap} "good"').hits == 1
    assert count(study.connection, '"now" ("so" "much")* "more"').hits == 1


def test_a_query_that_would_take_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_of("we wait for help " * 20)
    wide = '("wait" [] "help")+ []{0,30} "wait"'
    assert count(study.connection, wide).hits > 0
    for bound, most, sentence in (
        ("MOST_STEPS", 10, "takes more than 10 steps when its repeated groups are written out"),
        ("MOST_VISITED", 100, "visit 0 million places"),
        ("MOST_HELD", 10, "hold 0 million places"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(compiler, bound, most)
            with pytest.raises(CqlError, match=sentence):
                find(study.connection, wide)


class Cramped:
    """A connection that has room for everything but hits."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def execute(self, sql: str, *values: object) -> duckdb.DuckDBPyConnection:
        if sql.startswith("WITH"):
            raise duckdb.OutOfMemoryException("could not allocate block")
        return self.connection.execute(sql, *values)


def test_a_query_that_memory_does_not_hold_says_so() -> None:
    study = study_of("we wait for help")
    cramped = cast("duckdb.DuckDBPyConnection", Cramped(study.connection))
    with pytest.raises(CqlError, match="more memory than it may take"):
        find(cramped, '"we" []{0,90} "help"')


def test_an_empty_corpus_and_unknown_words_give_no_hits() -> None:
    empty = study_of("")
    assert find(empty.connection, '"we" []{0,3} "help"').schema.names == [
        *("post_id", "first_g", "n_tokens")
    ]
    study = study_of("we wait for help")
    for query in (
        '"nobody"',
        '"we" "nobody"',
        '"nobody"* "we" "nobody"',
        '("nobody" | "nothing")+',
    ):
        assert count(study.connection, query).hits == 0
    assert nodes(study, '"nobody"? "help"') == ["help"]
    assert nodes(study, '[word!="nobody"] "help"') == ["for help"]

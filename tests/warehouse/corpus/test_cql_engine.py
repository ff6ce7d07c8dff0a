"""Hits of queries against Python's regular expressions over 2,000 invented posts."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.warehouse.corpus.invented_queries import LETTERS, Made, chosen, patterns, spans
from tests.warehouse.invented import Study
from warehouse.corpus.concordance import kwic
from warehouse.corpus.cql import (
    CqlError,
    HitCounts,
    Strategy,
    by_post,
    compile_query,
    count,
    draw,
    engine,
    find,
)
from warehouse.corpus.lines import read_lines
from warehouse.corpus.population import Population

STRATEGIES: tuple[Strategy, ...] = ("standard", "shortest", "longest", "traditional")
BATCHES, POSTS_A_BATCH = 4, 500

Hits = set[tuple[int, int, int]]


@dataclass
class Talk:
    """A study and its posts as strings of letters."""

    study: Study = field(default_factory=Study)
    posts: dict[int, str] = field(default_factory=dict, repr=False)

    def say(self, *texts: str, community: str = "carers") -> None:
        """Add posts; `index` is still to be called."""
        ids = self.study.add_posts(len(texts), community=community)
        said = dict(zip(ids, texts, strict=True))
        given_texts = pa.table({"id": ids, "said": list(texts)})
        self.study.connection.register("said", given_texts)
        self.study.sql("UPDATE posts SET own_text = said FROM said WHERE post_id = id")
        self.study.connection.unregister("said")
        self.posts |= {
            post_id: "".join(LETTERS.get(word, "-") for word in text.split())
            for post_id, text in said.items()
        }

    def hits(self, query: str, **options: object) -> Hits:
        """Return post, position within it and number of words of every hit."""
        found = find(self.study.connection, query, **options)  # type: ignore[arg-type]
        firsts = dict(self.study.sql("SELECT post_id, first_g FROM token_posts"))
        rows = found.to_pylist()
        hits = {
            (row["post_id"], row["first_g"] - firsts[row["post_id"]], row["n_tokens"])
            for row in rows
        }
        assert len(hits) == len(rows)
        return hits

    def by_hand(self, letters: str, strategy: str) -> Hits:
        """Return the same by Python's regular expressions."""
        kept = {post: chosen(spans(letters, post), strategy) for post in set(self.posts.values())}
        return {(i, a, b - a) for i, post in self.posts.items() for a, b in kept[post]}


def invented_text(rng: random.Random) -> str:
    """Return up to nine words, of which some are frequent."""
    return " ".join(rng.choices(list(LETTERS), weights=(1, 3, 1, 2, 6, 3), k=rng.randrange(10)))


@pytest.fixture(scope="module")
def talk() -> Talk:
    talk = Talk()
    rng = random.Random(9)
    for batch in range(BATCHES):
        texts = [invented_text(rng) for _ in range(POSTS_A_BATCH)]
        talk.say(*texts, community=("carers", "board")[batch % 2])
        talk.study.index()
    return talk


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(made=patterns, strategy=st.sampled_from(STRATEGIES), looked_up=st.booleans())
def test_hits_are_those_of_regular_expressions(
    talk: Talk, made: Made, strategy: Strategy, looked_up: bool
) -> None:
    with mock.patch.object(engine, "_POSTS_A_LOOK_UP", 1 if looked_up else 10_000):
        hold(talk, made, strategy)


@pytest.mark.slow
@settings(max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=patterns, strategy=st.sampled_from(STRATEGIES), looked_up=st.booleans())
def test_hits_of_many_queries_are_those_of_regular_expressions(
    talk: Talk, made: Made, strategy: Strategy, looked_up: bool
) -> None:
    with mock.patch.object(engine, "_POSTS_A_LOOK_UP", 1 if looked_up else 10_000):
        hold(talk, made, strategy)


def hold(talk: Talk, made: Made, strategy: Strategy) -> None:
    """Compare with brute force; a query is refused where a match needs none of its words."""
    if any(made.unnamed):
        with pytest.raises(CqlError, match="need not hold any word"):
            talk.hits(made.cql, strategy=strategy)
        return
    try:
        hits = talk.hits(made.cql, strategy=strategy)
    except CqlError as error:
        assume("takes more than" not in str(error))
        raise
    assert hits == talk.by_hand(made.letters, strategy)


def test_a_sample_is_drawn_by_the_seed_from_all_hits(talk: Talk) -> None:
    every = talk.hits('"we"+ "care"')
    first = talk.hits('"we"+ "care"', sample=20, seed=4)
    assert len(first) == 20
    assert first < every
    assert talk.hits('"we"+ "care"', sample=20, seed=4) == first
    assert talk.hits('"we"+ "care"', sample=20, seed=5) != first
    assert first < talk.hits('"we"+ "care"', sample=30, seed=4)
    assert talk.hits('"we"+ "care"', sample=100_000) == every


def test_a_sample_of_a_word_is_that_of_its_concordance(talk: Talk) -> None:
    drawn = find(talk.study.connection, '"help"', sample=25, seed=7)
    lines = kwic(talk.study.connection, "help", lines=25, seed=7)
    assert drawn.column("post_id").to_pylist() == lines.column("post_id").to_pylist()
    read = read_lines(talk.study.connection, drawn)
    assert read.column("left_context").to_pylist() == lines.column("left_context").to_pylist()


def test_a_draw_tells_what_it_is_a_sample_of() -> None:
    study = Study()
    study.add_posts(30, text="we wait and wait", community="carers")
    study.add_posts(20, text="we wait and wait", duplicate_of=1)
    study.index()
    for population, once in ((None, 30), (Population(include_duplicates=True), 50)):
        options: dict[str, Any] = {"population": population, "sample": 12, "seed": 3}
        drawn = draw(study.connection, '"wait"', **options)
        assert drawn.counts == HitCounts(hits=2 * once, posts=once)
        assert drawn.with_duplicates == HitCounts(hits=100, posts=50)
        in_place = drawn.hits.sort_by([("post_id", "ascending"), ("first_g", "ascending")])
        assert in_place != drawn.hits
        assert in_place == find(study.connection, '"wait"', **options)


def test_hits_are_counted_in_all_and_by_post(talk: Talk) -> None:
    found = find(talk.study.connection, '"we" []{0,2} "care"').to_pylist()
    each = Counter(row["post_id"] for row in found)
    counted = by_post(talk.study.connection, '"we" []{0,2} "care"')
    assert counted.to_pydict() == {
        "post_id": sorted(each),
        "n_hits": [each[i] for i in sorted(each)],
    }
    expected = HitCounts(hits=len(found), posts=len(each))
    assert count(talk.study.connection, '"we" []{0,2} "care"') == expected


def test_a_population_bounds_the_hits(talk: Talk) -> None:
    board = talk.hits('"we"* "care"', population=Population(where="community = 'board'"))
    of = dict(talk.study.sql("SELECT post_id, community FROM posts"))
    assert board == {hit for hit in talk.hits('"we"* "care"') if of[hit[0]] == "board"}
    assert board


def test_the_statement_alone_gives_the_hits(talk: Talk) -> None:
    query = '(?longest) ("we" | "wait")+ []? "care"'
    rows = talk.study.sql(compile_query(talk.study.connection, query))
    assert {(post_id, position, n) for post_id, _, n, position in rows} == talk.hits(query)
    assert talk.hits(query) == talk.hits(query.partition(")")[2], strategy="longest")
    assert talk.hits(query, strategy="shortest") == talk.hits(query)

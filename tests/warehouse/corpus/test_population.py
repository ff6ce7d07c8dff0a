"""Populations against choosing posts by hand, and what is refused."""

from collections.abc import Callable
from datetime import date

import duckdb
import pytest

from tests.warehouse.corpus.talk import Said, Talk
from warehouse.corpus.conditions import INCONSTANT
from warehouse.corpus.population import (
    CONDITION_COLUMNS,
    Population,
    PopulationRefused,
    equal_to,
    population_posts,
    post_places,
)

CONDITIONS: list[tuple[str, Callable[[Said], bool]]] = [
    ("", lambda _: True),
    (
        "community = 'carers' OR source = 'list'",
        lambda p: p.community == "carers" or p.source == "list",
    ),
    ("posts.kind = 'post' -- the first of each", lambda p: p.kind == "post"),
    ("country = 'gb'", lambda p: p.source == "forum"),
    (
        "country IS NULL AND role = 'carers'",
        lambda p: (p.source, p.community) == ("blog", "carers"),
    ),
    ("list_contains(tags, 'forum')", lambda p: p.source == "forum"),
    ("'list' IN tags", lambda p: p.source == "list"),
    ("month = DATE '2025-12-01'", lambda p: (p.created_at.year, p.created_at.month) == (2025, 12)),
    ("day = '2025-11-30'", lambda p: p.created_at.date() == date(2025, 11, 30)),
    ("week = '2025-12-01'", lambda p: p.created_at.isocalendar()[:2] == (2025, 49)),
    ("year > 2025 AND language IS NULL", lambda p: p.created_at.year > 2025 and p.language is None),
    ("topic_id = 2", lambda p: p.post_id % 3 > 0 and p.post_id % 5 == 2),
    ("topic_id IS NULL", lambda p: p.post_id % 3 == 0),
    ("'contestation' IN frames", lambda p: p.post_id * 7 % 10 >= 5),
    ("len(frames) = 2", lambda p: p.post_id * 7 % 10 >= 5 and p.post_id % 2 == 0),
    ("frames = []", lambda p: p.post_id * 7 % 10 < 5),
    ("own_text LIKE '%tribunal%'", lambda p: "tribunal" in p.words),
    ("n_words BETWEEN 3 AND 5", lambda p: 3 <= len(p.words) <= 5),
    ("true", lambda _: True),
    ("false", lambda _: False),
    (
        "COMMUNITY = 'carers' AND Posts.Year = 2025",
        lambda p: p.community == "carers" and p.created_at.year == 2025,
    ),
    ("len(list_filter(TAGS, t -> t = 'list')) = 1", lambda p: p.source == "list"),
    ("parent_id IS NULL) OR (thread_id < 5", lambda p: p.parent_id is None or p.thread_id < 5),
]


@pytest.mark.parametrize(("where", "keep"), CONDITIONS, ids=[where for where, _ in CONDITIONS])
def test_a_condition_chooses_posts(talk: Talk, where: str, keep: Callable[[Said], bool]) -> None:
    posts = population_posts(talk.connection, Population(where=where))
    assert posts.tolist() == [post.post_id for post in talk.spoken(keep)]
    assert len(posts) > 5 or where == "false"


@pytest.mark.parametrize("duplicates", [False, True])
@pytest.mark.parametrize("automated", [False, True])
def test_copies_and_programs_are_included_on_request(
    talk: Talk, duplicates: bool, automated: bool
) -> None:
    wanted = Population(include_duplicates=duplicates, include_automated=automated)
    expected = [
        post.post_id
        for post in talk.posts
        if post.words
        and (duplicates or post.duplicate_of is None)
        and (automated or not post.automated)
    ]
    assert population_posts(talk.connection, wanted).tolist() == expected


REFUSED = [
    ("community = ", "not SQL"),
    ("true; DROP TABLE posts", "not SQL"),
    ("post_id IN (SELECT post_id FROM posts)", "subquery"),
    ("EXISTS (FROM read_text('/etc/hostname'))", "subquery"),
    ("true) UNION ALL (SELECT 1", "more than one expression"),
    ("true) AS a, (true", "more than one expression"),
    ("post_id = $post", "parameter"),
    ("post_id = ?", "parameter"),
    ("count(*) OVER () > 3", "window"),
    ("COLUMNS(*) IS NOT NULL", "star"),
    ("random() < 0.5", "random"),
    ("created_at > now()", "now"),
    ("created_at > current_date", "cannot name current_date"),
    ("author_key = 'abc'", "no query is about one person"),
    ("posts.author_key IS NULL", "cannot name author_key"),
    ("AUTHOR_KEY LIKE 'a%'", "cannot name author_key"),
    ("posts.\"author_KEY\" > 'a'", "cannot name author_key"),
    ("colour = 'red'", "colour"),
    ("count(*) > 3", "cannot be read"),
    ("community", "VARCHAR, not true or false"),
    ("community, kind", "not true or false"),
    ("own_text::INTEGER > 3", "cannot be read"),
    ("true) LIMIT (5", "more than one expression"),
    ("true) ORDER BY (created_at", "more than one expression"),
    ("true) FROM posts WHERE (true", "more than one expression"),
    ("posts.no_column = 1", "no_column"),
    ("getenv('HOME') = 'x'", "getenv"),
    ("list_filter(tags, t -> t = author_key) = []", "author_key"),
    ("revision = 1", "revision"),
    ("unnest(tags) = 'forum'", "cannot be read"),
]


@pytest.mark.parametrize(("where", "said"), REFUSED, ids=[where for where, _ in REFUSED])
def test_what_is_no_condition_on_a_post_is_refused(talk: Talk, where: str, said: str) -> None:
    with pytest.raises(PopulationRefused, match=said):
        population_posts(talk.connection, Population(where=where))


def test_every_function_that_changes_by_itself_is_known(talk: Talk) -> None:
    rows = talk.connection.execute(
        "SELECT DISTINCT lower(function_name) FROM duckdb_functions()"
        " WHERE function_type = 'scalar' AND stability <> 'CONSISTENT'"
    ).fetchall()
    assert {name for (name,) in rows} <= INCONSTANT


def test_every_column_that_a_condition_may_name_can_be_named(talk: Talk) -> None:
    for name in CONDITION_COLUMNS:
        wanted = Population(where=f"{name} IS NULL OR {name} IS NOT NULL")
        assert len(population_posts(talk.connection, wanted)) == len(talk.spoken())


def test_places_are_those_of_the_posts(talk: Talk) -> None:
    places = post_places(talk.connection, Population(where="source = 'blog'"))
    kept = talk.spoken(lambda post: post.source == "blog")
    assert sorted(places.post_ids.tolist()) == [post.post_id for post in kept]
    assert dict(zip(places.post_ids.tolist(), places.n_tokens.tolist(), strict=True)) == {
        post.post_id: len(post.words) for post in kept
    }
    assert (places.first_g[1:] >= (places.first_g + places.n_tokens)[:-1]).all()


def test_values_are_quoted() -> None:
    assert equal_to(source="o'clock", community=None, kind="post") == (
        "source = 'o''clock' AND kind = 'post'"
    )
    assert equal_to(source=None) == ""
    with duckdb.connect() as connection:
        row = connection.execute(
            f"SELECT {equal_to(source=chr(39) * 3)}, FROM (SELECT '''''''' AS source)"
        )
        assert row.fetchone() == (True,)

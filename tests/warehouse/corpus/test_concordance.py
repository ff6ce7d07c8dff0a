"""Concordance lines against a search by hand."""

from collections import Counter
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

import pyarrow as pa
import pytest

from tests.warehouse.corpus.talk import RARE, Said, Talk
from warehouse.corpus.concordance import SortRefused, kwic
from warehouse.corpus.population import Population

ALL = 100_000
Line = tuple[int, str, str, str]


def by_hand(posts: Iterable[Said], fits: Callable[[str], bool], *, width: int = 8) -> list[Line]:
    """Return the lines of every place whose word fits, post after post."""
    lines = []
    for post in posts:
        for place, word in enumerate(post.words):
            if fits(word):
                left = post.words[max(0, place - width) : place]
                right = post.words[place + 1 : place + 1 + width]
                lines.append((post.post_id, " ".join(left), word, " ".join(right)))
    return lines


def lines_of(table: pa.Table) -> list[Line]:
    names = ("post_id", "left_context", "node", "right_context")
    return list(zip(*(table.column(name).to_pylist() for name in names), strict=True))


@pytest.mark.parametrize("width", [0, 1, 8, 50])
@pytest.mark.parametrize("word", ["ombudsman", "don't", "co-production", RARE[-1]])
def test_every_place_is_found_with_its_context(talk: Talk, word: str, width: int) -> None:
    table = kwic(talk.connection, word, width=width, lines=ALL)
    expected = by_hand(talk.spoken(), word.__eq__, width=width)
    assert len(expected) > 40
    assert lines_of(table) == expected


def test_a_line_tells_where_and_when_its_post_was_written(talk: Talk) -> None:
    table = kwic(talk.connection, "budget", lines=ALL)
    known = {post.post_id: post for post in talk.posts}
    for row in table.to_pylist():
        post = known[row["post_id"]]
        assert (row["source"], row["community"], row["created_at"]) == (
            *(post.source, post.community, post.created_at),
        )


@pytest.mark.parametrize("pattern", ["*e*", "c*-*", "?nd", "#*", "DON*T"])
def test_a_pattern_finds_all_its_words(talk: Talk, pattern: str) -> None:
    table = kwic(talk.connection, pattern, lines=ALL, width=2)
    expected = by_hand(talk.spoken(), lambda word: fnmatchcase(word, pattern.lower()), width=2)
    assert expected
    assert lines_of(table) == expected


def test_a_sample_is_drawn_by_its_seed_and_larger_ones_hold_it(talk: Talk) -> None:
    everything = Counter(lines_of(kwic(talk.connection, "help", lines=ALL)))
    assert everything == Counter(by_hand(talk.spoken(), "help".__eq__))
    first = kwic(talk.connection, "help", lines=20)
    assert first.num_rows == 20
    assert first.equals(kwic(talk.connection, "help", lines=20))
    sample = Counter(lines_of(first))
    assert sample <= Counter(lines_of(kwic(talk.connection, "help", lines=60))) <= everything
    assert sample != Counter(lines_of(kwic(talk.connection, "help", lines=20, seed=1)))


def test_only_the_population_is_drawn_from(talk: Talk) -> None:
    where = "community = 'carers' AND role = 'carers' AND year = 2025"
    table = kwic(talk.connection, "help", lines=ALL, population=Population(where=where))
    kept = talk.spoken(lambda post: post.community == "carers" and post.created_at.year == 2025)
    assert table.num_rows > 100
    assert lines_of(table) == by_hand(kept, "help".__eq__)
    few = kwic(talk.connection, "help", lines=7, population=Population(where=where))
    assert few.num_rows == 7
    assert Counter(lines_of(few)) <= Counter(lines_of(table))


@pytest.mark.parametrize(
    "where", ["true", "thread_id % 40 = 1", "own_text NOT LIKE '%help%help%'", "n_words > 37"]
)
def test_the_lowest_draws_are_taken_however_rare_the_population(talk: Talk, where: str) -> None:
    population = Population(where=where)
    for seed in (0, 7):
        everything = kwic(
            talk.connection, "h*", lines=ALL, seed=seed, sort="random", population=population
        )
        assert everything.num_rows > 25
        for lines in (1, 3, 25):
            drawn = kwic(
                talk.connection, "h*", lines=lines, seed=seed, sort="random", population=population
            )
            assert drawn.equals(everything.slice(0, lines))


def test_copies_and_programs_count_when_they_are_asked_for(talk: Talk) -> None:
    population = Population(include_duplicates=True, include_automated=True)
    table = kwic(talk.connection, "tribunal", lines=ALL, population=population)
    assert lines_of(table) == by_hand(talk.posts, "tribunal".__eq__)
    assert table.num_rows > kwic(talk.connection, "tribunal", lines=ALL).num_rows


def beside(words: str, distance: int) -> str:
    cut = words.split()
    at = distance if distance < 0 else distance - 1
    return cut[at] if abs(distance) <= len(cut) else ""


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("1R,2L", lambda line: (beside(line[3], 1), beside(line[1], -2))),
        ("3l", lambda line: beside(line[1], -3)),
        ("place", lambda line: line[0]),
    ],
)
def test_lines_are_sorted_by_the_words_beside_the_node(
    talk: Talk, sort: str, key: Callable[[Line], object]
) -> None:
    table = kwic(talk.connection, "garden", lines=ALL, sort=sort)
    expected = sorted(by_hand(talk.spoken(), "garden".__eq__), key=key)  # type: ignore[arg-type]
    assert lines_of(table) == expected


def test_lines_are_sorted_by_time_or_left_as_drawn(talk: Talk) -> None:
    by_time = kwic(talk.connection, "garden", lines=50, sort="time")
    times = by_time.column("created_at").to_pylist()
    assert times == sorted(times)
    drawn = kwic(talk.connection, "garden", lines=50, sort="random")
    assert lines_of(drawn)[:9] == lines_of(kwic(talk.connection, "garden", lines=9, sort="random"))
    with pytest.raises(SortRefused, match="1L,2L"):
        kwic(talk.connection, "garden", sort="2X")


def test_a_word_is_found_in_any_case_and_with_a_typographic_apostrophe(talk: Talk) -> None:
    expected = lines_of(kwic(talk.connection, "don't"))
    for typed in ("DON'T", "Don\u2019t", " don't "):
        assert lines_of(kwic(talk.connection, typed)) == expected


def test_an_unknown_word_and_sql_in_a_word_find_nothing(talk: Talk) -> None:
    assert kwic(talk.connection, "nobodysaysthis").num_rows == 0
    assert kwic(talk.connection, "help'; DROP TABLE posts; --").num_rows == 0
    assert kwic(talk.connection, "zz%_\\*").num_rows == 0


def test_a_sample_is_uniform(talk: Talk) -> None:
    n_lines, n_seeds = 10, 150
    everything = kwic(talk.connection, "allotment", lines=ALL, width=0)
    places = everything.num_rows
    drawn: Counter[int] = Counter()
    for seed in range(n_seeds):
        table = kwic(talk.connection, "allotment", lines=n_lines, seed=seed, width=0)
        drawn.update(table.column("post_id").to_pylist())
    held = Counter(everything.column("post_id").to_pylist())
    share = n_lines * n_seeds / places
    chi2 = sum((drawn[post] - share * n) ** 2 / (share * n) for post, n in held.items())
    freedom = len(held) - 1
    assert abs(chi2 - freedom) < 4 * (2 * freedom) ** 0.5


def test_the_macro_gives_the_same_lines(talk: Talk) -> None:
    for word, width, lines in (("the", 2, 7), ("Budget", 8, 100), ("ombudsman", 0, 1000)):
        by_macro = talk.connection.execute(
            f"SELECT * FROM kwic('{word}', width := {width}, lines := {lines})"
        ).fetchall()
        table = kwic(talk.connection, word, width=width, lines=lines)
        assert by_macro == [tuple(row.values()) for row in table.to_pylist()]


def test_the_macro_draws_as_many_lines_as_are_wanted_of_a_word_that_programs_like(
    talk: Talk,
) -> None:
    everything = talk.connection.execute("FROM kwic('help', lines := 100000)").fetchall()
    assert len(everything) == len(by_hand(talk.spoken(), "help".__eq__))
    for lines in (1, 500, 1500):
        drawn = talk.connection.execute(f"FROM kwic('help', lines := {lines})").fetchall()
        assert len(drawn) == lines
        assert set(drawn) <= set(everything)

"""An opened release: which posts count, what they come to, and words in their context."""

from datetime import UTC, datetime

import pytest

from flows.corpus import Corpus, Population
from flows.corpus.subcorpora import (
    SubcorpusError,
    normal_form,
    remove_subcorpus,
    save_subcorpus,
)
from flows.released import NotReleased
from tests.flows.corpus.conftest import Post, Release
from warehouse.corpus.concordance import SortRefused
from warehouse.corpus.hits import PatternRefused
from warehouse.corpus.population import PopulationRefused, population_posts

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


# Opening


def test_a_release_opens_by_home_folder_or_file(release: Release) -> None:
    folder = release.home.controlled
    places = [release.home.root, folder, folder / "discourse.duckdb"]
    for place in places:
        with Corpus.open(place) as corpus:
            assert corpus.sizes()["n_posts"].to_pylist() == [len(release.spoken())]
    with pytest.raises(NotReleased, match="valuetalk nightly"):
        Corpus.open(release.home.landing)


def test_a_release_can_be_open_twice_at_a_time_and_both_say_utc(release: Release) -> None:
    with Corpus.open(release.home.root) as first, Corpus.open(release.home.root) as second:
        assert first.sizes().equals(second.sizes())
        zone = "SELECT current_setting('TimeZone'), current_setting('lock_configuration')"
        for corpus in (first, second):
            assert corpus.connection.execute(zone).fetchall() == [("UTC", True)]


def test_nothing_can_be_written_and_no_file_be_read(corpus: Corpus) -> None:
    for statement in ("DELETE FROM posts", "SELECT * FROM read_csv('/etc/hostname')"):
        with pytest.raises(Exception, match=r"read-only|disabled"):
            corpus.connection.execute(statement)


# Populations and sizes


def test_sizes_are_of_what_people_wrote_each_text_once(corpus: Corpus, release: Release) -> None:
    posts = release.spoken("carers")
    (row,) = corpus.sizes("community = 'carers'").to_pylist()
    assert row["n_posts"] == len(posts)
    assert row["n_words"] == sum(len(post.words) for post in posts)
    assert row["n_authors"] == len({post.author for post in posts} - {None})
    assert row["n_posts_author_unknown"] == sum(post.author is None for post in posts)
    assert row["n_threads"] == len({post.thread_id for post in posts})
    assert row["n_communities"] == 1
    assert row["first_post_at"].date() == min(post.day for post in posts)
    assert row["last_post_at"].date() == max(post.day for post in posts)
    out = {row["reason"]: row["n_posts"] for row in corpus.left_out("role = 'carers'").to_pylist()}
    carers = [post for post in release.posts if post.community == "carers"]
    assert out == {
        "automated": sum(post.automated for post in carers),
        "duplicate": sum(post.duplicate and not post.automated for post in carers),
    }


def test_a_population_is_a_condition_a_saved_name_or_both(corpus: Corpus, release: Release) -> None:
    save_subcorpus(release.home, "british", where="country = 'GB'", now=NOON)
    try:
        saved = corpus.population(saved="british")
        assert _n_posts(corpus, saved) == len(release.spoken("carers", "peers"))
        both = corpus.population("role = 'service_users' -- of Great Britain", saved="british")
        assert _n_posts(corpus, both) == len(release.spoken("peers"))
        every = corpus.population(saved="british", duplicates=True, automated=True)
        held = [post for post in release.posts if post.community != "allies"]
        assert _n_posts(corpus, every) == len(held)
        with pytest.raises(SubcorpusError, match="did you mean british"):
            corpus.population(saved="britsh")
    finally:
        remove_subcorpus(release.home, "british")
    for refused in (
        "author_key = 'x'",
        "colour = 'red'",
        "(SELECT true)",
        "true; DROP TABLE posts",
    ):
        with pytest.raises(PopulationRefused):
            corpus.population(refused)


@pytest.mark.parametrize(
    "condition",
    [
        "Role = 'carers' or n_words between 5 and 9",
        "'carers' IN tags AND text NOT ILIKE '%BUDGET%'",
        "list_has_any(tags, ['carers', 'movement']) AND NOT day < DATE '2026-02-10'",
        "CASE WHEN community = 'peers' THEN month(created_at) = 4 ELSE len(tags) > 0 END",
        "regexp_matches(text, 'peer|value') AND created_at >= '2026-02-01'",
    ],
)
def test_the_normal_form_of_a_condition_selects_the_same_posts(
    corpus: Corpus, condition: str
) -> None:
    posts = population_posts(corpus.connection, corpus.population(condition))
    normal = corpus.population(normal_form(condition))
    assert 0 < len(posts) < _n_posts(corpus, Population())
    assert population_posts(corpus.connection, normal).tolist() == posts.tolist()


def _n_posts(corpus: Corpus, within: Population) -> int:
    return int(corpus.sizes(within)["n_posts"][0].as_py())


# Words in their context


def lines_of(posts: list[Post], node: list[str], *, width: int) -> list[tuple[int, str, str]]:
    """Return the contexts of a sequence of words, by walking over every post."""
    found = []
    for post in posts:
        for at in range(len(post.words) - len(node) + 1):
            if post.words[at : at + len(node)] == node:
                left = " ".join(post.words[max(0, at - width) : at])
                right = " ".join(post.words[at + len(node) : at + len(node) + width])
                found.append((post.post_id, left, right))
    return found


@pytest.mark.parametrize(
    ("node", "words"),
    [("peer", ["peer"]), ("CO-OP", ["co-op"]), ("peer support", ["peer", "support"])],
)
def test_a_concordance_has_every_hit_of_a_word_or_a_query(
    corpus: Corpus, release: Release, node: str, words: list[str]
) -> None:
    table = corpus.kwic(node, width=4, lines=10_000, within="role <> 'movement'")
    expected = lines_of(release.spoken("carers", "peers"), words, width=4)
    rows = table.to_pylist()
    assert [(r["post_id"], r["left_context"], r["right_context"]) for r in rows] == expected
    assert {row["node"] for row in rows} == {" ".join(words)}
    assert len(expected) > 5


def test_a_pattern_stands_for_several_words(corpus: Corpus, release: Release) -> None:
    posts = release.spoken()
    expected = sum(len(lines_of(posts, [word], width=1)) for word in ("we", "wait"))
    assert corpus.kwic("w*", lines=10_000).num_rows == expected
    with pytest.raises(PatternRefused):
        corpus.kwic("*")
    with pytest.raises(SortRefused):
        corpus.kwic("we", sort="sideways")


@pytest.mark.parametrize("node", ["support", '"peer" []{0,2} "support"'])
def test_a_sample_of_lines_is_named_by_its_seed(corpus: Corpus, node: str) -> None:
    whole = corpus.kwic(node, lines=10_000).to_pylist()
    drawn = corpus.kwic(node, lines=20, seed=3)
    assert drawn.num_rows == 20
    assert drawn.equals(corpus.kwic(node, lines=20, seed=3))
    assert not drawn.equals(corpus.kwic(node, lines=20, seed=4))
    assert all(row in whole for row in drawn.to_pylist())
    first_right = [
        row["right_context"].split()[:1] for row in corpus.kwic(node, sort="1R").to_pylist()
    ]
    assert first_right == sorted(first_right)


@pytest.mark.parametrize("node", ["we", '"peer" []{0,2} "support"'])
def test_lines_can_be_spread_over_communities_and_periods(corpus: Corpus, node: str) -> None:
    whole = corpus.kwic(node, lines=10_000)
    cells = {(row["community"], row["created_at"].month) for row in whole.to_pylist()}
    table = corpus.kwic(node, lines=len(cells), spread="month")
    rows = table.to_pylist()
    assert {(row["community"], row["period"].month) for row in rows} == cells
    assert table.select(whole.column_names).to_pylist() != whole.slice(0, len(cells)).to_pylist()
    assert all(row["period"].month == row["created_at"].month for row in rows)
    assert sum(row["n_hits"] for row in rows) == whole.num_rows
    by_time = corpus.kwic(node, lines=len(cells), spread="month", sort="time")
    times = by_time["created_at"].to_pylist()
    assert times == sorted(row["created_at"] for row in rows)


def test_both_figures_stand_beside_each_other(corpus: Corpus, release: Release) -> None:
    people = [post for post in release.posts if not post.automated]
    for node, words in (("peer", ["peer"]), ("peer support", ["peer", "support"])):
        once = lines_of(release.spoken(), words, width=0)
        copies = lines_of(people, words, width=0)
        assert corpus.count(node).to_pylist() == [
            {
                "n_hits": len(once),
                "n_posts": len({post for post, *_ in once}),
                "n_hits_with_duplicates": len(copies),
                "n_posts_with_duplicates": len({post for post, *_ in copies}),
            }
        ]
        assert len(copies) > len(once) > 0


def test_a_query_gives_its_hits_as_numbers(corpus: Corpus, release: Release) -> None:
    hits = corpus.query('"peer" "support"')
    expected = lines_of(release.spoken(), ["peer", "support"], width=0)
    assert hits["post_id"].to_pylist() == [post for post, *_ in expected]
    assert set(hits["n_tokens"].to_pylist()) == {2}


def test_whole_posts_are_drawn_for_close_reading(corpus: Corpus, release: Release) -> None:
    having = {p.post_id: p for p in release.spoken("peers") if "budget" in p.words}
    small = corpus.sample("budget", posts=5, seed=1, within="community = 'peers'").to_pylist()
    large = corpus.sample("budget", posts=1000, seed=1, within="community = 'peers'").to_pylist()
    assert large[:5] == small
    assert {row["post_id"] for row in large} == set(having)
    for row in small:
        post = having[row["post_id"]]
        assert row["text"] == " ".join(post.words)
        assert row["thread_id"] == post.thread_id
        assert corpus.thread_of(row["post_id"]) == post.thread_id
    other = corpus.sample("budget", posts=5, seed=2, within="community = 'peers'").to_pylist()
    assert other != small
    assert "author_key" not in small[0]


def test_a_thread_is_read_whole(corpus: Corpus, release: Release) -> None:
    thread_id = release.posts[0].thread_id
    held = {post.post_id for post in release.posts if post.thread_id == thread_id}
    table = corpus.thread(thread_id)
    assert set(table["post_id"].to_pylist()) == held
    assert "author_key" not in table.column_names
    assert corpus.thread(10_000).num_rows == 0
    assert corpus.thread_of(10_000) is None


def test_words_that_are_written_alike_are_near(corpus: Corpus) -> None:
    assert corpus.near_spellings("suport") == ["support"]
    assert corpus.near_spellings("Togehter") == ["together"]
    assert corpus.near_spellings("w") == []
    assert corpus.near_spellings("coproduction") == []

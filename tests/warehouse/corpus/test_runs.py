"""The runs of the inverted index: exact after every night, in order, and few."""

import random

import pytest

from tests.warehouse.invented import Study
from warehouse.corpus import runs
from warehouse.corpus.index import index_posts
from warehouse.corpus.runs import merge_runs

WORDS = ["peers", "value", "the", "ward", "hope", "together", "waiting", "list"]


@pytest.fixture(autouse=True)
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that are joined after three, from a size of sixteen tokens on."""
    monkeypatch.setattr(runs, "MERGED_AT", 3)
    monkeypatch.setattr(runs, "_SMALLEST", 16)


def invent(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randrange(0, 9)))


def places(study: Study) -> list[tuple[int, int]]:
    return sorted(study.sql("SELECT word_id, g FROM token_places ANTI JOIN dead_tokens USING (g)"))


def assert_exact(study: Study) -> None:
    """Both directions say the same, runs are sorted, and their intervals never meet."""
    assert places(study) == sorted(study.sql("SELECT word_id, g FROM token_stream"))
    stream = [g for (g,) in study.sql("SELECT g FROM token_stream ORDER BY rowid")]
    assert stream == sorted(set(stream))
    intervals = study.sql("SELECT run, first_g, next_g FROM token_runs ORDER BY first_g")
    for run, first_g, next_g in intervals:
        held = study.sql("SELECT word_id, g FROM token_places WHERE run = ? ORDER BY rowid", run)
        assert held == sorted(held)
        assert all(first_g <= g < next_g for _, g in held)
    ends = [next_g for _, _, next_g in intervals]
    assert all(end <= first for end, (_, first, _) in zip(ends, intervals[1:], strict=False))
    assert study.sql(
        "SELECT count(*) FROM token_places WHERE run NOT IN (FROM (SELECT run FROM token_runs))"
    ) == [(0,)]


def test_thirty_nights_leave_both_directions_alike_in_few_runs() -> None:
    rng = random.Random(8)
    study = Study()
    highest = -1
    for _ in range(30):
        for _ in range(rng.randrange(1, 5)):
            study.add_posts(1, text=invent(rng))
        for _ in range(2):
            study.sql(
                "UPDATE posts SET own_text = ?, n_words = NULL, revision = revision + 1"
                " WHERE post_id = ?",
                invent(rng),
                rng.randrange(1, study.last_id + 1),
            )
        index_posts(study.connection)
        assert_exact(study)
        fresh = study.sql("SELECT max(next_g) FROM token_runs")[0][0] or 0
        assert fresh >= highest, "a position would be given twice"
        highest = fresh
    ((n_runs,),) = study.sql("SELECT count(*) FROM token_runs")
    assert n_runs <= 2 * 5, "two of each size class at most are left"


def test_the_last_post_gone_gives_no_position_twice() -> None:
    study = Study()
    study.add_posts(2, text="hope and value")
    index_posts(study.connection)
    ((last,),) = study.sql("SELECT max(g) FROM token_stream")
    study.sql("DELETE FROM posts WHERE post_id = ?", study.last_id)
    index_posts(study.connection)
    study.add_posts(1, text="together")
    index_posts(study.connection)
    assert study.sql("SELECT g FROM token_stream WHERE post_id = ?", study.last_id) == [(last + 1,)]
    assert_exact(study)


def test_merging_forgets_the_positions_of_superseded_texts() -> None:
    study = Study()
    for night in range(2):
        study.add_posts(1, text=f"value on the ward {night}")
        study.sql("UPDATE posts SET own_text = 'hope', n_words = NULL WHERE post_id = 1")
        index_posts(study.connection)
    assert study.sql("SELECT count(*) FROM dead_tokens") != [(0,)]
    while study.sql("SELECT count(*) FROM token_runs")[0][0] > 1:
        study.add_posts(1, text="waiting")
        index_posts(study.connection)
    assert study.sql("SELECT count(*) FROM dead_tokens") == [(0,)]
    assert_exact(study)
    assert merge_runs(study.connection) == 0


def test_several_batches_give_what_one_does() -> None:
    rng = random.Random(9)
    texts = [invent(rng) for _ in range(40)]
    found = []
    for characters in (30, 10_000):
        study = Study()
        for text in texts:
            study.add_posts(1, text=text)
        counts = index_posts(study.connection, batch_characters=characters)
        assert counts.posts == len(texts)
        assert_exact(study)
        found.append(
            study.sql(
                "SELECT g, post_id, word FROM token_stream JOIN words USING (word_id) ORDER BY g"
            )
        )
    assert found[0] == found[1]


def test_a_large_run_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_LARGEST", 40)
    study = Study()
    study.add_posts(1, text="hope and value together " * 12)
    index_posts(study.connection)
    ((large,),) = study.sql("SELECT run FROM token_runs")
    for _ in range(20):
        study.add_posts(1, text="waiting on the ward")
        index_posts(study.connection)
        assert_exact(study)
    sizes = dict(study.sql("SELECT run, next_g - first_g FROM token_runs"))
    assert sizes[large] == 48
    assert sum(size < 40 for size in sizes.values()) <= 2 * 2

"""Near-duplicates against every pair compared, however the posts come, change and go."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tests.warehouse.corpus.copied_posts import (
    FIRST,
    LEAST,
    Copied,
    Invented,
    brute_families,
    framed,
    invented_posts,
    replaced,
    similarities,
    some_words,
)
from tests.warehouse.invented import author
from warehouse.corpus import duplicates, fingerprints
from warehouse.corpus.duplicates import DuplicateCounts, find_duplicates, forget_comparisons
from warehouse.corpus.minhash import FINGERPRINT_VERSION

WORDS = some_words(random.Random(1), 60)
OTHER_WORDS = some_words(random.Random(2), 60)


@pytest.fixture
def copied() -> Copied:
    study = Copied()
    study.source("forum")
    study.source("lists")
    study.source("survey", one_post_per_person=True)
    return study


def compare(copied: Copied) -> DuplicateCounts:
    copied.study.index()
    return find_duplicates(copied.study.connection)


def at(post_id: int, hour: float, words: Sequence[str] = WORDS, **columns) -> Invented:
    return Invented(post_id, tuple(words), FIRST + timedelta(hours=hour), **columns)


def held(copied: Copied) -> list[tuple]:
    return copied.study.sql("SELECT * EXCLUDE (withheld) FROM fingerprints ORDER BY post_id")


def test_of_all_pairs_alike_nearly_none_is_missed_and_none_is_invented(copied):
    posts = invented_posts(1_500, random.Random(11))
    copied.add(*posts)
    counts = compare(copied)
    found = copied.families()
    copies = {post: original for post, original in found.items() if original is not None}
    assert counts == DuplicateCounts(compared=len(held(copied)), copies=len(copies), freed=0)
    alike = similarities(posts)
    for post, original in copies.items():
        assert alike[post - 1, original - 1] >= 0.8
        assert copied.posts[original].place < copied.posts[post].place
        assert original not in copies
    expected = brute_families(posts)
    assert sum(found[post] == expected[post] for post in found) >= 0.99 * len(found)
    is_long = np.array([len(post.words) >= LEAST for post in posts])
    pairs = np.argwhere(np.triu((alike >= 0.8) & np.outer(is_long, is_long), k=1)) + 1
    assert len(pairs) > 500
    n_found = sum(a in copies or b in copies for a, b in pairs.tolist())
    assert n_found >= 0.99 * len(pairs)


SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 12))]


@pytest.mark.parametrize("seed", SEEDS)
def test_nights_in_any_order_give_the_families_of_one_load(copied, seed):
    rng = random.Random(seed)
    posts = invented_posts(120, rng, copied=0.7)
    rng.shuffle(posts)
    while posts:
        copied.add(*(posts.pop() for _ in range(min(len(posts), rng.randint(1, 60)))))
        compare(copied)
    assert copied.families() == at_once(copied)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_edited_goes_or_is_withheld_leaves_families_as_if_loaded_so(copied, seed):
    rng = random.Random(seed + 100)
    copied.add(*invented_posts(70, rng, copied=0.8))
    compare(copied)
    for _ in range(4):
        for post_id in rng.sample(sorted(copied.posts), 5):
            change = rng.choice(("edit", "copy", "remove", "withhold", "date"))
            post = copied.posts[post_id]
            if change == "remove":
                copied.remove(post_id)
            elif change == "withhold":
                copied.withhold(post_id, withheld=not post.withheld)
            elif change == "date":
                copied.add(replace(post, created_at=FIRST + timedelta(hours=rng.randrange(1400))))
            else:
                other = rng.choice([*copied.posts.values()])
                new = framed(other.words, rng) if change == "copy" else some_words(rng, 40)
                copied.add(replace(post, words=new))
        compare(copied)
        assert copied.families() == at_once(copied)


def at_once(copied: Copied) -> dict[int, int | None]:
    """Return the families of a fresh study that is given the same posts in one load."""
    fresh = Copied()
    fresh.source("survey", one_post_per_person=True)
    fresh.add(*copied.posts.values())
    compare(fresh)
    return fresh.families()


def test_an_earlier_post_that_comes_later_takes_over_the_family(copied):
    copied.add(at(1, 10), at(2, 11), at(3, 12))
    compare(copied)
    assert copied.families() == {1: None, 2: 1, 3: 1}
    copied.add(at(4, 1))
    assert compare(copied) == DuplicateCounts(compared=1, copies=3, freed=0)
    assert copied.families() == {1: 4, 2: 4, 3: 4, 4: None}


def test_at_the_same_moment_the_lower_number_is_the_original(copied):
    copied.add(at(7, 1), at(5, 1), at(6, 1))
    compare(copied)
    assert copied.families() == {5: None, 6: 5, 7: 5}


def test_an_original_that_is_edited_leaves_its_copies_to_the_next(copied):
    copied.add(at(1, 1), at(2, 2), at(3, 3), at(4, 4, OTHER_WORDS))
    compare(copied)
    copied.add(at(1, 1, OTHER_WORDS))
    assert compare(copied) == DuplicateCounts(compared=1, copies=2, freed=1)
    assert copied.families() == {1: None, 2: None, 3: 2, 4: 1}


def test_a_withheld_original_hides_nothing_and_takes_its_place_when_it_is_back(copied):
    copied.add(at(1, 1), at(2, 2), at(3, 3))
    compare(copied)
    copied.withhold(1)
    compare(copied)
    assert copied.families() == {1: 2, 2: None, 3: 2}
    copied.withhold(1, withheld=False)
    assert compare(copied) == DuplicateCounts(compared=0, copies=2, freed=1)
    assert copied.families() == {1: None, 2: 1, 3: 1}


def test_copies_are_found_across_sources_but_not_among_peoples_own_answers(copied):
    copied.add(at(1, 2, source="lists"), at(2, 3), at(3, 1, source="survey"))
    copied.add(at(4, 4, source="survey"))
    compare(copied)
    assert copied.families() == {1: None, 2: 1, 3: None, 4: None}


def test_a_source_that_turns_out_to_hold_one_answer_a_person_is_taken_out(copied):
    copied.add(at(1, 1, source="lists"), at(2, 2), at(3, 3), at(4, 4, source="lists"))
    compare(copied)
    flag = "UPDATE sources SET one_post_per_person = ? WHERE source = 'lists'"
    copied.study.sql(flag, True)
    compare(copied)
    assert copied.families() == {1: None, 2: None, 3: 2, 4: None}
    copied.study.sql(flag, False)
    compare(copied)
    assert copied.families() == {1: None, 2: 1, 3: 1, 4: 1}


def test_texts_of_fewer_than_twenty_words_are_not_compared(copied):
    copied.add(at(1, 1, WORDS[:19]), at(2, 2, WORDS[:19]), at(3, 3, WORDS[:20]))
    copied.add(at(4, 4, WORDS[:20]))
    assert compare(copied).compared == 2
    assert copied.families() == {1: None, 2: None, 3: None, 4: 3}


def test_an_automated_post_hides_nothing_that_people_wrote(copied):
    copied.add(at(1, 1, automated=True), at(2, 2), at(3, 3))
    compare(copied)
    assert copied.families() == {1: None, 2: None, 3: 2}


@pytest.mark.parametrize(("n_other", "expected"), [(4, 1), (5, None)])
def test_four_fifths_is_alike_and_a_word_less_is_not(copied, n_other, expected):
    words = [f"word{number}" for number in range(20)]
    copied.add(at(1, 1, words), at(2, 2, [*words[n_other:], *["word19"] * n_other]))
    compare(copied)
    assert copied.families()[2] == expected


def test_whom_a_text_addresses_changes_no_fingerprint(copied):
    copied.add(at(1, 1, [f"author_{author(5)}", *WORDS]), at(2, 2, [f"author_{author(6)}", *WORDS]))
    compare(copied)
    one, two = held(copied)
    assert one[1:] == two[1:]


def test_a_rebuilt_index_gives_the_same_fingerprints_and_families(copied):
    posts = invented_posts(60, random.Random(5), copied=0.8)
    copied.add(*posts)
    compare(copied)
    before = held(copied), copied.families()
    for table in ("words", "token_stream", "token_places", "token_runs", "indexed"):
        copied.study.sql(f"DELETE FROM {table}")
    copied.study.sql("UPDATE posts SET n_words = NULL")
    forget_comparisons(copied.study.connection)
    compare(copied)
    assert (held(copied), copied.families()) == before


@pytest.mark.parametrize(
    "spoiled",
    ["UPDATE comparison SET fingerprint_version = 0", "UPDATE comparison SET next_g = next_g + 1"],
)
def test_fingerprints_of_another_version_or_index_are_made_anew(copied, spoiled):
    copied.add(at(1, 1), at(2, 2))
    compare(copied)
    copied.study.sql(spoiled)
    copied.study.sql("UPDATE fingerprints SET band_01 = 0")
    assert compare(copied).compared == 2
    assert copied.study.sql("SELECT fingerprint_version FROM comparison") == [
        (FINGERPRINT_VERSION,)
    ]
    assert all(row[3] for row in held(copied))
    assert copied.families() == {1: None, 2: 1}


def test_a_second_call_has_nothing_to_do(copied):
    copied.add(*invented_posts(30, random.Random(8), copied=0.8))
    compare(copied)
    before = copied.families()
    assert find_duplicates(copied.study.connection) == DuplicateCounts()
    assert copied.families() == before


def test_posts_are_read_in_pieces(copied, monkeypatch):
    posts = invented_posts(80, random.Random(9), copied=0.8)
    copied.add(*posts)
    monkeypatch.setattr(fingerprints, "TOKENS_AT_ONCE", 200)
    monkeypatch.setattr(duplicates, "_TEXTS_AT_ONCE", 3)
    compare(copied)
    in_pieces = held(copied), copied.families()
    monkeypatch.undo()
    forget_comparisons(copied.study.connection)
    copied.study.sql("UPDATE posts SET duplicate_of = NULL")
    compare(copied)
    assert (held(copied), copied.families()) == in_pieces


def test_a_comparison_that_is_interrupted_leaves_what_was(copied, monkeypatch):
    copied.add(at(1, 1), at(2, 2))
    compare(copied)
    copied.add(at(3, 3), at(1, 1, replaced(WORDS, random.Random(4), share=0.5)))

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("warehouse.corpus.duplicates._write_changes", interrupt)
        copied.study.index()
        with pytest.raises(KeyboardInterrupt):
            find_duplicates(copied.study.connection)
    assert copied.families() == {1: None, 2: 1, 3: None}
    compare(copied)
    assert copied.families() == {1: None, 2: None, 3: 2}

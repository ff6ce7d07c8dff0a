from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.corpus.bundles import (
    BIBER_1999,
    BIBER_1999_LONG,
    CORTES_2004,
    BundleRule,
    is_bundle,
    pieces_of_longer,
)

Gram = tuple[int, ...]


def counted(posts: list[list[int]], length: int) -> Counter[Gram]:
    return Counter(
        tuple(post[at : at + length]) for post in posts for at in range(len(post) - length + 1)
    )


def test_rules_take_what_is_frequent_enough_in_posts_and_people_enough() -> None:
    n, posts, authors = [20, 20, 20, 19, 40], [5, 4, 5, 9, 40], [5, 4, 4, 9, 1]
    # of two million tokens: ten per million are 20
    assert is_bundle(n, posts, authors, n_tokens=2e6).tolist() == [True] + [False] * 4
    named = is_bundle(n, posts, authors, n_tokens=2e6, rule=BIBER_1999)
    assert named.tolist() == [True, False, True, False, True]
    assert is_bundle([10], [5], [1], n_tokens=2e6, rule=BIBER_1999_LONG).all()
    assert is_bundle([39, 40], [9, 9], [9, 9], n_tokens=2e6, rule=CORTES_2004).tolist() == [
        False,
        True,
    ]
    small = BundleRule(per_million=10, min_posts=0)
    assert is_bundle([0, 1], [0, 1], [0, 1], n_tokens=100, rule=small).tolist() == [False, True]


def test_a_piece_of_a_longer_sequence_is_merged_into_it() -> None:
    # "on the other hand" 12 times, "the other hand" once more without "on", "on the other" never
    on, the, other, hand = range(4)
    three = [[on, the, other], [the, other, hand], [other, hand, on]]
    four = [[on, the, other, hand]]
    found = pieces_of_longer([three, four], [[12, 13, 5], [12]])
    assert [each.tolist() for each in found] == [[True, False, False], [False]]
    mostly = pieces_of_longer([three, four], [[12, 13, 5], [12]], share=0.9)
    assert mostly[0].tolist() == [True, True, False]


@settings(max_examples=60, deadline=None)
@given(posts=st.lists(st.lists(st.integers(0, 3), max_size=9), max_size=12))
def test_pieces_are_those_that_a_search_of_every_longer_sequence_finds(
    posts: list[list[int]],
) -> None:
    tables = [counted(posts, length) for length in (2, 3, 4)]
    grams = [
        np.array(list(table), dtype=int).reshape(len(table), length)
        for table, length in zip(tables, (2, 3, 4), strict=True)
    ]
    found = pieces_of_longer(grams, [list(table.values()) for table in tables])
    for place, table in enumerate(tables[:-1]):
        longer = tables[place + 1]
        for row, (gram, times) in enumerate(table.items()):
            within = [n for each, n in longer.items() if gram in (each[:-1], each[1:])]
            assert found[place][row] == (max(within, default=0) >= times)
    assert not found[-1].any()


def test_nothing_gives_nothing_and_what_cannot_be_is_refused() -> None:
    empty = np.zeros((0, 3), dtype=int)
    assert [each.tolist() for each in pieces_of_longer([empty, np.zeros((0, 4))], [[], []])] == [
        [],
        [],
    ]
    assert pieces_of_longer([], []) == []
    assert is_bundle([], [], [], n_tokens=0).tolist() == []
    with pytest.raises(ValueError, match="n-grams of 5 words follow those of 3"):
        pieces_of_longer([empty, np.zeros((0, 5))], [[], []])
    with pytest.raises(ValueError, match="an n-gram is given twice"):
        pieces_of_longer([[[1, 2], [1, 2]], [[1, 2, 3]]], [[3, 3], [1]])
    with pytest.raises(ValueError, match=r"grams\[0\] has the shape"):
        pieces_of_longer([[1, 2]], [[3]])
    with pytest.raises(ValueError, match="share is 2"):
        pieces_of_longer([], [], share=2)
    with pytest.raises(ValueError, match="1 lengths have n-grams and 2 have counts"):
        pieces_of_longer([empty], [[], []])
    with pytest.raises(ValueError, match="n_posts holds 1 counts; give 2"):
        is_bundle([1, 2], [1], [1], n_tokens=10)

"""MinHash against the Jaccard similarity of sets, counted one by one."""

import random

import numpy as np
import pytest

from warehouse.corpus import minhash

PAIRS = 1_000

# Fingerprints that are stored must mean the same to every later version, or bear another number.
PINNED_KEYS = [4249487553, 2165730546, 1128771293]
PINNED_SKETCH = [-6118306979402516844, 663319268421527953]


def signed(texts: list[list[int]]) -> np.ndarray:
    """Sign texts whose words are given by number, hashed as a vocabulary would be."""
    words = np.array([word for text in texts for word in text], dtype=np.uint64)
    cells, values = minhash.cells_of(minhash.mixed(words))
    return minhash.signatures(cells, values, np.array([len(text) for text in texts]))


def pairs(size: int, similarity: float, *, n: int = PAIRS) -> tuple[np.ndarray, np.ndarray]:
    """Return the signatures of pairs of sets that share a given part of `size` different words."""
    rng = random.Random(f"{size} {similarity}")
    n_own = round(size * (1 - similarity))
    first, second = [], []
    for _ in range(n):
        words = rng.sample(range(10**9), size)
        own, left = words[:n_own], words[n_own:]
        first.append(left + own[::2])
        second.append(left + own[1::2])
    return signed(first), signed(second)


@pytest.mark.parametrize(("size", "similarity"), [(20, 0.8), (60, 0.5), (300, 0.9), (1200, 0.2)])
def test_cells_agree_as_often_as_the_sets_are_alike(size, similarity):
    a, b = pairs(size, similarity)
    assert (a == b).mean() == pytest.approx(similarity, abs=0.01)


@pytest.mark.parametrize("size", [15, 20, 30, 60, 250])
def test_four_fifths_alike_share_a_band(size):
    a, b = pairs(size, 0.8)
    shared = (minhash.band_keys(a) == minhash.band_keys(b)).any(axis=1).mean()
    assert shared > 0.985  # .994 by theory, less three standard errors


def test_unlike_sets_seldom_share_a_band():
    a, b = pairs(100, 0.2)
    assert (minhash.band_keys(a) == minhash.band_keys(b)).any(axis=1).mean() < 0.005


@pytest.mark.parametrize(("size", "similarity"), [(20, 0.8), (200, 0.8), (200, 0.5), (60, 0.2)])
def test_a_sketch_estimates_the_similarity(size, similarity):
    a, b = (minhash.sketches(side).view(np.uint64) for side in pairs(size, similarity))
    differing = np.bitwise_count(a ^ b).sum(axis=1)
    estimates = np.array([minhash.estimated_similarity(int(n)) for n in differing])
    assert np.median(estimates) == pytest.approx(similarity, abs=0.02)
    is_likely = differing <= minhash.MOST_DIFFERING_BITS
    assert is_likely.mean() > 0.997 if similarity == 0.8 else is_likely.mean() < 0.3


def test_only_the_set_of_words_counts_and_not_what_stands_beside_it():
    rng = random.Random(3)
    texts = [[rng.randrange(40) for _ in range(rng.randint(1, 90))] for _ in range(300)]
    together = signed(texts)
    alone = np.concatenate([signed([sorted(set(text), reverse=True)]) for text in texts])
    assert (together == alone).all()


def test_the_same_word_gives_the_same_fingerprint_for_ever():
    signature = signed([[*range(25)]])
    assert minhash.band_keys(signature)[0, :3].tolist() == PINNED_KEYS
    assert minhash.sketches(signature)[0].tolist() == PINNED_SKETCH

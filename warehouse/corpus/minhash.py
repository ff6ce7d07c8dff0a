"""MinHash fingerprints of sets of words: how alike two texts are, told without reading either.

One-permutation hashing (Li, Owen and Zhang 2012): every word falls by its hash into one of the
cells of a signature, and the smallest hash of each cell stays. An empty cell borrows from another
that a fixed random order names (optimal densification: Shrivastava 2017), so that each cell of two
signatures agrees with probability J, the Jaccard similarity of the sets.

A signature becomes two things that are kept. Its *band keys* (Broder 1997; Leskovec, Rajaraman and
Ullman 2014, chapter 3): two texts are compared where one of 22 bands of 7 cells agrees, which
happens with probability 1 - (1 - J^7)^22, .994 at J = .8, and .0003 at J = .2. And a *sketch* of
one bit a cell (Li and König 2010), from which J is estimated with a standard error of .06.

Hashes follow from the words alone, never from their numbers or the process, so that a rebuilt index
gives the same fingerprints.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Signatures = NDArray[np.uint32]
Cells = NDArray[np.uint8]

FINGERPRINT_VERSION = 1

ROWS = 7
BANDS = 22
CELLS = ROWS * BANDS
SKETCH_BITS = 128

MOST_DIFFERING_BITS = 28
"""Of two sketches whose texts are worth comparing: .56 estimated, four standard errors below .8."""

_TEXTS_AT_ONCE = 2_000  # whose signatures fit the processor's cache
_EMPTY = np.uint32(0xFFFFFFFF)
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_STEP = np.uint64(0x9E3779B97F4A7C15)


def mixed(numbers: Hashes) -> Hashes:
    """Return numbers of 64 bits well mixed (the last step of SplitMix64: Steele et al. 2014)."""
    out = numbers.copy()
    out ^= out >> np.uint64(30)
    out *= np.uint64(0xBF58476D1CE4E5B9)
    out ^= out >> np.uint64(27)
    out *= np.uint64(0x94D049BB133111EB)
    out ^= out >> np.uint64(31)
    return out


def cells_of(hashes: Hashes) -> tuple[Cells, Signatures]:
    """Return into which cell each word falls, and its value there, from hashes of 64 bits."""
    cells = ((hashes >> _HALF) * np.uint64(CELLS)) >> _HALF
    return cells.astype(np.uint8), (hashes & _LOW).astype(np.uint32)


def signatures(cells: Cells, values: Signatures, lengths: NDArray[np.int64]) -> Signatures:
    """Return the signatures of texts whose words stand one after the other.

    Parameters
    ----------
    cells, values : (n_words,)
        What `cells_of` gives for each word.
    lengths : (n_texts,)
        How many words each text has, at least one; repeated words change nothing.

    Returns
    -------
    (n_texts, CELLS) uint32
    """
    signed = np.empty((len(lengths), CELLS), dtype=np.uint32)
    ends = np.cumsum(lengths)
    for start in range(0, len(lengths), _TEXTS_AT_ONCE):
        some = slice(start, start + _TEXTS_AT_ONCE)
        words = slice(ends[start] - lengths[start], ends[some][-1])
        signed[some] = _densified(_lowest(cells[words], values[words], lengths[some]))
    return signed


def _lowest(cells: Cells, values: Signatures, lengths: NDArray[np.int64]) -> Signatures:
    lowest = np.full(len(lengths) * CELLS, _EMPTY)
    places = np.repeat(np.arange(len(lengths), dtype=np.int64) * CELLS, lengths)
    places += cells
    np.minimum.at(lowest, places, values)
    return lowest.reshape(len(lengths), CELLS)


def _densified(sparse: Signatures) -> Signatures:
    lowest = sparse.ravel()
    full = lowest.copy()
    empty = np.flatnonzero(lowest == _EMPTY)
    cells = empty % CELLS
    attempt = 0
    while len(empty):
        borrowed = lowest[empty + _ways_to_lenders(attempt)[cells]]
        still = borrowed == _EMPTY
        full[empty] = borrowed
        empty, cells = empty[still], cells[still]
        attempt += 1
    return full.reshape(sparse.shape)


@cache
def _ways_to_lenders(attempt: int) -> NDArray[np.int64]:
    """Return how far from each cell the one lies that it borrows from at the n-th attempt."""
    own = np.arange(CELLS)
    seeds = own.astype(np.uint64) + np.uint64((attempt + 1) << 32)
    return (mixed(seeds * _STEP) % np.uint64(CELLS)).astype(np.int64) - own


def band_keys(signature: Signatures) -> Signatures:
    """Return the keys of the bands of signatures, (n, BANDS) uint32.

    Two different bands agree by chance once in four thousand million times.
    """
    keys = np.empty((len(signature), BANDS), dtype=np.uint32)
    for band in range(BANDS):
        key = np.full(len(signature), band + 1, dtype=np.uint64)
        for cell in range(band * ROWS, (band + 1) * ROWS):
            key = mixed(key * _STEP ^ signature[:, cell])
        keys[:, band] = key >> _HALF
    return keys


def sketches(signature: Signatures) -> NDArray[np.int64]:
    """Return the sketches of signatures as two numbers each, (n, 2) int64."""
    bits = (signature[:, :SKETCH_BITS] & np.uint32(1)).astype(np.uint8)
    packed = np.packbits(bits, axis=1, bitorder="little")
    return packed.view("<i8").astype(np.int64)


def estimated_similarity(differing_bits: int) -> float:
    """Return the Jaccard similarity that so many differing bits of two sketches speak for."""
    return max(0.0, 1 - 2 * differing_bits / SKETCH_BITS)

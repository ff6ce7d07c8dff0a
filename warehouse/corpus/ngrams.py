"""Sequences of words: which stand in a population, how often, and among how many people.

Every sequence gets a hash of 64 bits, and equal ones are brought together by sorting, some millions
at a time: those that begin with some of the words. Where sequences that differ share a hash, which
is seen when they are compared word by word, they are hashed anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse.corpus.by_post import counts_by_post
from warehouse.corpus.population import Population, population_posts
from warehouse.corpus.stream import WordIds, all_posts, words_of, words_of_posts

Integers = NDArray[np.int64]
Hashes = NDArray[np.uint64]

SHORTEST, LONGEST = 2, 6
_AT_ONCE = 8_000_000  # sequences that are sorted together
_FACTORS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93))  # odd, well spread bits


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tokens:
    """The tokens of a population in reading order, (n_tokens,), and what their posts belong to."""

    words: WordIds
    post: NDArray[np.int32]
    author: Integers
    community: Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Sequences that stand often enough, (n_found,): where each begins first, and its counts."""

    first: Integers
    n: Integers
    n_posts: Integers
    n_authors: Integers
    n_communities: Integers


def ngram_counts(
    connection: duckdb.DuckDBPyConnection,
    n: int,
    population: Population | None = None,
    *,
    least: int = 20,
) -> pa.Table:
    """Count the sequences of `n` words within posts, most frequent first.

    Parameters
    ----------
    n : int
        Words of a sequence, 2 to 6.
    least : int
        Sequences that stand less often are left out.

    Returns
    -------
    pyarrow.Table
        ngram, n, n_posts, n_authors (known ones), n_communities.

    Raises
    ------
    ValueError
        If `n` is not 2 to 6, or `least` is below 1.
    PopulationRefused
        If the condition cannot be read.
    """
    if not SHORTEST <= n <= LONGEST or least < 1:
        raise ValueError(f"n-grams have {SHORTEST} to {LONGEST} words, and `least` is 1 or more")
    tokens = _read(connection, population)
    starts = _starts(tokens, n=n, least=least)
    found = [_count(tokens, part, n=n, least=least) for part in _parts(tokens, starts)]
    counts = {
        name: np.concatenate([getattr(part, name) for part in found])
        for name in ("n", "n_posts", "n_authors", "n_communities")
    }
    firsts = np.concatenate([part.first for part in found])
    grams = _texts(connection, [tokens.words[firsts + k] for k in range(n)])
    return pa.table({"ngram": grams, **counts}).sort_by(
        [("n", "descending"), ("ngram", "ascending")]
    )


def _read(connection: duckdb.DuckDBPyConnection, population: Population | None) -> _Tokens:
    every = all_posts(connection)
    chosen = every.are_among(population_posts(connection, population))
    groups = counts_by_post(connection, np.empty(0, dtype=np.int64), population)
    at = np.searchsorted(groups.post_ids, every.post_ids[chosen])
    return _Tokens(
        words=words_of_posts(connection, every, chosen),
        post=np.repeat(np.arange(len(at), dtype=np.int32), every.n_tokens[chosen]),
        author=groups.author[at],
        community=groups.community[at],
    )


def _starts(tokens: _Tokens, *, n: int, least: int) -> NDArray[np.bool_]:
    """Return where a sequence may begin: in one post, and of words that stand often enough each."""
    is_frequent = np.bincount(tokens.words) >= least if len(tokens.words) else np.zeros(0, bool)
    is_start = np.zeros(len(tokens.words), dtype=np.bool_)
    length = max(len(tokens.words) - n + 1, 0)
    is_start[:length] = tokens.post[:length] == tokens.post[n - 1 :]
    frequent = is_frequent[tokens.words]
    for k in range(n):
        is_start[:length] &= frequent[k : length + k]
    return is_start


def _parts(tokens: _Tokens, is_start: NDArray[np.bool_]) -> Iterator[Integers]:
    """Yield the beginnings of sequences in parts, all equal sequences in one part."""
    highest = int(tokens.words.max(initial=0))
    begun = np.cumsum(np.bincount(tokens.words[is_start], minlength=highest + 1))
    part_of_word = (np.maximum(begun - 1, 0) // _AT_ONCE).astype(np.int16)
    part = part_of_word[tokens.words]
    for number in range(int(part_of_word[-1]) + 1):
        yield np.flatnonzero(is_start & (part == number))


def _count(tokens: _Tokens, starts: Integers, *, n: int, least: int) -> _Found:
    """Count the sequences that begin at `starts`, in rising order."""
    salt = 0
    while True:
        salt += 1
        order, begins = _grouped(_hashes(tokens.words, starts, n=n, salt=salt))
        sizes = np.diff(np.append(begins, len(order)))
        kept = sizes >= least
        group = np.repeat(np.arange(int(kept.sum())), sizes[kept])
        places = starts[order[np.repeat(kept, sizes)]]
        firsts = starts[order[begins[kept]]]
        if all(
            (tokens.words[places + k] == tokens.words[firsts + k][group]).all() for k in range(n)
        ):
            break
    post = tokens.post[places]
    is_new = np.ones(len(post), dtype=np.bool_)
    is_new[1:] = (post[1:] != post[:-1]) | (group[1:] != group[:-1])
    group, post = group[is_new], post[is_new]
    return _Found(
        first=firsts,
        n=sizes[kept],
        n_posts=np.bincount(group, minlength=len(firsts)),
        n_authors=_distinct(group, tokens.author[post], n_groups=len(firsts)),
        n_communities=_distinct(group, tokens.community[post], n_groups=len(firsts)),
    )


def _hashes(words: WordIds, starts: Integers, *, n: int, salt: int) -> Hashes:
    hashes = np.full(len(starts), salt, dtype=np.uint64)
    for k in range(n):
        hashes += words[starts + k].astype(np.uint64)
        hashes *= _FACTORS[0]
        hashes ^= hashes >> np.uint64(32)
    hashes *= _FACTORS[1]
    return hashes


def _grouped(hashes: Hashes) -> tuple[Integers, Integers]:
    """Return the order that brings equal hashes together, and where in it each begins."""
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    is_first = np.ones(len(ordered), dtype=np.bool_)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return order, np.flatnonzero(is_first)


def _distinct(group: Integers, value: Integers, *, n_groups: int) -> Integers:
    """Return how many different values each group has; -1 is none."""
    known = value >= 0
    width = int(value.max(initial=0)) + 1
    pairs = group[known] * width + value[known]
    pairs.sort()
    distinct = pairs[np.diff(pairs, prepend=-1) != 0]
    return np.bincount(distinct // width, minlength=n_groups)


def _texts(connection: duckdb.DuckDBPyConnection, words: list[WordIds]) -> pa.StringArray:
    """Return the sequences as texts; `words` are those of each place."""
    distinct, where = np.unique(np.stack(words), return_inverse=True)
    texts = words_of(connection, distinct).column("word").to_pylist()
    columns = [[texts[at] for at in place.tolist()] for place in where.reshape(len(words), -1)]
    return pa.array([" ".join(gram) for gram in zip(*columns, strict=True)], pa.string())

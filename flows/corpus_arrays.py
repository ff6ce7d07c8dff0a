"""The corpus of a night as arrays: what the analysis stages take from the warehouse."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.series import periods_of
from analysis.vectorise import document_term_counts
from flows.arrow_rows import list_of, values_of
from flows.night import Night
from warehouse.corpus.selection import corpus_tokens, counted_posts, vocabulary
from warehouse.gateway import Warehouse
from warehouse.protection.mentions import AUTHOR_TOKEN

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusArrays:
    """The counted posts, a row each in the order of `post_ids`.

    Attributes
    ----------
    post_ids, period, group, author, thread : (n,) integers
        `period` numbers the calendar bins, `group` the communities; `author` is -1 if unknown.
    periods : mapping from period number to its first day
    groups : (source, community) of each group number
    excluded : how many posts do not count, by reason
    """

    post_ids: Integers
    period: Integers
    group: Integers
    author: Integers
    thread: Integers
    periods: Mapping[int, date]
    groups: tuple[tuple[str, str], ...]
    excluded: Mapping[str, int]

    def positions(self, post_ids: Integers) -> Integers:
        """Return the row of each post, -1 where it does not count."""
        rows = np.searchsorted(self.post_ids, post_ids)
        rows = np.minimum(rows, max(len(self.post_ids) - 1, 0))
        if not len(self.post_ids):
            return np.full(len(post_ids), -1, dtype=np.int64)
        return np.where(self.post_ids[rows] == post_ids, rows, -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusTerms:
    """Counts of words in the counted posts: (n_posts, n_words) with the text of each column."""

    counts: csr_array
    words: list[str]

    def only(self, rows: NDArray[np.int64]) -> "CorpusTerms":
        """Return some of the posts, by row number."""
        return CorpusTerms(counts=csr_array(self.counts[rows]), words=self.words)


def read_corpus(warehouse: Warehouse, night: Night) -> CorpusArrays:
    """Return the posts that count, with their periods, groups and clusters."""
    selection = counted_posts(warehouse.connection, language=night.settings.study.language)
    posts = selection.posts
    period, periods = periods_of(posts["created_at"], night.settings.study.bin)
    groups, group = _numbered(posts, ["source", "community"])
    return CorpusArrays(
        post_ids=values_of(posts, "post_id"),
        period=period,
        group=group,
        author=_codes(posts["author_key"]),
        thread=values_of(posts, "thread_id"),
        periods=periods,
        groups=groups,
        excluded=selection.excluded,
    )


def read_terms(warehouse: Warehouse, night: Night, post_ids: Integers) -> CorpusTerms:
    """Return the word counts of some counted posts, in the order given.

    The tokens of mentioned people are left out: a model must not learn who somebody is.
    """
    tokens = corpus_tokens(warehouse.connection, language=night.settings.study.language)
    terms = document_term_counts(
        post_ids, values_of(tokens, "post_id"), values_of(tokens, "word_id")
    )
    known = vocabulary(warehouse.connection)
    rows = np.searchsorted(values_of(known, "word_id"), terms.word_ids)
    words = np.array(list_of(known, "word"), dtype=object)[rows]
    about_language = np.array([not AUTHOR_TOKEN.fullmatch(word) for word in words], dtype=bool)
    return CorpusTerms(counts=terms.counts[:, about_language], words=words[about_language].tolist())


def _codes(column: Any) -> Integers:
    """Return a number for each distinct value of a column; null is -1."""
    encoded = column.combine_chunks().dictionary_encode()
    return np.asarray(pc.fill_null(encoded.indices, -1)).astype(np.int64)


def _numbered(posts: pa.Table, names: list[str]) -> tuple[tuple[tuple[str, str], ...], Integers]:
    pairs = list(zip(*(list_of(posts, name) for name in names), strict=True))
    groups = tuple(sorted(set(pairs)))
    numbers = {pair: number for number, pair in enumerate(groups)}
    return groups, np.array([numbers[pair] for pair in pairs], dtype=np.int64)

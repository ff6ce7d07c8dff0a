"""Texts as the classifier takes them: counts of the words that the index would have of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.vectorise import document_term_counts
from warehouse.tokeniser import STAND_IN, tokens_of

_STAND_IN = re.compile(STAND_IN)


@dataclass(frozen=True, slots=True)
class Words:
    """Counts (n, n_words) of words in texts, and the words that name the columns."""

    counts: csr_array
    words: list[str]

    def of(self, rows: NDArray[np.int64]) -> csr_array:
        """Return the counts of some texts."""
        return self.counts[rows]


def count_words(texts: Sequence[str]) -> Words:
    """Count the words of texts, cut as the index cuts posts.

    What stands for people, and redactions, are left out: a model must not learn who somebody is.
    """
    block = pa.table({"row": np.arange(len(texts)), "text": pa.array(texts, pa.string())})
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("block", block)
        cut = connection.execute(
            f"""
            SELECT row, unnest({tokens_of("text")}) AS word FROM block ORDER BY row
            """
        ).to_arrow_table()
    encoded = cut.column("word").combine_chunks().dictionary_encode()
    words = encoded.dictionary.to_pylist()
    terms = document_term_counts(
        np.arange(len(texts)), np.asarray(cut.column("row")), np.asarray(encoded.indices)
    )
    names = [words[number] for number in terms.word_ids.tolist()]
    spoken = np.array([not _STAND_IN.fullmatch(word) for word in names], dtype=bool)
    kept = np.flatnonzero(spoken)
    return Words(csr_array(terms.counts[:, kept]), [names[column] for column in kept.tolist()])


def tokens_in(text: str) -> list[str]:
    """Return the tokens of a text in reading order."""
    with duckdb.connect(config={"threads": 1}) as connection:
        row = connection.execute(f"SELECT {tokens_of('given')} FROM (SELECT ? AS given)", [text])
        found = row.fetchone()
    return list(found[0]) if found else []

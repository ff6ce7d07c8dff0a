"""A corpus in a table file, cut into tokens as a night cuts posts, without a home or a database.

The file is read and cut block by block, so that besides one block only numbers are held: four bytes
a token. Texts are not kept.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import process_time
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.topics.terms.phrases import find_phrases, merge_phrases
from harvesters.archives.files import Row, TableFile
from warehouse.tokeniser import STAND_IN, tokens_of

BLOCK_ROWS = 5_000
LONGEST_NAME = 60  # characters: what is longer is no column's name but a text
Numbers = NDArray[np.int32]
_STAND_IN = re.compile(STAND_IN)
_NONE: Numbers = np.empty(0, dtype=np.int32)


class CorpusFileError(ValueError):
    """A file is no corpus as it was described; the message says why and what to do."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusFile:
    """The posts of a file that have at least one token, in the order of the file.

    Attributes
    ----------
    token_posts, token_words : (n_tokens,) integers
        Row and word of each token, in reading order.
    words : list of str
        The text of each word number.
    labels : list of str or None, or None where no column of labels was named
    rows : (n_posts,) integers
        Which of the file's whole rows each post is, from 0.
    n_posts, n_empty, n_unreadable : int
        Rows kept, rows whose text has no token, rows that are broken.
    reading_seconds, cutting_seconds : float
        Processor time of reading the file, and of cutting its texts into tokens.
    """

    token_posts: Numbers
    token_words: Numbers
    words: list[str]
    labels: list[str | None] | None
    rows: Numbers
    n_posts: int
    n_empty: int
    n_unreadable: int
    reading_seconds: float
    cutting_seconds: float

    def terms(self, *, phrases: bool = False) -> tuple[csr_array, list[str]]:
        """Return how often each word is in each post, and the words that name the columns.

        Tokens that stand for people, and redactions, are left out, as a night leaves them out: a
        model must not learn who somebody is. With `phrases`, the words of each phrase that is
        found count as the phrase alone, as in a study.
        """
        spoken = np.array([not _STAND_IN.fullmatch(word) for word in self.words], dtype=bool)
        if phrases:
            texts = [word if said else "" for word, said in zip(self.words, spoken, strict=True)]
            stream = (self.token_posts, self.token_words, texts)
            merged = merge_phrases(*stream, find_phrases(*stream))
            spoken = np.array([bool(text) for text in merged.texts], dtype=bool)
            counts, words = self._counted(merged.posts, merged.words, len(spoken)), merged.texts
        else:
            counts = self._counted(self.token_posts, self.token_words, len(spoken))
            words = self.words
        if spoken.all():
            return counts, words
        kept = np.flatnonzero(spoken)
        return csr_array(counts[:, kept]), [words[column] for column in kept.tolist()]

    def _counted(self, posts: NDArray[Any], words: NDArray[Any], n_words: int) -> csr_array:
        """Count words that stand post by post."""
        lengths = np.bincount(posts, minlength=self.n_posts)
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        ones = np.ones(len(words), dtype=np.float64)
        columns = words.astype(np.int32)
        counts = csr_array((ones, columns, starts), shape=(self.n_posts, n_words))
        counts.sum_duplicates()
        return counts


def read_corpus_file(path: Path, *, text: Sequence[str], label: str | None = None) -> CorpusFile:
    """Read a corpus from Parquet, CSV, TSV or JSONL, each also as .gz or .zst.

    Parameters
    ----------
    text : sequence of str
        Columns that make up a post's text, joined by line breaks. Where a CSV file has no column of
        such a name, a number counts columns from 1 and says that there is no header line.
    label : str, optional
        Column of what each post is about, named in the same way.

    Raises
    ------
    CorpusFileError
        Where a column is missing, or no row has a token.
    harvesters.archives.files.ArchiveError
        Where the file cannot be read.
    """
    table = _opened(path, [*text, *([label] if label else [])])
    reading = _Reading(table, tuple(text), label)
    corpus = reading.read()
    if not corpus.n_posts:
        raise CorpusFileError(
            f"no row of {path.name} has a word in {_listed(text)}: "
            f"{corpus.n_empty} empty, {corpus.n_unreadable} broken; name another column with --text"
        )
    return corpus


def _opened(path: Path, columns: Sequence[str]) -> TableFile:
    """Return the file, read with a header line or without, so that it has the columns."""
    table = TableFile.of(path)
    fields = table.fields()
    if set(columns) <= set(fields):
        return table
    if table.format == "csv" and all(column.isdecimal() for column in columns):
        table = replace(table, has_header=False)
        fields = table.fields()
    missing = [column for column in columns if column not in fields]
    if missing:
        raise CorpusFileError(f"{path.name} has no column {missing[0]}; {_described(fields)}")
    return table


def _described(fields: Sequence[str]) -> str:
    """Say what columns there are; a first line of posts instead of names is not repeated."""
    if any(len(name) > LONGEST_NAME for name in fields):
        return f"its first line names none: give the numbers of its {len(fields)} columns, from 1"
    return f"its columns are {_listed(fields)}"


def _listed(names: Sequence[str], *, most: int = 30) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


@dataclass(slots=True)
class _Reading:
    """Reads a file block by block and numbers its words as they come."""

    table: TableFile
    text: tuple[str, ...]
    label: str | None
    numbers: dict[str, int] = field(default_factory=dict)
    labels: list[str | None] = field(default_factory=list)
    n_posts: int = 0
    n_empty: int = 0
    n_unreadable: int = 0
    reading_seconds: float = 0.0
    cutting_seconds: float = 0.0

    def read(self) -> CorpusFile:
        parts = [(_NONE, _NONE, _NONE)]
        with duckdb.connect(config={"threads": 1}) as connection:
            for rows in self._rows():
                started = process_time()
                parts.append(self._cut(connection, rows))
                self.cutting_seconds += process_time() - started
        posts, words, filled = (np.concatenate(part) for part in zip(*parts, strict=True))
        return CorpusFile(
            token_posts=posts,
            token_words=words,
            words=list(self.numbers),
            labels=self.labels if self.label else None,
            rows=filled,
            n_posts=self.n_posts,
            n_empty=self.n_empty,
            n_unreadable=self.n_unreadable,
            reading_seconds=self.reading_seconds,
            cutting_seconds=self.cutting_seconds,
        )

    def _rows(self) -> Iterator[list[Row]]:
        columns = {*self.text, *([self.label] if self.label else [])}
        blocks = self.table.blocks(columns, block_rows=BLOCK_ROWS)
        while True:
            started = process_time()
            block = next(blocks, None)
            self.reading_seconds += process_time() - started
            if block is None:
                return
            whole = [row for row in block if row is not None]
            self.n_unreadable += len(block) - len(whole)
            yield whole

    def _cut(
        self, connection: duckdb.DuckDBPyConnection, rows: list[Row]
    ) -> tuple[Numbers, Numbers, Numbers]:
        """Return the post and the word number of each token of a block, and its filled rows."""
        lists = _token_lists(connection, [_joined(row, self.text) for row in rows])
        lengths = np.diff(np.asarray(lists.offsets))
        encoded = lists.flatten().dictionary_encode()
        codes = np.array(
            [
                self.numbers.setdefault(word, len(self.numbers))
                for word in encoded.dictionary.to_pylist()
            ],
            dtype=np.int32,
        )
        filled = np.flatnonzero(lengths > 0).astype(np.int32)
        first = self.n_posts + self.n_empty
        if self.label:
            self.labels.extend(_label(rows[row].get(self.label)) for row in filled.tolist())
        numbered = np.arange(self.n_posts, self.n_posts + len(filled), dtype=np.int32)
        self.n_posts += len(filled)
        self.n_empty += len(rows) - len(filled)
        words = codes[np.asarray(encoded.indices)] if len(codes) else _NONE
        return np.repeat(numbered, lengths[filled]), words, filled + np.int32(first)


def _token_lists(connection: duckdb.DuckDBPyConnection, texts: list[str]) -> Any:
    """Return the tokens of each text, as an Arrow array of lists."""
    block = pa.table({"row": np.arange(len(texts)), "text": pa.array(texts, pa.string())})
    connection.register("block", block)
    cut = connection.execute(f"SELECT {tokens_of('text')} AS words FROM block ORDER BY row")
    lists = cut.to_arrow_table().column("words")
    connection.unregister("block")
    return pa.concat_arrays(lists.chunks) if lists.num_chunks else pa.array([], lists.type)


def _joined(row: Row, columns: tuple[str, ...]) -> str:
    values = (row.get(column) for column in columns)
    parts = (value if isinstance(value, str) else str(value) for value in values if value)
    return "\n".join(part.encode("utf-8", "replace").decode("utf-8") for part in parts)


def _label(value: object) -> str | None:
    return None if value is None or value == "" else str(value)

"""Corpora on which topic models are compared, prepared once so that all of them read the same.

The words are cut by our tokeniser. `terms` are those that any model may use: no function words, in
five posts or more and at most three in ten of them, as our own model has it; ours gets all words
and chooses for itself.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from scipy.sparse import csr_array

from analysis.vectorise import TermWeighting, align_columns
from flows.topics.corpus_file import read_corpus_file

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A corpus: its file under the test data, its columns, and how many topics are asked for."""

    name: str
    file: str
    text: tuple[str, ...]
    label: str
    k: int


CORPORA = (
    Described(name="BBC_News", file="topics/BBC_News/corpus.tsv", text=("1",), label="3", k=10),
    Described(name="DBLP", file="topics/DBLP/corpus.tsv", text=("1",), label="3", k=4),
    Described(name="M10", file="topics/M10/corpus.tsv", text=("1",), label="3", k=10),
    Described(
        name="reddit_communities",
        file="reddit_communities.parquet",
        text=("title", "body"),
        label="community",
        k=33,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A corpus in memory, and the folder from which other processes read it."""

    described: Described
    folder: Path
    counts: csr_array
    words: list[str]
    labels: list[str | None]

    @property
    def n_posts(self) -> int:
        """Return how many posts there are."""
        return int(self.counts.shape[0])


def prepare(
    described: Described, folder: Path, *, sample: int | None = None, data: Path = DATA
) -> Prepared:
    """Write a corpus, or a random sample of its posts, for other processes to read."""
    file = data / described.file
    if sample is not None:
        file = _sampled(file, sample, folder)
    corpus = read_corpus_file(file, text=described.text, label=described.label)
    counts, words = corpus.terms()
    weighting = TermWeighting().fit(counts, words)
    _save(folder, "words", counts, words)
    _save(
        folder, "terms", align_columns(counts, words, weighting.vocabulary_), weighting.vocabulary_
    )
    texts = _texts(file, described)
    _write(folder / "texts.json", [texts[row] for row in corpus.rows.tolist()])
    assert corpus.labels is not None
    return Prepared(
        described=described, folder=folder, counts=counts, words=words, labels=corpus.labels
    )


def _sampled(file: Path, n: int, folder: Path) -> Path:
    """Write a random sample of a table's rows, the same ones each time."""
    table = pq.read_table(file)
    rows = np.sort(np.random.default_rng(0).choice(len(table), n, replace=False))
    pq.write_table(table.take(rows), folder / "sample.parquet")
    return folder / "sample.parquet"


def _texts(file: Path, described: Described) -> list[str]:
    """Return the texts themselves, for models that read more than counts."""
    if file.suffix == ".parquet":
        columns = pq.read_table(file, columns=list(described.text)).to_pydict()
        rows = zip(*(columns[name] for name in described.text), strict=True)
        texts = ["\n".join(part for part in row if part) for row in rows]
    else:
        place = int(described.text[0]) - 1
        lines = file.read_text(encoding="utf-8").splitlines()
        texts = [line.split("\t")[place] for line in lines]
    return texts


def _save(folder: Path, name: str, counts: Any, words: Sequence[str]) -> None:
    counts = csr_array(counts)
    np.savez(
        folder / f"{name}.npz",
        data=counts.data,
        indices=counts.indices,
        indptr=counts.indptr,
        shape=np.array(counts.shape),
    )
    _write(folder / f"{name}.json", list(words))


def _write(file: Path, value: object) -> None:
    file.write_text(json.dumps(value), encoding="utf-8")

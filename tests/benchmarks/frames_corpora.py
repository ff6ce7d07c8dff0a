"""Coded corpora that the frame classifier is measured on: texts with shares of coders a label.

    ../shared/data/coded        1,300 posts by nine frames, three coders
    ../shared/data/values       Touché ValueEval'23, official split
    ../shared/data/nhs_feedback.parquet   comments by their 30 most frequent themes

Nothing of a text is printed.
"""

import csv
import json
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from analysis.codebook import load_codebook
from flows.frames.coded_file import read_coded_file, shares
from flows.frames.texts import Words, count_words
from flows.topics.word_vectors import static_word_vectors

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
N_THEMES = 30
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts as counts and vectors, with the share of coders (n, F) who saw each label."""

    name: str
    labels: list[str]
    texts: list[str]
    words: Words
    values: NDArray[np.float64]

    @classmethod
    def of(cls, name: str, labels: list[str], texts: list[str], values: object) -> "Corpus":
        """Cut the texts into words."""
        return cls(name, labels, texts, count_words(texts), np.asarray(values, dtype=np.float64))

    def word_vectors(self) -> NDArray[np.float32]:
        """Return a fixed vector for each word."""
        return static_word_vectors()(self.words.words)

    def post_vectors(self, kept: Path) -> NDArray[np.float32]:
        """Return a vector of each text by MiniLM, made once and kept in a folder."""
        from tests.benchmarks.frames_vectors import kept_vectors  # noqa: PLC0415 # an extra

        return kept_vectors(self.texts, kept)


@cache
def coded_posts() -> Corpus:
    """Return the 1,300 posts."""
    lines = read_coded_file(_coded())
    frames = list(load_codebook().keys)
    return Corpus.of("coded", frames, [line.text for line in lines], shares(lines, frames))


def strata_of_coded_posts() -> dict[str, Rows]:
    """Return the community and the year of each of the 1,300 as numbers."""
    with _coded().open(encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    kinds = {
        "community": [line["community"] for line in lines],
        "year": [(line["date"] or "none")[:4] for line in lines],
    }
    return {name: np.unique(keys, return_inverse=True)[1] for name, keys in kinds.items()}


def arguments() -> tuple[Corpus, Rows, Rows]:
    """Return the arguments, and which of them are for training and for the test."""
    return _arguments("training", "test")


def arguments_to_choose_by() -> tuple[Corpus, Rows, Rows]:
    """Return the arguments, and which of them are for training and for validation."""
    return _arguments("training", "validation")


def _arguments(*parts: str) -> tuple[Corpus, Rows, Rows]:
    texts, values, split = [], [], []
    for number, part in enumerate(parts):
        read = {row["Argument ID"]: row for row in _rows(f"arguments-{part}.tsv")}
        coded = _rows(f"labels-{part}.tsv")
        labels = [name for name in coded[0] if name != "Argument ID"]
        for row in coded:
            said = read[row["Argument ID"]]
            texts.append("\n".join((said["Premise"], said["Stance"], said["Conclusion"])))
            values.append([float(row[label]) for label in labels])
            split.append(number)
    corpus = Corpus.of("Touché values", labels, texts, values)
    return corpus, *(np.flatnonzero(np.array(split) == number) for number in (0, 1))


def sample(corpus: Corpus, train: Rows, held: Rows) -> tuple[Corpus, Rows, Rows]:
    """Return some texts of a corpus, as a corpus of their own."""
    chosen = [*train.tolist(), *held.tolist()]
    texts = [corpus.texts[row] for row in chosen]
    smaller = Corpus.of(corpus.name, corpus.labels, texts, corpus.values[chosen])
    rows = np.arange(len(chosen))
    return smaller, rows[: len(train)], rows[len(train) :]


def comments() -> tuple[Corpus, Rows, Rows]:
    """Return the comments with a theme, and which of them are for training and for the test."""
    table = pq.read_table(DATA / "nhs_feedback.parquet").to_pylist()
    kept = [row for row in table if (row["answer"] or "").strip() and row["themes"]]
    frequent = Counter(theme for row in kept for theme in set(row["themes"]))
    labels = [theme for theme, _ in frequent.most_common(N_THEMES)]
    texts = [f"{row['question']}\n{row['answer']}" for row in kept]
    values = [[float(label in row["themes"]) for label in labels] for row in kept]
    held = np.random.default_rng(0).random(len(kept)) < 0.25
    corpus = Corpus.of("NHS comments", labels, texts, values)
    return corpus, np.flatnonzero(~held), np.flatnonzero(held)


def _coded() -> Path:
    return DATA / "coded" / "value_frames_coded.jsonl"


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / "values" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))

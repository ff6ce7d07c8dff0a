"""The frame classifier judged on coded texts in files: what `valuetalk frames evaluate` prints.

Needs no home and writes nothing. The classifier is the one that a study's night trains; penalties,
calibration and thresholds come from the training texts alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.codebook import load_codebook
from analysis.frames.classifier import FrameClassifier
from analysis.frames.evaluation import ALL_FRAMES, OutOfSample, cross_validate, evaluate
from analysis.frames.learning_curve import learning_curve
from flows.frames.coded_file import CodedFileError, CodedLine, frames_in, read_coded_file, shares
from flows.frames.text_vectors import text_vectors
from flows.frames.texts import Words, count_words
from flows.frames.word_vectors import vectors_of_words
from flows.topics.word_vectors import VectorsMissing

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SCHEMA = 1
"""Of the report; raised where a key changes its meaning or goes."""
N_FOLDS = 5
FEWEST = 20
"""Coded texts under which nothing can be learned and judged."""
_LIBRARIES = ("valuetalk", "numpy", "scipy", "scikit-learn", "duckdb")
_MEASURES = ("f1", "average_precision", "brier_skill", "expected_calibration_error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to judge.

    `embed` says whether vectors of whole texts are used: where they can be if it is None. `repeats`
    is how often the folds of a cross-validation are drawn; `curve` asks what more coding would
    bring, which takes as long as two repetitions.
    """

    embed: bool | None = None
    repeats: int = 1
    curve: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Texts:
    """Coded texts as the classifier takes them."""

    words: Words
    values: Floats
    word_vectors: NDArray[np.float32] | None
    post_vectors: NDArray[np.float32] | None

    def vectors_of(self, rows: Integers) -> dict[str, Any]:
        """Return the vectors of some texts as named arguments."""
        posts = None if self.post_vectors is None else self.post_vectors[rows]
        return {"word_vectors": self.word_vectors, "post_vectors": posts}


def evaluate_files(train: Path, test: Path | None, settings: Settings) -> dict[str, Any]:
    """Return how good the classifier is that learns from a file, on another or across folds.

    Raises
    ------
    CodedFileError
        Where a file cannot be read, or has too few texts to learn from.
    flows.topics.word_vectors.VectorsMissing
        Where vectors of whole texts are asked for and the extra `embed` is not installed.
    """
    learned = read_coded_file(train)
    if len(learned) < FEWEST:
        raise CodedFileError(
            f"{train.name} has {len(learned)} coded texts; {FEWEST} are needed to learn from"
        )
    judged = read_coded_file(test) if test else []
    frames = frames_in([*learned, *judged], load_codebook().keys)
    if not frames:
        raise CodedFileError(f"no coder saw a frame in {train.name}; nothing can be learned")
    texts = prepare([*learned, *judged], frames, embed=settings.embed)
    rows = np.arange(len(learned))
    outcomes = (
        [_trained(texts, rows, np.arange(len(learned), len(texts.values)), frames, settings)]
        if test
        else [_crossed(texts, settings.seed + number) for number in range(settings.repeats)]
    )
    values = texts.values[len(learned) :] if test else texts.values
    tables = [_measured(found, values, frames) for found in outcomes]
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "train": train.name,
        "test": test.name if test else None,
        "n_train": len(learned),
        "n_test": len(values),
        "folds": None if test else N_FOLDS,
        "repeats": len(outcomes),
        "features": _features(texts),
        **_means(tables, outcomes, values),
        "frames": [_row(tables, frame) for frame in frames],
        "versions": {name: version(name) for name in _LIBRARIES},
    }
    if settings.curve:
        report["more_codings"] = _curve(texts, rows, frames, settings)
    return report


def prepare(
    lines: Sequence[CodedLine], frames: Sequence[str], *, embed: bool | None = None
) -> Texts:
    """Return coded texts with their words and the vectors that can be had, or must be."""
    texts = [line.text for line in lines]
    words = count_words(texts)
    posts = None
    if embed is not False:
        try:
            posts = text_vectors()(texts)
        except VectorsMissing:
            if embed:
                raise
    return Texts(words, shares(lines, frames), vectors_of_words(words.words), posts)


def _features(texts: Texts) -> list[str]:
    given = {"words": texts.word_vectors, "whole texts": texts.post_vectors}
    vectors = [f"vectors of {what}" for what, found in given.items() if found is not None]
    return ["words", "pieces of words", *vectors]


def _trained(
    texts: Texts, train: Integers, test: Integers, frames: Sequence[str], settings: Settings
) -> OutOfSample:
    counts, words = texts.words.counts, texts.words.words
    model = FrameClassifier(random_state=settings.seed).fit(
        counts[train], texts.values[train], words, frames=frames, **texts.vectors_of(train)
    )
    said = model.predict_proba(counts[test], words, **texts.vectors_of(test))
    return OutOfSample(said, model.expressed(said))


def _crossed(texts: Texts, seed: int) -> OutOfSample:
    return cross_validate(
        FrameClassifier(random_state=seed),
        texts.words.counts,
        texts.values,
        texts.words.words,
        n_folds=N_FOLDS,
        word_vectors=texts.word_vectors,
        post_vectors=texts.post_vectors,
        random_state=seed,
    )


Table = Mapping[tuple[str, str], Mapping[str, Any]]


def _measured(found: OutOfSample, values: Floats, frames: Sequence[str]) -> Table:
    rows = evaluate(found, values, frames, version="").to_pylist()
    return {(row["frame"], row["measure"]): row for row in rows}


def _means(
    tables: Sequence[Table], outcomes: Sequence[OutOfSample], values: Floats
) -> dict[str, Any]:
    """Return what holds for all frames together: means over frames, and counts over them."""
    true = values > 0.5  # noqa: PLR2004 # the majority of coders
    micro = [2 * (o.expressed & true).sum() / (o.expressed.sum() + true.sum()) for o in outcomes]
    macro = [table[ALL_FRAMES, "f1"]["value"] for table in tables]
    sd = float(np.std(macro, ddof=1)) if len(macro) > 1 else None
    return {
        "macro_f1": _mean([*macro]),
        "macro_f1_sd": sd,
        "macro_f1_lower": _mean([table[ALL_FRAMES, "f1"]["lower"] for table in tables]),
        "macro_f1_upper": _mean([table[ALL_FRAMES, "f1"]["upper"] for table in tables]),
        "micro_f1": float(np.mean(micro)),
        "mean_average_precision": _mean(
            [table[ALL_FRAMES, "average_precision"]["value"] for table in tables]
        ),
    }


def _row(tables: Sequence[Table], frame: str) -> dict[str, Any]:
    """Return a frame's figures, means over repetitions; intervals are over posts."""
    row: dict[str, Any] = {"frame": frame, "n": tables[0][frame, "f1"]["n"]}
    for name in _MEASURES:
        found = [table[frame, name] for table in tables]
        row[name] = _mean([each["value"] for each in found])
        row[f"{name}_lower"] = _mean([each["lower"] for each in found])
        row[f"{name}_upper"] = _mean([each["upper"] for each in found])
    return row


def _mean(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return float(np.mean(known)) if known else None


def _curve(
    texts: Texts, train: Integers, frames: Sequence[str], settings: Settings
) -> list[dict[str, Any]]:
    growths = learning_curve(
        FrameClassifier(random_state=settings.seed),
        texts.words.counts[train],
        texts.values[train],
        texts.words.words,
        frames=frames,
        random_state=settings.seed,
        **texts.vectors_of(train),
    )
    return [
        {
            "frame": growth.frame,
            "n_positive": growth.n_positive,
            "points": [*zip(growth.positives.tolist(), growth.precision.tolist(), strict=True)],
            "sentence": growth.sentence,
        }
        for growth in growths
    ]

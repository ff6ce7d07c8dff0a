"""A floor under the frame classifier as nights use it: five folds of the coded posts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.codebook import load_codebook
from analysis.frames.classifier import FrameClassifier
from analysis.frames.evaluation import cross_validate, evaluate
from flows.frames.coded_file import read_coded_file, shares
from flows.frames.texts import count_words
from flows.topics.word_vectors import static_word_vectors

MACRO_F1 = 0.51
AVERAGE_PRECISION = 0.51
CALIBRATION_ERROR = 0.03


@pytest.mark.slow
def test_frames_of_coded_posts_are_found_as_well_as_before(
    data_dir: Path, tell: Callable[[str], None]
) -> None:
    file = data_dir / "coded" / "value_frames_coded.jsonl"
    if not file.is_file():
        pytest.skip(f"no coded posts at {file}")
    lines = read_coded_file(file)
    frames = load_codebook().keys
    values = shares(lines, frames)
    texts = count_words([line.text for line in lines])
    found = cross_validate(
        FrameClassifier(),
        texts.counts,
        values,
        texts.words,
        word_vectors=static_word_vectors()(texts.words),
    )
    table = evaluate(found, values, frames, version="gate").to_pylist()
    overall = {row["measure"]: row["value"] for row in table if row["frame"] == "all"}
    rounded = {name: round(value, 3) for name, value in overall.items()}
    tell(f"frames gate: {rounded}")
    assert overall["f1"] >= MACRO_F1
    assert overall["average_precision"] >= AVERAGE_PRECISION
    errors = [row["value"] for row in table if row["measure"] == "expected_calibration_error"]
    assert max(errors) <= CALIBRATION_ERROR

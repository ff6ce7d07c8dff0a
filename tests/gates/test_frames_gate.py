"""A floor under the frame classifier: five folds of the coded posts, thresholds tuned inside."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from analysis.codebook import load_codebook
from analysis.frames.classifier import FrameClassifier
from analysis.frames.evaluation import cross_validate, evaluate
from analysis.vectorise import document_term_counts

MACRO_F1 = 0.48
AVERAGE_PRECISION = 0.48
CALIBRATION_ERROR = 0.03
WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)*")


@pytest.mark.slow
def test_frames_of_coded_posts_are_found_as_well_as_before(
    data_dir: Path, tell: Callable[[str], None]
) -> None:
    file = data_dir / "coded" / "value_frames_coded.jsonl"
    if not file.is_file():
        pytest.skip(f"no coded posts at {file}")
    posts = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    frames = load_codebook().keys
    values = np.array(
        [
            [np.mean([f in seen for seen in post["codes"].values()]) for f in frames]
            for post in posts
        ]
    )
    vocabulary: dict[str, int] = {}
    tokens = [
        (row, vocabulary.setdefault(word, len(vocabulary)))
        for row, post in enumerate(posts)
        for word in WORD.findall(post["text"].lower().replace("\u2019", "'"))
    ]
    terms = document_term_counts(range(len(posts)), *zip(*tokens, strict=True))
    words = list(vocabulary)
    found = cross_validate(FrameClassifier(n_folds=3), terms.counts, values, words)
    table = evaluate(found, values, frames, version="gate").to_pylist()
    overall = {row["measure"]: row["value"] for row in table if row["frame"] == "all"}
    rounded = {name: round(value, 3) for name, value in overall.items()}
    tell(f"frames gate: {rounded}")
    assert overall["f1"] >= MACRO_F1
    assert overall["average_precision"] >= AVERAGE_PRECISION
    errors = [row["value"] for row in table if row["measure"] == "expected_calibration_error"]
    assert max(errors) <= CALIBRATION_ERROR

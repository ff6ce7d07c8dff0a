from pathlib import Path

import numpy as np
import pytest

from analysis.frames.classifier import FrameClassifier
from analysis.frames.storage import load_classifier, save_classifier
from analysis.saved_arrays import SavedModelError
from analysis.topics.storage import load_topic_model


def test_a_classifier_comes_back_as_it_was(coding, tmp_path: Path) -> None:
    model = FrameClassifier(penalties=(1.0, 3.0), n_folds=3).fit(
        coding.counts, coding.values, coding.words, frames=coding.frames
    )
    checksum = save_classifier(model, tmp_path / "frames")
    back = load_classifier(tmp_path / "frames")
    assert back.get_params() == model.get_params()
    assert back.classes_ == coding.frames
    np.testing.assert_array_equal(
        back.predict_proba(coding.counts, coding.words),
        model.predict_proba(coding.counts, coding.words),
    )
    np.testing.assert_array_equal(
        back.predict(coding.counts, coding.words), model.predict(coding.counts, coding.words)
    )
    assert save_classifier(back, tmp_path / "copy") == checksum


def test_a_damaged_or_other_model_is_refused(coding, tmp_path: Path) -> None:
    model = FrameClassifier(n_folds=2).fit(coding.counts, coding.values, coding.words)
    save_classifier(model, tmp_path / "frames")
    with pytest.raises(SavedModelError, match="holds a frame classifier"):
        load_topic_model(tmp_path / "frames")
    archive = next(tmp_path.glob("*.npz"))
    archive.write_bytes(archive.read_bytes()[:-7])
    with pytest.raises(SavedModelError, match="damaged"):
        load_classifier(tmp_path / "frames")

import numpy as np
import pytest

from analysis.frames.classifier import FrameClassifier
from analysis.frames.storage import save_classifier
from analysis.saved_arrays import SavedModelError
from flows.frames.explaining import explain_text, latest_classifier
from flows.frames.texts import count_words, tokens_in


@pytest.fixture(scope="module")
def fitted() -> FrameClassifier:
    money, hope = "the council cuts our budget", "the group gave me hope"
    words = count_words([f"{money} week {n % 7}" for n in range(30)] + [hope] * 30)
    values = np.column_stack([np.arange(60) < 30, np.arange(60) >= 30]).astype(float)
    model = FrameClassifier(penalties=(1.0,))
    return model.fit(words.counts, values, words.words, frames=["economic", "personal"])


def test_the_words_and_the_stretch_that_made_a_score_are_told(fitted: FrameClassifier) -> None:
    rows = explain_text(fitted, "Today nobody spoke, but they cuts our budget again and again")
    assert [row["frame"] for row in rows] == ["economic", "personal"]
    assert rows[0]["probability"] > rows[1]["probability"]
    assert {"cuts +", "our +", "budget +"} <= {
        part.split("+")[0] + "+" for part in rows[0]["words"].split(", ")
    }
    assert "cuts our budget" in rows[0]["stretch"]
    with pytest.raises(ValueError, match="no word"):
        explain_text(fitted, "...")


def test_tokens_stand_in_reading_order() -> None:
    assert tokens_in("We don\u2019t wait; we WAIT") == ["we", "don't", "wait", "we", "wait"]


def test_the_classifier_saved_last_is_explained(fitted: FrameClassifier, tmp_path) -> None:
    with pytest.raises(SavedModelError, match="valuetalk frames train"):
        latest_classifier(tmp_path)
    save_classifier(fitted, tmp_path / "ridge_1_60")
    assert latest_classifier(tmp_path).classes_ == ["economic", "personal"]

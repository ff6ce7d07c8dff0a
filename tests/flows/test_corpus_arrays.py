"""What models are given of the corpus: counts of words, and nothing about who is mentioned."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from flows import corpus_arrays

MENTION = "author_" + "a" * 24


def test_words_are_counted_and_mentioned_people_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tokens = pa.table({"post_id": [1, 1, 1, 3], "position": [0, 1, 2, 0], "word_id": [5, 9, 5, 7]})
    words = pa.table({"word_id": [5, 7, 9], "word": ["value", MENTION, "care"], "n": [2, 1, 1]})
    monkeypatch.setattr(corpus_arrays, "corpus_tokens", lambda *_, **__: tokens)
    monkeypatch.setattr(corpus_arrays, "vocabulary", lambda *_: words)
    warehouse: Any = SimpleNamespace(connection=None)
    study = SimpleNamespace(study=SimpleNamespace(language="en"))
    night: Any = SimpleNamespace(settings=study)

    terms = corpus_arrays.read_terms(warehouse, night, np.array([1, 3]))

    assert terms.words == ["value", "care"]
    assert terms.counts.toarray().tolist() == [[2, 1], [0, 0]]

"""Fixed vectors of words, for topic models that take them: from a package, without any network."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.topics.terms.embedded import WordVectors


class VectorsMissing(RuntimeError):
    """The package that carries the vectors is not installed; the message says how to get it."""

    exit_code = 2


def static_word_vectors() -> WordVectors:
    """Return what gives the 256 dimensions of words that the package wordllama carries.

    They were distilled from the input layers of large language models; a word is the mean of its
    pieces, so that every word has a vector. Nothing is downloaded.

    Raises
    ------
    VectorsMissing
        Where the package is not installed.
    """
    try:
        import wordllama
    except ImportError:
        raise VectorsMissing(
            "word vectors come with the package wordllama, which is not installed: install it "
            "(uv sync, or pip install wordllama), or leave --model as it is"
        ) from None
    folder = Path(wordllama.__file__).parent
    model = wordllama.WordLlama.load(cache_dir=folder, disable_download=True)

    def embed(words: Sequence[str]) -> NDArray[np.float32]:
        return np.asarray(model.embed(list(words), norm=True), dtype=np.float32)

    return embed

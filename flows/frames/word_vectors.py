"""Fixed vectors of a corpus's words, for the frame classifier."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flows.topics.word_vectors import VectorsMissing, static_word_vectors


def vectors_of_words(words: Sequence[str]) -> NDArray[np.float32] | None:
    """Return a vector (n_words, 256) for each word, or None where no package here has them.

    The package is made for no Python from 3.14 on; frames are then learned without vectors.
    """
    try:
        return static_word_vectors()(words)
    except VectorsMissing:
        return None

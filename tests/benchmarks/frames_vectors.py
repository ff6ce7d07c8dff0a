"""Vectors of whole texts for the benchmarks of frames, made once and kept in a folder."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray

from flows.frames.text_vectors import text_vectors


def kept_vectors(texts: Sequence[str], folder: Path) -> NDArray[np.float32]:
    """Return the vectors (n, 384) of texts, from the folder where they were made before."""
    named = hashlib.sha256(json.dumps(list(texts)).encode()).hexdigest()[:16]
    file = folder / f"minilm-{named}.npz"
    if not file.exists():
        started = process_time()
        vectors = text_vectors()(texts)
        np.savez(file, vectors=vectors, seconds=process_time() - started)
    with np.load(file) as saved:
        found: NDArray[np.float32] = saved["vectors"]
    return found

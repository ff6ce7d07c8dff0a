"""Coded texts in a JSONL file: what each coder saw in each text, as arrays.

A line is an object with `text`, `codes` (frames by coder) and `frames` (those of the majority); all
else in it is left alone. Where a line has no `codes`, its `frames` count as one coder's.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class CodedFileError(ValueError):
    """A file that cannot be read as coded texts; the message says where and why."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class CodedLine:
    """A text, and the frames that each coder saw in it."""

    text: str
    codes: tuple[frozenset[str], ...]

    def share(self, frame: str) -> float:
        """Return the share of coders who saw the frame."""
        return sum(frame in seen for seen in self.codes) / len(self.codes)


def read_coded_file(path: Path) -> list[CodedLine]:
    """Return the coded texts of a file, in its order.

    Raises
    ------
    CodedFileError
        Where the file cannot be read, a line is no such object, or there is none.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CodedFileError(f"cannot read {path}: {error}") from error
    read = [
        _line(line, f"{path.name}, line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    if not read:
        raise CodedFileError(f"{path.name} has no line; give a coded text on each")
    return read


def frames_in(lines: Sequence[CodedLine], order: Sequence[str] = ()) -> list[str]:
    """Return the frames that some coder saw: those of `order` first, the others by name."""
    seen = {frame for line in lines for codes in line.codes for frame in codes}
    return [*(f for f in order if f in seen), *sorted(seen - set(order))]


def shares(lines: Sequence[CodedLine], frames: Sequence[str]) -> Floats:
    """Return the share of coders (n, F) who saw each frame in each text."""
    rows = [[line.share(frame) for frame in frames] for line in lines]
    return np.array(rows, dtype=np.float64).reshape(len(lines), len(frames))


def _line(line: str, where: str) -> CodedLine:
    try:
        entry: Any = json.loads(line)
    except ValueError as error:
        raise CodedFileError(f"{where} is no JSON: {error}") from error
    if not isinstance(entry, Mapping) or not isinstance(entry.get("text"), str):
        raise CodedFileError(f"{where} has no `text`; write one object a line")
    codes = entry.get("codes")
    if codes is None:
        codes = {"": entry.get("frames")}
    if not isinstance(codes, Mapping) or not codes:
        raise CodedFileError(f"{where}: `codes` must give a list of frames for each coder")
    return CodedLine(entry["text"], tuple(_frames(seen, where) for seen in codes.values()))


def _frames(seen: object, where: str) -> frozenset[str]:
    if not isinstance(seen, list) or not all(isinstance(frame, str) for frame in seen):
        raise CodedFileError(f"{where}: the frames of a coder must be a list of their keys")
    return frozenset(seen)

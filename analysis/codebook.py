"""The codebook: what each frame means, read from YAML and checked before anything is coded by it.

A codebook is written by people, so every refusal names the file, the key and what to write there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

VALUE_FRAMES = Path(__file__).parent / "codebooks" / "value_frames.yaml"

_KEY = re.compile(r"[a-z][a-z0-9_]*")
_BOOK_KEYS = frozenset({"codebook", "version", "language", "unit", "notes", "frames"})
_FRAME_KEYS = frozenset({"key", "name", "family", "definition", "include", "exclude", "sources"})


class CodebookError(ValueError):
    """A codebook that cannot be used; the message says what to write where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame: its key in the tables, and what coders read about it."""

    key: str
    name: str
    family: str
    definition: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Codebook:
    """A versioned set of frames in the order in which every table lists them."""

    name: str
    version: int
    language: str
    notes: tuple[str, ...]
    frames: tuple[Frame, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The frames' keys, in order."""
        return tuple(frame.key for frame in self.frames)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the file a value stands, for error messages."""

    path: Path
    where: str

    def refuse(self, what: str) -> CodebookError:
        return CodebookError(f"{self.path.name}: {self.where or 'the whole file'} {what}")

    def at(self, key: str) -> "_Place":
        return _Place(self.path, f"{self.where}.{key}" if self.where else key)


def load_codebook(path: Path | None = None) -> Codebook:
    """Read and check a codebook; without `path`, the one of value frames that comes with us.

    Raises
    ------
    CodebookError
        Where the file cannot be read, is no YAML, or a key is missing, unknown or malformed.
    """
    path = VALUE_FRAMES if path is None else path
    top = _Place(path, "")
    book = _mapping(_parse(path), top, allowed=_BOOK_KEYS)
    frames = tuple(
        _frame(entry, top.at(f"frames[{number}]"))
        for number, entry in enumerate(_sequence(book, "frames", top))
    )
    _refuse_repeats(frames, top)
    return Codebook(
        name=_key(book, "codebook", top),
        version=_version(book, top),
        language=_text(book, "language", top),
        notes=_texts(book, "notes", top, required=False),
        frames=frames,
    )


def _parse(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CodebookError(f"cannot read the codebook {path}: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise CodebookError(
            f"{path.name}{line}: this is no YAML ({getattr(error, 'problem', error)});"
            " quote texts that hold a colon or start with a quotation mark"
        ) from error


def _mapping(value: object, place: _Place, *, allowed: frozenset[str]) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise place.refuse(f"must be a mapping with the keys {', '.join(sorted(allowed))}")
    unknown = sorted(str(key) for key in value if key not in allowed)
    if unknown:
        raise place.at(unknown[0]).refuse(f"is no key here; write one of {sorted(allowed)}")
    return value


def _sequence(book: Mapping[str, object], key: str, place: _Place) -> list[object]:
    value = book.get(key)
    if not isinstance(value, list) or not value:
        raise place.at(key).refuse("must be a list with at least one entry")
    return value


def _text(entry: Mapping[str, object], key: str, place: _Place) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise place.at(key).refuse("is missing or no text; write one line of text")
    return value.strip()


def _texts(
    entry: Mapping[str, object], key: str, place: _Place, *, required: bool
) -> tuple[str, ...]:
    value = entry.get(key)
    if value is None and not required:
        return ()
    if not isinstance(value, list) or (required and not value):
        raise place.at(key).refuse("must be a list of texts, one a line, each after a dash")
    for number, text in enumerate(value):
        if not isinstance(text, str) or not text.strip():
            raise place.at(f"{key}[{number}]").refuse(
                "is no text; quote it if it holds a colon or starts with a quotation mark"
            )
    return tuple(text.strip() for text in value)


def _key(entry: Mapping[str, object], key: str, place: _Place) -> str:
    value = _text(entry, key, place)
    if not _KEY.fullmatch(value):
        raise place.at(key).refuse(
            f"is {value!r}; write lower-case letters, digits and underscores"
        )
    return value


def _version(book: Mapping[str, object], place: _Place) -> int:
    value = book.get("version")
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise place.at("version").refuse("must be a whole number from 1, raised with every change")
    return value


def _frame(entry: object, place: _Place) -> Frame:
    values = _mapping(entry, place, allowed=_FRAME_KEYS)
    return Frame(
        key=_key(values, "key", place),
        name=_text(values, "name", place),
        family=_key(values, "family", place),
        definition=_text(values, "definition", place),
        include=_texts(values, "include", place, required=True),
        exclude=_texts(values, "exclude", place, required=False),
        sources=_texts(values, "sources", place, required=False),
    )


def _refuse_repeats(frames: tuple[Frame, ...], place: _Place) -> None:
    first: dict[str, int] = {}
    for number, frame in enumerate(frames):
        if frame.key in first:
            raise place.at(f"frames[{number}].key").refuse(
                f"is {frame.key!r} like frames[{first[frame.key]}]; give each frame its own key"
            )
        first[frame.key] = number

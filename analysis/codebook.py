"""The codebook: what each frame means, read from YAML and checked before anything is coded by it.

A codebook is written by people, so every refusal names the file, the key and what to write there.
It has a version, which is raised with every change, since codings say by which version they were
made.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import yaml

VALUE_FRAMES = Path(__file__).parent / "codebooks" / "value_frames.yaml"

_KEY = re.compile(r"[a-z][a-z0-9_]*")
_BOOK_KEYS = frozenset({"codebook", "version", "language", "unit", "notes", "frames"})
_FRAME_KEYS = frozenset(
    {
        *("key", "name", "family", "definition", "include", "exclude", "sources"),
        *("plain", "examples", "since"),
    }
)


class CodebookError(ValueError):
    """A codebook that cannot be used; the message says what to write where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame: its key in the tables, and what people read about it.

    Attributes
    ----------
    plain : str
        What it is in words for people who are no researchers; may be empty.
    examples : tuple of str
        Invented posts that express it.
    since : int, optional
        Version from which on codings of it count, where its meaning changed in words only.
    """

    key: str
    name: str
    family: str
    definition: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    sources: tuple[str, ...]
    plain: str = ""
    examples: tuple[str, ...] = ()
    since: int | None = None

    @property
    def meaning(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """What a coder decides by: two frames with the same meaning are coded alike."""
        return self.definition, self.include, self.exclude


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

    @property
    def digest(self) -> str:
        """A checksum of all that it says to coders, whatever the layout of its file.

        `since` is left out: it says which codings count, not what a frame is.
        """
        said = asdict(self)
        for frame in said["frames"]:
            del frame["since"]
        text = json.dumps(said, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


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
        Where the file cannot be read, is no YAML, or a key is missing, unknown or malformed; the
        message names the first of these.
    """
    path = VALUE_FRAMES if path is None else path
    top = _Place(path, "")
    book = _mapping(_parse(path), top, allowed=_BOOK_KEYS)
    frames = tuple(
        _frame(entry, top.at(f"frames[{number}]"))
        for number, entry in enumerate(_sequence(book, "frames", top))
    )
    for problem in _repeats(frames, top):
        raise problem
    version = _version(book, top)
    for problem in _too_new(frames, version, top):
        raise problem
    return Codebook(
        name=_key(book, "codebook", top),
        version=version,
        language=_text(book, "language", top),
        notes=_texts(book, "notes", top, required=False),
        frames=frames,
    )


def codebook_errors(path: Path) -> list[CodebookError]:
    """Return everything for which a codebook is refused, in the order of the file."""
    top = _Place(path, "")
    try:
        book = _mapping(_parse(path), top, allowed=_BOOK_KEYS)
    except CodebookError as error:
        return [error]
    found = [
        *_refusals(partial(_key, book, "codebook", top)),
        *_refusals(partial(_version, book, top)),
        *_refusals(partial(_text, book, "language", top)),
        *_refusals(partial(_texts, book, "notes", top, required=False)),
        *_refusals(partial(_sequence, book, "frames", top)),
    ]
    entries = book.get("frames")
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        found += _frame_errors(entry, top.at(f"frames[{number}]"))
    if not found:  # what only shows when all the rest is right
        found += _refusals(partial(load_codebook, path))
    return found


def _refusals(check: Callable[[], object]) -> list[CodebookError]:
    try:
        check()
    except CodebookError as error:
        return [error]
    return []


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


def _since(entry: Mapping[str, object], place: _Place) -> int | None:
    value = entry.get("since")
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise place.at("since").refuse("must be the number of the version whose codings count on")
    return value


def _plain(entry: Mapping[str, object], place: _Place) -> str:
    return _text(entry, "plain", place) if entry.get("plain") is not None else ""


def _checks(entry: Mapping[str, object], place: _Place) -> dict[str, Callable[[], object]]:
    """Return how each part of a frame is read."""
    return {
        "key": partial(_key, entry, "key", place),
        "name": partial(_text, entry, "name", place),
        "family": partial(_key, entry, "family", place),
        "definition": partial(_text, entry, "definition", place),
        "include": partial(_texts, entry, "include", place, required=True),
        "exclude": partial(_texts, entry, "exclude", place, required=False),
        "sources": partial(_texts, entry, "sources", place, required=False),
        "plain": partial(_plain, entry, place),
        "examples": partial(_texts, entry, "examples", place, required=False),
        "since": partial(_since, entry, place),
    }


def _frame(entry: object, place: _Place) -> Frame:
    values = _mapping(entry, place, allowed=_FRAME_KEYS)
    parts: dict[str, object] = {key: read() for key, read in _checks(values, place).items()}
    return Frame(**parts)  # type: ignore[arg-type]  # each is read as what its field holds


def _frame_errors(entry: object, place: _Place) -> list[CodebookError]:
    try:
        values = _mapping(entry, place, allowed=_FRAME_KEYS)
    except CodebookError as error:
        return [error]
    return [error for read in _checks(values, place).values() for error in _refusals(read)]


def _repeats(frames: tuple[Frame, ...], place: _Place) -> Iterator[CodebookError]:
    first: dict[str, int] = {}
    for number, frame in enumerate(frames):
        if frame.key in first:
            yield place.at(f"frames[{number}].key").refuse(
                f"is {frame.key!r} like frames[{first[frame.key]}]; give each frame its own key"
            )
        first.setdefault(frame.key, number)


def _too_new(frames: tuple[Frame, ...], version: int, place: _Place) -> Iterator[CodebookError]:
    for number, frame in enumerate(frames):
        if frame.since is not None and frame.since > version:
            yield place.at(f"frames[{number}].since").refuse(
                f"is {frame.since}, and this is version {version}; name an earlier version"
            )

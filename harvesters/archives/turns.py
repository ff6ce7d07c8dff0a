"""Who said what, in order: the turns of a transcript as people and recorders write them.

Known are `Name: words` (with or without a time before or behind the name), a line with name and
time above the words (Teams, Otter), and WebVTT with voices or with `Name:` in its cues (Teams,
Zoom). What follows without a speaker belongs to the one before.
"""

import html
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harvesters.archives.files import ArchiveError

LARGEST_FILE = 50_000_000  # bytes: no talk is longer
LARGEST_DOCUMENT = 200_000_000  # bytes of a .docx when unpacked
_TIME = (
    r"\[?\(?(?:(?P<h{0}>\d{{1,2}}):)?(?P<m{0}>\d{{1,3}}):(?P<s{0}>\d{{2}})(?:[.,]\d{{1,3}})?\)?\]?"
)
_NAME = r"(?P<name>[^\W\d_][\w.'\u2019 \-()]{0,39}?|[A-Z]{1,3}\d{1,3})"
_LINE = re.compile(
    rf"^\s*(?:{_TIME.format(1)}\s*[-\u2013]?\s*)?{_NAME}\s*(?:{_TIME.format(2)})?\s*:\s+"
    r"(?P<words>\S.*)?$"
)
_HEADED = re.compile(rf"^\s*{_NAME}\s+{_TIME.format(1)}\s*$")
_LONGEST_NAME_WORDS = 4
_NO_SPEAKERS = frozenset(
    {"note", "notes", "date", "time", "duration", "location", "present", "title", "transcript"}
)
_FEW_NAMES = 3  # in so short a transcript everybody may speak once


@dataclass(frozen=True, slots=True)
class Turn:
    """What one person said until another spoke; `seconds` from the start, where it is told."""

    speaker: str
    text: str
    seconds: float | None = None


def read_turns(path: Path) -> tuple[Turn, ...]:
    """Return the turns of a transcript.

    Raises
    ------
    ArchiveError
        If the file is no .docx, .txt or .vtt, cannot be read, or names no speaker.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ArchiveError(f"{path.name} is no transcript; export it as .docx, .txt or .vtt")
    if not path.is_file():
        raise ArchiveError(f"there is no file {path}; check the path")
    if path.stat().st_size > LARGEST_FILE:
        raise ArchiveError(f"{path.name} is larger than any talk; split it into its parts")
    turns = tuple(_joined(reader(path)))
    if not turns:
        raise ArchiveError(
            f"{path.name} names no speakers; write each turn as 'P1: what was said', one a line"
        )
    return turns


def turns_of_lines(lines: Sequence[str]) -> Iterator[Turn]:
    """Yield a piece for each line that belongs to a speaker; what comes before one is left out."""
    matches = [_speaker_line(line) for line in lines]
    named = Counter(_named(match["name"]).lower() for match in matches if match)
    speaker: str | None = None
    for line, match in zip(lines, matches, strict=True):
        if match and _speaks(match, named):
            speaker = _named(match["name"])
            words = match.groupdict().get("words") or ""
            yield Turn(speaker, words.strip(), _seconds(match))
        elif speaker is not None and line.strip():
            yield Turn(speaker, line.strip())


def _speaker_line(line: str) -> re.Match[str] | None:
    match = _LINE.match(line) or _HEADED.match(line)
    return match if match and _is_speaker(match["name"]) else None


def _speaks(match: re.Match[str], named: Mapping[str, int]) -> bool:
    """Tell a speaker from a phrase before a colon: who speaks again, or has a time or number."""
    name = _named(match["name"])
    again = named[name.lower()] > 1 or len(named) <= _FEW_NAMES
    return again or _seconds(match) is not None or name[-1].isdigit()


def _joined(pieces: Iterable[Turn]) -> Iterator[Turn]:
    """Join what one speaker says in a row."""
    held: Turn | None = None
    for piece in pieces:
        if held is None or held.speaker.lower() != piece.speaker.lower():
            if held is not None:
                yield held
            held = piece
        else:
            text = "\n".join(part for part in (held.text, piece.text) if part)
            held = Turn(held.speaker, text, held.seconds)
    if held is not None:
        yield held


def _text_lines(path: Path) -> Iterator[Turn]:
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        yield from turns_of_lines(text.splitlines())
        return
    raise ArchiveError(f"{path.name} is no text; save it as UTF-8 and import it again")


def _document_lines(path: Path) -> Iterator[Turn]:
    from docx import Document  # noqa: PLC0415 # 0.2 s, for this format alone
    from docx.opc.exceptions import PackageNotFoundError  # noqa: PLC0415

    _refuse_bomb(path)
    try:
        document = Document(str(path))
        paragraphs = [paragraph.text for paragraph in document.paragraphs]
        rows = [
            [cell.text for cell in row.cells] for table in document.tables for row in table.rows
        ]
    except (PackageNotFoundError, KeyError, ValueError, SyntaxError, OSError):
        raise _unreadable(path) from None
    lines = [line for paragraph in paragraphs for line in paragraph.splitlines()]
    lines += [line for row in rows for line in _row_lines(row)]
    yield from turns_of_lines(lines)


def _row_lines(cells: list[str]) -> list[str]:
    """Return a table's row as lines: some write the speaker in one cell and the words beside it."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if len(filled) > 1 and not filled[0].endswith(":"):
        filled = [f"{filled[0]}:", *filled[1:]]
    return " ".join(filled).splitlines()


def _refuse_bomb(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError):
        raise _unreadable(path) from None
    if size > LARGEST_DOCUMENT:
        raise ArchiveError(f"{path.name} unpacks to more than any talk holds; save it anew")


def _caption_lines(path: Path) -> Iterator[Turn]:
    import webvtt  # noqa: PLC0415 # for this format alone
    from webvtt.errors import MalformedCaptionError, MalformedFileError  # noqa: PLC0415

    try:
        captions = webvtt.from_string(path.read_text(encoding="utf-8-sig")).captions
    except (MalformedFileError, MalformedCaptionError, UnicodeDecodeError, ValueError):
        raise _unreadable(path) from None
    speaker: str | None = None
    for caption in captions:
        text = html.unescape(caption.text).strip()
        pieces = [Turn(caption.voice.strip(), text)] if caption.voice else []
        pieces = pieces or list(turns_of_lines(text.splitlines()))
        if not pieces and speaker is not None:
            pieces = [Turn(speaker, text)]
        for piece in pieces:
            speaker = piece.speaker
            yield Turn(speaker, piece.text, float(caption.start_in_seconds))


def _is_speaker(name: str) -> bool:
    cleaned = _named(name)
    few = 0 < len(cleaned.split()) <= _LONGEST_NAME_WORDS
    return few and cleaned.lower() not in _NO_SPEAKERS and cleaned[0].isupper()


def _named(name: str) -> str:
    return " ".join(name.split())


def _seconds(match: re.Match[str]) -> float | None:
    found = match.groupdict()
    for place in ("1", "2"):
        if found.get(f"m{place}") is not None:
            hours = int(found.get(f"h{place}") or 0)
            return float(hours * 3600 + int(found[f"m{place}"]) * 60 + int(found[f"s{place}"]))
    return None


def _unreadable(path: Path) -> ArchiveError:
    return ArchiveError(f"{path.name} is damaged or not what its ending says; export it again")


READERS: Mapping[str, Callable[[Path], Iterator[Turn]]] = {
    ".docx": _document_lines,
    ".txt": _text_lines,
    ".vtt": _caption_lines,
}

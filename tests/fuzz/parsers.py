"""Every parser of what a server sends, found by its form: `parse_x(content, context)`."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path

import harvesters
from harvesters.posts import ReadContext
from warehouse.records import Post

Parse = Callable[[bytes, ReadContext], list[Post]]

RECORDINGS = Path(__file__).resolve().parents[1] / "recordings"
FOUND = Path(__file__).resolve().parent / "found"
_LEFT_OUT = ("harvesters.simulation", "harvesters.archives")


def every_parser() -> dict[str, Parse]:
    """Return the parsers by module and name, as in `mastodon.parse_statuses`."""
    return dict(sorted(_parsers()))


def recordings_of(parser: str) -> list[bytes]:
    """Return recorded answers of the parser's platform, to begin from."""
    platform = parser.partition(".")[0].partition("_")[0]
    folders = [path for path in RECORDINGS.iterdir() if path.name.startswith(platform)]
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path.read_bytes() for path in files]


def found_of(parser: str) -> list[Path]:
    """Return inputs that once broke a parser, each kept so that it never does again."""
    folder = FOUND / parser
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _parsers() -> Iterator[tuple[str, Parse]]:
    for info in pkgutil.walk_packages(harvesters.__path__, "harvesters."):
        if info.name.startswith(_LEFT_OUT):
            continue
        module = importlib.import_module(info.name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == info.name and _is_parser(name, function):
                yield f"{info.name.removeprefix('harvesters.')}.{name}", function


def _is_parser(name: str, function: Callable[..., object]) -> bool:
    parameters = list(inspect.signature(function).parameters.values())
    needed = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    return name.startswith("parse_") and [p.name for p in needed] == ["content", "context"]

"""Every parser of what a server sends, found by its form: `parse_x(content, context)`."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import harvesters
from harvesters.html_forum.posts import parse_posts
from harvesters.html_forum.profile import load_profile, shipped_names
from harvesters.posts import ReadContext
from harvesters.simulation.forums.build import build_board
from harvesters.simulation.forums.site import ForumSite
from warehouse.records import Post

Parse = Callable[[bytes, ReadContext], list[Post]]

RECORDINGS = Path(__file__).resolve().parents[1] / "recordings"
FOUND = Path(__file__).resolve().parent / "found"
FORUMS = "html_forum"
_LEFT_OUT = ("harvesters.simulation", "harvesters.archives")


def every_parser() -> dict[str, Parse]:
    """Return the parsers by module and name, as in `mastodon.parse_statuses`.

    A forum profile is a parser, too: `html_forum.phpbb3`.
    """
    return dict(sorted([*_parsers(), *_profiles()]))


def recordings_of(parser: str) -> list[bytes]:
    """Return recorded answers of the parser's platform, to begin from."""
    platform, _, part = parser.partition(".")
    if platform == FORUMS:
        return _simulated_pages(part)
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


def _profiles() -> Iterator[tuple[str, Parse]]:
    for name in shipped_names():
        profile = load_profile(name)
        yield (
            f"{FORUMS}.{name}",
            partial(
                parse_posts,
                profile=profile,
                dates=profile.date_reader({}),
                thread="1",
                address="https://site.example/threads/1",
            ),
        )


def _simulated_pages(profile: str) -> list[bytes]:
    """Return pages of a small simulated board: a thread's, and the board's own."""
    ends_at = datetime(2026, 1, 5, 2, tzinfo=UTC)
    board = build_board(seed=3, ends_at=ends_at, threads=30, longest=60)
    site = ForumSite(board, software=profile)
    threads = list(site.view(ends_at).threads.values())[:2]
    urls = [site.forum_url(2), *(site.thread_url(thread) for thread in threads)]
    return [site.ask(url.removeprefix(site.base), at=ends_at).body for url in urls]


def _is_parser(name: str, function: Callable[..., object]) -> bool:
    parameters = list(inspect.signature(function).parameters.values())
    needed = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    return name.startswith("parse_") and [p.name for p in needed] == ["content", "context"]

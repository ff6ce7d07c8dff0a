"""Progress of long work: a live display on a terminal, plain lines in a pipe."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

PLAIN_LINES = 12
"""How many lines a whole piece of work prints where nobody watches it live."""


class Ticker(Protocol):
    """Is told of each step of a piece of work."""

    def __call__(self, text: str) -> None:
        """One more step is done; `text` says what came of it."""
        ...


@contextmanager
def ticking(console: Console, title: str, total: int) -> Iterator[Ticker]:
    """Show `total` steps of work under a title while the block runs."""
    if console.is_terminal:
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[said]}"),
            console=console,
        ) as progress:
            job = progress.add_task(title, total=total, said="")
            yield lambda text: progress.update(job, advance=1, said=text)
        return
    done = 0
    every = max(1, total // PLAIN_LINES)

    def line(text: str) -> None:
        nonlocal done
        done += 1
        if done % every == 0 or done == total:
            console.print(f"{title}: {done}/{total} {text}", highlight=False)

    yield line


QUIET_SECONDS = 10.0
"""How long work of unknown length says nothing where nobody watches it live."""


@contextmanager
def telling(console: Console) -> Iterator[Callable[[str], None]]:
    """Show what work of unknown length is at: one live line on a terminal, few lines in a pipe."""
    if console.is_terminal:
        with console.status("") as status:
            yield status.update
        return
    last = time.monotonic()

    def line(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= QUIET_SECONDS:
            last = time.monotonic()
            console.print(text, highlight=False)

    yield line


LONG_SECONDS = 2.0
"""How long a query may take before a terminal shows that it goes on."""


@contextmanager
def querying(console: Console) -> Iterator[Callable[[float | None], None]]:
    """Show on a terminal how far a query is, once it takes long; in a pipe nothing.

    What is yielded is told a share from 0 to 1, or None where it is unknown.
    """
    if not console.is_terminal:
        yield lambda _: None
        return
    began = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as progress:
        job: TaskID | None = None

        def show(done: float | None) -> None:
            nonlocal job
            if job is None and time.monotonic() - began >= LONG_SECONDS:
                job = progress.add_task("Ctrl-C stops the query", total=None)
            if job is not None:
                progress.update(job, total=1 if done else None, completed=done or 0, refresh=True)

        yield show

"""Protecting and landing the parts of an archive, in several processes where there is more to do.

The parent alone reads the file. It hands one part at a time to each worker through a pipe; the
worker writes the segment and answers with counts, so that no text comes back. Which segment is
which part's stands before it is handed out, and so what lands is the same whatever the number of
processes. Keys travel through the pipe and lie nowhere else. A worker whose pipe closes has no
parent any more and ends; it writes whole segments or none.
"""

import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain, islice
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Self

from harvesters.archives.files import ArchiveError
from harvesters.archives.reading import Part, protected
from warehouse.landing import next_serial, write_segment
from warehouse.records import Batch, SegmentHeader

MOST_PROCESSES = 8  # each holds a model and a part: some 200 MB
_PATIENCE = 30.0  # seconds for a worker to finish what it writes


@dataclass(frozen=True, slots=True)
class Landed:
    """How many posts of a part were landed, and why its other rows were not."""

    posts: int
    drops: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Task:
    """One part, and the segment that it is to become."""

    part: Part
    landing: Path
    header: SegmentHeader
    serial: int

    def land(self) -> Landed:
        batch = protected(self.part)
        write_segment(
            self.landing, _header_of(batch, self.header), posts=batch.posts, serial=self.serial
        )
        return Landed(len(batch.posts), batch.drops)


def available_processes() -> int:
    """Return how many processes have a core of this machine for themselves."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return min(MOST_PROCESSES, len(os.sched_getaffinity(0)))
    return min(MOST_PROCESSES, os.cpu_count() or 1)


def land_parts(
    parts: Iterable[Part], landing: Path, header: SegmentHeader, *, processes: int | None = None
) -> Iterator[Landed]:
    """Protect and land the parts of an archive, and yield what became of each as it is done.

    Parameters
    ----------
    parts : iterable of Part
        The parts in the order in which their segments are to be loaded.
    landing : Path
        The folder of segments.
    header : SegmentHeader
        What the segments have in common.
    processes : int, optional
        How many processes share the work, the cores of this machine where nothing is said. With
        one, or where there is little to do, this process does it.

    Raises
    ------
    ArchiveError
        If the file breaks off, after everything before that place is landed; or if a worker was
        ended from outside.
    """
    tasks = (_Task(part, landing, header, next_serial()) for part in parts)
    first, rest = _ahead(tasks, available_processes() if processes is None else processes)
    if len(first) == 1:  # what two would do is not there, or not wanted
        for task in chain(first, rest):
            yield task.land()
        return
    with _Workers(len(first)) as workers:
        yield from workers.work(chain(first, rest))


def _ahead(tasks: Iterator[_Task], n: int) -> tuple[list[_Task], Iterator[_Task]]:
    """Return the first tasks, and the others; where reading breaks off, that comes behind them."""
    first: list[_Task] = []
    try:
        for task in islice(tasks, n):
            first.append(task)  # noqa: PERF402 # what came before an error is kept
    except ArchiveError as error:
        return first, _broken(error)
    return first, tasks


def _broken(error: ArchiveError) -> Iterator[_Task]:
    raise error
    yield  # an iterator that is asked for nothing but this


def _header_of(batch: Batch, common: SegmentHeader) -> SegmentHeader:
    return replace(
        common,
        source=batch.source,
        community=batch.community,
        fetched=batch.fetched,
        expected=batch.expected,
        drops=batch.drops,
        threads=batch.threads,
        communities=batch.communities,
    )


class _Workers:
    """So many processes, which end with the `with` block."""

    def __init__(self, n: int) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy other threads
        self._busy: dict[Connection, BaseProcess] = {}
        self._idle = [_started(context) for _ in range(n)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        every = [*self._idle, *self._busy.items()]
        for pipe, _ in every:
            pipe.close()
        for _, process in every:
            process.join(_PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()

    def work(self, tasks: Iterator[_Task]) -> Iterator[Landed]:
        """Hand out the tasks; where reading them breaks off, those before are done still."""
        try:
            for task in tasks:
                if not self._idle:
                    yield from self._finished()
                pipe, process = self._idle.pop()
                self._busy[pipe] = process
                _send(pipe, task)
        except ArchiveError:
            while self._busy:
                yield from self._finished()
            raise
        while self._busy:
            yield from self._finished()

    def _finished(self) -> Iterator[Landed]:
        """Wait until some worker is done, and yield what it did."""
        for ready in wait([*self._busy]):
            assert isinstance(ready, Connection)  # noqa: S101 # nothing else was waited for
            process = self._busy.pop(ready)
            try:
                answer = ready.recv()
            except (EOFError, OSError):
                ready.close()
                process.join()
                raise _ended(process) from None
            self._idle.append((ready, process))
            if isinstance(answer, BaseException):
                raise answer
            yield answer


def _started(context: SpawnContext) -> tuple[Connection, BaseProcess]:
    own, pipe = context.Pipe()
    process = context.Process(target=_work, args=(pipe,), daemon=True)
    with _uninterrupted():
        process.start()
    pipe.close()  # so that a worker's end is heard
    return own, process


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Keep Ctrl-C, which all processes of a terminal hear, from those that begin here."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # which a first process begins, and then lets Ctrl-C through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _send(pipe: Connection, task: _Task) -> None:
    with suppress(BrokenPipeError):  # a worker that has ended is told of when it is waited for
        pipe.send(task)


def _ended(process: BaseProcess) -> ArchiveError:
    return ArchiveError(
        f"a process that reads the archive was ended from outside (exit code {process.exitcode}); "
        "see whether memory ran short, and import the files again: what is landed counts once"
    )


def _work(pipe: Connection) -> None:
    """Land parts until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever is interrupted closes the pipe
    with suppress(EOFError, OSError):
        while True:
            task = pipe.recv()
            pipe.send(_tried(task))


def _tried(task: _Task) -> Landed | Exception:
    try:
        return task.land()
    except Exception as error:  # noqa: BLE001 # the parent raises it
        return error

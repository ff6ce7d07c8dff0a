"""One writer: a lock file that names the process which holds it.

The lock is the kernel's, so it goes with its process, whatever ends that; a file that a dead
process left behind is no obstacle. On a folder shared between machines the pid is that of the
machine that `host` names.
"""

import fcntl
import json
import os
import socket
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from warehouse.errors import WarehouseLocked
from warehouse.home import PRIVATE_FILE


class WriterLock:
    """Holds the lock file from `acquire` to `release`.

    Parameters
    ----------
    path : Path
        The lock file, made where it is missing; it stays when the lock is released.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, *, now: datetime) -> Self:
        """Take the lock, or raise `WarehouseLocked` with the pid of its holder."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise WarehouseLocked(
                f"the warehouse is being written by {holder}; wait until that ends, then try again"
            ) from None
        entry = {"pid": os.getpid(), "host": socket.gethostname(), "since": now.isoformat()}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(entry).encode(), 0)
        self._descriptor = descriptor
        return self

    def release(self) -> None:
        """Give the lock back; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _holder(descriptor: int) -> str:
    try:
        entry: Any = json.loads(os.pread(descriptor, 4096, 0))
        return f"process {entry['pid']} on {entry['host']} since {entry['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"

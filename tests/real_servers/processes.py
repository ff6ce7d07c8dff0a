"""A server as a process of its own, ended with all that it started."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.real_servers.conftest import START_SECONDS, wait_until_listening


@contextmanager
def serving(
    command: Sequence[str], *, environment: Mapping[str, str], log: Path, port: int
) -> Iterator[None]:
    """Run a server until the context ends, once it listens; what it says goes to `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until_listening(port, process)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        process.wait(timeout=START_SECONDS)

"""Read a body under limits of size and time, decompressing no more than is allowed."""

import time
import zlib
from collections.abc import Iterable, Iterator

from harvesters.base import ResponseRefused

ACCEPTED_ENCODINGS = "gzip, deflate"
_STEP = 1 << 18  # bytes decompressed at a time
_ANY_HEADER = zlib.MAX_WBITS | 32  # gzip or zlib, whichever the bytes say


class BrokenBody(Exception):
    """The body ended early or its compression is damaged; asking again may help."""


def read_body(
    chunks: Iterable[bytes], *, encoding: str, max_bytes: int, deadline: float, host: str
) -> bytes:
    """Join `chunks` of a raw body and decode them.

    Parameters
    ----------
    chunks : iterable of bytes
        The body as it comes off the wire.
    encoding : str
        Its `Content-Encoding`.
    max_bytes : int
        Most bytes after decoding.
    deadline : float
        The `time.monotonic` after which the host is too slow.
    host : str
        Named in errors.

    Raises
    ------
    ResponseRefused
        If the body is too large, too slow, or in an encoding that was not asked for.
    BrokenBody
        If the body is incomplete or damaged.
    """
    timely = _until(chunks, deadline, host)
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        decoded: Iterable[bytes] = timely
    elif name in {"gzip", "x-gzip", "deflate"}:
        decoded = _inflate(timely)
    else:
        raise ResponseRefused(f"{host} sent a body encoded as {encoding!r}, which nobody asked for")
    parts: list[bytes] = []
    size = 0
    for part in decoded:
        size += len(part)
        if size > max_bytes:
            raise ResponseRefused(
                f"{host} sent more than {max_bytes:,} bytes in one answer; nothing of it was kept"
            )
        parts.append(part)
    return b"".join(parts)


def _until(chunks: Iterable[bytes], deadline: float, host: str) -> Iterator[bytes]:
    for chunk in chunks:
        if time.monotonic() > deadline:
            raise ResponseRefused(f"{host} sends too slowly; nothing of the answer was kept")
        yield chunk


def _inflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress gzip members or a zlib stream step by step; raw deflate where servers send it."""
    engine = zlib.decompressobj(_ANY_HEADER)
    started = False
    for chunk in chunks:
        waiting = chunk
        while waiting:
            if engine.eof:  # the next member of a gzip file
                engine = zlib.decompressobj(_ANY_HEADER)
            try:
                part = engine.decompress(waiting, _STEP)
            except zlib.error:
                if started:
                    raise BrokenBody("damaged compression") from None
                engine = zlib.decompressobj(-zlib.MAX_WBITS)
                part = _first_raw(engine, waiting)
            started = True
            waiting = engine.unconsumed_tail or engine.unused_data
            if part:
                yield part
    if started and not engine.eof:
        yield from _rest(engine)


def _first_raw(engine: "zlib._Decompress", waiting: bytes) -> bytes:
    try:
        return engine.decompress(waiting, _STEP)
    except zlib.error:
        raise BrokenBody("damaged compression") from None


def _rest(engine: "zlib._Decompress") -> Iterator[bytes]:
    while part := engine.decompress(b"", _STEP):
        yield part
    if not engine.eof:
        raise BrokenBody("compressed body ends early")

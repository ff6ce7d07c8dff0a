"""Files that zstd packed with a window wider than 128 MB, as dumps of Reddit are (`--long=31`).

They are unpacked piece by piece; what has to stay in memory is the window, which is as wide as
whoever packed the file chose (2 GB at most) or as long as what it holds, if that is less.
"""

import io
from collections.abc import Generator
from pathlib import Path
from typing import Any

import zstandard

USUAL_WINDOW = 2**27
WIDEST_WINDOW = 2**31
_HEADER = 18  # bytes that say how a frame is packed
_PIECE = 4096  # packed bytes at a time: a hostile piece swells to 128 MB at most


class DamagedFile(OSError):
    """A file ends early, or its packing is damaged."""


def has_wide_window(path: Path) -> bool:
    """Tell whether a file was packed with a wider window than usual readers accept."""
    with path.open("rb") as file:
        header = file.read(_HEADER)
    try:
        return zstandard.get_frame_parameters(header).window_size > USUAL_WINDOW
    except zstandard.ZstdError:
        return False


class WideZstd(io.RawIOBase):
    """The unpacked bytes of a file, as a stream; raises `DamagedFile` where it breaks off."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._pieces = _unpacked(path)
        self._waiting = memoryview(b"")

    def readable(self) -> bool:
        """Say that bytes can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer as far as the next piece goes; 0 at the end."""
        while not self._waiting:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._waiting = memoryview(piece)
        size = min(len(buffer), len(self._waiting))
        buffer[:size] = self._waiting[:size]
        self._waiting = self._waiting[size:]
        return size

    def close(self) -> None:
        """Close the file."""
        self._pieces.close()
        super().close()


def _unpacked(path: Path) -> Generator[bytes, None, None]:
    """Yield the unpacked pieces of one frame after another."""
    packer = zstandard.ZstdDecompressor(max_window_size=WIDEST_WINDOW)
    frame = packer.decompressobj()
    ended = True
    with path.open("rb") as file:
        while waiting := file.read(_PIECE):
            while waiting:
                if frame.eof:
                    frame = packer.decompressobj()
                try:
                    yield frame.decompress(waiting)
                except zstandard.ZstdError:
                    raise DamagedFile("damaged packing") from None
                ended, waiting = frame.eof, frame.unused_data if frame.eof else b""
    if not ended:
        raise DamagedFile("the last frame ends early")

"""A search for words in every byte under a folder, as it lies there and unpacked.

Compression hides bytes, so what is packed is searched a second time as what it holds: Parquet,
NumPy archives, zip files and zstd streams. A word is found by its first 12 bytes too.
"""

import io
import re
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FRAGMENT = 12
WORD = re.compile(rb"zq[a-y]{10}")
"""The beginning of every planted word: what is shorter could be anything."""


def files_holding(root: Path, words: Collection[str]) -> dict[str, set[str]]:
    """Return which files under a folder hold which words, or their first 12 bytes."""
    beginnings = {word[:FRAGMENT]: word for word in words}
    assert len(beginnings) == len(words)
    found = {}
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        name = str(path.relative_to(root))
        seen = {match.decode() for part in _contents(path) for match in WORD.findall(part)}
        if hits := {beginnings[fragment] for fragment in seen & beginnings.keys()}:
            found[name] = hits
    return found


def words_in(root: Path, words: Collection[str]) -> set[str]:
    """Return the words that any file under a folder holds."""
    return set().union(*files_holding(root, words).values())


def _contents(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    yield str(path.name).lower().encode()
    yield content.lower()
    for width in (2, 4):  # UTF-16 and UTF-32: a letter and zeros
        yield content.replace(bytes(width - 1), b"").lower() if bytes(width - 1) in content else b""
    if content.startswith(b"PAR1"):
        yield _parquet(content)
    elif zipfile.is_zipfile(path):
        yield from _zip(path)
    elif path.suffix == ".zst":
        yield pa.CompressedInputStream(pa.BufferReader(content), "zstd").read().lower()


def _parquet(content: bytes) -> bytes:
    try:
        table = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError):
        return b""
    return f"{table.schema.metadata} {table.to_pylist()}".lower().encode()


def _zip(path: Path) -> Iterator[bytes]:
    with zipfile.ZipFile(path) as packed:
        for name in packed.namelist():
            part = packed.read(name)
            yield part.lower()
            if name.endswith(".npy"):
                values = np.load(io.BytesIO(part), allow_pickle=False)
                if values.dtype.kind == "U":
                    yield " ".join(values.ravel().tolist()).lower().encode()

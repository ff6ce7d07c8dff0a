"""How many posts a second of CPU time mentions and redaction take together, in one process.

    python tests/benchmarks/bench_protection.py FILE.parquet [--column body] [--whole]

Reads chunks of 10,000 texts spread over the file, five unless told to take the whole, and prints
the median of the chunks and the range; of each step, and of language and markup beside them, which
every harvested text passes, too. Nothing but figures is printed.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from harvesters.language import detect_language, detect_languages
from harvesters.markup import plain_to_text
from warehouse.protection.keys import KeyRing
from warehouse.protection.mentions import replace_mentions
from warehouse.protection.redaction import redact

CHUNK, CHUNKS = 10_000, 5
KEYS = KeyRing(study="bench", author=(b"1" * 32,), content=b"2" * 32, erasure=b"3" * 32)


def _mentions(text: str) -> str:
    return replace_mentions(text, platform="reddit", host="reddit.com", keys=KEYS).text


def _both(text: str) -> str:
    return redact(_mentions(text)).text


STEPS: dict[str, Callable[[str], object]] = {
    "mentions and redaction": _both,
    "mentions": _mentions,
    "redaction": redact,
    "language": detect_language,
    "markup of plain text": plain_to_text,
}


def _together(texts: Sequence[str]) -> float:
    """As `_rate`, of languages as an import tells them: many texts at once."""
    began = time.process_time()
    detect_languages(texts)
    return len(texts) / (time.process_time() - began)


def _rate(step: Callable[[str], object], texts: Sequence[str]) -> float:
    began = time.process_time()
    for text in texts:
        step(text)
    return len(texts) / (time.process_time() - began)


def main() -> None:
    """Measure every step on the chunks of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--column", default="body")
    parser.add_argument("--whole", action="store_true", help="every text, for the first step only")
    arguments = parser.parse_args()
    if not arguments.file.exists():
        sys.exit(f"{arguments.file} is not there; name a Parquet file with a column of texts")
    texts = pq.read_table(arguments.file, columns=[arguments.column])[0].to_pylist()
    n_chunks = max(1, len(texts) // CHUNK) if arguments.whole else CHUNKS
    stride = max(1, len(texts) // n_chunks)
    chunks = [texts[first : first + CHUNK] for first in range(0, n_chunks * stride, stride)]
    chunks = [chunk for chunk in chunks if chunk]
    mean = statistics.mean(len(text) for chunk in chunks for text in chunk)
    n_texts = sum(map(len, chunks))
    sys.stdout.write(f"{n_texts:,} texts in {len(chunks)} chunks, {mean:.0f} characters each\n")
    for name, step in list(STEPS.items())[: 1 if arguments.whole else None]:
        _write(name, [_rate(step, chunk) for chunk in chunks])
    if not arguments.whole:
        _write("language, many at once", [_together(chunk) for chunk in chunks])


def _write(name: str, rates: Sequence[float]) -> None:
    sys.stdout.write(
        f"{name}: median {statistics.median(rates):,.0f} texts a CPU second "
        f"({min(rates):,.0f} to {max(rates):,.0f})\n"
    )


if __name__ == "__main__":
    main()

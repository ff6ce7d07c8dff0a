"""Writes the section on topics of docs/benchmarks.md from what the benchmarks printed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.page_sections import write_section

HEADING = "## Topics"
_QUALITY = (
    "    python -m tests.benchmarks.bench_topics --transformers",
    "",
    "Each fit in a process of its own with one thread; the same words of the same posts for all.",
    "Means over five starts, two where that is said, standard deviations in brackets; the first",
    "is each model's usual, the others begin at random. CPU from counts of words to topics and",
    "posts; what is added is the vectors of MiniLM, once a corpus. NPMI over posts, top ten terms,",
    "a pair that never meets counts -1; AMI of leading topics with the labels, posts without a",
    "topic a group of their own; the same terms: Jaccard of the top ten of matched topics between",
    "starts. BBC_News has five labels, so that ten topics cannot agree fully.",
    "",
)


def write_topics(page: Path, quality: Sequence[str], parts: Mapping[str, str]) -> None:
    """Replace the section on topics.

    Parameters
    ----------
    quality : sequence of str
        Lines of the tables beside peers.
    parts : mapping of str to str
        What each other module printed.
    """
    lines = [*_QUALITY, *quality, ""]
    for name, said in parts.items():
        lines += [f"    python -m tests.benchmarks.topics_{name}", "", _shown(said), ""]
    write_section(page, HEADING, lines)


def _shown(said: str) -> str:
    """Return what a part printed, line by line where it is laid out by spaces."""
    said = said.strip()
    return f"```text\n{said}\n```" if "\n  " in said else said

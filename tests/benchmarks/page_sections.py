"""Writes a section of a page of docs/ from what a benchmark printed; all else of the page stays."""

from collections.abc import Sequence
from pathlib import Path


def write_section(page: Path, heading: str, lines: Sequence[str]) -> None:
    """Replace the section under a heading such as "## Topics", or add it at the end.

    Parameters
    ----------
    lines : sequence of str
        What stands under the heading.
    """
    text = page.read_text(encoding="utf-8")
    before, found, after = text.partition(f"\n{heading}\n")
    following = after.partition("\n## ")[2] if found else ""
    rest = f"\n## {following}" if following else ""
    section = "\n".join([heading, "", *lines]).rstrip("\n")
    page.write_text(f"{before.rstrip()}\n\n{section}\n{rest}", encoding="utf-8")

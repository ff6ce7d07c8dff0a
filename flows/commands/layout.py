"""Answers of the corpus commands on a terminal: columns that fit, lines round a node, whole posts.

In a pipe they are tables like all others. JSON and files have all columns and all figures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flows.commands import output

if TYPE_CHECKING:
    from rich.console import Console

Row = Mapping[str, Any]

_FIGURES = 3  # of a number, or as many as it has before the point
_GAP = 3  # signs between two columns
_LEAST = 3  # columns that are shown, however narrow the terminal
_CONTEXT = ("left_context", "node", "right_context")
_NARROWEST = 12  # of a context
_DEEPEST = 8  # answers to answers that are set further to the right
_FOLDED = 20  # signs from which a text is folded where there is no room


def print_answer(rows: Sequence[Row], *, columns: Sequence[str]) -> None:
    """Print rows as a table.

    Parameters
    ----------
    rows : sequence of mappings
    columns : sequence of str
        What to print; on a terminal those that do not fit are left out, the last ones first.
        Rows with contexts are shown as a concordance there, and rows with a text as posts.
    """
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        output.print_rows([_short(row) for row in rows], columns=columns)
    elif set(_CONTEXT) <= set(columns):
        _print_lines(console, rows)
    elif "text" in columns:
        _print_posts(console, rows)
    else:
        _print_columns(console, [_short(row) for row in rows], columns)


def _print_columns(console: Console, rows: Sequence[Row], columns: Sequence[str]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    cells = {name: [output.cell(row[name]) for row in rows] for name in columns}
    numeric = {name for name in columns if rows and all(_is_number(row[name]) for row in rows)}
    shown = columns[: _fitting([_needed(name, cells[name]) for name in columns], console.width)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in shown:
        table.add_column(
            Text(_head(name)),
            justify="right" if name in numeric else "left",
            min_width=_needed(name, cells[name]),
            overflow="fold",
        )
    for row in zip(*(cells[name] for name in shown), strict=True):
        table.add_row(*map(Text, row))
    console.print(table)
    if len(shown) < len(columns):
        left_out = ", ".join(columns[len(shown) :])
        console.print(f"Too wide to be shown here: {left_out}.", style="dim", highlight=False)


def _head(name: str) -> str:
    """Return a column's name as words, which can stand below each other."""
    return name.replace("_", " ")


def _needed(name: str, cells: Sequence[str]) -> int:
    """Return the width that a column needs: long texts are folded."""
    longest = max((len(cell) for cell in cells), default=0)
    return max(min(longest, _FOLDED), *map(len, _head(name).split()))


def _fitting(widths: Sequence[int], room: int) -> int:
    """Return how many columns fit, from the left."""
    shown = len(widths)
    while shown > _LEAST and sum(widths[:shown]) + _GAP * (shown - 1) > room:
        shown -= 1
    return shown


def _print_lines(console: Console, rows: Sequence[Row]) -> None:
    """Print hits one below the other, each on a line that is cut to the width of the terminal."""
    from rich.text import Text

    about = [[str(row["post_id"]), str(row["created_at"])[:10]] for row in rows]
    communities = [output.cell(row["community"]) for row in rows]
    nodes = [output.cell(row["node"]) for row in rows]
    number = max((len(post_id) for post_id, _ in about), default=0)
    place = min(max(map(len, communities), default=0), 14)
    room = console.width - number - place - 10 - max(map(len, nodes), default=0) - 2 * 3 - 2
    side = max(room // 2, _NARROWEST)
    for row, (post_id, day), community, node in zip(rows, about, communities, nodes, strict=True):
        left, right = (output.cell(row[name]) for name in ("left_context", "right_context"))
        line = Text(f"{post_id:>{number}}  {day}  {community[:place]:<{place}}  ", style="dim")
        line.append(f"{left[-side:]:>{side}} ", style="not dim")
        line.append(node, style="bold not dim")
        line.append(f" {right[:side]}", style="not dim")
        console.print(line, no_wrap=True, overflow="crop", highlight=False)


def _print_posts(console: Console, rows: Sequence[Row]) -> None:
    """Print whole posts below each other, answers further to the right than what they answer."""
    from rich.padding import Padding
    from rich.text import Text

    for row in rows:
        told = [f"post {row['post_id']}", str(row["created_at"])[:16], row.get("community")]
        told += [f"thread {row['thread_id']}"] if "thread_id" in row else []
        told += [row["voice"] or "unknown"] if "voice" in row else []
        indent = 2 * min(row.get("depth") or 0, _DEEPEST)
        heading = "  ".join(output.printable(str(part)) for part in told if part)
        console.print(Padding(Text(heading, style="dim"), (0, 0, 0, indent)))
        for text, style in ((row["title"], "bold"), (row["text"], "")):
            if text.strip():
                lines = "\n".join(map(output.printable, text.strip().splitlines()))
                console.print(Padding(Text(lines, style=style), (0, 0, 0, indent)))
        console.print()


def _short(row: Row) -> dict[str, Any]:
    return {name: _rounded(value) for name, value in row.items()}


def _rounded(value: Any) -> Any:
    if not isinstance(value, float) or not math.isfinite(value):
        return value
    return float(round(value)) if abs(value) >= 10**_FIGURES else float(f"{value:.{_FIGURES}g}")


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))

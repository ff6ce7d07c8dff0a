"""Tables as people read them, as JSON and as CSV."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TextIO, cast, get_args

from flows.commands.session import WrongUse

if TYPE_CHECKING:
    from warehouse.protection.exported import Export

Row = Mapping[str, object]
TableFormat = Literal["table", "json", "csv"]

_FORMULA = ("=", "+", "-", "@")
_CONTROL = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)))


def print_rows(
    rows: Sequence[Row],
    *,
    columns: Sequence[str] | None = None,
    title: str | None = None,
    form: TableFormat = "table",
) -> None:
    """Print rows to standard output.

    Parameters
    ----------
    rows : sequence of mappings
        One mapping a row; a column that a row lacks stays empty.
    columns : sequence of str, optional
        What to print, in this order; the first row's keys where nothing is said.
    title : str, optional
        A line above a table; left out of JSON and CSV.
    form : {"table", "json", "csv"}
        How to print. JSON is an array of objects, with null for NaN.
    """
    names = list(columns) if columns is not None else list(rows[0] if rows else ())
    if form == "json":
        print_json([{name: row.get(name) for name in names} for row in rows])
    elif form == "csv":
        write_csv(sys.stdout, rows, columns=names)
    else:
        _print_table(rows, columns=names, title=title)


def chosen_form(*, as_json: bool) -> TableFormat:
    """Return the form that the option `--json` asks for."""
    return "json" if as_json else "table"


def form_named(name: str) -> TableFormat:
    """Return the form of that name; raises `WrongUse`."""
    for form in get_args(TableFormat):
        if form == name:
            return cast("TableFormat", form)
    raise WrongUse(f"--format {name} is not one of {', '.join(get_args(TableFormat))}")


def print_json(value: object) -> None:
    """Print a value as JSON, times in ISO 8601."""
    sys.stdout.write(json.dumps(_plain(value), ensure_ascii=False, indent=2) + "\n")


def write_csv(file: TextIO, rows: Sequence[Row], *, columns: Sequence[str]) -> None:
    """Write rows as CSV with a header line, numbers in full.

    Text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_csv_cell(row.get(name)) for name in columns] for row in rows)


def plain_exports(exports: Sequence[Export]) -> list[dict[str, object]]:
    """Return who got what and when, as rows."""
    return [
        {"who": e.who, "what": e.what, "n_rows": e.n_rows, "exported_at": e.exported_at}
        for e in exports
    ]


def print_exports(exports: Sequence[Export]) -> None:
    """Print who has to be told of an erasure, if anybody was given what it concerns."""
    if exports:
        title = "These people were given rows that may hold it: tell them to delete these."
        print_rows(plain_exports(exports), title=title)


def _print_table(rows: Sequence[Row], *, columns: Sequence[str], title: str | None) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False
    )
    for name in columns:
        numeric = bool(rows) and all(_is_number(row.get(name)) for row in rows)
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:  # texts hold tokens such as [email], which markup would swallow
        table.add_row(*(Text(cell(row.get(name))) for name in columns))
    console = Console()
    if not console.is_terminal:  # a pipe has no width to fold lines at
        needed = console.measure(table, options=console.options.update(max_width=100_000))
        console = Console(width=max(80, needed.maximum))
    console.print(table)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def cell(value: object) -> str:
    """Return a value as one line of text; control characters could steer a terminal."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(cell(part) for part in value)
    return printable(str(value))


def printable(text: str) -> str:
    """Return a text on one line, without the control characters that could steer a terminal."""
    return " ".join(text.split("\n")).translate(_CONTROL).replace("\t", " ")


def _csv_cell(value: object) -> str:
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    text = cell(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _plain(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)

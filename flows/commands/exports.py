"""The controlled door: files that leave for a named person, each with a row in `exports`.

Texts pass the model of the extra `names` on the way. Which columns are texts is told by their
names: those of the release that hold texts, and any that the release does not know, since a query
can call a text anything.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flows.commands.output import write_csv
from flows.commands.session import WrongUse, open_study
from warehouse.home import Home, make_private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import pyarrow as pa

    from warehouse.gateway import Warehouse
    from warehouse.protection.names import NameRedactor

FileKind = Literal["csv", "parquet"]

_LINE = ("left_context", "node", "right_context")  # a word in its context, read as one text
_TEXTS = frozenset({"title", "text", "own_text", "note"})
_QUICKLY_READ = 100  # rows in which names are found without a word on how long it takes


def named_person(to: str | None) -> str | None:
    """Return who gets a file, by a name that a record can hold."""
    if to is not None and not (to.strip() and to.isprintable()):
        raise typer.BadParameter("name the person who gets the file, on one line")
    return to


ToOption = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="PERSON",
        callback=named_person,
        help="Write a file for this person under controlled/exports, and record it.",
    ),
]
NamesOption = Annotated[
    bool | None,
    typer.Option(
        "--names/--no-names",
        help="With --to: take out people's names by the model of the extra 'names', or leave them"
        " in; taken out where the extra is installed.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """Rows without people's names, and how many names were taken out."""

    rows: list[dict[str, object]]
    n_names: int


def check_names(names: bool | None, *, to: str | None) -> None:
    """Refuse `--names` where no file is written; raises `WrongUse`."""
    if names and to is None:
        raise WrongUse("--names takes names out of a file: say with --to who gets it")


def file_kind_named(name: str) -> FileKind:
    """Return what a file is for `--format`: CSV where nothing is said; raises `WrongUse`."""
    if name in ("table", "csv"):
        return "csv"
    if name == "parquet":
        return "parquet"
    raise WrongUse(f"a file for somebody is csv or parquet, not {name}: say so with --format")


def hand_over(
    home: Path | None,
    rows: pa.Table,
    *,
    to: str,
    what: str,
    names: bool | None,
    kind: FileKind = "csv",
) -> None:
    """Write rows for a person, without people's names where that is asked for, and say where.

    Parameters
    ----------
    home : Path, optional
        The study's folder, as `--home` names it.
    rows : pyarrow.Table
        What to write.
    to : str
        Who gets the file.
    what : str
        The command and its question.
    names : bool, optional
        Whether the model takes out names; where nothing is said, if it is installed.
    kind : {"csv", "parquet"}
        What file to write.
    """
    leaving, taken_out = cleared(rows, names=names)
    study = open_study(home)
    with study.warehouse() as warehouse:
        written = export_rows(
            warehouse,
            study.home,
            leaving,
            columns=rows.column_names,
            to=to,
            what=what + taken_out,
            now=study.clock.now(),
            schema=rows.schema if kind == "parquet" else None,
        )
    typer.echo(f"{rows.num_rows} rows were written to {written} and recorded as given to {to}.")


def cleared(rows: pa.Table, *, names: bool | None) -> tuple[list[dict[str, object]], str]:
    """Return the rows as they may leave, and what the record says was taken out of them."""
    from warehouse.protection.names import NAMES_VERSION, NameRedactor
    from warehouse.protection.names_model import INSTALL, is_installed

    leaving: list[dict[str, object]] = rows.to_pylist(maps_as_pydicts="strict")
    texts = text_columns(rows.schema)
    if not texts or names is False:
        return leaving, ""
    if names is None and not is_installed():
        typer.echo(
            f"Names that no context tells stay in {', '.join(texts)}: the model that finds them is"
            f" not installed; {INSTALL} installs it.",
            err=True,
        )
        return leaving, ""
    if rows.num_rows > _QUICKLY_READ:
        typer.echo("Looking for names: a thousand long posts take two minutes.", err=True)
    without = without_names(leaving, columns=texts, redactor=NameRedactor())
    typer.echo(f"Names taken out of {', '.join(texts)}: {without.n_names}.", err=True)
    return without.rows, f" (names taken out, version {NAMES_VERSION})"


def export_rows(
    warehouse: Warehouse,
    home: Home,
    rows: Sequence[Mapping[str, object]],
    *,
    columns: Sequence[str],
    to: str,
    what: str,
    now: datetime,
    schema: pa.Schema | None = None,
) -> Path:
    """Write rows under `controlled/exports` and record who got what.

    The record is made first, so that no file is ever there without it.

    Parameters
    ----------
    warehouse : Warehouse
        Takes the record.
    home : Home
        The study's home.
    rows : sequence of mappings
        What to write.
    columns : sequence of str
        The columns of the file, in this order.
    to : str
        Who gets the file.
    what : str
        What it holds: the command and its question, and what was taken out.
    now : datetime
        When it is written.
    schema : pyarrow.Schema, optional
        Write Parquet with these types; without, the file is CSV.
    """
    content = _as_csv(rows, columns) if schema is None else _as_parquet(rows, schema)
    return export_content(
        warehouse,
        home,
        content,
        suffix=".csv" if schema is None else ".parquet",
        n_rows=len(rows),
        to=to,
        what=what,
        now=now,
    )


def export_content(
    warehouse: Warehouse,
    home: Home,
    content: bytes,
    *,
    suffix: str,
    n_rows: int,
    to: str,
    what: str,
    now: datetime,
) -> Path:
    """Write a file under `controlled/exports` and record who got what; as `export_rows`."""
    import pyarrow as pa

    from warehouse.protection.exported import export_file

    sha256 = hashlib.sha256(content).hexdigest()
    record = {"who": to, "what": what, "n_rows": n_rows, "sha256": sha256}
    warehouse.replace(
        "exports",
        pa.Table.from_pylist([{**record, "exported_at": now}]),
        keys=("who", "sha256", "exported_at"),
    )
    make_private_folder(home.exports)
    path = export_file(home.exports, exported_at=now, sha256=sha256).with_suffix(suffix)
    write_private(path, content)
    return path


def _as_csv(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> bytes:
    text = io.StringIO()
    write_csv(text, rows, columns=columns)
    return text.getvalue().encode()


def _as_parquet(rows: Sequence[Mapping[str, object]], schema: pa.Schema) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = pa.BufferOutputStream()
    table = pa.Table.from_pylist(list(map(dict, rows)), schema=schema)
    pq.write_table(table, buffer, compression="zstd")
    return bytes(buffer.getvalue())


def text_columns(schema: pa.Schema) -> list[str]:
    """Return the columns that may hold texts, by their names and types."""
    import pyarrow as pa

    from warehouse.release.tables import CONTROLLED

    known = {name for table in CONTROLLED.values() for name in table.columns} - _TEXTS
    none = (pa.types.is_primitive, pa.types.is_decimal, pa.types.is_null)
    return [
        field.name
        for field in schema
        if field.name.lower() not in known and not any(holds(field.type) for holds in none)
    ]


def without_names(
    rows: Sequence[Mapping[str, object]], *, columns: Sequence[str], redactor: NameRedactor
) -> Cleared:
    """Return rows whose texts hold no name that the redactor finds.

    A text that stands in several rows or columns is read once.

    Parameters
    ----------
    rows : sequence of mappings
        What is to leave.
    columns : sequence of str
        The columns that may hold texts.
    redactor : NameRedactor
        Finds the names.
    """
    line = _LINE if set(_LINE) <= set(columns) else ()
    single = [name for name in columns if name not in line]
    texts: dict[str, None] = {}

    def collect(text: str) -> str:
        texts[text] = None
        return text

    for row in rows:
        for name in single:
            _with_texts(row[name], collect)
    parts = [(text,) for text in texts] + [_parts(row, line) for row in rows if line]
    found = [tuple(each) for each in redactor.redact_lines(parts)]
    read = dict(zip(parts, found, strict=True))
    n_names = 0

    def swap(*parts: str) -> list[str]:
        nonlocal n_names
        n_names += sum(part.counts.get("name", 0) for part in read[parts])
        return [part.text for part in read[parts]]

    cleared = [
        {
            **row,
            **{name: _with_texts(row[name], lambda text: swap(text)[0]) for name in single},
            **dict(zip(line, swap(*_parts(row, line)) if line else (), strict=True)),
        }
        for row in rows
    ]
    return Cleared(rows=cleared, n_names=n_names)


def _parts(row: Mapping[str, object], line: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in line)


def _with_texts(value: object, swap: Callable[[str], str]) -> object:
    """Return a value with each text in it, however deep, given to `swap`."""
    if isinstance(value, str):
        return swap(value)
    if isinstance(value, list):
        return [_with_texts(part, swap) for part in value]
    if isinstance(value, dict):
        return {_with_texts(key, swap): _with_texts(part, swap) for key, part in value.items()}
    return value

"""The public package: tables that passed the export gate, the dashboard, and a manifest.

The same tables and run give the same bytes, so that anybody can check a copy and a mirror sends
only what changed. The folder is made beside its place and swapped in whole.
"""

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.home import Home, make_private_folder
from warehouse.protection.disclosure import RULES_VERSION
from warehouse.protection.gate import PublicTables
from warehouse.records import Run
from warehouse.release.comments import comment_all
from warehouse.release.controlled import STORAGE_VERSION
from warehouse.release.swap import fresh_folder, swap_folder
from warehouse.release.worked_queries import FOLDER as QUERIES
from warehouse.release.worked_queries import write_queries

DATABASE = "trends.duckdb"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicRelease:
    """Where the package lies, and the SHA-256 of each of its files but the manifest."""

    path: Path
    files: Mapping[str, str]


def publish_public(tables: PublicTables, home: Home, *, dashboard: str, run: Run) -> PublicRelease:
    """Write `public/latest` anew from what passed the gate.

    `trends.duckdb`, `parquet/` and `csv/` hold the same tables; `queries/` the worked queries that
    read these alone; `gate_report.json` says what was shown and withheld, `manifest.json` who made
    it and the SHA-256 of every file.

    Raises
    ------
    TypeError
        If `tables` are not `PublicTables`: nothing becomes public past the gate.
    """
    if type(tables) is not PublicTables:
        raise TypeError(
            f"only what pass_gate returns may be published, not {type(tables).__name__}"
        )
    folder = fresh_folder(home.public)
    _write_database(folder / DATABASE, tables.tables)
    for kind in ("parquet", "csv"):
        make_private_folder(folder / kind)
    for name, table in tables.tables.items():
        pq.write_table(table, folder / "parquet" / f"{name}.parquet", compression="zstd")
        _write_csv(folder / "csv" / f"{name}.csv", table)
    write_queries(folder / QUERIES, only_public=True)
    (folder / "dashboard.html").write_text(dashboard, encoding="utf-8", newline="")
    _write_json(
        folder / "gate_report.json",
        {"run_id": run.run_id, "rules": RULES_VERSION, "tables": tables.report.as_record()},
    )
    files = _checksums(folder)
    _write_json(folder / "manifest.json", _manifest(tables, run, files))
    swap_folder(folder, home.public)
    return PublicRelease(path=home.public, files=MappingProxyType(files))


def _write_database(path: Path, tables: Mapping[str, pa.Table]) -> None:
    quoted = str(path).replace("'", "''")
    # One thread: the order in which blocks are written is part of the bytes.
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(f"ATTACH '{quoted}' AS trends (STORAGE_VERSION '{STORAGE_VERSION}')")
        for name, table in tables.items():
            connection.register("passed", table)
            connection.execute(f"CREATE TABLE trends.main.{name} AS FROM passed")
            connection.unregister("passed")
        comment_all(connection, "trends")
        connection.execute("CHECKPOINT trends")
        connection.execute("DETACH trends")


def _write_csv(path: Path, table: pa.Table) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.column_names)
        columns = [table.column(name).to_pylist() for name in table.column_names]
        writer.writerows([_cell(value) for value in row] for row in zip(*columns, strict=True))


def _cell(value: Any) -> Any:
    """Return a value as CSV shows it; a text that a spreadsheet would compute is quoted."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        value = "; ".join(value)
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True)
    path.write_text(f"{text}\n", encoding="utf-8", newline="")


def _checksums(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def _manifest(tables: PublicTables, run: Run, files: Mapping[str, str]) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "flow": run.flow,
        "started_at": run.started_at.isoformat(),
        "version": run.version,
        "rows": {name: table.num_rows for name, table in tables.tables.items()},
        "sha256": dict(files),
    }

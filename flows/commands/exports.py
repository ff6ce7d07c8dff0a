"""The controlled door: files that leave for a named person, each with a row in `exports`."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

from flows.commands.output import write_csv
from warehouse.home import Home, make_private_folder, write_private

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import pyarrow as pa

    from warehouse.gateway import Warehouse


def export_rows(
    warehouse: Warehouse, home: Home, rows: pa.Table, *, to: str, what: str, now: datetime
) -> Path:
    """Write rows as CSV under `controlled/exports` and record who got what.

    The record is made first, so that no file is ever there without it.

    Parameters
    ----------
    warehouse : Warehouse
        Takes the record.
    home : Home
        The study's home.
    rows : pa.Table
        What to write.
    to : str
        Who gets the file.
    what : str
        What it holds: the command and its question.
    now : datetime
        When it is written.
    """
    import pyarrow as pa

    from warehouse.protection.exported import export_file

    text = io.StringIO()
    write_csv(text, rows.to_pylist(maps_as_pydicts="strict"), columns=rows.column_names)
    content = text.getvalue().encode()
    sha256 = hashlib.sha256(content).hexdigest()
    record = {"who": to, "what": what, "n_rows": rows.num_rows, "sha256": sha256}
    warehouse.replace(
        "exports",
        pa.Table.from_pylist([{**record, "exported_at": now}]),
        keys=("who", "sha256", "exported_at"),
    )
    make_private_folder(home.exports)
    path = export_file(home.exports, exported_at=now, sha256=sha256)
    write_private(path, content)
    return path

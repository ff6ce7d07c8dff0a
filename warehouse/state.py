"""What harvests must know of the past, as files: they never open the database.

`state/known/<source>/<community>.json` holds cursor, threads and validators of one community,
`state/due/<source>.parquet` the posts whose turn for a recheck comes next, most overdue first.
The loader writes both, whole or not at all; a community without a file was never harvested.
"""

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.errors import StateError
from warehouse.home import make_private_folder, write_private
from warehouse.records import Known, KnownThread, PostRef
from warehouse.segment_header import validators_from_plain, validators_to_plain


def known_file(state: Path, source: str, community: str) -> Path:
    """Return the file that holds what is known of a community."""
    return state / "known" / quote(source, safe="") / f"{quote(community, safe='')}.json"


def due_file(state: Path, source: str) -> Path:
    """Return the file that lists the posts of a source that are due for a recheck."""
    return state / "due" / f"{quote(source, safe='')}.parquet"


def read_known(state: Path, source: str, community: str) -> Known:
    """Return what is known of a community; nothing where it was never harvested.

    Raises
    ------
    StateError
        If the file is damaged.
    """
    path = known_file(state, source, community)
    try:
        plain: dict[str, Any] = json.loads(path.read_bytes())
        return Known(
            cursor=plain["cursor"],
            threads={
                thread: KnownThread(
                    last_native_id=last,
                    last_post_at=datetime.fromisoformat(at),
                    n_posts=n,
                    expected=expected[0] if expected else None,
                )
                for thread, (last, at, n, *expected) in plain["threads"].items()
            },
            validators=validators_from_plain(plain["validators"]),
            last_complete_at=_moment(plain["last_complete_at"]),
        )
    except FileNotFoundError:
        return Known()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _damaged(path) from None


def write_known(state: Path, source: str, community: str, known: Known) -> None:
    """Write what is known of a community."""
    plain = {
        "cursor": dict(known.cursor),
        "threads": {
            native_id: [
                thread.last_native_id,
                thread.last_post_at.isoformat(),
                thread.n_posts,
                thread.expected,
            ]
            for native_id, thread in known.threads.items()
        },
        "validators": validators_to_plain(known.validators),
        "last_complete_at": known.last_complete_at and known.last_complete_at.isoformat(),
    }
    path = known_file(state, source, community)
    make_private_folder(path.parent)
    write_private(path, json.dumps(plain, ensure_ascii=False).encode())


def remove_known(state: Path, source: str, community: str) -> None:
    """Remove the file of a community, if there is one."""
    known_file(state, source, community).unlink(missing_ok=True)


def read_due(state: Path, source: str, *, limit: int) -> list[PostRef]:
    """Return up to `limit` posts of a source that are due for a recheck, most overdue first.

    Raises
    ------
    StateError
        If the file is damaged.
    """
    path = due_file(state, source)
    if limit < 1 or not path.is_file():
        return []
    try:
        with pq.ParquetFile(path) as file:
            first = next(file.iter_batches(batch_size=limit, use_threads=False), None)
        return [] if first is None else [PostRef(**row) for row in first.to_pylist()]
    except (pa.ArrowException, TypeError, ValueError):
        raise _damaged(path) from None


def write_due(state: Path, source: str, due: pa.Table) -> None:
    """Write the posts of a source that are due, in the order of the rows.

    Parameters
    ----------
    state : Path
        The home's folder of state.
    source : str
        The source of every row.
    due : pa.Table
        One row a post, columns as the attributes of `PostRef`.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(due, sink, compression="zstd")
    path = due_file(state, source)
    make_private_folder(path.parent)
    write_private(path, sink.getvalue().to_pybytes())


def remove_source_state(state: Path, source: str) -> None:
    """Remove every file of a source that was erased as a whole."""
    shutil.rmtree(state / "known" / quote(source, safe=""), ignore_errors=True)
    due_file(state, source).unlink(missing_ok=True)


def remove_half_written_state(state: Path) -> None:
    """Remove what a writer that ended left half-written; only the one writer may call this."""
    for folder in (state / "known", state / "due"):
        for file in folder.rglob(".*.tmp"):
            file.unlink(missing_ok=True)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _damaged(path: Path) -> StateError:
    return StateError(f"{path} is damaged; delete it: the next harvest reads the community anew")

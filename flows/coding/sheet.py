"""Hand out a sheet: drawn posts that a coder has not coded, in an order that tells nothing.

A part of the drawn posts is shared: every coder gets it, so that agreement can be told. The others
are for one coder each. Which posts are shared, and in which order all are handed out, follows from
each post's permanent numbers, so coders who code little still meet on the same posts. What was
handed out and did not come back is kept for its coder for four weeks, then anybody may get it.
Posts are handed out again when a frame means something else than when they were coded.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal
from zlib import crc32

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.codebook import Codebook
from analysis.sampling import permanent_numbers
from flows.arrow_rows import list_of, values_of
from flows.coding.codebooks import record_codebook
from flows.coding.exposure import assignment_rows, room_left
from flows.coding.labels import CodingError, coder_label
from flows.coding.page import build_coding_page
from flows.coding.recoding import CODED_IN_FULL, asked_of_codings
from flows.coding.sheet_contents import (
    ITEM_LENGTH,
    SHEET_LENGTH,
    Sheet,
    SheetForm,
    SheetPost,
    new_word,
)
from flows.coding.sheet_notes import content_note
from flows.coding.sheet_table import csv_sheet, plain_text
from flows.coding.workbook import build_workbook
from flows.corpus.mentions import masked
from flows.night import Night
from flows.publish_stage import SUPPORT_LINES
from warehouse.gateway import Warehouse
from warehouse.home import make_private_folder, write_private
from warehouse.protection.exported import export_file
from warehouse.results import replace_rows

Pool = Literal["measure", "train"]
ClearNames = Callable[[list[str]], tuple[list[str], str]]
"""Takes texts; returns them as they may leave, and what the record says of that."""

KEPT_DAYS: Final = 28
"""Days for which a post waits for the coder to whom it was handed out."""
_SHARED_SALT: Final = 0x7368_6172_6564_0001
_ORDER_SALT: Final = 0x6F72_6465_7200_0001
_LINK = re.compile(r"https?://([\w.-]+)[^\s\"'<>()\[\]]*", re.IGNORECASE)
_CANDIDATES = f"""
WITH {CODED_IN_FULL}, held AS (
    SELECT post_id, a.coder FROM assignments a LEFT JOIN sheets s USING (sheet)
    WHERE assigned_on > $kept_since
        AND coalesce(s.codebook_version, $version) >= list_max($since::INTEGER[])
), said AS (FROM coded_in_full UNION SELECT post_id, coder FROM skips UNION FROM held)
SELECT d.post_id, d.wave, coalesce(c.name, p.community) AS community, p.created_at, p.own_text,
    p.revision, d.post_id IN (SELECT post_id FROM said) AS is_taken
FROM draws d JOIN posts p USING (post_id) LEFT JOIN communities c USING (source, community)
WHERE d.pool = $pool AND NOT p.withheld AND trim(p.own_text) <> ''
    AND d.post_id NOT IN (SELECT post_id FROM said WHERE coder = $coder)
ORDER BY d.post_id
"""
_BUILDERS: dict[SheetForm, Callable[[Sheet], bytes]] = {
    "html": lambda sheet: build_coding_page(sheet).encode(),
    "xlsx": build_workbook,
    "csv": csv_sheet,
}


_KEYS: dict[str, tuple[str, ...]] = {
    "exports": ("who", "sha256", "exported_at"),
    "sheets": ("sheet",),
    "sheet_items": ("item",),
    "assignments": ("post_id", "coder", "sheet"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What the records say of a sheet: who gets it, what it is, of which pool, in which form."""

    to: str
    what: str
    pool: Pool
    form: SheetForm


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOutSheet:
    """What was handed out: the home's copy, how much it holds, and how much room is left today."""

    sheet: str
    coder: str
    pool: Pool
    path: Path
    n_posts: int
    n_shared: int
    n_with_note: int
    room_left: int


def hand_out(
    warehouse: Warehouse,
    night: Night,
    codebook: Codebook,
    *,
    coder: str,
    to: str,
    pool: Pool,
    n: int,
    form: SheetForm,
    clear: ClearNames,
) -> HandedOutSheet:
    """Write a sheet for a coder under `controlled/coding`, and record it.

    The record is made first, so that no sheet is ever there without it.

    Parameters
    ----------
    warehouse : Warehouse
        The study's.
    night : Night
        Home, settings and clock.
    codebook : Codebook
        By which the coder codes; its version is recorded.
    coder : str
        Label of who codes.
    to : str
        Who gets the file, for the record.
    pool : {"measure", "train"}
        Which posts.
    n : int
        How many posts; fewer where fewer are left, or the day has no room for more.
    form : {"html", "xlsx", "csv"}
        What file.
    clear : callable
        Takes people's names out of texts, or leaves them in.

    Raises
    ------
    CodingError
        If there is no post or no room for this coder today.
    """
    now, settings = night.clock.now(), night.settings
    room = room_left(
        warehouse.connection,
        coder_label(coder),
        day=now.date(),
        posts_per_day=settings.coding.posts_per_day,
    )
    record_codebook(warehouse, codebook, day=now.date())
    rows = _candidates(
        warehouse, codebook, coder, pool, kept_since=now.date() - timedelta(days=KEPT_DAYS)
    )
    chosen, shared = choose_posts(
        values_of(rows, "post_id"),
        values_of(rows, "is_taken").astype(np.bool_),
        n=min(n, room),
        shared_part=settings.coding.shared_part,
        seed=settings.analysis.seed,
    )
    if not len(chosen):
        raise CodingError(
            f"no drawn post of the {pool} pool is left for coder {coder};"
            " draw more with 'valuetalk code sample', or hand out the other pool (--pool)"
        )
    order = _order(warehouse, coder, len(chosen), seed=settings.analysis.seed)
    taken = rows.take(chosen[order])
    texts, cleared = clear(_texts(taken))
    sheet = _sheet(taken, texts, coder=coder, codebook=codebook, night=night)
    what = f"code sheet --coder {coder} --pool {pool}, {len(chosen)} posts{cleared}"
    path = _hand_over(
        warehouse, night, sheet, taken, _Given(to=to, what=what, pool=pool, form=form)
    )
    return HandedOutSheet(
        sheet=sheet.sheet,
        coder=coder,
        pool=pool,
        path=path,
        n_posts=len(chosen),
        n_shared=int(shared.sum()),
        n_with_note=sum(bool(post.content_note) for post in sheet.posts),
        room_left=room - len(chosen),
    )


def choose_posts(
    post_ids: NDArray[np.int64],
    is_taken: NDArray[np.bool_],
    *,
    n: int,
    shared_part: float,
    seed: int,
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the positions of the posts to hand out, and which of these are shared.

    Parameters
    ----------
    post_ids : (m,) integers
        Drawn posts of which the coder has not said what is asked.
    is_taken : (m,) booleans
        Which of them somebody else has, or has coded: only shared ones are given again.
    n : int
        How many are wanted.
    shared_part : float
        Part of all posts that every coder gets, and of a sheet as far as there are enough.
    seed : int
        The study's.
    """
    is_shared = permanent_numbers(post_ids, seed=seed ^ _SHARED_SALT) < shared_part
    by_order = np.argsort(permanent_numbers(post_ids, seed=seed ^ _ORDER_SALT), kind="stable")
    shared = by_order[is_shared[by_order]]
    single = by_order[(~is_shared & ~is_taken)[by_order]]
    n_shared = min(len(shared), max(round(n * shared_part), n - len(single)))
    chosen = np.concatenate([shared[:n_shared], single[: n - n_shared]])
    return chosen, is_shared[chosen]


def _candidates(
    warehouse: Warehouse, codebook: Codebook, coder: str, pool: Pool, *, kept_since: object
) -> pa.Table:
    asked = asked_of_codings(warehouse, codebook)
    asked |= {"coder": coder, "pool": pool, "kept_since": kept_since}
    return warehouse.query(_CANDIDATES, asked)


def _order(warehouse: Warehouse, coder: str, n: int, *, seed: int) -> NDArray[np.int64]:
    """Return an order in which shared posts stand anywhere: the same for the same sheet."""
    asked = "SELECT count(*) FROM sheets WHERE coder = ?"
    (earlier,) = warehouse.query(asked, [coder]).to_pylist()[0].values()
    random = np.random.default_rng([seed, crc32(coder.encode()), int(earlier)])
    return random.permutation(n)


def _texts(rows: pa.Table) -> list[str]:
    """Return texts without pseudonyms and addresses; of a link its site is left."""
    shown = masked(rows.select(["own_text"]))
    return [plain_text(_LINK.sub(r"[link to \1]", text)) for text in list_of(shown, "own_text")]


def _sheet(
    rows: pa.Table, texts: Sequence[str], *, coder: str, codebook: Codebook, night: Night
) -> Sheet:
    read = zip(list_of(rows, "community"), list_of(rows, "created_at"), texts, strict=True)
    posts = tuple(
        SheetPost(
            item=new_word(ITEM_LENGTH),
            community=community,
            month=f"{written:%B %Y}",
            text=text,
            content_note=content_note(text),
        )
        for community, written, text in read
    )
    return Sheet(
        sheet=new_word(SHEET_LENGTH),
        coder=coder,
        study=night.settings.study.name,
        made_on=night.clock.now().date(),
        codebook=codebook,
        posts=posts,
        support=SUPPORT_LINES,
    )


def _hand_over(
    warehouse: Warehouse, night: Night, sheet: Sheet, rows: pa.Table, given: _Given
) -> Path:
    """Record a sheet, then write it; return the home's copy."""
    content, now = _BUILDERS[given.form](sheet), night.clock.now()
    sha256 = hashlib.sha256(content).hexdigest()
    with warehouse.transaction() as connection:
        _record(connection, sheet, rows, given=given, sha256=sha256, now=now)
    make_private_folder(night.home.sheets)
    place = export_file(night.home.sheets, exported_at=now, sha256=sha256)
    path = place.with_suffix(f".{given.form}")
    write_private(path, content)
    return path


def _record(
    connection: duckdb.DuckDBPyConnection,
    sheet: Sheet,
    rows: pa.Table,
    *,
    given: _Given,
    sha256: str,
    now: datetime,
) -> None:
    """Enter who got which posts, under which items, as one of the files that left."""
    posts = dict(zip(list_of(rows, "post_id"), list_of(rows, "wave"), strict=True))
    items = [post.item for post in sheet.posts]
    export = {"who": given.to, "what": given.what, "n_rows": len(items), "sha256": sha256}
    entry = {
        "sheet": sheet.sheet,
        "coder": sheet.coder,
        "pool": given.pool,
        "form": given.form,
        "codebook_version": sheet.codebook.version,
        "frames": list(sheet.codebook.keys),
        "items": items,
        "sha256": sha256,
        "handed_out_at": now,
    }
    stands_for = {
        "item": items,
        "sheet": [sheet.sheet] * len(items),
        "post_id": rows.column("post_id"),
        "revision": rows.column("revision"),
    }
    tables = {
        "exports": pa.Table.from_pylist([{**export, "exported_at": now}]),
        "sheets": pa.Table.from_pylist([entry]),
        "sheet_items": pa.table(stands_for),
        "assignments": assignment_rows(sheet.coder, posts, sheet=sheet.sheet, day=now.date()),
    }
    for table, added in tables.items():
        replace_rows(connection, table, added, keys=_KEYS[table])

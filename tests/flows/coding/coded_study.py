"""A study whose invented posts are drawn, and what is asked of its sheets."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from typer.testing import CliRunner, Result

from analysis.codebook import load_codebook
from flows.commands import app
from tests.flows.topics.nights import Forum, put, rows_of

FRAMES = load_codebook().keys
TEXTS = (
    "The peer group kept me going through the winter, and the biscuits helped.",
    '=HYPERLINK("https://sheet.example") is what the letter said.\n\nWe all laughed.',
    "Eight months on a list, then a leaflet. @somebody else waited longer.",
    "I wanted to end my life that spring; the night line answered.",
    "They cut the day centre and call it transformation. See https://news.example/a/b?id=7 for it.",
    "Asked for our views again; the plan was printed before we came in.",
)
PSEUDONYM = "author_" + "abcdefghijklmnopqrstuvwx"


def run(*arguments: str, code: int = 0) -> Result:
    """Run a command of coding."""
    done = CliRunner().invoke(app, ["code", *arguments])
    assert done.exit_code == code, done.output + done.stderr
    return done


def draw(forum: Forum, texts: Sequence[str] = TEXTS, *, pool: str = "measure") -> list[int]:
    """Put posts into the study and draw all of them; return their ids."""
    first = forum.last_id + 1
    forum.last_id += len(texts)
    ids = list(range(first, forum.last_id + 1))
    with forum.opened() as warehouse:
        put(warehouse, [forum.row(i, text) for i, text in zip(ids, texts, strict=True)])
        drawn = [
            {
                "post_id": post_id,
                "wave": 1,
                "pool": pool,
                "stratum": "forum",
                "inclusion_probability": 0.5 if pool == "measure" else None,
                "drawn_on": forum.clock.now().date(),
                "state": "drawn",
            }
            for post_id in ids
        ]
        warehouse.replace("draws", pa.Table.from_pylist(drawn), keys=["post_id"])
    return ids


def hand_out(*arguments: str, coder: str = "A", code: int = 0) -> dict[str, Any]:
    """Hand out a sheet; return what the command says of it."""
    given = ("--coder", coder, "--to", "Sam, office", "--no-names", "--json", *arguments)
    done = run("sheet", *given, code=code)
    return {} if code else json.loads(done.stdout)[0]


def take_back(*arguments: str, code: int = 0) -> list[dict[str, Any]]:
    """Import files; return what the command says of them."""
    told: list[dict[str, Any]] = json.loads(run("import", *arguments, "--json", code=code).stdout)
    return told


def items(forum: Forum, sheet: str) -> dict[str, int]:
    """Return the post that each item of a sheet stands for, in the sheet's order."""
    with forum.opened() as warehouse:
        told = rows_of(warehouse, "SELECT items FROM sheets WHERE sheet = ?", sheet)
        posts = dict(rows_of(warehouse, "SELECT item, post_id FROM sheet_items"))
    return {item: posts[item] for item in told[0][0] if item in posts}


def stored(forum: Forum) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything that coders said, as it is stored."""
    tables = {
        "codings": "post_id, frame, coder, value, codebook_version, wave, coded_at",
        "skips": "post_id, coder, reason, skipped_at",
        "coding_notes": "post_id, coder, note, noted_at",
        "draws": "post_id, state",
    }
    with forum.opened() as warehouse:
        return {
            table: rows_of(warehouse, f"SELECT {columns} FROM {table} ORDER BY ALL")
            for table, columns in tables.items()
        }


def codes_of(forum: Forum, post_id: int, coder: str = "A") -> set[str] | None:
    """Return the frames that a coder found in a post; None where there is no coding."""
    with forum.opened() as warehouse:
        asked = "SELECT frame, value FROM codings WHERE post_id = ? AND coder = ?"
        said = dict(rows_of(warehouse, asked, post_id, coder))
    if not said:
        return None
    assert set(said) == set(FRAMES)
    return {frame for frame, value in said.items() if value == 1}


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a sheet that is a table."""
    text = path.read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def write_csv(path: Path, rows: Sequence[Mapping[str, str]], **options: Any) -> Path:
    """Write a filled-in table."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), **options)
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode("utf-8"))
    return path


def saved_page(sheet: str, said: Sequence[Mapping[str, Any]]) -> str:
    """Return a file as the coding page saves it: its format, written by hand."""
    entries = [{"note": "", "at": "2026-03-02T09:00:00.000Z", **entry} for entry in said]
    return json.dumps(
        {
            "format": "valuetalk-coding",
            "format_version": 1,
            "sheet": sheet,
            "coder": "A",
            "codebook": "value_frames",
            "codebook_version": 1,
            "frames": list(FRAMES),
            "saved_at": "2026-03-02T09:30:00.000Z",
            "n_items": len(entries),
            "items": entries,
        }
    )


def codes(*frames: str) -> dict[str, int]:
    """Return codes in which these frames are expressed and no others."""
    return {frame: int(frame in frames) for frame in FRAMES}

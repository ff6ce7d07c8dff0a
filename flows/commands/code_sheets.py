"""`valuetalk code sheet` and `code import`: sheets go out to coders and come back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from flows.commands import exports, output, session
from warehouse.home import write_private

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.coding.importing import TakenFile
    from flows.coding.importing_rows import ReturnedFile, SheetUnreadable
    from flows.coding.sheet import HandedOutSheet, Pool
    from flows.coding.sheet_contents import SheetForm

_MOST_LINES = 20


def register(commands: typer.Typer) -> None:
    """Add the commands of sheets to those of coding."""
    commands.command("sheet")(sheet)
    commands.command("import")(take_back)


def sheet(
    home: session.HomeOption = None,
    *,
    coder: Annotated[
        str, typer.Option(metavar="LABEL", help="Who codes: a label such as A, never a name.")
    ],
    to: Annotated[
        str,
        typer.Option(
            metavar="PERSON",
            callback=exports.named_person,
            help="Who gets the file; it is recorded.",
        ),
    ],
    pool: Annotated[
        str, typer.Option(metavar="measure|train", help="Which of the drawn posts.")
    ] = "measure",
    n: Annotated[int, typer.Option("--n", min=1, help="How many posts at most.")] = 30,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="html|xlsx|csv",
            help="A page that opens by double click, a workbook, or a table.",
        ),
    ] = "html",
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a copy here too, to hand it over."),
    ] = None,
    names: exports.NamesOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Hand out drawn posts that a coder has not coded, as many as the day has room for.

    Example: valuetalk code sheet --coder A --to "Sam, university office" --out sheet-A.html
    """
    from flows.coding.codebooks import study_codebook
    from flows.coding.sheet import Pool, hand_out
    from flows.night import open_warehouse, prepare_night

    chosen_pool = cast("Pool", _one_of(pool, get_args(Pool), option="--pool"))
    chosen_form = _form(form, out)
    if out is not None and out.exists():
        raise session.WrongUse(f"{out} is there already; name another file with --out")
    night = prepare_night(session.find_study(home).root, flow="code")
    codebook = study_codebook(night.home, night.settings.coding)
    with open_warehouse(night) as warehouse:
        handed = hand_out(
            warehouse,
            night,
            codebook,
            coder=coder,
            to=to,
            pool=chosen_pool,
            n=n,
            form=chosen_form,
            clear=lambda texts: _without_names(texts, names=names),
        )
    if out is not None:
        write_private(out, handed.path.read_bytes())
    _print_handed(handed, file=out or handed.path, as_json=as_json)
    if not as_json:
        fewer = f" ({n} were asked for)" if handed.n_posts < n else ""
        typer.echo(
            f"{handed.n_posts} posts{fewer} were written to {handed.path} and recorded as given to"
            f" {to}."
        )


def _print_handed(handed: HandedOutSheet, *, file: Path, as_json: bool) -> None:
    row = {
        "sheet": handed.sheet,
        "coder": handed.coder,
        "pool": handed.pool,
        "posts": handed.n_posts,
        "shared": handed.n_shared,
        "content_notes": handed.n_with_note,
        "room_left_today": handed.room_left,
        "file": str(file),
    }
    output.print_rows([row], form=output.chosen_form(as_json=as_json))


def _one_of(value: str, known: Sequence[str], *, option: str) -> str:
    if value not in known:
        raise session.WrongUse(f"{option} {value} is not one of {', '.join(known)}")
    return value


def _form(form: str, out: Path | None) -> SheetForm:
    from flows.coding.sheet_contents import SHEET_FORMS

    chosen = cast("SheetForm", _one_of(form, SHEET_FORMS, option="--format"))
    if out is not None and out.suffix.lower() != f".{chosen}":
        raise session.WrongUse(f"--out {out.name} must end in .{chosen}, as --format says")
    return chosen


def _without_names(texts: list[str], *, names: bool | None) -> tuple[list[str], str]:
    """Return texts as they may leave, and what the record says was taken out of them."""
    import pyarrow as pa

    rows, said = exports.cleared(pa.table({"text": texts}), names=names)
    return [str(row["text"]) for row in rows], said


def take_back(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Sheets that came back.")],
    home: session.HomeOption = None,
    *,
    coder: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL", help="Who coded, if not the coder that a sheet was handed out to."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be taken, and store nothing.")
    ] = False,
    as_json: session.JsonOption = False,
) -> None:
    """Take back what coders coded: saved pages, workbooks, tables, exports of labelling tools.

    Every row is a coding, a skip, untouched or refused with a reason; a second import of the same
    file changes nothing. Exit code 3: part was refused.

    Example: valuetalk code import coding-A-2026-03-02-bcdfghjk.json
    """
    from flows.coding.codebooks import study_codebook
    from flows.coding.importing import take_back as take
    from flows.coding.labels import coder_label
    from flows.night import open_warehouse, prepare_night

    label = coder_label(coder) if coder is not None else None
    returned = [_read(path) for path in files]
    night = prepare_night(session.find_study(home).root, flow="code")
    codebook = study_codebook(night.home, night.settings.coding)
    with open_warehouse(night) as warehouse:
        taken = take(
            warehouse, returned, codebook, now=night.clock.now(), coder=label, dry_run=dry_run
        )
    if as_json:
        output.print_json([_told(file) for file in taken])
    else:
        _print(taken, dry_run=dry_run)
    _end(taken)


def _read(path: Path) -> ReturnedFile | SheetUnreadable:
    from flows.coding.importing_files import read_returned
    from flows.coding.importing_rows import SheetUnreadable

    try:
        return read_returned(path.name, path.read_bytes())
    except SheetUnreadable as error:
        return error


def _counts(file: TakenFile) -> dict[str, object]:
    return {
        "file": file.name,
        "kind": file.kind,
        "rows": len(file.rows),
        "coded": file.count("coded"),
        "skipped": file.count("skipped"),
        "untouched": file.count("untouched"),
        "repeated": file.count("repeated"),
        "refused": file.count("refused"),
        "new": file.new,
        "replaced": file.replaced,
        "unchanged": file.unchanged,
    }


def _told(file: TakenFile) -> dict[str, object]:
    refused = [
        {"row": row.line, "item": row.item, "why": row.why}
        for row in file.rows
        if row.outcome == "refused"
    ]
    return {
        **_counts(file),
        "remarks": file.remarks,
        "refusals": file.refusals,
        "refused_rows": refused,
        "trouble": file.trouble or None,
    }


def _print(taken: Sequence[TakenFile], *, dry_run: bool) -> None:
    read = [file for file in taken if not file.trouble]
    if read:
        output.print_rows([_counts(file) for file in read])
    for file in read:
        for remark, number in file.remarks.items():
            typer.echo(f"{file.name}: {number} taken though {remark}.")
        for reason, number in file.refusals.items():
            lines = [str(row.line) for row in file.rows if row.why == reason]
            more = ", …" if len(lines) > _MOST_LINES else ""
            where = f" (rows {', '.join(lines[:_MOST_LINES])}{more})" if lines else " (values)"
            typer.echo(f"{file.name}: {number} refused: {reason}{where}.")
    if dry_run:
        typer.echo("Nothing was stored (--dry-run).")


def _end(taken: Sequence[TakenFile]) -> None:
    """End as it went: an error for what was refused; a file that is none is named by it."""
    troubles = [file.trouble for file in taken if file.trouble]
    if len(troubles) == len(taken):
        raise session.CommandError("; ".join(troubles))
    if troubles:
        raise session.PartlyDone("; ".join(troubles))
    n_refused = sum(sum(file.refusals.values()) for file in taken)
    if n_refused:
        raise session.PartlyDone(
            f"{n_refused} rows or values were refused and the rest was taken; mend them in the"
            " file and import it again, which changes nothing else"
        )

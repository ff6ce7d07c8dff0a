"""`valuetalk code agreement` and `adjudicate`: how far coders agree, and decisions where not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commands import exports, layout, output, session

if TYPE_CHECKING:
    from analysis.codebook import Codebook
    from flows.night import Night

_ALPHA = ("codebook_version", "frame", "alpha", "lower", "upper", "n_posts", "undefined_because")


def register(commands: typer.Typer) -> None:
    """Add the commands of agreement to those of coding."""
    commands.command("agreement")(agreement)
    commands.command("adjudicate")(adjudicate)


def agreement(
    home: session.HomeOption = None,
    *,
    over: Annotated[
        str, typer.Option(metavar="wave|month", help="What drift is shown over.")
    ] = "wave",
    as_json: session.JsonOption = False,
) -> None:
    """Say how far coders agree: alpha by frame and version, who said what, drift over time.

    Krippendorff's alpha is 1 where coders agree and 0 where they agree as by chance. It is stored
    among the evaluations; confusion and rates of coders are shown here alone.
    """
    from flows.coding import agreement as measured
    from flows.night import open_warehouse

    if over not in ("wave", "month"):
        raise session.WrongUse(f"--over {over} is neither wave nor month")
    night, codebook = _study(home, flow="agreement")
    seed = night.settings.analysis.seed
    with open_warehouse(night) as warehouse:
        said = measured.read_said(warehouse, codebook, over="wave" if over == "wave" else "month")
        unknown = measured.unknown_posts(warehouse)
        warehouse.start_run(night.run)
        measured.save_agreement(warehouse, said, run_id=night.run.run_id, seed=seed)
        warehouse.finish_run(night.run.run_id, status="complete")
    parts: dict[str, list[dict[str, Any]]] = {
        "agreement": measured.agreement_rows(said, codebook, seed=seed),
        "confusion": measured.confusion_rows(said),
        "drift": measured.drift_rows(said, seed=seed),
        "rates": measured.rate_rows(said),
    }
    notes = [*measured.never_together(said), *_removed(parts["agreement"], codebook), *unknown]
    if as_json:
        output.print_json({**parts, "over": over, "notes": notes})
        return
    if not said:
        typer.echo("Nothing is coded yet; 'valuetalk code sheet' hands posts to coders.", err=True)
    for title, rows in parts.items():
        if rows:
            typer.echo(("" if title == "agreement" else "\n") + title.capitalize())
            layout.print_answer(rows, columns=_ALPHA if title == "agreement" else list(rows[0]))
    for note in notes:
        typer.echo(f"{note}.")


def adjudicate(
    home: session.HomeOption = None,
    *,
    to: exports.ToOption = None,
    names: exports.NamesOption = None,
    take: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Take back a list that was filled in.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="LABEL", help="Who decided, where the list does not say.")
    ] = None,
    as_json: session.JsonOption = False,
) -> None:
    """List where coders differ, hand the list to somebody to decide, and take decisions back.

    A decision stands for what all coders said of a post and frame. In the list, write 1 or 0 under
    value, and nothing where it stays open.

    Example: valuetalk code adjudicate --to "the coding group"
    """
    from flows.coding.adjudication import disagreements
    from flows.night import open_warehouse

    exports.check_names(names, to=to)
    if take is not None and to is not None:
        raise session.WrongUse("--take brings decisions back, --to hands a list out: one at a time")
    night, codebook = _study(home, flow="adjudicate")
    if take is not None:
        _take(night, codebook, take, by=by, as_json=as_json)
        return
    with open_warehouse(night) as warehouse:
        rows = disagreements(warehouse, codebook)
    if to is not None:
        exports.hand_over(home, rows, to=to, what="code adjudicate", names=names)
        return
    counted = Counter(rows.column("frame").to_pylist())
    listed = [{"frame": key, "n_posts": counted[key]} for key in codebook.keys if counted[key]]
    if as_json:
        output.print_rows(listed, columns=["frame", "n_posts"], form="json")
    elif listed:
        layout.print_answer(listed, columns=("frame", "n_posts"))
        typer.echo("'valuetalk code adjudicate --to PERSON' writes the list to decide by.")
    else:
        typer.echo("Coders differ nowhere, or everything was decided.")


def _take(night: Night, codebook: Codebook, file: Path, *, by: str | None, as_json: bool) -> None:
    from dataclasses import asdict

    from flows.coding.adjudication import take_decisions
    from flows.night import open_warehouse

    with open_warehouse(night) as warehouse:
        taken = take_decisions(warehouse, file, codebook, by=by, now=night.clock.now())
    if as_json:
        output.print_json(asdict(taken))
    else:
        typer.echo(f"{taken.decided} decisions were taken; {taken.empty} rows were left open.")
        for reason, n in taken.refused.items():
            typer.echo(f"{n} rows were refused: {reason}.")
    if taken.refused:
        raise session.PartlyDone(
            f"{sum(taken.refused.values())} rows of {file.name} were not taken; mend them and take"
            " the file back again"
        )


def _removed(rows: list[dict[str, Any]], codebook: Codebook) -> list[str]:
    gone = sorted({row["frame"] for row in rows if not row["in_codebook"]})
    return [
        f"{frame} is no frame of version {codebook.version}: its codings are kept, and nothing is"
        " trained on or measured with them"
        for frame in gone
    ]


def _study(home: Path | None, *, flow: str) -> tuple[Night, Codebook]:
    from flows.coding.codebooks import study_codebook
    from flows.night import prepare_night

    night = prepare_night(session.find_study(home).root, flow=flow)
    return night, study_codebook(night.home, night.settings.coding)

"""`valuetalk init`, `doctor` and `status`: a study begins, is sound, and is getting on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands import output, session

if TYPE_CHECKING:
    from flows.doctor import Finding

commands = typer.Typer()
_PANEL = "Study"
_REBUILT = {
    "index": "The warehouse can be read to its end; its index was made anew from {posts} posts.",
    "release": "The warehouse was rebuilt with {posts} posts, under the numbers that they had.",
    "backup": "The warehouse was rebuilt from the backup with {posts} posts; those that were read "
    "after it may bear other numbers than before.",
}


@commands.command(rich_help_panel=_PANEL)
def init(
    name: Annotated[str, typer.Option(help="What the study is called.")],
    contact: Annotated[
        str, typer.Option(help="E-mail or web address under which sites can reach you.")
    ],
    home: session.HomeOption = None,
    *,
    language: Annotated[str, typer.Option(help="Language whose posts are counted.")] = "en",
    period: Annotated[
        str, typer.Option("--bin", help="Length of a period: month or week.")
    ] = "month",
) -> None:
    """Begin a study: its folder, its commented valuetalk.toml and its pseudonym keys."""
    from flows.new_study import begin_study

    made = begin_study(
        session.find_home(home),
        environ=os.environ,
        name=name,
        contact=contact,
        language=language,
        bin=period,
    )
    typer.echo(
        f"Settings: {made.home.settings_file}\n"
        f"Keys:     {made.keys}\n"
        "Keep the key file apart from the home and from its backups: with both, authors can be\n"
        "recognised; without it, no new post can be joined to what was read before.\n\n"
        "Next: write your sources into the settings, then run 'valuetalk doctor' and\n"
        "'valuetalk nightly'. Every source of the catalogue is switched off."
    )


@commands.command(rich_help_panel=_PANEL)
def doctor(
    home: session.HomeOption = None,
    *,
    prefect: Annotated[
        bool, typer.Option("--prefect", help="Also ask Prefect's profile for its server (slow).")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make the index anew, and a damaged warehouse too.")
    ] = False,
    base: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="With --repair: rebuild from this backup."),
    ] = None,
    as_json: session.JsonOption = False,
) -> None:
    """Check the installation, its versions and clock, and the study's folder and keys.

    With --repair: rebuild the index and, where it cannot be read, the warehouse.
    """
    from dataclasses import asdict

    from flows.doctor import check_installation

    if repair:
        _repair(home, base, as_json=as_json)
        return
    if base is not None:
        raise session.WrongUse("--from says from what to rebuild; give it with --repair")
    place = session.find_home(home)
    seen = place if home is not None or place.root.exists() else None
    findings = check_installation(seen, ask_prefect=prefect)
    if as_json:
        output.print_json([asdict(finding) for finding in findings])
    else:
        typer.echo("\n".join(line for finding in findings for line in _lines(finding)))
    failed = [finding.name for finding in findings if not finding.ok]
    if failed:
        names = ", ".join(failed)
        raise session.CommandError(f"{len(failed)} of {len(findings)} checks failed: {names}")


def _repair(home: Path | None, base: Path | None, *, as_json: bool) -> None:
    from dataclasses import asdict
    from functools import partial

    from flows import stages
    from warehouse.backup import database_of
    from warehouse.repair import repair as repair_warehouse

    study = session.open_study(home)
    keys = study.keys()
    file = base and base.expanduser().absolute()
    done = repair_warehouse(
        study.home,
        keys=keys,
        clock=study.clock,
        derive=stages.index,
        backup=partial(database_of, file, keys=keys) if file else None,
    )
    if as_json:
        output.print_json(asdict(done))
        return
    typer.echo(_REBUILT[done.base].format(posts=done.posts))
    if done.base == "index":
        return
    typer.echo(
        f"{done.reloaded} of them came from segments that landed since, {done.erased} were taken "
        f"out again that were erased or opted out, and {done.lost} are lost: neither the release "
        "nor a segment has their texts, and their platforms have to be read again. The damaged "
        "file lies beside the new one until the next erasure. Topics, scores and the public "
        "release come with the next night."
    )


@commands.command(rich_help_panel=_PANEL)
def status(
    home: session.HomeOption = None,
    *,
    nights: Annotated[int, typer.Option(min=1, help="How many runs to show.")] = 7,
    as_json: session.JsonOption = False,
) -> None:
    """Show the last runs and what the newest harvest did with each source."""
    from flows.released import last_harvests, open_released, recent_runs

    with open_released(session.find_study(home)) as connection:
        runs = recent_runs(connection, nights=nights).to_pylist()
        harvests = last_harvests(connection).to_pylist()
    if as_json:
        output.print_json({"runs": runs, "sources": harvests})
        return
    output.print_rows(runs, title="Last runs, as of the controlled release")
    output.print_rows(harvests, title="What the newest harvest did")


def _lines(finding: Finding) -> list[str]:
    result = "FAILED" if not finding.ok else "warns " if finding.doubtful else "ok    "
    lines = [f"{result}  {finding.name:<10}  {finding.detail}"]
    if finding.ok and not finding.doubtful:
        return lines
    return [*lines, f"{'':20}-> {finding.advice}"]

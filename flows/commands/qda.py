"""`valuetalk qda`: a sample of posts and codings for programs of qualitative analysis."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands import exports, selections, session

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from flows.corpus import Corpus
    from flows.qda import Sample
    from warehouse.home import Home

commands = typer.Typer(
    name="qda",
    help="Hand posts and codings to programs of qualitative analysis.",
    no_args_is_help=True,
    rich_help_panel="Results",
)


@commands.callback()
def _projects() -> None:
    """Keep `export` a command of the group while it is the only one."""


@commands.command("export")
def export(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="PERSON",
            callback=exports.named_person,
            help="Who gets the project; it is recorded.",
        ),
    ],
    home: session.HomeOption = None,
    *,
    n: Annotated[int, typer.Option("--n", min=1, help="Most posts, drawn at random.")] = 200,
    seed: selections.SeedOption = 0,
    where: selections.WhereOption = "",
    saved: selections.SavedOption = None,
    coded: Annotated[
        bool, typer.Option("--coded", help="Draw only among posts that people coded.")
    ] = False,
    frames: Annotated[
        str,
        typer.Option(
            metavar="KEY,KEY", help="Only these frames of the codebook.", show_default=False
        ),
    ] = "",
    machine: Annotated[
        bool, typer.Option("--machine/--no-machine", help="Codings of the classifier too, or not.")
    ] = True,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="From which probability on the classifier codes; its own for each frame where"
            " nothing is said.",
            show_default=False,
        ),
    ] = None,
    duplicates: selections.DuplicatesOption = False,
    names: exports.NamesOption = None,
) -> None:
    """Write a REFI-QDA project (.qdpx) of a sample, and the codebook beside it.

    The files follow the schema of REFI-QDA 1.0. That NVivo, MAXQDA or ATLAS.ti import them is not
    tested.

    Example: valuetalk qda export --to "Dr A" --where "role = 'carers'" --n 100 --seed 1
    """
    if threshold is not None and not machine:
        raise session.WrongUse("--threshold is of the classifier's codings: leave --no-machine out")
    study = session.find_study(home)
    chosen = selections.Selection(where=where, saved=saved, duplicates=duplicates)
    wanted = [key.strip() for key in frames.split(",") if key.strip()]
    taken_out = ""

    def cleared(rows: pa.Table) -> list[dict[str, object]]:
        nonlocal taken_out
        leaving, taken_out = exports.cleared(rows, names=names)
        return leaving

    from flows.qda import draw_sample

    with selections.asked(home, chosen, saying="Drawing posts") as (corpus, within):
        thresholds, said = _thresholds(corpus, study, threshold) if machine else ({}, "")
        sample = draw_sample(
            corpus,
            within,
            n=n,
            seed=seed,
            name=f"valuetalk sample {seed}",
            frames=wanted,
            coded=coded,
            thresholds=thresholds,
            cleared=cleared,
        )
    if said:
        typer.echo(said, err=True)
    asked = f"qda export --n {n} --seed {seed}{' --coded' if coded else ''}{chosen.described()}"
    asked += f" --frames {','.join(wanted)}" if wanted else ""
    asked += "" if machine else " --no-machine"
    _hand_over(home, sample, to=to, what=asked + taken_out)


def _thresholds(
    corpus: Corpus, study: Home, threshold: float | None
) -> tuple[Mapping[str, float | None], str]:
    """Return from which probability on the classifier codes, and what is to be said of that."""
    from flows.qda import PLAIN_THRESHOLD, one_threshold, own_thresholds

    if threshold is not None:
        return one_threshold(corpus, threshold), ""
    own = own_thresholds(corpus, study)
    if own is not None:
        return own, ""
    said = f"The classifier is not among the study's models: it codes from {PLAIN_THRESHOLD} on."
    return one_threshold(corpus, PLAIN_THRESHOLD), said


def _hand_over(home: Path | None, sample: Sample, *, to: str, what: str) -> None:
    """Write the project and its codebook, and record the project as given to somebody."""
    from warehouse.home import write_private

    study = session.open_study(home)
    with study.warehouse() as warehouse:
        project = exports.export_content(
            warehouse,
            study.home,
            sample.project,
            suffix=".qdpx",
            n_rows=len(sample.posts),
            to=to,
            what=what,
            now=study.clock.now(),
        )
    folder = project.with_name(f"{project.stem}-codebook")  # of no post: it stays when one goes
    for suffix, content in ((".qdc", sample.codebook), (".csv", sample.taguette)):
        write_private(folder.with_suffix(suffix), content)
    typer.echo(
        f"{sample.counts} were written to {project} and recorded as given to {to}; the codebook"
        f" lies beside it as {folder.name}.qdc, and for Taguette as {folder.name}.csv."
    )

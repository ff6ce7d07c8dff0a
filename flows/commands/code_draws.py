"""`valuetalk code sample` and `status`: draw posts for coding, and say where coding stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commands import layout, output, session

if TYPE_CHECKING:
    from flows.coding.drawing import PlannedWave

_SHOWN = ("stratum", "n_posts", "n_before", "n_expected", "n_drawn")


def register(commands: typer.Typer) -> None:
    """Add the commands of drawing to those of coding."""
    commands.command("sample")(sample)
    commands.command("status")(status)


def sample(
    home: session.HomeOption = None,
    *,
    pool: Annotated[
        str,
        typer.Option(metavar="measure|train", help="What the codings are for: for ever."),
    ],
    n: Annotated[
        int | None,
        typer.Option(
            "--n", min=1, metavar="N", help="Posts to add; as the settings say if not given."
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, help="Seed of the first wave; the study's if not given, and then the same."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be drawn, and draw nothing.")
    ] = False,
    as_json: session.JsonOption = False,
) -> None:
    """Draw posts for coding: by chance to measure with, chosen to train with.

    The pools never mix. Into the measure pool each post comes by its own chance, so about N do; a
    cell is a community and period, and with scores its strata are bands of the greatest score.

    Example: valuetalk code sample --pool measure --n 200 --dry-run
    """
    from flows.coding.codebooks import study_codebook
    from flows.coding.drawing import next_measure_wave, store_waves, survey, train_wave
    from flows.coding.standing import lost_to_others, standing
    from flows.night import open_warehouse, prepare_night

    if pool not in ("measure", "train"):
        raise session.WrongUse(f"--pool {pool} is neither measure nor train")
    night = prepare_night(session.find_study(home).root, flow="sample")
    sizes = night.settings.analysis
    codebook = study_codebook(night.home, night.settings.coding)
    with open_warehouse(night) as warehouse:
        ground = survey(warehouse, night, codebook, seed=seed)
        wave = (
            next_measure_wave(ground, n=n or sizes.measure_codings)
            if pool == "measure"
            else train_wave(ground, warehouse, night, n=n or sizes.train_codings)
        )
        lost = lost_to_others(standing(warehouse, ground.corpus))
        if not dry_run:
            store_waves(warehouse, [wave], day=night.clock.now().date())
    _print_wave(wave, lost, dry_run=dry_run, as_json=as_json)


def status(home: session.HomeOption = None, *, as_json: session.JsonOption = False) -> None:
    """Say what became of the posts that were drawn, and why posts were skipped.

    Skips are told by reason, never by coder. Coded posts wait to be coded again where a frame means
    something else now; 'code sheet' hands them out.
    """
    from flows.coding.codebooks import study_codebook
    from flows.coding.recoding import waiting_again
    from flows.coding.standing import skipped_why, standing
    from flows.corpus_arrays import read_corpus
    from flows.night import open_warehouse, prepare_night

    night = prepare_night(session.find_study(home).root, flow="status")
    codebook = study_codebook(night.home, night.settings.coding)
    with open_warehouse(night) as warehouse:
        waves = standing(warehouse, read_corpus(warehouse, night))
        skips = skipped_why(warehouse)
        again = waiting_again(warehouse, codebook)
    if as_json:
        output.print_json({"waves": waves, "skips": skips, "to_code_again": again})
        return
    if not waves:
        typer.echo("Nothing was drawn yet; 'valuetalk code sample' draws posts.", err=True)
        return
    layout.print_answer(waves, columns=list(waves[0]))
    if skips:
        typer.echo("\nSkipped")
        layout.print_answer(skips, columns=list(skips[0]))
    if again:
        typer.echo(f"\nTo be coded again by version {codebook.version} of the codebook")
        layout.print_answer(again, columns=list(again[0]))


def _print_wave(wave: PlannedWave, lost: str, *, dry_run: bool, as_json: bool) -> None:
    strata, cells = wave.by_stratum(), wave.by_cell()
    total = len(wave.rows)
    if as_json:
        about: dict[str, Any] = {
            "wave": wave.ground.wave,
            "pool": wave.pool,
            "seed": wave.ground.seed,
            "drawn": 0 if dry_run else total,
            "would_be_drawn": total,
        }
        output.print_json({**about, "strata": strata, "source_and_period": cells, "lost": lost})
        return
    done = "would add" if dry_run else "added"
    typer.echo(f"Wave {wave.ground.wave} {done} {total} posts to the {wave.pool} pool.")
    layout.print_answer(strata if dry_run else cells, columns=_SHOWN)
    if lost:
        typer.echo(lost)
    if not total:
        typer.echo(
            "Nothing is left to be drawn by so few codings; ask for more with --n, or wait for"
            " posts.",
            err=True,
        )

"""`valuetalk frames`: train the frame classifier, score posts, and judge it on coded texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commands import measures, output, session

if TYPE_CHECKING:
    from collections.abc import Mapping

frames = typer.Typer(
    name="frames", help="Frames that the codebook defines.", rich_help_panel="Measures"
)

TrainOption = Annotated[
    Path,
    typer.Option(
        "--train",
        metavar="FILE",
        help="JSONL, a coded text a line: text, codes (frames by coder), frames (the majority's).",
        show_default=False,
    ),
]
TestOption = Annotated[
    Path | None,
    typer.Option(
        "--test",
        metavar="FILE",
        help="Coded texts to judge it on; without it, five folds of --train.",
        show_default=False,
    ),
]
EmbedOption = Annotated[
    bool | None,
    typer.Option(
        "--embed/--no-embed",
        help="Use vectors of whole texts (extra `embed`); if nothing is said, where it is there.",
        show_default=False,
    ),
]
RepeatsOption = Annotated[
    int, typer.Option("--repeats", min=1, help="How often folds are drawn, without --test.")
]
CurveOption = Annotated[
    bool, typer.Option("--curve", help="Say also what more codings of each frame would bring.")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Of folds.")]


@frames.command("score")
def score(home: session.HomeOption = None) -> None:
    """Train on the coded train pool where it has grown, and score every counted post."""
    from flows.frame_stage import run_frames

    measures.run_stage(home, run_frames)


@frames.command("train")
def train(home: session.HomeOption = None) -> None:
    """Train on the coded train pool now, and enter how well it does into `evaluations`."""
    from flows.frame_stage import train_frames

    measures.run_stage(home, train_frames)


@frames.command("explain")
def explain(
    text: Annotated[str, typer.Argument(help="A text of your own, in quotation marks.")],
    *,
    home: session.HomeOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Say which words of a text make the study's classifier see each frame in it."""
    from flows.frames.explaining import explain_text, latest_classifier

    model = latest_classifier(session.open_study(home).home.models)
    rows = explain_text(model, text)
    if not as_json:
        rows = [{**row, "probability": round(float(str(row["probability"])), 3)} for row in rows]
    output.print_rows(rows, form=output.chosen_form(as_json=as_json))


@frames.command("evaluate")
def evaluate(
    *,
    train: TrainOption,
    test: TestOption = None,
    embed: EmbedOption = None,
    repeats: RepeatsOption = 1,
    curve: CurveOption = False,
    seed: SeedOption = 0,
    as_json: session.JsonOption = False,
) -> None:
    """Learn frames from coded texts in a file and print how well they are found; needs no study."""
    from flows.frames.evaluating import Settings, evaluate_files

    settings = Settings(embed=embed, repeats=repeats, curve=curve, seed=seed)
    report = evaluate_files(train.expanduser(), test.expanduser() if test else None, settings)
    if as_json:
        output.print_json(report)
        return
    typer.echo(_heading(report))
    output.print_rows([_shown(row) for row in report["frames"]])
    for grown in report.get("more_codings", ()):
        typer.echo(grown["sentence"])


def _heading(report: Mapping[str, Any]) -> str:
    name = output.printable(report["train"])
    judged = (
        f"judged on {report['n_test']:,} of {output.printable(report['test'])}"
        if report["test"]
        else f"{report['folds']} folds, drawn {report['repeats']} times"
    )
    return (
        f"{name}: {report['n_train']:,} coded texts; {judged}; {', '.join(report['features'])}\n"
        f"macro-F1 {report['macro_f1']:.3f} "
        f"({report['macro_f1_lower']:.3f} to {report['macro_f1_upper']:.3f}), "
        f"micro-F1 {report['micro_f1']:.3f}"
    )


def _shown(row: Mapping[str, Any]) -> dict[str, object]:
    shown: dict[str, object] = {"frame": row["frame"]}
    for key, name in (
        ("f1", "F1"),
        ("average_precision", "average precision"),
        ("brier_skill", "Brier skill"),
        ("expected_calibration_error", "calibration error"),
    ):
        value = row[key]
        shown[name] = None if value is None else round(value, 3)
    lower, upper = row["brier_skill_lower"], row["brier_skill_upper"]
    shown["its interval"] = None if lower is None else f"{lower:.2f} to {upper:.2f}"
    return shown

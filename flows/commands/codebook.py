"""`valuetalk code begin`, `lint` and `explain`: the codebook, before anybody codes by it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands import output, session

if TYPE_CHECKING:
    from analysis.codebook import Codebook
    from flows.coding.linting import Recorded

BookArgument = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", help="A codebook; the study's where none is named."),
]


def register(commands: typer.Typer) -> None:
    """Add the commands of the codebook to those of coding."""
    commands.command("begin")(begin)
    commands.command("lint")(lint)
    commands.command("explain")(explain)


def begin(home: session.HomeOption = None) -> None:
    """Copy the codebook of value frames into the study, to make it the study's own."""
    from flows.coding.codebooks import OWN_FILE, begin_codebook

    study = session.open_study(home)
    path = begin_codebook(study.home)
    typer.echo(f"The codebook of value frames was copied to {path}.")
    if study.settings.coding.codebook != OWN_FILE:
        typer.echo(
            f'Write codebook = "{OWN_FILE}" under [coding] in {study.home.settings_file} to code by'
            " it, and raise its version with every change."
        )


def lint(
    file: BookArgument = None,
    home: session.HomeOption = None,
    *,
    as_json: session.JsonOption = False,
) -> None:
    """Say what is wrong or doubtful about a codebook, and what it changes for earlier codings.

    Example: valuetalk code lint codebook.yaml
    """
    from dataclasses import asdict

    from flows.coding.linting import lint as judge

    if file is None:
        path = _study_file(home)
        language = session.open_study(home).settings.study.language
    else:
        path, language = file, None
    remarks = judge(path, _recorded(home, needed=file is None), language=language)
    rows = [asdict(remark) for remark in remarks]
    if as_json:
        output.print_rows(rows, columns=["level", "file", "said"], form="json")
    else:
        for remark in remarks:
            typer.echo(f"{remark.level}: {remark.file}: {remark.said}")
    n_errors = sum(remark.level == "error" for remark in remarks)
    if n_errors:
        raise session.CommandError(
            f"{path.name} cannot be coded by: {n_errors} errors stand above; mend these first"
        )
    if not as_json and not remarks:
        typer.echo(f"{path.name}: nothing to mend.")


def explain(
    frame: Annotated[
        str | None,
        typer.Argument(metavar="FRAME", help="Print the page of this frame alone, as Markdown."),
    ] = None,
    home: session.HomeOption = None,
    *,
    folder: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write a page for every frame into this folder."),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="html|md", help="What the pages are.")
    ] = "html",
    file: Annotated[
        Path | None,
        typer.Option("--codebook", metavar="FILE", help="A codebook that is not the study's."),
    ] = None,
) -> None:
    """Explain frames in plain words on a page each, for people who are no researchers.

    The pages hold no post, so they may be given to anybody.

    Example: valuetalk code explain --folder pages
    """
    from analysis.codebook import load_codebook
    from flows.coding.explaining import frame_page, write_pages

    if (frame is None) is (folder is None):
        raise session.WrongUse("name a frame to print its page, or a --folder to write all pages")
    codebook = load_codebook(file if file is not None else _study_file(home))
    if frame is not None:
        found = [known for known in codebook.frames if known.key == frame]
        if not found:
            raise session.WrongUse(_unknown(frame, codebook))
        typer.echo(frame_page(codebook, found[0], form="md"), nl=False)
        return
    if form not in ("html", "md"):
        raise session.WrongUse(f"--format {form} is neither html nor md")
    if folder is not None:
        files = write_pages(folder, codebook, form="html" if form == "html" else "md")
        typer.echo(f"{len(files)} pages were written to {folder}; they hold no post.")


def _unknown(frame: str, codebook: Codebook) -> str:
    return f"{frame} is no frame of {codebook.name}; its frames are {', '.join(codebook.keys)}"


def _study_file(home: Path | None) -> Path:
    from flows.coding.codebooks import codebook_file

    study = session.open_study(home)
    return codebook_file(study.home, study.settings.coding)


def _recorded(home: Path | None, *, needed: bool) -> Recorded | None:
    """Return what the study's release has; nothing where a file is looked at outside of one."""
    from flows.coding.linting import read_recorded
    from flows.released import NotReleased, open_released

    try:
        with open_released(session.find_study(home)) as release:
            return read_recorded(release)
    except NotReleased:
        return None
    except session.WrongUse:
        if needed:
            raise
        return None

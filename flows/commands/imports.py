"""`valuetalk import`: archives that the study holds already."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from flows.commands import output, session

commands = typer.Typer()


FilesArgument = Annotated[
    list[Path],
    typer.Argument(
        exists=True,
        metavar="FILE...",
        help="Parquet, CSV, NDJSON or .mbox, each also as .gz or .zst, .eml, a Maildir, or "
        "transcripts as .docx, .txt or .vtt. Equal rows without an id are several posts, also in "
        "several files of one import.",
    ),
]
SourceOption = Annotated[
    str | None, typer.Option(help="Source of valuetalk.toml that the posts belong to.")
]
MappingOption = Annotated[
    str | None,
    typer.Option(
        "--map",
        metavar="ROLE=COLUMN,...",
        help="What columns mean, as text=body,created_at=date. Roles: id, thread, parent, "
        "author, community, created_at, title, text, url. The names of communities are public: "
        "never map a column of people's names to them.",
    ),
]
CommunityOption = Annotated[
    str | None, typer.Option(help="Community of rows that name none; else the source's name.")
]
EthicsOption = Annotated[str | None, typer.Option(help="Ethics approval that covers a new source.")]
LicenceOption = Annotated[str, typer.Option(help="Licence of a new source's posts.")]
PerPersonOption = Annotated[
    bool, typer.Option("--one-post-per-person", help="Each row is another person's answer.")
]
DateOption = Annotated[
    str | None,
    typer.Option("--date", help="Day of a transcript's talk, as 2026-03-14; else in its name."),
]
FacilitatorOption = Annotated[
    list[str] | None,
    typer.Option(
        "--facilitator",
        help="A speaker of the transcript who asks and is no participant; can be repeated.",
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only print field names and counts.")]


@commands.command("import", rich_help_panel="Study")
def import_archives(
    files: FilesArgument,
    home: session.HomeOption = None,
    *,
    source: SourceOption = None,
    mapping: MappingOption = None,
    community: CommunityOption = None,
    ethics_ref: EthicsOption = None,
    licence: LicenceOption = "",
    one_post_per_person: PerPersonOption = False,
    date: DateOption = None,
    facilitator: FacilitatorOption = None,
    dry_run: DryRunOption = False,
    as_json: session.JsonOption = False,
) -> None:
    """Import archives through the same protection and loading as a harvest."""
    roles = _roles(mapping)
    if dry_run:
        _describe(files, roles, as_json=as_json)
        return
    if source is None:
        raise session.WrongUse("name the source that the posts belong to with --source")
    from rich.console import Console

    from flows.import_stage import archive_source, import_files
    from flows.night import prepare_night
    from flows.progress import telling
    from harvesters.archives.reading import Import
    from warehouse.protection.erasure_list import is_erased_source

    study = session.open_study(home)
    if is_erased_source(study.home.state, study.keys(), source):
        raise session.CommandError(
            f"{source} was erased as a whole, and nothing of it comes back; import under another "
            "name what may be held"
        )
    archive_source(
        study.home,
        study.settings,
        source,
        ethics_ref=ethics_ref,
        licence=licence,
        one_post_per_person=one_post_per_person,
    )
    night = prepare_night(study.home.root, flow="import")
    with telling(Console(stderr=True)) as say:
        wanted = Import(
            source=source,
            community=community or source,
            keys=night.keys,
            harvested_at=night.clock.now(),
            mapping=roles,
            day=_day(date),
            facilitators=tuple(facilitator or ()),
        )
        counts = import_files(night, files, wanted, say=say)
    rows = [{"what": "rows", "n": counts.rows}, {"what": "posts", "n": counts.posts}]
    rows += [{"what": f"dropped: {why}", "n": n} for why, n in sorted(counts.drops.items())]
    rows += [
        {"what": "new", "n": counts.load.new},
        {"what": "edited", "n": counts.load.edited},
        {"what": "unchanged", "n": counts.load.unchanged},
        {"what": "refused", "n": counts.load.refused},
    ]
    output.print_rows(rows, form=output.chosen_form(as_json=as_json))


def _roles(mapping: str | None) -> dict[str, str] | None:
    if mapping is None:
        return None
    pairs = [pair.split("=", 1) for pair in mapping.split(",")]
    if any(len(pair) != 2 or not all(part.strip() for part in pair) for pair in pairs):  # noqa: PLR2004 # a role and a column
        raise session.WrongUse(
            f"--map {mapping} is not a list of role=column: write it as text=body,created_at=date"
        )
    return {role.strip(): column.strip() for role, column in pairs}


def _day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise session.WrongUse(f"--date {text} is not a day: write it as 2026-03-14") from None


def _describe(files: list[Path], roles: dict[str, str] | None, *, as_json: bool) -> None:
    from harvesters.archives.mailboxes import is_mailbox
    from harvesters.archives.reading import is_transcript
    from harvesters.archives.tables import describe_archive

    rows = []
    for file in files:
        if is_transcript(file):
            rows.append(_describe_transcript(file))
            continue
        if is_mailbox(file):
            rows.append(_describe_mailbox(file))
            continue
        found = describe_archive(file, roles)
        rows.append(
            {
                "file": file.name,
                "rows": found.n_rows,
                "fields": ", ".join(found.fields),
                "read as": ", ".join(
                    f"{role}={'|'.join(columns)}" for role, columns in found.mapping.items()
                ),
                "not read": ", ".join(found.unread),
                "communities": len(found.communities),
            }
        )
    output.print_rows(rows, form=output.chosen_form(as_json=as_json))


def _describe_mailbox(file: Path) -> dict[str, object]:
    from harvesters.archives.mailboxes import describe_mailbox
    from warehouse.records import WallClock

    found = describe_mailbox(file, now=WallClock().now())
    return {
        "file": file.name,
        "rows": found.n_mails,
        "fields": f"{found.n_attachments} attachments",
        "read as": f"mails ({found.kind})",
        "not read": f"{found.n_unreadable} unreadable, {found.n_without_date} without a date, "
        f"{found.n_opted_out} opted out, all attachments",
        "communities": 1,
    }


def _describe_transcript(file: Path) -> dict[str, object]:
    from harvesters.archives.transcripts import describe_transcript

    found = describe_transcript(file)
    return {
        "file": file.name,
        "rows": found.n_turns,
        "fields": f"{found.n_speakers} speakers, {found.n_words} words",
        "read as": f"transcript of {found.day or 'a day to be given with --date'}",
        "not read": "",
        "communities": 1,
    }

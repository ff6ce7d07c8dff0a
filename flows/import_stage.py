"""Import of existing archives: through the same landing and loading as a harvest."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flows import stages
from flows.asking import was_interrupted
from flows.import_workers import land_parts
from flows.night import Night, open_warehouse
from flows.setting_sections import ARCHIVE, SourceSettings
from flows.settings import Settings, SettingsError
from flows.study_file import append_source
from harvesters.archives.reading import Import, read_parts
from warehouse.home import Home
from warehouse.records import LoadCounts, SegmentHeader
from warehouse.release.controlled import publish_controlled


class ImportStopped(Exception):
    """An import was stopped from the keyboard; the message says what of it is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """Every row of the files is one post or one drop with its reason."""

    posts: int
    drops: Mapping[str, int] = field(default_factory=dict)
    load: LoadCounts = field(default_factory=LoadCounts)

    @property
    def rows(self) -> int:
        """How many rows the files had."""
        return self.posts + sum(self.drops.values())


def archive_source(
    home: Home,
    settings: Settings,
    name: str,
    *,
    ethics_ref: str | None,
    licence: str,
    one_post_per_person: bool,
) -> Settings:
    """Return settings that hold the archive's source, entering it where it is new.

    Raises
    ------
    SettingsError
        If neither the source's entry nor the call says which ethics approval covers the archive.
    """
    known = {source.name: source for source in settings.sources}
    if name in known:
        if gap := settings.ethics_gap(known[name]):
            raise SettingsError(f"{home.settings_file}: source {name} yields nothing: {gap}")
        return settings
    if not ethics_ref:
        raise SettingsError(
            f"{home.settings_file} has no source {name}: say with --ethics-ref which ethics "
            "approval covers the archive, or enter it as a source with its ethics_ref"
        )
    entry = SourceSettings(
        name=name,
        platform=ARCHIVE,
        licence=licence,
        ethics_ref=ethics_ref,
        one_post_per_person=one_post_per_person,
    )
    return append_source(home, entry)


def import_files(
    night: Night,
    files: Sequence[Path],
    wanted: Import,
    *,
    say: Callable[[str], None],
    processes: int | None = None,
) -> ImportCounts:
    """Land what archives hold, load and index it, and renew the researchers' release.

    Parameters
    ----------
    wanted : Import
        Where it belongs, and how the files are to be understood.
    say : callable
        Is told of each step.
    processes : int, optional
        How many processes share the reading; see `land_parts`.

    Raises
    ------
    ArchiveError
        If a file cannot be read, or a process that reads was ended from outside; what was landed
        before is loaded with the next night.
    ImportStopped
        If it was stopped from the keyboard; what was landed before is kept too.
    """
    try:
        posts, drops = _land(night, files, wanted, say=say, processes=processes)
        load = _load(night, say=say)
    except (KeyboardInterrupt, RuntimeError) as error:
        if not was_interrupted(error):
            raise
        raise ImportStopped(
            "the import was stopped, and what it had read is kept: import the files again for the"
            " rest (no post comes in twice), or leave it to the next night to load that much"
        ) from None
    return ImportCounts(posts=posts, drops=drops, load=load)


def _land(
    night: Night,
    files: Sequence[Path],
    wanted: Import,
    *,
    say: Callable[[str], None],
    processes: int | None,
) -> tuple[int, Counter[str]]:
    """Land what the files hold; return how many posts that is, and why other rows are none."""
    posts = 0
    drops: Counter[str] = Counter()
    header = SegmentHeader(
        run_id=night.run.run_id,
        source=wanted.source,
        community=wanted.community,
        activity="import",
        harvested_at=wanted.harvested_at,
        final=True,
        author_links=night.keys.links,
    )
    for file in files:
        parts = read_parts(file, wanted)
        for landed in land_parts(parts, night.home.landing, header, processes=processes):
            posts += landed.posts
            drops.update(landed.drops)
            say(f"{file.name}: {posts} posts read")
    return posts, drops


def _load(night: Night, *, say: Callable[[str], None]) -> LoadCounts:
    """Load and index what has landed, and renew the researchers' release."""
    with open_warehouse(night) as warehouse:
        warehouse.start_run(night.run)
        load = stages.load_landed(warehouse, night)
        say(f"{load.new} posts are new")
        indexed = stages.index(warehouse)
        say(f"{indexed.copies} posts are copies of others")
        warehouse.finish_run(night.run.run_id, status="complete")
        publish_controlled(warehouse.connection, night.home)
    return load

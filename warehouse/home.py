"""The home: one private folder that holds everything of one study."""

import os
from dataclasses import dataclass
from pathlib import Path

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


@dataclass(frozen=True, slots=True)
class Home:
    """Where each part of a study lies under its home folder."""

    root: Path

    @property
    def settings_file(self) -> Path:
        """The study's `valuetalk.toml`."""
        return self.root / "valuetalk.toml"

    @property
    def landing(self) -> Path:
        """Landed segments, a folder a source."""
        return self.root / "landing"

    @property
    def quarantine(self) -> Path:
        """Segments that could not be read, kept aside and reported."""
        return self.root / "landing" / "quarantine"

    @property
    def state(self) -> Path:
        """What harvests must know of the past, written by the loader."""
        return self.root / "state"

    @property
    def hosts(self) -> Path:
        """Host budgets, robots copies and next-allowed times, shared by all tasks of a machine."""
        return self.state / "hosts.sqlite"

    @property
    def database(self) -> Path:
        """The private working database; researchers never open it."""
        return self.root / "warehouse.duckdb"

    @property
    def models(self) -> Path:
        """Saved models: data with checksums, never pickles."""
        return self.root / "models"

    @property
    def coding(self) -> Path:
        """Coding sheets that go out and come back."""
        return self.root / "coding"

    @property
    def profiles(self) -> Path:
        """The study's own forum profiles: how boards are read that no shipped profile fits."""
        return self.root / "profiles"

    @property
    def subcorpora(self) -> Path:
        """Selections of posts that were saved by name, a file each."""
        return self.root / "subcorpora"

    @property
    def controlled(self) -> Path:
        """What named researchers get."""
        return self.root / "controlled" / "latest"

    @property
    def exports(self) -> Path:
        """Files that were written for named persons."""
        return self.root / "controlled" / "exports"

    @property
    def sheets(self) -> Path:
        """The home's own copies of coding sheets that were handed out."""
        return self.root / "controlled" / "coding"

    @property
    def public(self) -> Path:
        """What passed the export gate."""
        return self.root / "public" / "latest"

    @property
    def simulated_mark(self) -> Path:
        """The file that marks a home as holding simulated data only."""
        return self.root / "SIMULATED"

    @property
    def is_simulated(self) -> bool:
        """Whether this home was made for simulated data."""
        return self.simulated_mark.is_file()

    def create(self) -> None:
        """Make the folders, readable by their owner alone; existing ones are left as they are."""
        for folder in (
            self.root,
            self.landing,
            self.quarantine,
            self.state,
            self.models,
            self.coding,
            self.controlled,
            self.public,
        ):
            make_private_folder(folder)


def make_private_folder(folder: Path) -> None:
    """Make a folder with its parents, mode 0700 for each that is new."""
    missing = [folder, *folder.parents]
    for parent in reversed([path for path in missing if not path.exists()]):
        parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def make_private(folder: Path) -> None:
    """Let a folder and everything in it be its owner's alone, whatever wrote it."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(PRIVATE_FOLDER if path.is_dir() else PRIVATE_FILE)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone can read, whole or not at all.

    Written beside its place, synced, then renamed, so that a reader or a crash never meets half.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)

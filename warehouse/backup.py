"""A study in one file, and a study made from one.

A backup is a tar compressed by zstd, with the SHA-256 of every file in a manifest at its end. Left
out are the key, what belongs to one machine (`state/hosts.sqlite`, locks), what is half-written or
put aside, and the controlled release and the copy beside it, which the database gives at any time.

A study is restored beside its place: what was erased or opted out since is taken out to the bytes
and the author keys come to those of the key file, before the folder takes its place in one rename.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

import pyarrow as pa

from warehouse.errors import WarehouseError
from warehouse.gateway import LOCK, Warehouse
from warehouse.home import PRIVATE_FILE, Home, make_private_folder
from warehouse.landing import QUARANTINE, sync_folder
from warehouse.lock import WriterLock
from warehouse.private_copy import folder_of
from warehouse.protection.erasure_list import LISTS, ListFile, list_file
from warehouse.protection.keys import KeyRing
from warehouse.records import Clock
from warehouse.release.controlled import publish_controlled

FORMAT: Final = 1
_MANIFEST = "manifest.json"
_SEAL = "manifest.sha256"
_CONTENT = "home"
_KEPT_HIDDEN = frozenset({".gitignore"})
_CHUNK = 1 << 20
_BESIDE = (".fresh", ".tmp", ".damaged", ".damaged.wal", ".repairing", ".repairing.wal")


class BackupError(WarehouseError):
    """A backup cannot be made or restored; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupCounts:
    """How much a backup holds."""

    files: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreCounts:
    """What restoring did: files written, and posts taken out that were erased since."""

    files: int
    erased: int


def back_up(
    home: Home, file: Path, *, keys: KeyRing, clock: Clock, leave_out: Collection[Path] = ()
) -> BackupCounts:
    """Write the study at `home` into one new file that its owner alone can read.

    Parameters
    ----------
    home : Home
        The study; nothing else may be writing it.
    file : Path
        The backup, outside of the home.
    keys : KeyRing
        The study's keys; none of them is in the backup.
    clock : Clock
        Says when it is made.
    leave_out : collection of Path
        Further files that stay out, such as a key file.

    Raises
    ------
    BackupError
        If there is such a file already, or it would lie inside the home.
    WarehouseLocked
        If the study is being written.
    """
    if file.exists():
        raise BackupError(f"there is a file at {file} already; give the backup another name")
    if file.resolve().is_relative_to(home.root.resolve()):
        raise BackupError(f"{file} lies inside the home; keep a backup outside of what it is for")
    with Warehouse.open(home, keys=keys, clock=clock) as warehouse:
        warehouse.write_state()
    with WriterLock(home.state / LOCK).acquire(now=clock.now()), _new_file(file) as half:
        about = {
            "format": FORMAT,
            "study": keys.study,
            "made_at": clock.now().isoformat(),
            "released": home.controlled.joinpath("discourse.duckdb").is_file(),
        }
        return _write(half, home, about, leave_out)


def restore(
    file: Path,
    home: Home,
    *,
    keys_of: Callable[[Home], KeyRing],
    clock: Clock,
    lists: Sequence[Path] = (),
    derive: Callable[[Warehouse], object] | None = None,
) -> RestoreCounts:
    """Make the study of a backup at `home`, without what was erased or opted out since.

    Parameters
    ----------
    file : Path
        The backup.
    home : Home
        Where the study is to be: a folder that is empty or not there.
    keys_of : callable
        Returns the study's keys, given where its settings lie meanwhile.
    clock : Clock
        Says when it is restored.
    lists : sequence of Path
        Folders of state whose lists of erasures and opt-outs hold too, beside the backup's own.
    derive : callable, optional
        Is given the warehouse when all that was erased is out of it, before it is released: brings
        what was made from texts, as the index and stored models, to the posts that are left.

    Raises
    ------
    BackupError
        If the home is not empty, or the backup is damaged, or of another study.
    """
    if home.root.is_dir() and any(home.root.iterdir()):
        raise BackupError(f"{home.root} is not empty; restore into a new folder")
    staged = Home(home.root.with_name(f".{home.root.name}.restoring"))
    shutil.rmtree(staged.root, ignore_errors=True)
    make_private_folder(staged.root)
    try:
        about = _unpack(file, staged.root)
        counts = _settle(staged, about, keys_of=keys_of, clock=clock, lists=lists, derive=derive)
        staged.create()
        staged.root.replace(home.root)  # an empty folder gives way
        sync_folder(home.root.parent)
    except BaseException:
        shutil.rmtree(staged.root, ignore_errors=True)
        raise
    return counts


def database_of(file: Path, folder: Path, *, keys: KeyRing) -> Path:
    """Unpack a backup of the same study into a folder, and return its database.

    Raises
    ------
    BackupError
        If the backup is damaged, or of another study.
    """
    _require_same_study(_unpack(file, folder), keys)
    return Home(folder).database


def _require_same_study(about: dict[str, Any], keys: KeyRing) -> None:
    if about["study"] != keys.study:
        raise BackupError(
            "the backup is of another study than the key file; name the study's own key file in "
            "VALUETALK_KEY_FILE"
        )


def _settle(
    staged: Home,
    about: dict[str, Any],
    *,
    keys_of: Callable[[Home], KeyRing],
    clock: Clock,
    lists: Sequence[Path],
    derive: Callable[[Warehouse], object] | None,
) -> RestoreCounts:
    """Bring an unpacked study to the keys and the erasures of today, to the bytes."""
    keys = keys_of(staged)
    _require_same_study(about, keys)
    for name in LISTS:
        files = [list_file(folder, name) for folder in (staged.state, *lists)]
        ListFile.merged([ListFile.read(path) for path in files], keys).write(files[0])
    with Warehouse.open(staged, keys=keys, clock=clock) as warehouse:
        erased = warehouse.reapply_erasures()
        warehouse.erase_confirmed()
        warehouse.write_state()
        if derive is not None:
            derive(warehouse)
        if erased:  # its examples may be of posts that are gone; the next night makes another
            shutil.rmtree(staged.public, ignore_errors=True)
        if about["released"]:
            publish_controlled(warehouse.connection, staged)
    return RestoreCounts(files=len(about["files"]), erased=erased)


def _write(
    path: Path, home: Home, about: dict[str, Any], leave_out: Collection[Path]
) -> BackupCounts:
    files: dict[str, list[Any]] = {}
    with (
        pa.CompressedOutputStream(pa.OSFile(str(path), "wb"), "zstd") as stream,
        tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        for file in _files_of(home, leave_out):
            name = file.relative_to(home.root).as_posix()
            files[name] = _add_file(tar, f"{_CONTENT}/{name}", file)
        manifest = json.dumps({**about, "files": files}, indent=0).encode()
        _add_bytes(tar, _MANIFEST, manifest)
        _add_bytes(tar, _SEAL, hashlib.sha256(manifest).hexdigest().encode())
    return BackupCounts(files=len(files), size=sum(size for size, _ in files.values()))


def _files_of(home: Home, leave_out: Collection[Path]) -> Iterator[Path]:
    skipped = {path.resolve() for path in leave_out}
    machine = {home.state / LOCK, home.hosts}
    for path in sorted(home.root.rglob("*")):
        parts = path.relative_to(home.root).parts
        hidden = any(part.startswith(".") and part not in _KEPT_HIDDEN for part in parts)
        aside = parts[:2] == ("landing", QUARANTINE) or path.is_relative_to(home.controlled)
        of_machine = path in machine or path.name.startswith(f"{home.hosts.name}-")
        half = parts[0].startswith(home.database.name) and parts[0].endswith(_BESIDE)
        copied = path.is_relative_to(folder_of(home))
        if (
            hidden
            or aside
            or of_machine
            or half
            or copied
            or path.is_symlink()
            or not path.is_file()
        ):
            continue
        if path.resolve() not in skipped:
            yield path


class _Hashing(io.RawIOBase):
    """Reads a file and hashes what is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self.digest.update(content)
        return content


def _add_file(tar: tarfile.TarFile, name: str, path: Path) -> list[Any]:
    with path.open("rb") as opened:
        reader = _Hashing(opened)
        member = tarfile.TarInfo(name)
        member.size = os.fstat(opened.fileno()).st_size
        member.mode = PRIVATE_FILE
        tar.addfile(member, reader)
    return [member.size, reader.digest.hexdigest()]


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), PRIVATE_FILE
    tar.addfile(member, io.BytesIO(content))


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    """Unpack a backup and compare every file with the manifest, which is returned."""
    found: dict[str, list[Any]] = {}
    ends: dict[str, bytes] = {}
    try:
        with (
            pa.CompressedInputStream(pa.OSFile(str(file), "rb"), "zstd") as stream,
            tarfile.open(fileobj=stream, mode="r|") as tar,
        ):
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None:
                    raise _damaged(file)
                if member.name in (_MANIFEST, _SEAL):
                    ends[member.name] = content.read()
                else:
                    name = _safe_name(file, member.name)
                    found[name] = _extract(content, folder / name)
    except FileNotFoundError:
        raise BackupError(f"there is no backup at {file}; check the name") from None
    except (tarfile.TarError, pa.ArrowException, EOFError):
        raise _damaged(file) from None
    except OSError as error:  # what Arrow says of a broken stream has no number
        if error.errno is None:
            raise _damaged(file) from None
        raise
    return _checked(file, found, ends)


def _checked(file: Path, found: dict[str, list[Any]], ends: dict[str, bytes]) -> dict[str, Any]:
    manifest = ends.get(_MANIFEST, b"")
    if hashlib.sha256(manifest).hexdigest().encode() != ends.get(_SEAL):
        raise _damaged(file)
    about: dict[str, Any] = json.loads(manifest)
    if about.get("format") != FORMAT:
        raise BackupError(
            f"{file} has format {about.get('format')!r}, and this version reads {FORMAT}; use the "
            "version of valuetalk that wrote it"
        )
    if about["files"] != found:
        raise _damaged(file)
    return about


def _safe_name(file: Path, name: str) -> str:
    """Return the path of a member inside the home; one that leads out of it is refused."""
    parts = PurePosixPath(name).parts
    if parts[:1] != (_CONTENT,) or not parts[1:] or ".." in parts:
        raise _damaged(file)
    return "/".join(parts[1:])


def _extract(content: IO[bytes], path: Path) -> list[Any]:
    make_private_folder(path.parent)
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as written:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            size += written.write(chunk)
        written.flush()
        os.fsync(written.fileno())
    return [size, digest.hexdigest()]


@contextmanager
def _new_file(file: Path) -> Iterator[Path]:
    """Give a private file beside the place of a new one, and put it there when it is whole."""
    make_private_folder(file.parent)
    half = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    os.close(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE))
    try:
        yield half
        with half.open("rb") as written:
            os.fsync(written.fileno())
        half.replace(file)
        sync_folder(file.parent)
    except BaseException:
        with suppress(FileNotFoundError):
            half.unlink()
        raise


def _damaged(file: Path) -> BackupError:
    return BackupError(
        f"{file} is truncated, damaged or no backup of valuetalk; use another backup"
    )

"""Whether a folder lies on an encrypted volume, as far as the system lets anybody see.

On Linux the folder's mount tells: an encrypting file system by its type, a folder that the file
system itself encrypts by its flag, and a block device by the device mapper below it, be it under
LVM, RAID or a partition. Elsewhere, and of disks that belong to another machine, nothing is told.
"""

import fcntl
import os
import re
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_ENCRYPTING = re.compile(r"ecryptfs|fuse\.(gocryptfs|cryfs|encfs|securefs|cppcryptfs)")
_LOCAL = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "reiserfs", "vfat"})
_ESCAPED = re.compile(r"\\([0-7]{3})")
_GETFLAGS = 0x80086601  # FS_IOC_GETFLAGS of linux/fs.h
_ENCRYPTED = 0x00000800  # FS_ENCRYPT_FL


@dataclass(frozen=True, slots=True)
class Encryption:
    """Whether encryption was seen, and what was seen."""

    encrypted: bool
    detail: str


@dataclass(frozen=True, slots=True)
class _Mount:
    device: str  # major:minor
    place: Path
    kind: str
    source: str


def encryption_of(folder: Path, *, system: Path = Path("/"), platform: str = "") -> Encryption:
    """Say whether a folder is seen to lie on an encrypted volume.

    Parameters
    ----------
    folder : Path
        A folder that is there.
    system : Path
        The root under which `proc`, `sys` and `dev` are found.
    platform : str
        As `sys.platform`, which it is where nothing is said.
    """
    if (platform or sys.platform) != "linux":
        return Encryption(False, "this system does not tell whether the home's disk is encrypted")
    mount = _mount_of(folder.resolve(), system)
    if mount is None:
        return Encryption(False, "the mount of the home cannot be seen")
    if _ENCRYPTING.fullmatch(mount.kind):
        return Encryption(True, f"{mount.place} is encrypted by {mount.kind}")
    if _is_encrypted_folder(folder):
        return Encryption(True, f"{folder} is encrypted by its file system")
    block = _block_device(mount, system)
    if block is None or mount.kind not in _LOCAL:
        detail = f"it cannot be told whether {mount.place} ({mount.kind}) is encrypted"
        return Encryption(False, detail)
    if _is_encrypted(block):
        return Encryption(True, f"{mount.place} lies on an encrypted device")
    return Encryption(False, f"{mount.place} lies on a device that is not seen to be encrypted")


def _mount_of(folder: Path, system: Path) -> _Mount | None:
    """Return the mount that a folder lies in: the longest place, of equal ones the last."""
    found: _Mount | None = None
    for mount in _mounts(system):
        deeper = found is None or len(mount.place.parts) >= len(found.place.parts)
        if folder.is_relative_to(mount.place) and deeper:
            found = mount
    return found


def _mounts(system: Path) -> Iterator[_Mount]:
    try:
        lines = (system / "proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, described = before.split(), after.split()
        if len(fields) > 4 and len(described) > 1:  # noqa: PLR2004 # as proc(5) has them
            yield _Mount(fields[2], Path(_plain(fields[4])), described[0], _plain(described[1]))


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), text)


def _block_device(mount: _Mount, system: Path) -> Path | None:
    """Return the folder of a mount's device in sysfs; one of several devices goes by its source."""
    by_number = system / "sys/dev/block" / mount.device
    if by_number.exists():
        return by_number.resolve()
    if not mount.source.startswith("/dev/"):
        return None
    name = (system / mount.source.lstrip("/")).resolve().name
    by_name = system / "sys/class/block" / name
    return by_name.resolve() if by_name.exists() else None


def _is_encrypted(block: Path) -> bool:
    """Whether a device, or every device that it is made of, is one of dm-crypt."""
    try:
        uuid = (block / "dm/uuid").read_text(encoding="ascii", errors="replace")
    except OSError:
        uuid = ""
    if uuid.startswith("CRYPT-"):
        return True
    parts = [*(block / "slaves").glob("*")]
    if not parts and (block / "partition").exists():
        return _is_encrypted(block.parent)
    return bool(parts) and all(_is_encrypted(part.resolve()) for part in parts)


def _is_encrypted_folder(folder: Path) -> bool:
    """Whether the file system encrypts a folder by itself, as fscrypt lets ext4 and F2FS do."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    try:
        answer = fcntl.ioctl(descriptor, _GETFLAGS, bytes(8))
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return bool(struct.unpack("l", answer)[0] & _ENCRYPTED)

"""Encrypted volumes are told from the files by which Linux describes its devices."""

from pathlib import Path

import pytest

from flows import encrypted_disk
from flows.encrypted_disk import encryption_of

MOUNT = "36 35 {device} / {place} rw,noatime shared:1 - {kind} {source} rw\n"
ROOT_DISK = MOUNT.format(device="8:1", place="/", kind="ext4", source="/dev/sda1")


class System:
    """A root with the few files of proc, sys and dev that are read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "proc/self").mkdir(parents=True)
        (root / "sys/dev/block").mkdir(parents=True)
        (root / "sys/class/block").mkdir(parents=True)
        (root / "dev/mapper").mkdir(parents=True)
        self.device("sda", "8:0")
        self.device("sda1", "8:1", disk="sda")

    def device(
        self, name: str, number: str, *, uuid: str = "", on: tuple[str, ...] = (), disk: str = ""
    ) -> None:
        place = self.root / "sys/devices" / disk / name
        (place / "slaves").mkdir(parents=True)
        if uuid:
            (place / "dm").mkdir()
            (place / "dm/uuid").write_text(f"{uuid}\n")
        if disk:
            (place / "partition").write_text("1\n")
        for below in on:
            (place / "slaves" / below).symlink_to(self.root / "sys/class/block" / below)
        (self.root / "sys/dev/block" / number).symlink_to(place)
        (self.root / "sys/class/block" / name).symlink_to(place)

    def mounted(self, folder: Path, *, device: str, kind: str, source: str) -> bool:
        place = str(folder).replace(" ", "\\040")
        line = MOUNT.format(device=device, place=place, kind=kind, source=source)
        (self.root / "proc/self/mountinfo").write_text(ROOT_DISK + line + "broken\n")
        return encryption_of(folder, system=self.root, platform="linux").encrypted


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> System:
    monkeypatch.setattr(encrypted_disk, "_is_encrypted_folder", lambda _: False)
    return System(tmp_path / "system")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "a home").mkdir()
    return tmp_path / "a home"


def test_a_plain_partition_is_not_seen_to_be_encrypted(system: System, home: Path) -> None:
    assert not system.mounted(home, device="8:1", kind="ext4", source="/dev/sda1")


def test_luks_is_seen_under_a_file_system_and_under_lvm_and_raid(
    system: System, home: Path
) -> None:
    system.device("dm-0", "253:0", uuid="CRYPT-LUKS2-0123-home", on=("sda1",))
    assert system.mounted(home, device="253:0", kind="ext4", source="/dev/mapper/home")
    system.device("dm-1", "253:1", uuid="LVM-4567", on=("dm-0",))
    assert system.mounted(home, device="253:1", kind="xfs", source="/dev/mapper/vg-home")
    system.device("dm-2", "253:2", uuid="LVM-89", on=("dm-0", "sda1"))
    assert not system.mounted(home, device="253:2", kind="xfs", source="/dev/mapper/vg-both")


def test_a_partition_of_an_encrypted_device_is_encrypted(system: System, home: Path) -> None:
    system.device("dm-0", "253:0", uuid="CRYPT-PLAIN-swap", on=("sda",))
    system.device("dm-0p1", "253:7", disk="dm-0")
    assert system.mounted(home, device="253:7", kind="ext4", source="/dev/dm-0p1")


def test_btrfs_is_found_by_its_source(system: System, home: Path) -> None:
    system.device("dm-0", "253:0", uuid="CRYPT-LUKS1-0123-home", on=("sda1",))
    (system.root / "dev/mapper/home").symlink_to(system.root / "dev/dm-0")
    assert system.mounted(home, device="0:41", kind="btrfs", source="/dev/mapper/home")
    assert not system.mounted(home, device="0:41", kind="btrfs", source="/dev/sda1")


@pytest.mark.parametrize("kind", ["fuse.gocryptfs", "ecryptfs", "fuse.cryfs"])
def test_encrypting_file_systems_are_known_by_their_type(
    system: System, home: Path, kind: str
) -> None:
    assert system.mounted(home, device="0:50", kind=kind, source="/somewhere/cipher")


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "overlay", "tmpfs", "zfs"])
def test_of_what_cannot_be_told_nothing_is_claimed(system: System, home: Path, kind: str) -> None:
    assert not system.mounted(home, device="0:50", kind=kind, source="server:/home")
    found = encryption_of(home, system=system.root, platform="linux")
    assert "cannot be told" in found.detail


def test_a_folder_that_its_file_system_encrypts_is_seen(
    system: System, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encrypted_disk, "_is_encrypted_folder", lambda _: True)
    assert system.mounted(home, device="8:1", kind="ext4", source="/dev/sda1")


def test_other_systems_and_hidden_mounts_are_said_to_tell_nothing(
    tmp_path: Path, home: Path
) -> None:
    assert "does not tell" in encryption_of(home, platform="darwin").detail
    assert "does not tell" in encryption_of(home, platform="win32").detail
    nothing = encryption_of(home, system=tmp_path / "nowhere", platform="linux")
    assert (nothing.encrypted, nothing.detail) == (False, "the mount of the home cannot be seen")


def test_this_machine_gives_an_answer(home: Path) -> None:
    assert encryption_of(home).detail
    assert encrypted_disk._is_encrypted_folder(home / "nowhere") is False

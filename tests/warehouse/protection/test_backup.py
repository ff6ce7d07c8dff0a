"""A backup holds the study and no key; what is restored from one obeys what was asked since."""

import io
import shutil
import stat
import tarfile
from dataclasses import replace

import pyarrow as pa
import pytest

from tests.warehouse.conftest import Loaded
from warehouse import backup
from warehouse.backup import BackupError, back_up, restore
from warehouse.errors import StateError, WarehouseLocked
from warehouse.home import Home
from warehouse.landing import write_segment
from warehouse.protection.erasure_list import list_file
from warehouse.protection.keys import KeyRing
from warehouse.records import LoadCounts
from warehouse.release.controlled import publish_controlled

WORDS = "quokkaserenade of zebrafinches"
SECRET = "marzipanlighthouse"


def members(file):
    with (
        pa.CompressedInputStream(pa.OSFile(str(file), "rb"), "zstd") as stream,
        tarfile.open(fileobj=stream, mode="r|") as tar,
    ):
        return {member.name: tar.extractfile(member).read() for member in tar}


@pytest.fixture
def key_file(study):
    return study.home.root.parent / "keys" / "study.key"


@pytest.fixture
def file(study):
    return study.home.root.parent / "backups" / "one.tar.zst"


@pytest.fixture
def again(study, key_file, file):
    """Return a function that restores the backup into a new home."""

    def again(*lists, at="again"):
        study.keys = KeyRing.read(key_file)
        home = Home(study.home.root.parent / at)
        counts = restore(
            file, home, keys_of=lambda _: KeyRing.read(key_file), clock=study.clock, lists=lists
        )
        return home, counts

    return again


def save(study, file):
    return back_up(study.home, file, keys=study.keys, clock=study.clock)


def fill(study):
    """Load three posts, leave a segment waiting, and write a few other files."""
    study.home.create()
    with study.open() as warehouse:
        warehouse.connection.execute("SET force_compression = 'uncompressed'")
        warehouse.load(study.land(study.post("1", WORDS), study.post("2"), study.post("3")))
        warehouse.write_state()
        publish_controlled(warehouse.connection, study.home)
    study.next_night()
    write_segment(study.home.landing, study.header(), posts=[study.post("4", f"{WORDS} again")])
    study.home.settings_file.write_text("[study]\n")
    (study.home.models / "m").mkdir()
    (study.home.models / "m" / "weights.bin").write_bytes(bytes(range(256)))


def test_a_restored_study_is_the_same_study(study, file, again):
    fill(study)
    counts = save(study, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    home, restored = again()
    assert (restored.files, restored.erased) == (counts.files, 0)
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700
    assert (home.models / "m" / "weights.bin").read_bytes() == bytes(range(256))
    assert (home.controlled / "discourse.duckdb").is_file()
    tables = [
        "SELECT * FROM posts ORDER BY post_id",
        "SELECT * FROM locators ORDER BY post_id",
        "SELECT path, sha256, state FROM segments ORDER BY ALL",
    ]
    held = []
    for place in (study.home, home):
        study.home = place
        with study.open() as warehouse:
            held.append([Loaded(study, warehouse).rows(sql) for sql in tables])
            (waiting,) = warehouse.pending_segments()
            held[-1].append(warehouse.load(waiting))
    assert held[0] == held[1]
    assert held[0][-1] == LoadCounts(new=1)


def test_neither_key_nor_half_written_nor_machine_files_are_in_it(study, file, key_file):
    fill(study)
    left_out = [
        study.home.landing / "forum" / ".x.123.tmp",
        study.home.landing / ".rewriting" / "y.parquet",
        study.home.quarantine / "z.parquet",
        study.home.hosts,
        study.home.hosts.with_name("hosts.sqlite-wal"),
        study.home.root / "warehouse.duckdb.fresh",
        study.home.root / "inside.key",
    ]
    for path in left_out:
        path.parent.mkdir(exist_ok=True)
        path.write_text(SECRET)
    (study.home.root / "link").symlink_to(key_file)
    back_up(study.home, file, keys=study.keys, clock=study.clock, leave_out=[left_out[-1]])
    content = members(file)
    assert SECRET.encode() not in b"".join(content.values())
    assert not {name for name in content if "controlled/" in name or "warehouse.lock" in name}
    key = KeyRing.read(key_file)
    for secret in (*key.author, key.content, key.erasure):
        assert not [name for name, part in content.items() if secret in part]
    assert {"home/valuetalk.toml", "home/warehouse.duckdb", "manifest.json"} <= set(content)


def test_a_test_rotates_harvests_restores_an_old_backup_and_nothing_is_lost_or_returns(
    study, file, again, key_file, holding
):
    """No false edit, the same authors, and the erased still gone, each of three ways of going."""
    ann, bea = (study.keys.author_key("discourse", "forum.example", n) for n in ("ann", "bea"))
    posts = [
        study.post("1", f"{WORDS} one", author_key=ann),
        study.post("2", f"author_{bea} waits"),
        study.post("3", f"{WORDS} three", native_thread_id="t3"),
        study.post("4", f"{WORDS} four", author_key=bea),
        study.post("5", f"{WORDS} five", native_thread_id="t5"),
    ]
    with study.open() as warehouse:
        warehouse.connection.execute("SET force_compression = 'uncompressed'")
        warehouse.load(study.land(*posts))
    study.next_night()
    waiting = replace(posts[3], native_id="6", text=f"{WORDS} six")
    study.land(waiting, study.post("7", "fine"))
    save(study, file)
    with study.open() as warehouse:
        warehouse.rotate_keys(key_file)
        study.keys = KeyRing.read(key_file)
        ann2, bea2 = (study.keys.relink(key) for key in (ann, bea))
        warehouse.forget("post", "forum", "1")
        warehouse.forget("author", bea2, register="optouts")
        warehouse.forget("thread", "forum", "t5")
        for _ in range(2):
            study.next_night()
            warehouse.load(study.land(study.saw("gone", "3"), activity="recheck"))
        warehouse.erase_confirmed()
    living = study.home
    home, counts = again(living.state)
    assert counts.erased == 4
    assert holding(home.root, WORDS, ann, bea) == {}
    study.home = home
    with study.open() as warehouse:
        loaded = Loaded(study, warehouse)
        (waits,) = warehouse.pending_segments()
        assert warehouse.load(waits) == LoadCounts(new=1)
        study.next_night()
        now = study.clock.now()
        read_again = [
            replace(posts[0], author_key=ann2, harvested_at=now),
            replace(posts[1], text=f"author_{bea2} waits", harvested_at=now),
            replace(posts[3], author_key=bea2, harvested_at=now),
            replace(posts[4], harvested_at=now),
            study.post("7", "fine"),
            study.post("8", "by ann", author_key=ann2),
        ]
        # content hashes are of the platform's own text, which no rotation changes
        counts = loaded.load(*read_again, author_links=2)
        assert counts == LoadCounts(unchanged=2, refused=3, new=1)
        assert loaded.rows(
            "SELECT native_id, text FROM posts JOIN locators USING (post_id) ORDER BY 1"
        ) == [("2", f"author_{bea2} waits"), ("7", "fine"), ("8", "by ann")]
        assert loaded.one("SELECT author_key FROM posts WHERE text = 'by ann'") == ann2


@pytest.mark.slow
def test_a_post_that_came_back_after_its_deletion_stays_in_a_later_backup(study, file, again):
    with study.open() as warehouse:
        warehouse.load(study.land(study.post("1")))
        for _ in range(2):
            study.next_night()
            warehouse.load(study.land(study.saw("gone", "1"), activity="recheck"))
        warehouse.erase_confirmed()
        study.next_night()
        assert warehouse.load(study.land(study.post("1"))).new == 1
        warehouse.write_state()
    save(study, file)
    _, counts = again(study.home.state)
    assert counts.erased == 0


@pytest.mark.slow
def test_the_lists_of_the_backup_count_where_the_living_home_has_lost_its_own(study, file, again):
    with study.open() as warehouse:
        warehouse.load(study.land(study.post("1"), study.post("2")))
        warehouse.forget("post", "forum", "1")
    save(study, file)
    for name in ("erasures", "optouts"):
        list_file(study.home.state, name).unlink(missing_ok=True)
    study.home, _ = again(study.home.state)
    with study.open() as warehouse:
        assert warehouse.load(study.land(study.post("1"))) == LoadCounts(refused=1)


def test_a_damaged_list_stops_a_restore_and_leaves_nothing(study, file, again):
    fill(study)
    save(study, file)
    list_file(study.home.state, "erasures").write_text("{")
    with pytest.raises(StateError, match=r"erasures\.json is damaged"):
        again(study.home.state)
    assert sorted(p.name for p in study.home.root.parent.iterdir()) == ["backups", "home", "keys"]


def test_a_damaged_backup_is_refused_and_leaves_nothing(study, file, again):
    fill(study)
    save(study, file)
    whole = file.read_bytes()
    half = len(whole) // 2
    flipped = bytearray(whole)
    flipped[half] ^= 1
    for content in (whole[:half], whole[:-1], b"", flipped, b"no backup at all" * 100):
        file.write_bytes(content)
        with pytest.raises(BackupError, match="truncated, damaged or no backup"):
            again()
    file.unlink()
    with pytest.raises(BackupError, match="there is no backup at"):
        again()
    assert sorted(p.name for p in study.home.root.parent.iterdir()) == ["backups", "home", "keys"]


def packed(file, parts):
    file.parent.mkdir(exist_ok=True)
    with (
        pa.CompressedOutputStream(pa.OSFile(str(file), "wb"), "zstd") as stream,
        tarfile.open(fileobj=stream, mode="w|") as tar,
    ):
        for name, content in parts.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def test_a_changed_backup_is_refused(study, file, again):
    fill(study)
    save(study, file)
    parts = members(file)
    settings, manifest = parts["home/valuetalk.toml"], parts["manifest.json"]
    for changed in (
        parts | {"home/valuetalk.toml": settings + b"# more"},
        {"home/more.toml": b""} | parts,
        {name: part for name, part in parts.items() if name != "home/valuetalk.toml"},
        parts | {"manifest.json": manifest.replace(b'"released"', b'"Released"')},
    ):
        packed(file, changed)
        with pytest.raises(BackupError, match="damaged"):
            again()
    packed(file, parts)
    again()


@pytest.mark.parametrize("name", ["home/../out", "/etc/x", "out", "home", "home/a/../../out"])
def test_a_backup_cannot_write_outside_of_its_home(study, file, again, name):
    packed(file, {name: b"x"})
    with pytest.raises(BackupError, match="damaged"):
        again()
    assert [*study.home.root.parent.rglob("out")] == []


def test_a_home_that_holds_anything_is_not_restored_into(study, file, again):
    fill(study)
    save(study, file)
    (study.home.root.parent / "again").mkdir()
    again()
    with pytest.raises(BackupError, match="is not empty"):
        again()


def test_another_study_s_keys_restore_nothing(study, file, tmp_path):
    fill(study)
    save(study, file)
    other = KeyRing.create(tmp_path / "other.key")
    home = Home(tmp_path / "again")
    with pytest.raises(BackupError, match="of another study"):
        restore(file, home, keys_of=lambda _: other, clock=study.clock)
    assert not home.root.exists()


def test_a_backup_is_made_once_outside_of_the_home_and_while_nobody_writes(study, file):
    fill(study)
    with pytest.raises(BackupError, match="lies inside the home"):
        save(study, study.home.root / "b.tar.zst")
    with study.open(), pytest.raises(WarehouseLocked):
        save(study, file)
    save(study, file)
    before = file.read_bytes()
    with pytest.raises(BackupError, match="there is a file at"):
        save(study, file)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_backup_that_fails_leaves_no_half(study, file, monkeypatch):
    fill(study)
    monkeypatch.setattr(backup, "_add_bytes", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save(study, file)
    assert [*file.parent.iterdir()] == []


@pytest.mark.slow
def test_what_a_killed_restore_left_is_removed_by_the_next(study, file, again):
    fill(study)
    save(study, file)
    left = study.home.root.parent / ".again.restoring"
    shutil.copytree(study.home.root, left)
    again()
    assert not left.exists()

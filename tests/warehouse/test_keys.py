import base64
import hashlib
import hmac
import json
import stat
from pathlib import Path

import pytest

from warehouse.protection.keys import KeyFileError, KeyRing, canonical_account, destroy

FIRST, SECOND, CONTENT, ERASURE = (bytes([number]) * 32 for number in (1, 2, 3, 4))


def oracle(key: bytes, message: str, length: int) -> str:
    digest = hmac.new(key, message.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest).decode().lower()[:length]


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing(study="s", author=(FIRST,), content=CONTENT, erasure=ERASURE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "study.key"


def test_an_author_key_is_the_hmac_of_platform_host_and_lower_cased_handle(ring: KeyRing) -> None:
    expected = oracle(FIRST, "discourse\x1fforum.example\x1fann_b", 24)
    assert ring.author_key("discourse", "Forum.Example", "Ann_B") == expected
    assert len(expected) == 24
    assert set(expected) <= set("abcdefghijklmnopqrstuvwxyz234567")


def test_a_federated_account_is_named_in_full_with_its_home_host(ring: KeyRing) -> None:
    expected = oracle(FIRST, "mastodon\x1fb.example\x1fann@b.example", 24)
    for host, handle in (
        ("b.example", "ann"),
        ("b.example", "@Ann"),
        ("a.example", "ann@b.example"),
        ("a.example", "@Ann@B.example"),
    ):
        assert ring.author_key("mastodon", host, handle) == expected


@pytest.mark.parametrize("handle", ["ann", "Ann", "@ann", "u/Ann", "/u/ann", " ann "])
def test_an_account_is_the_same_however_its_handle_is_written(ring: KeyRing, handle: str) -> None:
    assert ring.author_key("reddit", "reddit.com", handle) == ring.author_key(
        "reddit", "reddit.com", "ann"
    )


def test_a_name_that_merely_starts_like_a_prefix_stays_whole() -> None:
    assert canonical_account("discourse", "f.example", "user_ann") == ("f.example", "user_ann")
    assert canonical_account("discourse", "f.example", "ursula") == ("f.example", "ursula")


def test_platform_host_handle_and_key_each_make_another_pseudonym(ring: KeyRing) -> None:
    other = KeyRing(study="t", author=(SECOND,), content=CONTENT, erasure=ERASURE)
    keys = {
        ring.author_key("discourse", "a.example", "ann"),
        ring.author_key("wordpress", "a.example", "ann"),
        ring.author_key("discourse", "b.example", "ann"),
        ring.author_key("discourse", "a.example", "bea"),
        other.author_key("discourse", "a.example", "ann"),
    }
    assert len(keys) == 5


def test_a_chain_applies_each_link_to_the_stored_form_of_the_one_before(ring: KeyRing) -> None:
    longer = KeyRing(study="s", author=(FIRST, SECOND), content=CONTENT, erasure=ERASURE)
    stored = ring.author_key("discourse", "f.example", "ann")
    expected = oracle(SECOND, stored, 24)
    assert longer.author_key("discourse", "f.example", "ann") == expected
    assert longer.relink(stored) == expected


def test_content_and_erasure_hashes_use_their_own_keys(ring: KeyRing) -> None:
    assert ring.content_hash("some text") == oracle(CONTENT, "some text", 32)
    assert ring.erasure_hash("post", "a", "7") == oracle(ERASURE, "post\x1fa\x1f7", 32)
    assert ring.content_hash("\ud800 lone") != ring.content_hash(" lone")


def test_a_new_link_changes_author_keys_only(ring: KeyRing) -> None:
    longer = ring.with_new_link()
    assert longer.author_key("p", "h", "x") != ring.author_key("p", "h", "x")
    assert longer.content_hash("x") == ring.content_hash("x")
    assert longer.erasure_hash("k", "x") == ring.erasure_hash("k", "x")


def test_created_keys_are_random_private_and_read_back(path: Path, tmp_path: Path) -> None:
    made = KeyRing.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert KeyRing.read(path) == made
    assert KeyRing.create(tmp_path / "other.key").author != made.author


def test_the_file_holds_no_time_and_no_name(path: Path) -> None:
    KeyRing.create(path)
    content = json.loads(path.read_text())
    assert sorted(content) == ["author", "content", "erasure", "study", "version"]
    assert isinstance(content["author"], list)
    assert all(len(base64.b64decode(link)) == 32 for link in content["author"])


def test_an_overwritten_file_holds_the_whole_chain_and_stays_private(path: Path) -> None:
    longer = KeyRing.create(path).with_new_link()
    longer.overwrite(path)
    assert KeyRing.read(path) == longer
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_an_existing_file_is_never_created_anew(path: Path) -> None:
    made = KeyRing.create(path)
    with pytest.raises(KeyFileError, match=str(path)):
        KeyRing.create(path)
    assert KeyRing.read(path) == made


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(path: Path, mode: int) -> None:
    KeyRing.create(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match=rf"chmod 600 {path}"):
        KeyRing.read(path)


def test_a_missing_file_is_refused_with_what_to_do(path: Path) -> None:
    with pytest.raises(KeyFileError, match=rf"no key file at {path}.*valuetalk init"):
        KeyRing.read(path)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "not json",
        "[]",
        '{"version": 1, "study": "s"}',
        '{"version": 1, "study": "s", "author": [], "content": "", "erasure": ""}',
        '{"version": 1, "study": "s", "author": "AQ==", "content": "AQ==", "erasure": "AQ=="}',
        '{"version": 1, "study": "s", "author": ["!"], "content": "AQ==", "erasure": "AQ=="}',
    ],
)
def test_a_malformed_file_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bad.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=str(path)) as refusal:
        KeyRing.read(path)
    assert refusal.value.__cause__ is None
    assert "AQ==" not in str(refusal.value)


def test_bytes_that_are_no_text_and_a_folder_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.key"
    path.write_bytes(b"\xff\xfe\x00")
    path.chmod(0o600)
    for refused in (path, tmp_path):
        with pytest.raises(KeyFileError):
            KeyRing.read(refused)


def test_another_format_is_refused(path: Path) -> None:
    KeyRing.create(path)
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"version": 2}))
    with pytest.raises(KeyFileError, match="format 2"):
        KeyRing.read(path)


def test_destroyed_keys_are_gone_and_the_study_is_closed(path: Path) -> None:
    made = KeyRing.create(path)
    destroy(path)
    with pytest.raises(KeyFileError, match="destroyed"):
        KeyRing.read(path)
    with pytest.raises(KeyFileError):
        KeyRing.create(path)
    left = path.read_text()
    for key in (*made.author, made.content, made.erasure):
        assert base64.b64encode(key).decode() not in left
    destroy(path)
    assert json.loads(path.read_text())["study"] == made.study


def test_keys_are_never_shown(ring: KeyRing) -> None:
    assert repr(ring) == "KeyRing(study='s', links=1)"

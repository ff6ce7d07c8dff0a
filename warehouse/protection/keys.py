"""The three keys of a study, and the pseudonyms and hashes that are made with them.

The key file lies outside the home, mode 0600. `author` is a chain: a rotation adds a link, and an
author's key is HMAC(k_n, … HMAC(k_1, account)), so that stored keys move on without the account
names. Each link works on the stored form of the one before. `content` and `erasure` never rotate:
a new content key would make every recheck an edit, a new erasure key would bring erased posts back.
"""

import base64
import binascii
import hmac
import json
import os
import secrets
import stat
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

FORMAT_VERSION = 1
KEY_BYTES = 32
AUTHOR_KEY_LENGTH = 24  # base32 characters: 120 bits
HASH_LENGTH = 32  # base32 characters: 160 bits
HASH_BYTES = 20
SEPARATOR = "\x1f"
FEDERATED = frozenset({"mastodon", "lemmy"})  # their accounts are name@home-host
BY_ADDRESS = "mailing_list"  # its accounts are mail addresses, at home on their own domain
_HANDLE_PREFIXES = ("/user/", "user/", "/u/", "u/", "@")


class KeyFileError(Exception):
    """The key file cannot be used; the message says why, where it lies and what to do."""


def canonical_account(platform: str, host: str, handle: str) -> tuple[str, str]:
    """Return home host and full handle, lower-cased, however the account was written.

    `@Ann@b.example` seen on a.example, `ann@b.example`, and `ann` seen on b.example are one account
    of a federated platform; a mail address is one account on every list; `u/Ann`, `/u/ann` and
    `@ann` are one account elsewhere.
    """
    name = handle.strip().lower()
    for prefix in _HANDLE_PREFIXES:
        name = name.removeprefix(prefix)
    home = host.strip().lower()
    if platform.lower() in FEDERATED:
        user, _, own_home = name.partition("@")
        home = own_home or home
        name = f"{user}@{home}"
    elif platform.lower() == BY_ADDRESS:
        home = name.rpartition("@")[2] or home
    return home, name


@dataclass(frozen=True)
class KeyRing:
    """The keys of one study, held in memory; its repr shows none of them."""

    study: str
    author: tuple[bytes, ...]
    content: bytes
    erasure: bytes

    def __repr__(self) -> str:
        return f"KeyRing(study={self.study!r}, links={len(self.author)})"

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make new random keys and write them to `path`, which must not exist yet.

        Raises
        ------
        KeyFileError
            If there is a file already: overwriting it would orphan every stored pseudonym.
        """
        ring = cls(
            study=secrets.token_hex(8),
            author=(secrets.token_bytes(KEY_BYTES),),
            content=secrets.token_bytes(KEY_BYTES),
            erasure=secrets.token_bytes(KEY_BYTES),
        )
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _write_new(path, ring._as_json())
        except FileExistsError:
            raise KeyFileError(
                f"there is a key file at {path} already; use it, or name another file in "
                "VALUETALK_KEY_FILE for a new study"
            ) from None
        return ring

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the keys from `path`.

        Raises
        ------
        KeyFileError
            If the file is missing, open to others, malformed, or of a closed study.
        """
        content = _read_private(path)
        if content.get("destroyed"):
            raise KeyFileError(
                f"the keys at {path} were destroyed and the study is closed; nothing can be "
                "harvested, loaded or restored any more"
            )
        if content.get("version") != FORMAT_VERSION:
            raise KeyFileError(
                f"the key file {path} has format {content.get('version')!r}, and this version "
                f"reads {FORMAT_VERSION}; use the version of valuetalk that wrote it"
            )
        try:
            return cls(
                study=_text(content["study"]),
                author=tuple(_key(link) for link in _links(content["author"])),
                content=_key(content["content"]),
                erasure=_key(content["erasure"]),
            )
        except (KeyError, TypeError, ValueError):
            raise _malformed(path) from None

    def author_key(self, platform: str, host: str, handle: str) -> str:
        """Return the pseudonym of an account: 24 lower-case base32 characters.

        HMAC-SHA256 over platform, home host and lower-cased full handle, through every link.
        """
        home, name = canonical_account(platform, host, handle)
        return _chained(self.author, SEPARATOR.join((platform.lower(), home, name)))

    @property
    def links(self) -> int:
        """How many links the author chain has."""
        return len(self.author)

    def relink(self, author_key: str) -> str:
        """Return what a stored author key becomes under the newest link alone."""
        return _link(self.author[-1], author_key)

    def advanced(self, author_key: str, *, since: int) -> str:
        """Return what an author key that was stored under `since` links is under all of them."""
        for link in self.author[since:]:
            author_key = _link(link, author_key)
        return author_key

    def fingerprint(self, links: int) -> str:
        """Return a keyed hash that only these keys with so many links of the chain have.

        It tells nothing of the keys; stored beside what bears them, it tells when they do not fit.
        """
        chain = b"".join((self.content, *self.author[:links]))
        return _base32(self.erasure, f"chain{SEPARATOR}{chain.hex()}", HASH_LENGTH)

    def content_hash(self, text: str) -> str:
        """Return the keyed hash of a platform's own text: 32 lower-case base32 characters."""
        return _base32(self.content, text, HASH_LENGTH)

    def erasure_hash(self, kind: str, *parts: str) -> str:
        """Return the keyed hash under which an erasure or opt-out of `kind` is remembered."""
        return _base32(self.erasure, SEPARATOR.join((kind, *parts)), HASH_LENGTH)

    def erasure_digest(self, kind: str, *parts: str) -> bytes:
        """Return the same hash as bytes, which is faster where many are only compared."""
        message = SEPARATOR.join((kind, *parts)).encode("utf-8", "surrogatepass")
        return hmac.digest(self.erasure, message, "sha256")[:HASH_BYTES]

    def with_new_link(self) -> Self:
        """Return a ring whose author chain is one random link longer."""
        return replace(self, author=(*self.author, secrets.token_bytes(KEY_BYTES)))

    def overwrite(self, path: Path) -> None:
        """Replace the key file at `path` by this ring, all or nothing."""
        _replace(path, self._as_json())

    def _as_json(self) -> str:
        content = {
            "version": FORMAT_VERSION,
            "study": self.study,
            "author": [_base64(link) for link in self.author],
            "content": _base64(self.content),
            "erasure": _base64(self.erasure),
        }
        return json.dumps(content, indent=2) + "\n"


def destroy(path: Path) -> None:
    """Overwrite the keys at `path` and leave a note that the study is closed; idempotent.

    Raises
    ------
    KeyFileError
        If the file is missing, open to others or malformed.
    """
    content = _read_private(path)
    length = path.stat().st_size
    with path.open("r+b") as file:
        file.write(secrets.token_bytes(length))
        file.flush()
        os.fsync(file.fileno())
    note = {"version": FORMAT_VERSION, "study": content.get("study"), "destroyed": True}
    _replace(path, json.dumps(note, indent=2) + "\n")


def _base32(key: bytes, message: str, length: int) -> str:
    digest = hmac.digest(key, message.encode("utf-8", "surrogatepass"), "sha256")
    return base64.b32encode(digest[: -(-length * 5 // 8)]).decode("ascii").lower()[:length]


def _link(key: bytes, message: str) -> str:
    return _base32(key, message, AUTHOR_KEY_LENGTH)


@lru_cache(maxsize=4096)
def _chained(links: tuple[bytes, ...], account: str) -> str:
    for link in links:
        account = _link(link, account)
    return account


def _base64(key: bytes) -> str:
    return base64.b64encode(key).decode("ascii")


def _key(encoded: Any) -> bytes:
    try:
        key = base64.b64decode(_text(encoded), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len(key) != KEY_BYTES:
        raise ValueError("wrong length")
    return key


def _links(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError("no links")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("not a text")
    return value


def _malformed(path: Path) -> KeyFileError:
    return KeyFileError(
        f"the key file {path} is not one that valuetalk wrote; restore it from its backup, since "
        "new keys would not fit what is stored"
    )


def _read_private(path: Path) -> dict[str, Any]:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise _malformed(path)
        if mode & 0o077:
            raise KeyFileError(
                f"the key file {path} can be read by others (mode {stat.S_IMODE(mode):04o}); "
                f"run: chmod 600 {path}"
            )
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KeyFileError(
            f"there is no key file at {path}; `valuetalk init` makes one, or name the study's own "
            "in VALUETALK_KEY_FILE"
        ) from None
    except OSError as error:
        raise KeyFileError(
            f"the key file {path} cannot be read ({error.strerror}); run as its owner"
        ) from None
    except ValueError:
        raise _malformed(path) from None
    if not isinstance(content, dict):
        raise _malformed(path)
    return content


def _write_new(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, text: str) -> None:
    aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    _write_new(aside, text)
    aside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

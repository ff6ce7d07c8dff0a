"""A model on disk: arrays in a NumPy archive, what they are in JSON, a checksum over both.

Never a pickle, so that opening a model runs no code of its file. `name.json` points to the archive
it goes with, whose name carries the checksum, and is replaced last: a crash leaves the earlier
model whole. Files are readable by their owner only.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

PRIVATE_FILE = 0o600


class SavedModelError(ValueError):
    """A saved model that cannot be used; the message says which and what to do."""


class OtherSchemaError(SavedModelError):
    """A saved model of another kind, or one that another version of this code reads."""


class Saved(NamedTuple):
    """What was saved: arrays, and a description that JSON can hold."""

    arrays: Mapping[str, NDArray[Any]]
    description: Mapping[str, Any]


def save_arrays(
    path: Path,
    arrays: Mapping[str, NDArray[Any]],
    description: Mapping[str, Any],
    *,
    kind: str,
    schema: int,
) -> str:
    """Save under `path` (a name without ending) and return the checksum, the model's identity.

    Nothing is compressed: models are saved every night, and that took longer than a night's
    learning.
    """
    buffer = BytesIO()
    np.savez(buffer, allow_pickle=False, **dict(arrays))
    content = buffer.getvalue()
    checksum = _checksum(content, description)
    archive = path.with_name(f"{path.name}-{checksum[:16]}.npz")
    header = {"kind": kind, "schema": schema, "sha256": checksum, "arrays": archive.name}
    _replace(archive, content)
    _replace(
        path.with_name(path.name + ".json"),
        json.dumps({**header, "description": description}, indent=1).encode(),
    )
    for earlier in path.parent.glob(f"{path.name}-{'[0-9a-f]' * 16}.npz"):
        if earlier != archive:
            earlier.unlink()
    return checksum


def load_arrays(path: Path, *, kind: str, schema: int) -> Saved:
    """Return what `save_arrays` saved under `path`.

    Raises
    ------
    SavedModelError
        Where there is nothing, or other bytes than were saved.
    OtherSchemaError
        Where there is another kind or schema.
    """
    header_file = path.with_name(path.name + ".json")
    try:
        header = json.loads(header_file.read_text(encoding="utf-8"))
        found = (header["kind"], header["schema"])
        archive = path.with_name(Path(header["arrays"]).name)
        checksum, description = header["sha256"], header["description"]
    except FileNotFoundError as error:
        raise SavedModelError(f"no {kind} is saved at {header_file}; fit one first") from error
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise _damaged(header_file, kind) from error
    if found != (kind, schema):
        raise OtherSchemaError(
            f"{header_file} holds a {found[0]} of schema {found[1]}, not a {kind} of schema"
            f" {schema}; fit it again"
        )
    try:
        content = archive.read_bytes()
        if _checksum(content, description) != checksum:
            raise _damaged(archive, kind)
        with np.load(BytesIO(content), allow_pickle=False) as stored:
            return Saved({name: stored[name] for name in stored.files}, description)
    except (OSError, BadZipFile) as error:
        raise _damaged(archive, kind) from error


def remove_saved(path: Path) -> None:
    """Remove what is saved under `path`: the header first, so that no header lacks its archive."""
    path.with_name(path.name + ".json").unlink(missing_ok=True)
    for archive in path.parent.glob(f"{path.name}-{'[0-9a-f]' * 16}.npz"):
        archive.unlink()


def saved_models(folder: Path) -> dict[Path, str]:
    """Return what is saved in a folder: the path of each model, without ending, and its kind.

    Archives that no model points to, which an interrupted save leaves, are removed.
    """
    kinds: dict[Path, str] = {}
    archives: set[str] = set()
    for file in sorted(folder.glob("*.json")):
        try:
            header = json.loads(file.read_text(encoding="utf-8"))
            kinds[file.with_suffix("")] = str(header["kind"])
            archives.add(str(header["arrays"]))
        except (ValueError, KeyError, TypeError) as error:
            raise _damaged(file, "model") from error
    for archive in folder.glob("*.npz"):
        if archive.name not in archives:
            archive.unlink()
    return kinds


def _damaged(file: Path, kind: str) -> SavedModelError:
    return SavedModelError(
        f"{file} is damaged or not what was saved; restore it from a backup or fit the {kind} again"
    )


def _checksum(content: bytes, description: Mapping[str, Any]) -> str:
    described = json.dumps(description, sort_keys=True).encode()
    return hashlib.sha256(hashlib.sha256(content).digest() + described).hexdigest()


def _replace(file: Path, content: bytes) -> None:
    beside = file.with_name(file.name + ".tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file)

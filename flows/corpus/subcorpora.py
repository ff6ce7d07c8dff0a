"""Sub-corpora: selections of posts, saved by name, so that every result can say of what it is.

A sub-corpus is its definition, a condition over posts, and not the posts that fulfil it: posts
come, are edited and are erased, the definition stays. It is kept in a normal form, the condition as
the database reads it, so that spaces, comments, brackets and the case of columns make no
difference; its hash is the SHA-256 of that text.

The record is a file a sub-corpus under `subcorpora/` in the home, which can be written while a
night holds the warehouse. Publishing enters them in the table `subcorpora`, so that a release that
went elsewhere still knows its sub-corpora.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from flows.corpus.mentions import refuse_person_in
from flows.refusals import closest
from flows.toml_text import toml_value
from warehouse.gateway import Warehouse
from warehouse.home import Home, make_private_folder, write_private

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_BEFORE = "SELECT 1 FROM posts WHERE "
_PARSED = "SELECT json_serialize_sql($query)"
_WRITTEN = "SELECT json_deserialize_sql($parsed::JSON)"
_RELEASED = "SELECT name, definition, sha256 FROM subcorpora ORDER BY name"


class SubcorpusError(ValueError):
    """A sub-corpus cannot be saved or found; the message says why and what to do."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Subcorpus:
    """A saved selection of posts.

    Attributes
    ----------
    name : str
    definition : str
        The condition that selects its posts, in normal form.
    sha256 : str
        Of the definition.
    note : str
        What it is for, in the words of who saved it; known in the study's home alone.
    saved_at : datetime, optional
        Known in the study's home alone.
    """

    name: str
    definition: str
    sha256: str
    note: str = ""
    saved_at: datetime | None = None


def normal_form(condition: str) -> str:
    """Return a condition as the database writes it, columns in lower case.

    Raises
    ------
    SubcorpusError
        If it is not one condition.
    """
    if not condition.strip():
        raise SubcorpusError("a sub-corpus needs a condition; write one such as role = 'carers'")
    with duckdb.connect() as parser:
        # Without the brackets, "true) OR (1 = 1" is no expression; with them, a comment ends.
        for query in (f"SELECT {condition}", f"{_BEFORE}(\n{condition}\n)"):
            parsed = _parsed(parser, query)
            if why := _complaint(parsed):
                raise SubcorpusError(f"the condition cannot be read ({why}): {condition}")
        _plain_columns(parsed)
        row = parser.execute(_WRITTEN, {"parsed": json.dumps(parsed)}).fetchone()
    assert row is not None  # noqa: S101  a SELECT without FROM has one row
    return str(row[0]).removeprefix(_BEFORE)


def sha256_of(definition: str) -> str:
    """Return the hash of a definition in normal form."""
    return hashlib.sha256(definition.encode()).hexdigest()


def read_subcorpora(home: Home) -> dict[str, Subcorpus]:
    """Return the sub-corpora that are saved in a home, by name.

    Raises
    ------
    SubcorpusError
        If a file was changed by hand or cannot be read.
    """
    found = sorted(home.subcorpora.glob("*.toml")) if home.subcorpora.is_dir() else []
    return {file.stem: _read(file) for file in found}


def released_subcorpora(connection: duckdb.DuckDBPyConnection) -> dict[str, Subcorpus]:
    """Return the sub-corpora that a release knows, by name."""
    rows = connection.execute(_RELEASED).fetchall()
    return {
        name: Subcorpus(name=name, definition=definition, sha256=sha256)
        for name, definition, sha256 in rows
    }


def find_subcorpus(known: Mapping[str, Subcorpus], name: str) -> Subcorpus:
    """Return the sub-corpus of that name; raises `SubcorpusError` where there is none."""
    if name not in known:
        raise _unknown(name, list(known))
    return known[name]


def save_subcorpus(
    home: Home, name: str, *, where: str, note: str = "", now: datetime
) -> Subcorpus:
    """Save a condition by name, and return what was saved.

    The same definition may be saved again, with another note.

    Raises
    ------
    SubcorpusError
        If the name cannot be used, the condition cannot be read, or the name stands for another
        definition already.
    PersonRefused
        If the condition names a pseudonym.
    """
    if not _NAME.fullmatch(name):
        raise SubcorpusError(
            f"a sub-corpus cannot be called {name}; write small letters, digits and underscores,"
            " a letter first, such as carers_uk"
        )
    refuse_person_in(where)
    definition = normal_form(where)
    made = Subcorpus(
        name=name,
        definition=definition,
        sha256=sha256_of(definition),
        note=note,
        saved_at=now.replace(microsecond=0),
    )
    file = _file(home, name)
    if file.exists() and _read(file).sha256 != made.sha256:
        raise SubcorpusError(
            f"{name} stands for another definition, {_read(file).definition}; take another name, or"
            f" remove it first with 'valuetalk corpus remove {name}'"
        )
    make_private_folder(home.subcorpora)
    write_private(file, _text(made).encode())
    return made


def load_subcorpus(home: Home, name: str) -> Subcorpus:
    """Return one sub-corpus of a home, whatever became of the others.

    Raises
    ------
    SubcorpusError
        If there is none of that name, or its file was changed by hand.
    """
    return _read(_existing(home, name))


def remove_subcorpus(home: Home, name: str) -> None:
    """Remove a sub-corpus, no post with it; raises `SubcorpusError` where there is none."""
    _existing(home, name).unlink()


def enter_subcorpora(warehouse: Warehouse, home: Home) -> str:
    """Make the table `subcorpora` what the home has saved; returns what to note.

    One that cannot be read stays in the table as it was.
    """
    entered = released_subcorpora(warehouse.connection)
    known: dict[str, Subcorpus] = {}
    damaged = []
    for file in sorted(home.subcorpora.glob("*.toml")):
        try:
            known[file.stem] = _read(file)
        except SubcorpusError as error:
            damaged.append(str(error))
            known |= {file.stem: entered[file.stem]} if file.stem in entered else {}
    if known != entered:
        warehouse.replace("subcorpora", subcorpora_table(known), keys=())
    return "; ".join(damaged)


def subcorpora_table(known: Mapping[str, Subcorpus]) -> pa.Table:
    """Return name, definition and sha256 of sub-corpora."""
    columns = ("name", "definition", "sha256")
    return pa.table(
        {
            column: pa.array([getattr(each, column) for each in known.values()], pa.string())
            for column in columns
        }
    )


def _parsed(parser: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    row = parser.execute(_PARSED, {"query": query}).fetchone()
    assert row is not None  # noqa: S101  a SELECT without FROM has one row
    parsed: dict[str, Any] = json.loads(row[0])
    return parsed


def _complaint(parsed: Mapping[str, Any]) -> str:
    """Return why a parsed query does not select one expression; empty where it does."""
    if parsed["error"]:
        return str(parsed["error_message"])
    if len(parsed["statements"]) != 1:
        return "it is more than one statement"
    return "" if len(parsed["statements"][0]["node"]["select_list"]) == 1 else "it is a list"


def _plain_columns(node: Any) -> None:
    """Write the names of columns in lower case, wherever they stand in a parsed query."""
    if isinstance(node, dict):
        if node.get("class") == "COLUMN_REF":
            node["column_names"] = [name.lower() for name in node["column_names"]]
        for part in node.values():
            _plain_columns(part)
    elif isinstance(node, list):
        for part in node:
            _plain_columns(part)


def _file(home: Home, name: str) -> Path:
    return home.subcorpora / f"{name}.toml"


def _existing(home: Home, name: str) -> Path:
    files = {file.stem: file for file in home.subcorpora.glob("*.toml")}
    if name not in files:
        raise _unknown(name, list(files))
    return files[name]


def _unknown(name: str, known: list[str]) -> SubcorpusError:
    near = closest(name, known)
    advice = f"did you mean {near}?" if near else "'valuetalk corpus list' shows what is saved"
    return SubcorpusError(f"no sub-corpus {name} is saved; {advice}")


def _text(subcorpus: Subcorpus) -> str:
    lines = [
        "# A sub-corpus. Its hash holds for the definition: change it with 'valuetalk corpus'.",
        f"definition = {toml_value(subcorpus.definition)}",
        f"sha256 = {toml_value(subcorpus.sha256)}",
        f"note = {toml_value(subcorpus.note)}",
    ]
    if subcorpus.saved_at is not None:
        lines.append(f"saved_at = {subcorpus.saved_at.isoformat()}")
    return "\n".join(lines) + "\n"


def _read(file: Path) -> Subcorpus:
    try:
        held = tomllib.loads(file.read_text(encoding="utf-8"))
        found = Subcorpus(
            name=file.stem,
            definition=str(held["definition"]),
            sha256=str(held["sha256"]),
            note=str(held.get("note", "")),
            saved_at=held.get("saved_at"),
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError):
        raise SubcorpusError(
            f"{file} cannot be read as a sub-corpus; remove the file, then save it again"
        ) from None
    if sha256_of(found.definition) != found.sha256:
        raise SubcorpusError(
            f"{file} was changed by hand: its definition has another hash; remove the file, then"
            " save the sub-corpus again"
        )
    return found

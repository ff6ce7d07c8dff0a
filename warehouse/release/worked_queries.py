"""The worked queries that every release carries: a question, what the columns mean, and cautions.

Each is one statement in standard terms, so that it runs in any client and can be changed. The first
line says who gets it: `[C]` named researchers, `[P]` everybody, since it reads public tables alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from warehouse.home import PRIVATE_FILE, make_private_folder

FOLDER = "queries"
_FIRST_LINE = re.compile(r"-- \[(?P<mark>[CP])\] (?P<question>.+)\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedQuery:
    """One query: its name, its question in one line, the SQL, and whether everybody gets it."""

    name: str
    question: str
    sql: str
    is_public: bool


@cache
def worked_queries() -> Mapping[str, WorkedQuery]:
    """Return the worked queries by name, in alphabetical order."""
    folder = resources.files("warehouse.release") / FOLDER
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".sql")),
        key=lambda file: file.name,
    )
    queries = (
        _read(file.name.removesuffix(".sql"), file.read_text(encoding="utf-8")) for file in files
    )
    return MappingProxyType({query.name: query for query in queries})


def write_queries(folder: Path, *, only_public: bool = False) -> None:
    """Write the worked queries into a folder; those for named researchers as private files."""
    make_private_folder(folder)
    for query in worked_queries().values():
        if query.is_public or not only_public:
            file = folder / f"{query.name}.sql"
            file.write_text(query.sql, encoding="utf-8", newline="")
            if not only_public:
                file.chmod(PRIVATE_FILE)


def _read(name: str, sql: str) -> WorkedQuery:
    first = _FIRST_LINE.match(sql)
    if first is None:
        raise ValueError(f"{name}.sql must begin with '-- [C] question' or '-- [P] question'")
    return WorkedQuery(
        name=name, question=first["question"], sql=sql, is_public=first["mark"] == "P"
    )

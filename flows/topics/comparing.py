"""Two versions of topics beside each other: which are the same, and how many posts moved."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]
Row = dict[str, Any]

LISTED_TERMS = 10
LEAST_COSINE = 0.2
"""Two topics of different lines that are less alike are no match."""

_OF_DAY = """
SELECT model, version, day FROM topic_versions WHERE accepted AND day <= $day
ORDER BY day DESC, length(model) DESC, model DESC, version DESC LIMIT 1
"""
_OF_MODEL = """
SELECT model, version, day FROM topic_versions
WHERE accepted AND model = $model AND ($version IS NULL OR version = $version)
ORDER BY version DESC LIMIT 1
"""
_LAST = """
SELECT model FROM topic_versions WHERE kind = 'fit'
ORDER BY day DESC, length(model) DESC, model DESC LIMIT 1
"""
_TERMS = """
SELECT topic_id, label, topic_terms.terms, weights
FROM topic_terms LEFT JOIN topics USING (model, topic_id)
WHERE topic_terms.model = $model AND topic_terms.version = $version ORDER BY topic_id
"""
_KEPT_VERSION = """
SELECT max(version) FROM topic_terms WHERE model = $model AND version <= $version
"""
_MOVES = """
SELECT from_topic, topic_id, sum(n_posts)::BIGINT AS n FROM topic_moves
WHERE from_model = $a AND model = $b AND from_topic IS NOT NULL
    AND ($a <> $b OR (version > $since AND version <= $until))
GROUP BY ALL
"""
_NAMED = re.compile(r"(?P<model>[a-z]\w*)(?:@(?P<version>\d+))?")


class NoSuchVersion(LookupError):
    """What was asked to be compared is not there; the message says what can be named."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a line of models, and the day on which it was made."""

    model: str
    version: int
    day: date


def find_version(release: duckdb.DuckDBPyConnection, said: str) -> Version:
    """Return the version that a text names.

    Parameters
    ----------
    said : str
        A day (``2026-03-01``: the version in use then), a number (of the line in use), a line
        (``nmf_20260101``: its last version), or a version of a line (``nmf_20260101@3``).

    Raises
    ------
    NoSuchVersion
        If it names none.
    """
    if said.isdecimal():
        last = release.execute(_LAST).fetchone()
        found = _one(release, _OF_MODEL, model=last[0] if last else "", version=int(said))
    elif day := _day(said):
        found = _one(release, _OF_DAY, day=day)
    elif named := _NAMED.fullmatch(said):
        version = named["version"]
        found = _one(
            release, _OF_MODEL, model=named["model"], version=int(version) if version else None
        )
    else:
        found = None
    if found is None:
        raise NoSuchVersion(
            f"{said!r} names no version of topics; give a day (2026-03-01), a number of the line"
            " in use, or a line and a number (nmf_20260101@3): topic_versions lists them"
        )
    return found


def _one(release: duckdb.DuckDBPyConnection, sql: str, **values: object) -> Version | None:
    row = release.execute(sql, values).fetchone()
    return Version(*row) if row else None


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None


def compare_versions(release: duckdb.DuckDBPyConnection, a: Version, b: Version) -> list[Row]:
    """Return the topics of two versions beside each other, a row a topic of either.

    In one line a topic is compared with itself, and `nearest` says which topic of `b` it is most
    like. Topics of different lines are matched so that the cosines of their terms add up to most.
    Columns: topic_a, label_a, topic_b, label_b, nearest, cosine, jaccard (of the ten foremost
    terms), n_posts (posts that were assigned anew in between and that topic_a led before) and
    n_moved (those of them that topic_b does not lead since).
    """
    before, after = _topics(release, a), _topics(release, b)
    cosines = _cosines(before, after)
    pairs = _same_ids(before, after) if a.model == b.model else _matched(cosines)
    moved = _moves(release, a, b)
    rows = [
        _row(before[i] if i is not None else None, after[j] if j is not None else None, moved)
        | _alike(before, after, cosines, i, j)
        for i, j in pairs
    ]
    return [{name: row[name] for name in _COLUMNS} for row in rows]


_COLUMNS = (
    *("topic_a", "label_a", "topic_b", "label_b", "nearest", "cosine", "jaccard"),
    *("n_posts", "n_moved"),
)
Pair = tuple[int | None, int | None]


def _topics(release: duckdb.DuckDBPyConnection, version: Version) -> list[Row]:
    values = {"model": version.model, "version": version.version}
    kept = release.execute(_KEPT_VERSION, values).fetchone()
    values["version"] = kept[0] if kept and kept[0] is not None else version.version
    return release.execute(_TERMS, values).to_arrow_table().to_pylist()


def _cosines(before: list[Row], after: list[Row]) -> Floats:
    """Return the cosine of each pair's terms; those that neither keeps weigh next to nothing."""
    column: dict[str, int] = {}
    for topic in (*before, *after):
        for term in topic["terms"]:
            column.setdefault(term, len(column))
    sides = []
    for topics in (before, after):
        wide = np.zeros((len(topics), len(column)))
        for row, topic in enumerate(topics):
            wide[row, [column[term] for term in topic["terms"]]] = topic["weights"]
        lengths = np.linalg.norm(wide, axis=1, keepdims=True)
        sides.append(np.divide(wide, lengths, out=np.zeros_like(wide), where=lengths > 0))
    return np.asarray(sides[0] @ sides[1].T, dtype=np.float64)


def _same_ids(before: list[Row], after: list[Row]) -> list[Pair]:
    places = {topic["topic_id"]: j for j, topic in enumerate(after)}
    pairs: list[Pair] = [(i, places.pop(topic["topic_id"], None)) for i, topic in enumerate(before)]
    return pairs + [(None, j) for j in places.values()]


def _matched(cosines: Floats) -> list[Pair]:
    rows, columns = linear_sum_assignment(-cosines)
    matched = {
        int(i): int(j) for i, j in zip(rows, columns, strict=True) if cosines[i, j] >= LEAST_COSINE
    }
    pairs: list[Pair] = [(i, matched.get(i)) for i in range(cosines.shape[0])]
    left = set(range(cosines.shape[1])) - set(matched.values())
    return pairs + [(None, j) for j in sorted(left)]


def _moves(
    release: duckdb.DuckDBPyConnection, a: Version, b: Version
) -> dict[int, dict[int | None, int]]:
    """Return how many posts went from each topic to each, in all assignments in between."""
    values = {"a": a.model, "b": b.model, "since": a.version, "until": b.version}
    moved: dict[int, dict[int | None, int]] = {}
    for source, target, n in release.execute(_MOVES, values).fetchall():
        moved.setdefault(source, {})[target] = n
    return moved


def _row(one: Row | None, other: Row | None, moved: dict[int, dict[int | None, int]]) -> Row:
    went = moved.get(one["topic_id"], {}) if one else {}
    total = sum(went.values())
    stayed = went.get(other["topic_id"], 0) if other else 0
    return {
        "topic_a": one and one["topic_id"],
        "label_a": one and one["label"],
        "topic_b": other and other["topic_id"],
        "label_b": other and other["label"],
        "n_posts": total if went else None,
        "n_moved": total - stayed if went else None,
    }


def _alike(
    before: list[Row], after: list[Row], cosines: Floats, i: int | None, j: int | None
) -> Row:
    nearest = after[int(cosines[i].argmax())]["topic_id"] if i is not None and len(after) else None
    if i is None or j is None:
        return {"nearest": nearest, "cosine": None, "jaccard": None}
    one, other = (set(topic["terms"][:LISTED_TERMS]) for topic in (before[i], after[j]))
    shared = len(one & other) / len(one | other) if one | other else 1.0
    return {
        "nearest": nearest,
        "cosine": round(float(cosines[i, j]), 4),
        "jaccard": round(shared, 4),
    }

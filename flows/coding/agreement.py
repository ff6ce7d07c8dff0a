"""How far coders agree: by frame and version of the codebook, between two coders, and over time.

Coders are labels of a study's staff. What they said is compared by version, since another version
asks for something else; frames that left the codebook are shown as long as there are codings.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.agreement import agreement_table, confusions, krippendorff_alpha, why_undefined
from analysis.codebook import Codebook
from analysis.intervals import share_interval
from flows.arrow_rows import list_of, repeated, values_of, with_column
from warehouse.gateway import Warehouse

Floats = NDArray[np.float64]
Over = Literal["wave", "month"]

_SAID = """
SELECT post_id, coder, frame, value, codebook_version, c.wave,
    strftime(coded_at, '%Y-%m') AS month
FROM codings c JOIN posts p USING (post_id)
WHERE NOT p.withheld ORDER BY ALL
"""
_NOWHERE = {
    "that the study does not have": "post_id NOT IN (SELECT post_id FROM posts)",
    "that were never drawn": "post_id NOT IN (SELECT post_id FROM draws)"
    " AND post_id IN (SELECT post_id FROM posts)",
}
_COUNT = "SELECT count(*) AS n, count(DISTINCT post_id) AS posts FROM codings WHERE "


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidByCoders:
    """All codings of one version of the codebook.

    Attributes
    ----------
    version : int
    frames, coders : keys and labels, in the order of the axes of `values`
    values : (coders, posts, F) floats, NaN where not coded
    when : (coders, posts) the wave or month of each coding; empty where there is none
    """

    version: int
    frames: tuple[str, ...]
    coders: tuple[str, ...]
    values: Floats
    when: NDArray[Any]


def read_said(warehouse: Warehouse, codebook: Codebook, *, over: Over) -> list[SaidByCoders]:
    """Return the codings of each version, the newest first; withheld posts are left out."""
    rows = warehouse.query(_SAID)
    versions = values_of(rows, "codebook_version")
    return [
        _said(rows.filter(pa.array(versions == version)), int(version), codebook, over)
        for version in sorted(set(versions.tolist()), reverse=True)
    ]


def _said(rows: pa.Table, version: int, codebook: Codebook, over: Over) -> SaidByCoders:
    coders, coder = np.unique(np.array(list_of(rows, "coder"), dtype=str), return_inverse=True)
    posts, post = np.unique(values_of(rows, "post_id"), return_inverse=True)
    used = set(list_of(rows, "frame"))
    frames = [key for key in codebook.keys if key in used] + sorted(used - set(codebook.keys))
    column = {key: number for number, key in enumerate(frames)}
    frame = np.array([column[key] for key in list_of(rows, "frame")])
    values = np.full((len(coders), len(posts), len(frames)), np.nan)
    values[coder, post, frame] = values_of(rows, "value")
    when = np.full((len(coders), len(posts)), "", dtype=object)
    when[coder, post] = [str(each) for each in list_of(rows, over)]
    return SaidByCoders(
        version=version,
        frames=tuple(frames),
        coders=tuple(coders.tolist()),
        values=values,
        when=when,
    )


def agreement_rows(
    said: Sequence[SaidByCoders], codebook: Codebook, *, seed: int
) -> list[dict[str, Any]]:
    """Return alpha with its interval for each version and frame, or why there is none."""
    rows = []
    for each in said:
        for number, frame in enumerate(each.frames):
            values = each.values[:, :, number]
            rows.append(
                {
                    "codebook_version": each.version,
                    "frame": frame,
                    **_alpha(values, seed=seed),
                    "n_coders": int((~np.isnan(values)).any(axis=1).sum()),
                    "in_codebook": frame in codebook.keys,
                }
            )
    return rows


def _alpha(values: Floats, *, seed: int) -> dict[str, Any]:
    """Return the figures of one alpha; where it is undefined they are None, and it is said why."""
    found = krippendorff_alpha(values, random_state=seed)
    figures = {"alpha": found.alpha, "lower": found.lower, "upper": found.upper}
    return {
        **{name: None if np.isnan(value) else float(value) for name, value in figures.items()},
        "n_posts": found.n_units,
        "undefined_because": why_undefined(values) or None,
    }


def confusion_rows(said: Sequence[SaidByCoders]) -> list[dict[str, Any]]:
    """Return what each two coders said of the same posts, in counts by version and frame."""
    return [
        {
            "codebook_version": each.version,
            "frame": frame,
            "first": each.coders[found.first],
            "second": each.coders[found.second],
            "both": found.both,
            "only_first": found.only_first,
            "only_second": found.only_second,
            "neither": found.neither,
        }
        for each in said
        for number, frame in enumerate(each.frames)
        for found in confusions(each.values[:, :, number])
    ]


def never_together(said: Sequence[SaidByCoders]) -> list[str]:
    """Return a sentence for each two coders of a version who coded no post both."""
    found = []
    for each in said:
        coded = np.asarray((~np.isnan(each.values)).any(axis=2))
        for first, second in _pairs(len(each.coders)):
            if not (coded[first] & coded[second]).any():
                found.append(
                    f"Coders {each.coders[first]} and {each.coders[second]} coded no post both by"
                    f" version {each.version}: how far they agree cannot be told"
                )
    return found


def _pairs(n: int) -> Iterator[tuple[int, int]]:
    return ((first, second) for first in range(n) for second in range(first + 1, n))


def drift_rows(said: Sequence[SaidByCoders], *, seed: int) -> list[dict[str, Any]]:
    """Return alpha by wave or month, for each version and frame.

    A post belongs to the latest wave or month in which anybody coded it.
    """
    rows = []
    for each in said:
        latest = np.array([max(column, key=_in_order) for column in each.when.T], dtype=object)
        for number, frame in enumerate(each.frames):
            for when in sorted(set(latest), key=_in_order):
                values = each.values[:, latest == when, number]
                rows.append(
                    {
                        "codebook_version": each.version,
                        "frame": frame,
                        "when": when,
                        **_alpha(values, seed=seed),
                    }
                )
    return rows


def rate_rows(said: Sequence[SaidByCoders]) -> list[dict[str, Any]]:
    """Return how often each coder said yes, by wave or month, with the interval of a share.

    Coders are given different posts, so a difference between two is no disagreement; one coder's
    course over time, beside that of the others, tells drift.
    """
    rows = []
    for each in said:
        for coder, label in enumerate(each.coders):
            for when in sorted(set(each.when[coder]) - {""}, key=_in_order):
                values = each.values[coder, each.when[coder] == when]
                rows += [
                    {"codebook_version": each.version, "frame": frame, "coder": label, "when": when}
                    | _rate(values[:, number])
                    for number, frame in enumerate(each.frames)
                    if not np.isnan(values[:, number]).all()
                ]
    return rows


def _rate(values: Floats) -> dict[str, Any]:
    coded = values[~np.isnan(values)]
    share, n = float(coded.mean()), len(coded)
    yes = float((coded > 0).sum())
    interval = share_interval(share, n, df=np.inf, n_with=yes, n_without=n - yes)
    return {
        "rate": share,
        "lower": float(interval.lower),
        "upper": float(interval.upper),
        "n_posts": n,
    }


def _in_order(when: str) -> tuple[int, str]:
    return (int(when), "") if when.isdigit() else (0, when)


def unknown_posts(warehouse: Warehouse) -> list[str]:
    """Return a sentence on codings of posts that are not there, and of posts never drawn."""
    found = []
    for what, condition in _NOWHERE.items():
        (row,) = warehouse.query(_COUNT + condition).to_pylist()
        if row["n"]:
            found.append(
                f"{row['n']} codings are of posts {what} ({row['posts']}): nothing is trained on or"
                " measured with them"
            )
    return found


def save_agreement(
    warehouse: Warehouse, said: Sequence[SaidByCoders], *, run_id: str, seed: int
) -> int:
    """Store alpha of each version and frame among the evaluations of a run; return how many."""
    tables = [
        agreement_table(
            each.values, each.frames, version=f"codebook {each.version}", random_state=seed
        )
        for each in said
    ]
    if not tables:
        return 0
    rows = pa.concat_tables(tables)
    rows = with_column(rows, "run_id", repeated(run_id, rows.num_rows))
    return warehouse.replace("evaluations", rows, keys=["run_id", "kind"])

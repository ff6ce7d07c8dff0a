"""Prevalence of frames over time, from scores of all posts and codings of a known sample of them.

A classifier's counts are biased by the classifier, and their intervals never hold. Here scores only
say what is expected of posts; by how much that is off, codings say, each with the probability with
which its post was drawn. What is pooled over time and over communities is that correction, never
the level (`analysis.estimation`). In its survey form this is the difference estimator (Särndal,
Swensson and Wretman 1992), of late prediction-powered inference (Angelopoulos et al. 2023, arXiv
2301.09633) and design-based supervised learning (Egami et al. 2023, arXiv 2306.04746).

A cell (frame, group, period) without ten effective codings of its own group inside the window that
its correction is pooled over shows the figure of its parent, and says so; where the parent has too
few, it is refused, and says how many more it needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from math import ceil
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from analysis.estimation.bands import out_of_line, simultaneous_confidence
from analysis.estimation.cells import Codings
from analysis.estimation.levels import FrameCodings, Level, estimate_level
from analysis.estimation.planning import Plan, plan_codings
from analysis.intervals import benjamini_hochberg

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

METHOD = "difference estimator on a Poisson sample, correction pooled over time, version 2"
MIN_CODINGS = 10
"""Effective codings inside a cell's window under which it has no figure of its own."""
_ROUNDING = 0.01


@dataclass(frozen=True, slots=True)
class PrevalenceTable:
    """Prevalence by frame, group and period: a row for each cell that holds posts, in that order.

    Attributes
    ----------
    frame, group, period : integers
        Column of the scores; group and period as they were given.
    estimate, lower, upper : floats
        Share of the cell's posts that express the frame, with its own interval.
    band_lower, band_upper : floats
        Bounds within which all periods of one curve (frame and group) lie together.
    q_value : floats
        Chance, adjusted for the false discovery rate over all rows, of so great a difference
        between this period and the other reported periods of its curve taken together; NaN where
        the curve has no other.
    n_posts, n_coded : integers
    effective_n : floats
        Codings of the group itself inside the window that the cell's correction is pooled over, as
        many as would weigh the same evenly.
    borrowed : floats
        Weight, from 0 to 1, that codings of other groups have in the cell's correction; 1 where the
        figures are those of the parent: all groups with the same parent, or all.
    refused_because : objects
        None, or why there is no estimate.
    """

    frame: Integers
    group: Integers
    period: Integers
    estimate: Floats
    lower: Floats
    upper: Floats
    band_lower: Floats
    band_upper: Floats
    q_value: Floats
    n_posts: Integers
    n_coded: Integers
    effective_n: Floats
    borrowed: Floats
    refused_because: NDArray[np.object_]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.frame)

    def to_arrow(self) -> pa.Table:
        """Return the columns as an Arrow table; what was refused is null."""
        kinds = {"refused_because": pa.string()}
        return pa.table(
            {
                name: pa.array(getattr(self, name), type=kinds.get(name), from_pandas=True)
                for name in (column.name for column in fields(self))
            }
        )

    def without_parents(self) -> "PrevalenceTable":
        """Return the table with cells refused that show a figure of their parent."""
        shown = self.borrowed < 1
        reasons = [
            reason if own or reason is not None else needed(effective)
            for own, reason, effective in zip(
                shown, self.refused_because, self.effective_n, strict=True
            )
        ]
        figures = ("estimate", "lower", "upper", "band_lower", "band_upper", "q_value")
        kept = {name: np.where(shown, getattr(self, name), np.nan) for name in figures}
        borrowed = np.where(shown, self.borrowed, 0.0)
        refusals = np.array(reasons, dtype=object)
        return replace(self, **kept, borrowed=borrowed, refused_because=refusals)


@dataclass(frozen=True, slots=True)
class _Inputs:
    """The arguments as checked arrays."""

    scores: Floats
    time: Integers
    group: Integers
    parent: Integers
    stratum: Integers
    coded_index: Integers
    coded_values: Floats
    probability: Floats
    clusters: tuple[Integers, ...]


def estimate_prevalence(
    scores: ArrayLike,
    time: ArrayLike,
    *,
    coded_index: ArrayLike,
    coded_values: ArrayLike,
    inclusion_probability: ArrayLike,
    periods: ArrayLike | None = None,
    group: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
    clusters: Sequence[ArrayLike] = (),
    confidence: float = 0.95,
    random_state: int | None = None,
    parent: ArrayLike | None = None,
) -> PrevalenceTable:
    """Estimate how many posts of each group and period express each frame.

    Parameters
    ----------
    scores : (n, F) or (n,) floats
        Any score of each post for each frame, best its calibrated probability. A post that the
        classifier was trained on needs its cross-fitted score.
    time : (n,) integers
        Period number of each post.
    coded_index : (m,) integers
        Positions, within the n posts, of the coded ones; each post once.
    coded_values : (m, F) or (m,) floats within [0, 1]
        Mean coding of each coded post; NaN where a frame was not coded.
    inclusion_probability : (m,) floats within (0, 1]
        Probability with which each coded post was to be coded, over all waves. Posts must have
        been drawn independently (`analysis.sampling.poisson_draw`) and every post of a cell must
        have had a chance.
    periods : integers, optional
        Periods to report; by default all that occur. Corrections are pooled over all of them.
    group : (n,) integers, optional
        Estimate within each group; by default all posts are one group, 0.
    stratum : (n,) integers, optional
        Strata, such as kinds of posts: expected codings are set right within each of them, crossed
        with bands of scores (post-stratification).
    clusters : up to two (n,) integer arrays
        Author and thread of each post, negative where unknown.
    confidence : float
        Of each interval, and of each curve's band.
    random_state : int, optional
        Seed of the draws that the bands rest on; by default 0, so that the data alone decide.
    parent : (n,) integers, optional
        What a group is part of, such as its source; by default all groups have one parent.

    Raises
    ------
    ValueError
        Where shapes disagree or a value cannot be.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; give a share between 0 and 1, such as 0.95")
    given = _checked(
        np.asarray(scores, dtype=np.float64),
        time=time,
        coded_index=coded_index,
        coded_values=np.asarray(coded_values, dtype=np.float64),
        probability=inclusion_probability,
        group=group,
        parent=parent,
        stratum=stratum,
        clusters=clusters,
    )
    wanted = None if periods is None else np.asarray(periods, dtype=np.int64)
    if not len(given.time):
        return _no_rows()
    levels = _Levels(given, wanted, confidence, random_state or 0)
    own = levels.figures(given.group)
    table = _rows(own)
    if (table.refused_because != None).any() and len(own.groups) > 1:  # noqa: E711 # elementwise
        table = _with_parents(table, given, levels)
    return replace(table, q_value=benjamini_hochberg(table.q_value))


def plan_prevalence(
    scores: ArrayLike,
    time: ArrayLike,
    *,
    coded_index: ArrayLike,
    coded_values: ArrayLike,
    inclusion_probability: ArrayLike,
    wanted_width: float,
    group: ArrayLike | None = None,
    clusters: Sequence[ArrayLike] = (),
    confidence: float = 0.95,
) -> Plan:
    """Return how many more codings each frame and group needs for intervals of a wanted width.

    Arguments are those of `estimate_prevalence`.

    Raises
    ------
    ValueError
        As `estimate_prevalence`, and where the wanted width is not between 0 and 1.
    """
    if not 0 < wanted_width < 1:
        raise ValueError(f"a width of {wanted_width} is none of shares; give one such as 0.1")
    given = _checked(
        np.asarray(scores, dtype=np.float64),
        time=time,
        coded_index=coded_index,
        coded_values=np.asarray(coded_values, dtype=np.float64),
        probability=inclusion_probability,
        group=group,
        parent=None,
        stratum=None,
        clusters=clusters,
    )
    levels = _Levels(given, None, confidence, 0)
    return plan_codings(
        lambda times: levels.level(given.group, times=times),
        wanted_width=wanted_width,
        confidence=confidence,
    )


def _checked(
    scores: Floats,
    *,
    time: ArrayLike,
    coded_index: ArrayLike,
    coded_values: Floats,
    probability: ArrayLike,
    group: ArrayLike | None,
    parent: ArrayLike | None,
    stratum: ArrayLike | None,
    clusters: Sequence[ArrayLike],
) -> _Inputs:
    scores = scores[:, None] if scores.ndim == 1 else scores
    coded_values = coded_values[:, None] if coded_values.ndim == 1 else coded_values
    n_posts, n_frames = scores.shape
    if n_frames == 0:
        raise ValueError("scores have no column; give one for each frame")
    index = _of_length(coded_index, len(coded_values), "coded_index")
    if coded_values.shape[1] != n_frames:
        raise ValueError(f"{n_frames} frames have scores and {coded_values.shape[1]} have codings")
    if len(clusters) > 2:  # noqa: PLR2004 # as the signature says
        raise ValueError(f"{len(clusters)} ways of clustering are given; give two at most")
    given = _Inputs(
        scores=scores,
        time=_of_length(time, n_posts, "time"),
        group=_of_length(np.zeros(n_posts) if group is None else group, n_posts, "group"),
        parent=_of_length(np.zeros(n_posts) if parent is None else parent, n_posts, "parent"),
        stratum=_of_length(np.zeros(n_posts) if stratum is None else stratum, n_posts, "stratum"),
        coded_index=index,
        coded_values=coded_values,
        probability=np.asarray(probability, dtype=np.float64),
        clusters=tuple(_of_length(labels, n_posts, "clusters") for labels in clusters),
    )
    _refuse_impossible(given)
    return given


def _of_length(values: ArrayLike, length: int, name: str) -> Integers:
    array = np.asarray(values)
    if array.shape != (length,):
        raise ValueError(f"{name} has the shape {array.shape}; give {length} integers")
    return array.astype(np.int64)


def _refuse_impossible(given: _Inputs) -> None:
    n_posts = len(given.scores)
    if not np.isfinite(given.scores).all():
        raise ValueError("a score is not finite; score every post or leave it out")
    index = given.coded_index
    if len(index) and (index.min() < 0 or index.max() >= n_posts):
        raise ValueError(f"coded_index points outside of the {n_posts} posts")
    if len(np.unique(index)) != len(index):
        raise ValueError("coded_index names a post twice; average the codings of a post first")
    known = given.coded_values[~np.isnan(given.coded_values)]
    if len(known) and (known.min() < 0 or known.max() > 1):
        raise ValueError("a coding is outside of 0 to 1; give 1 for expressed and 0 for not")
    if given.probability.shape != index.shape:
        raise ValueError(
            f"inclusion_probability has the shape {given.probability.shape};"
            f" give one for each of the {len(index)} coded posts"
        )
    if not ((given.probability > 0) & (given.probability <= 1)).all():
        raise ValueError("an inclusion probability is not above 0 and at most 1")


@dataclass(frozen=True, slots=True)
class _Figures:
    """What a level shows: (F, G, T) figures, those that are too weak among them marked.

    `posts` (G, T) are the posts of each cell that is reported, 0 where none is.
    """

    groups: Integers
    periods: Integers
    posts: Integers
    enough: Booleans
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Levels:
    """Estimates the same posts in groups of several kinds."""

    given: _Inputs
    wanted: Integers | None
    confidence: float
    random_state: int

    def level(self, group: Integers, *, times: float = 1.0) -> Level:
        given = self.given
        _, stratum = np.unique(given.stratum, return_inverse=True)
        frames = [_codings(given, frame) for frame in range(given.scores.shape[1])]
        return estimate_level(frames, group, given.time, stratum, given.clusters, times=times)

    def figures(self, group: Integers) -> _Figures:
        level = self.level(group)
        layout = level.layout
        reported = np.ones(len(layout.periods), dtype=bool)
        if self.wanted is not None:
            reported = np.isin(layout.periods, self.wanted)
        posts = np.where(reported, layout.n_posts, 0)
        enough = (level.effective_n > MIN_CODINGS - _ROUNDING) & (posts > 0)
        return _Figures(
            groups=layout.groups,
            periods=layout.periods,
            posts=posts,
            enough=enough,
            figures=self._shown(level, posts, enough),
        )

    def _shown(self, level: Level, posts: Integers, enough: Booleans) -> dict[str, Any]:
        together = simultaneous_confidence(
            level.covariance, enough, confidence=self.confidence, random_state=self.random_state
        )
        interval, band = level.interval(self.confidence), level.interval(together[..., None])
        p_values = out_of_line(
            level.estimate, level.covariance, posts.astype(np.float64), enough, level.df
        )
        return {
            "estimate": level.estimate,
            "lower": interval.lower,
            "upper": interval.upper,
            "band_lower": np.minimum(band.lower, interval.lower),
            "band_upper": np.maximum(band.upper, interval.upper),
            "q_value": p_values,
            "borrowed": level.borrowed,
            "effective_n": level.effective_n,
            "n_coded": level.n_coded,
        }


def _codings(given: _Inputs, frame: int) -> FrameCodings:
    values = given.coded_values[:, frame]
    used = ~np.isnan(values)
    posts = given.coded_index[used]
    return FrameCodings(
        given.scores[:, frame],
        Codings(
            index=posts,
            value=values[used],
            probability=given.probability[used],
            clusters=tuple(labels[posts] for labels in given.clusters),
        ),
    )


_OF_A_CELL = ("effective_n", "n_coded")  # what a cell has of its own, whatever it shows


def _rows(own: _Figures) -> PrevalenceTable:
    n_frames = len(own.enough)
    frame, group, period = np.nonzero(np.broadcast_to(own.posts > 0, own.enough.shape))
    at = (frame, group, period)
    kept = own.enough[at]
    figures: dict[str, Any] = {
        name: values[at] if name in _OF_A_CELL else np.where(kept, values[at], np.nan)
        for name, values in own.figures.items()
    }
    reasons = [
        None if enough else needed(effective)
        for enough, effective in zip(kept, figures["effective_n"], strict=True)
    ]
    return PrevalenceTable(
        frame=frame,
        group=own.groups[group],
        period=own.periods[period],
        n_posts=np.tile(own.posts[own.posts > 0], n_frames),
        refused_because=np.array(reasons, dtype=object),
        **{
            **figures,
            "borrowed": np.where(kept, figures["borrowed"], 0.0),
            "n_coded": figures["n_coded"].astype(np.int64),
        },
    )


def needed(effective_n: float) -> str:
    """Say how many more codings a cell with so many effective ones needs for a figure."""
    more = max(ceil(round(MIN_CODINGS - float(effective_n), 6)), 1)
    return f"{more} more coding{'s' if more > 1 else ''} needed"


def _with_parents(table: PrevalenceTable, given: _Inputs, levels: _Levels) -> PrevalenceTable:
    """Return the table with figures of their parents, or of all, for cells that have none."""
    groups, first = np.unique(given.group, return_index=True)
    parent = given.parent[first]
    if (given.parent != parent[np.searchsorted(groups, given.group)]).any():
        raise ValueError("parent differs within a group; give each group one parent")
    above = parent[np.searchsorted(groups, table.group)]
    several = len(np.unique(parent)) > 1
    steps = [(given.parent, above)] if several else []
    steps.append((np.zeros_like(given.group), np.zeros_like(table.group)))
    for labels, label_of_row in steps:
        missing = np.array([reason is not None for reason in table.refused_because])
        if missing.any():
            table = _lent(table, levels.figures(labels), label_of_row, missing)
    return table


def _lent(
    table: PrevalenceTable, parents: _Figures, label: Integers, missing: Booleans
) -> PrevalenceTable:
    at = (
        table.frame,
        np.searchsorted(parents.groups, label),
        np.searchsorted(parents.periods, table.period),
    )
    lent = missing & parents.enough[at]
    names = ("estimate", "lower", "upper", "band_lower", "band_upper")
    nothing = np.full(len(table), None, dtype=object)
    return replace(
        table,
        **{name: np.where(lent, parents.figures[name][at], getattr(table, name)) for name in names},
        borrowed=np.where(lent, 1.0, table.borrowed),
        refused_because=np.where(lent, nothing, table.refused_because),
    )


def _no_rows() -> PrevalenceTable:
    whole = {"frame", "group", "period", "n_posts", "n_coded"}
    kinds: dict[str, type] = dict.fromkeys(whole, np.int64) | {"refused_because": object}
    empty: dict[str, Any] = {
        column.name: np.empty(0, dtype=kinds.get(column.name, np.float64))
        for column in fields(PrevalenceTable)
    }
    return PrevalenceTable(**empty)

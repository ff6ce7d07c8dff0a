"""Prevalence of frames over time, from scores of all posts and codings of a known sample of them.

A classifier's counts are biased by the classifier, and their intervals never hold. Here the scores
only sharpen an estimate that stands on the codings: `analysis.difference` has the estimator. A cell
(frame, group, period) with too few codings is refused, and says how many more it needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import ceil

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from analysis.difference import CellEstimates, Coded, Population, estimate_cells
from analysis.intervals import benjamini_hochberg, shared_confidence, two_sided_p

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

METHOD = "difference estimator on a Poisson sample, version 1"
MIN_CODINGS = 10
"""Codings, and effective codings, under which a cell is refused."""


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
        Codings drawn evenly, without scores, that would be worth as much.
    borrowed : floats
        Share of the information that comes from other periods; this version borrows none.
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


@dataclass(frozen=True, slots=True)
class _Inputs:
    """The arguments as checked arrays."""

    scores: Floats
    time: Integers
    group: Integers
    stratum: Integers
    coded_index: Integers
    coded_values: Floats
    probability: Floats
    clusters: tuple[Integers, ...]


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells that are reported, and the cell of each post (-1 outside of them)."""

    group: Integers
    period: Integers
    curve: Integers
    n_posts: Integers
    of_post: Integers


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
    random_state: int | None = None,  # noqa: ARG001 # nothing is drawn at random in this version
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
        Periods to report; by default all that occur.
    group : (n,) integers, optional
        Estimate within each group; by default all posts are one group, 0.
    stratum : (n,) integers, optional
        Strata within cells, such as bands of scores: cells are post-stratified by them where each
        holds enough codings.
    clusters : up to two (n,) integer arrays
        Author and thread of each post, negative where unknown.
    confidence : float
        Of each interval, and of each curve's band.
    random_state : int, optional
        Not used by this version, whose results depend on the data alone.

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
        stratum=stratum,
        clusters=clusters,
    )
    cells = _cells(given, None if periods is None else np.asarray(periods, dtype=np.int64))
    frames = [
        _estimate_frame(given, cells, frame, confidence) for frame in range(given.scores.shape[1])
    ]
    return _table(cells, frames)


def _checked(
    scores: Floats,
    *,
    time: ArrayLike,
    coded_index: ArrayLike,
    coded_values: Floats,
    probability: ArrayLike,
    group: ArrayLike | None,
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


def _cells(given: _Inputs, periods: Integers | None) -> _Cells:
    wanted = np.ones(len(given.time), dtype=bool)
    if periods is not None:
        wanted = np.isin(given.time, periods)
    groups, row = np.unique(given.group[wanted], return_inverse=True)
    times, column = np.unique(given.time[wanted], return_inverse=True)
    found, place, n_posts = np.unique(
        row * len(times) + column, return_inverse=True, return_counts=True
    )
    of_post = np.full(len(given.time), -1, dtype=np.int64)
    of_post[wanted] = place
    curve, period = np.divmod(found, max(len(times), 1))
    return _Cells(
        group=groups[curve],
        period=times[period],
        curve=curve,
        n_posts=n_posts.astype(np.int64),
        of_post=of_post,
    )


def _estimate_frame(
    given: _Inputs, cells: _Cells, frame: int, confidence: float
) -> dict[str, NDArray[np.generic]]:
    inside = cells.of_post >= 0
    _, stratum = np.unique(given.stratum, return_inverse=True)
    population = Population(
        n_cells=len(cells.period),
        cell=cells.of_post[inside],
        stratum=stratum[inside],
        score=given.scores[inside, frame],
    )
    values = given.coded_values[:, frame]
    used = ~np.isnan(values) & inside[given.coded_index]
    posts = given.coded_index[used]
    coded = Coded(
        cell=cells.of_post[posts],
        stratum=stratum[posts],
        score=given.scores[posts, frame],
        value=values[used],
        probability=given.probability[used],
        clusters=tuple(labels[posts] for labels in given.clusters),
    )
    return _rows(estimate_cells(population, coded), cells, frame, confidence)


def _rows(
    found: CellEstimates, cells: _Cells, frame: int, confidence: float
) -> dict[str, NDArray[np.generic]]:
    refusals = np.array(
        [_refusal(int(n), float(e)) for n, e in zip(found.n_coded, found.effective_n, strict=True)],
        dtype=object,
    )
    kept = np.array([reason is None for reason in refusals], dtype=bool)
    n_kept = np.bincount(cells.curve, weights=kept, minlength=1)[cells.curve]
    interval = found.interval(confidence)
    band = found.interval(shared_confidence(confidence, n_kept))
    shown = {
        "estimate": found.estimate,
        "lower": interval.lower,
        "upper": interval.upper,
        "band_lower": band.lower,
        "band_upper": band.upper,
        "q_value": _out_of_line(found, cells, kept),
    }
    return {
        "frame": np.full(len(kept), frame, dtype=np.int64),
        **{name: np.where(kept, values, np.nan) for name, values in shown.items()},
        "n_coded": found.n_coded,
        "effective_n": found.effective_n,
        "refused_because": refusals,
    }


def _refusal(n_coded: int, effective_n: float) -> str | None:
    if n_coded >= MIN_CODINGS and effective_n > MIN_CODINGS - 0.01:  # rounding refuses nothing
        return None
    needed = MIN_CODINGS - n_coded
    if needed <= 0:
        needed = ceil(n_coded * (MIN_CODINGS / effective_n - 1))
    return f"{needed} more coding{'s' if needed > 1 else ''} needed"


def _out_of_line(found: CellEstimates, cells: _Cells, kept: NDArray[np.bool_]) -> Floats:
    """Return p-values of each kept cell against its curve's other kept cells, weighed by posts."""
    posts = np.where(kept, cells.n_posts, 0).astype(np.float64)
    share = np.where(kept, found.estimate, 0.0)
    variance = np.where(kept, found.variance(), 0.0)

    def others(values: Floats) -> Floats:
        return np.bincount(cells.curve, weights=values, minlength=1)[cells.curve] - values

    rest = others(posts)
    compared = kept & (rest > 0)
    rest = np.where(compared, rest, 1.0)
    difference = share - others(posts * share) / rest
    squares = variance + others(posts**2 * variance) / rest**2
    spread = variance**2 / found.df + others(posts**4 * variance**2 / found.df) / rest**4
    df = np.divide(squares**2, spread, out=np.ones_like(squares), where=spread > 0)
    p_values = two_sided_p(difference, np.maximum(squares, 0.0), df=np.maximum(df, 1.0))
    return np.where(compared, p_values, np.nan)


def _table(cells: _Cells, frames: Sequence[dict[str, NDArray[np.generic]]]) -> PrevalenceTable:
    joined = {name: np.concatenate([rows[name] for rows in frames]) for name in frames[0]}
    n_frames = len(frames)
    joined["q_value"] = benjamini_hochberg(joined["q_value"])
    return PrevalenceTable(
        group=np.tile(cells.group, n_frames),
        period=np.tile(cells.period, n_frames),
        n_posts=np.tile(cells.n_posts, n_frames),
        borrowed=np.zeros(n_frames * len(cells.period)),
        **joined,
    )

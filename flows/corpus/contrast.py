"""Contrast: which words one selection of posts uses more, or less, than another.

The whole vocabulary is counted on both sides; for the words that come out first it is counted post
by post too, since an interval must know which posts are of one author or one conversation.
"""

import dataclasses
from typing import Literal

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.corpus.clustered import ClusteredLogRatio, clustered_log_ratio
from analysis.corpus.keyness import keyness
from analysis.corpus.resampling import ResampledLogRatio, resampled_log_ratio
from analysis.intervals import benjamini_hochberg
from warehouse.corpus.by_post import PostCounts, counts_by_post
from warehouse.corpus.frequencies import frequencies_of
from warehouse.corpus.population import Population, population_posts
from warehouse.corpus.stream import texts_of
from warehouse.corpus.vocabulary import mention_ids

Order = Literal["log_likelihood", "log_ratio", "z"]
ORDERS: tuple[Order, ...] = ("log_likelihood", "log_ratio", "z")
Side = Literal["target", "reference", "both"]
SIDES: tuple[Side, ...] = ("target", "reference", "both")
_MEASURES = (
    *("log_likelihood", "q_value", "log_ratio", "log_odds", "z"),
    *("per_million_target", "per_million_reference"),
)


class ContrastRefused(ValueError):
    """Two selections of posts cannot be compared; the message says why and what to do."""

    exit_code = 2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of a contrast.

    Attributes
    ----------
    least : occurrences on both sides together that a word needs
    words : how many words come out
    order : what they are ordered by, the greatest first, whatever its sign
    side : whose words: those that the target uses more, the reference, or both
    n_draws : draws of the bootstrap; 0 for bounds in closed form
    seed : names the draws
    confidence : of the bounds
    """

    least: int = 5
    words: int = 50
    order: Order = "log_likelihood"
    side: Side = "target"
    n_draws: int = 999
    seed: int = 0
    confidence: float = 0.95


def contrast(
    connection: duckdb.DuckDBPyConnection,
    target: Population,
    reference: Population | None,
    *,
    rest_of: Population,
    wanted: Wanted,
) -> pa.Table:
    """Return the key words of a target, or of its reference.

    Parameters
    ----------
    target : Population
    reference : Population, optional
        What it is compared with; by default what is left of `rest_of`.
    rest_of : Population
        Holds the target.
    wanted : Wanted

    Raises
    ------
    ContrastRefused
        If a post is on both sides, or a side has no posts, or those of one person alone.
    """
    target_posts = population_posts(connection, target)
    together = rest_of if reference is None else _together(connection, target, reference)
    n_target, n_reference = frequencies_of(connection, [target, reference or rest_of])
    if reference is None:
        n_reference = n_reference - n_target
    sizes = int(n_target.sum()), int(n_reference.sum())
    if not min(sizes):
        raise ContrastRefused(
            f"the target has {sizes[0]} words and the reference {sizes[1]}; both need some to be"
            " compared"
        )
    is_counted = n_target + n_reference >= wanted.least
    is_counted[mention_ids(connection)] = False  # a word is no person
    word_ids = np.flatnonzero(is_counted)
    found = keyness(
        n_target[word_ids],
        n_reference[word_ids],
        size_target=sizes[0],
        size_reference=sizes[1],
        confidence=wanted.confidence,
    ).to_arrow()
    chosen = _first(found, wanted)
    posts = counts_by_post(connection, word_ids[chosen], together)
    is_target = np.isin(posts.post_ids, target_posts)
    _refuse_one_person(posts.author[is_target], "target")
    _refuse_one_person(posts.author[~is_target], "reference")
    words = texts_of(connection, word_ids[chosen])
    return _table(
        found.take(chosen), words, posts, is_target, n_tested=len(word_ids), wanted=wanted
    )


def _together(
    connection: duckdb.DuckDBPyConnection, target: Population, reference: Population
) -> Population:
    """Return the posts of both sides; refuse sides that share posts."""
    first, second = (population_posts(connection, each) for each in (target, reference))
    if shared := len(np.intersect1d(first, second)):
        raise ContrastRefused(
            f"{shared} posts are in the target and in the reference; choose two selections that"
            " share none, or leave the reference out to compare with the rest"
        )
    either = f"(\n{target.where or 'true'}\n) OR (\n{reference.where or 'true'}\n)"
    return dataclasses.replace(target, where=either)


def _refuse_one_person(authors: NDArray[np.int64], side: str) -> None:
    """Refuse a side whose posts are all of one known author: its key words would be a person's."""
    if authors.min(initial=0) >= 0 and len(np.unique(authors)) == 1:
        raise ContrastRefused(
            f"all posts of the {side} are of one person, and no question is about one person;"
            " choose posts of several"
        )


def _first(found: pa.Table, wanted: Wanted) -> NDArray[np.int64]:
    """Return the rows of the words that come out, in their order."""
    log_ratio = found.column("log_ratio").to_numpy()
    by = np.abs(found.column(wanted.order).to_numpy())
    kept = {"target": log_ratio > 0, "reference": log_ratio < 0, "both": ~np.isnan(log_ratio)}
    rows = np.flatnonzero(kept[wanted.side] & ~np.isnan(by))
    surest = found.column("log_likelihood").to_numpy()[rows]
    return rows[np.lexsort((-surest, -by[rows]))][: wanted.words]


def _table(
    found: pa.Table,
    words: list[str],
    posts: PostCounts,
    is_target: NDArray[np.bool_],
    *,
    n_tested: int,
    wanted: Wanted,
) -> pa.Table:
    has = posts.counts > 0
    columns: dict[str, object] = {"word": pa.array(words, pa.string())}
    for side, rows in (("target", is_target), ("reference", ~is_target)):
        columns[f"n_{side}"] = found.column(f"n_{side}").cast(pa.int64())
        with_word = np.asarray(has[np.flatnonzero(rows)].sum(axis=0)).ravel()
        columns[f"n_posts_{side}"] = with_word.astype(np.int64)
    columns |= {name: found.column(name) for name in _MEASURES}
    clustered = _clustered(posts, is_target, n_tested=n_tested, wanted=wanted)
    columns |= {name: pa.array(values, from_pandas=True) for name, values in clustered.items()}
    return pa.table(columns)


def _clustered(
    posts: PostCounts, is_target: NDArray[np.bool_], *, n_tested: int, wanted: Wanted
) -> dict[str, NDArray[np.float64]]:
    """Return bounds of the log ratios, and q-values, that hold by author and thread.

    Words that were counted and do not come out are taken for words without any difference, which
    makes the q-values of the others greater than they would be, never less.
    """
    given = (posts.counts, posts.n_tokens, is_target)
    clusters = (posts.author, posts.thread)
    closed = clustered_log_ratio(*given, clusters=clusters, confidence=wanted.confidence)
    others = np.ones(n_tested - len(closed.p_value))
    q_value = benjamini_hochberg(np.concatenate([closed.p_value, others]))
    bounds: ClusteredLogRatio | ResampledLogRatio = closed
    if wanted.n_draws:
        bounds = resampled_log_ratio(
            *given,
            clusters=clusters,
            confidence=wanted.confidence,
            n_draws=wanted.n_draws,
            random_state=wanted.seed,
        )
    return {
        "lower": bounds.lower,
        "upper": bounds.upper,
        "q_clustered": q_value[: len(closed.p_value)],
    }

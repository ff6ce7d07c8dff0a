"""How many topics: the number that comes out alike of different posts, and holds together.

Coherence alone asks for ever more topics, stability alone for very few. So each number is fitted to
several subsamples of the posts. It is stable where the subsamples find the same terms and put the
posts that they share together in the same way (Greene, O'Callaghan and Cunningham 2014, How many
topics? Stability analysis for topic models; Lange and others 2004 for the assignments), and good
where the terms of a topic go together and are not those of the others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.metrics import adjusted_mutual_info_score

from analysis.topics.evaluation import matched_overlap
from analysis.topics.model import TopicModel, leading_topics
from analysis.topics.quality import npmi_coherence, topic_diversity
from analysis.topics.reading.distinctive import topic_redundancy
from analysis.topics.reading.labels import topic_terms

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MAX_POSTS = 10_000
"""Posts that the choice is made from where there are more, which bounds what it costs."""
SUBSAMPLE = 0.8
"""The share of these posts in each subsample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenK:
    """The number of topics chosen, why, and the curve.

    Attributes
    ----------
    k : int
    reason : str
        One sentence with the figures that decided.
    table : pyarrow.Table
        A row for each k: `k`, `stability` (0 to 1: mean of `overlap`, how many of the ten first
        terms of matched topics are the same, and `agreement` on the posts in common, by adjusted
        mutual information), `coherence` (NPMI, -1 to 1), `diversity` (0 to 1), `redundancy` (mean
        cosine of each topic with the one most like it), `score` and `score_sd` (over the
        subsamples).
    """

    k: int
    reason: str
    table: pa.Table


@dataclass(frozen=True, slots=True)
class _Fit:
    """What one subsample found: the terms of its topics, and the topic of each of its posts."""

    rows: Integers
    listed: list[list[str]]
    leading: Integers
    coherence: float
    diversity: float
    redundancy: float


def choose_k(
    counts: csr_array,
    words: Sequence[str],
    *,
    ks: Sequence[int],
    subsamples: int = 4,
    random_state: int = 0,
    max_posts: int = MAX_POSTS,
    model: TopicModel | None = None,
    progress: Callable[[str], None] | None = None,
) -> ChosenK:
    """Choose how many topics to find, among `ks`.

    The score of a subsample is its stability against the others times its coherence, counted from
    -1 as 0 to 1 as 1, times its diversity. Chosen is the smallest number whose mean score is at
    most one standard deviation under the best, as Breiman and others (1984, Classification and
    Regression Trees) prune: where the data do not tell two numbers apart, the simpler one.

    Parameters
    ----------
    counts : (n_posts, n_words) sparse counts, its columns named by `words`
    ks : sequence of int
        Numbers of topics to try, each 2 or more.
    subsamples : int
        How many subsamples of four fifths of the posts each number is fitted to, 2 or more.
    random_state : int
        Draws posts and subsamples.
    max_posts : int
        Of more posts, so many are drawn.
    model : TopicModel, optional
        Unfitted, with the parameters to fit by; the default ones if None.
    progress : callable, optional
        Told of each fit in a few words: `len(ks) * subsamples` times.

    Raises
    ------
    ValueError
        Where a number or the subsamples are under 2, or the posts are too few for a number.
    """
    tried = sorted(set(ks))
    if not tried or tried[0] < 2 or subsamples < 2:  # noqa: PLR2004 # nothing to compare
        raise ValueError("choosing needs at least one number of topics from 2, and 2 subsamples")
    draw = np.random.default_rng(random_state)
    n_posts = counts.shape[0]
    if n_posts > max_posts:
        counts = counts[np.sort(draw.choice(n_posts, max_posts, replace=False))]
    size = int(np.ceil(SUBSAMPLE * counts.shape[0]))
    samples = [
        np.sort(draw.choice(counts.shape[0], size, replace=False)) for _ in range(subsamples)
    ]
    rows = []
    for k in tried:
        fits = []
        for number, sample in enumerate(samples, 1):
            fits.append(_fit(counts, words, rows=sample, k=k, model=model or TopicModel()))
            if progress is not None:
                progress(f"trying {k} topics: subsample {number} of {subsamples}")
        rows.append(_measured(fits))
    return _chosen(tried, rows, n_posts=counts.shape[0])


def _fit(
    counts: csr_array, words: Sequence[str], *, rows: Integers, k: int, model: TopicModel
) -> _Fit:
    posts = counts[rows]
    fitted = clone(model).set_params(n_topics=k).fit(posts, words)
    listed = topic_terms(fitted.components_, fitted.vocabulary_)
    coherence = npmi_coherence(listed, posts, words)
    return _Fit(
        rows,
        listed,
        leading_topics(fitted.transform(posts, words)),
        float(np.nanmean(coherence)) if np.isfinite(coherence).any() else -1.0,
        topic_diversity(listed),
        float(np.mean(topic_redundancy(fitted.components_).cosine)),
    )


def _measured(fits: Sequence[_Fit]) -> dict[str, float]:
    """Return the figures of one number of topics, from its fits."""
    overlap = np.zeros((len(fits), len(fits)))
    agreement = np.zeros_like(overlap)
    for one, other in combinations(range(len(fits)), 2):
        overlap[one, other] = matched_overlap(fits[one].listed, fits[other].listed)
        agreement[one, other] = _agreement(fits[one], fits[other])
    stability = (overlap + agreement) / 2
    own = (stability + stability.T).sum(axis=1) / (len(fits) - 1)
    scores = own * [(1 + fit.coherence) / 2 * fit.diversity for fit in fits]
    pairs = np.triu_indices(len(fits), k=1)
    return {
        "stability": float(stability[pairs].mean()),
        "overlap": float(overlap[pairs].mean()),
        "agreement": float(agreement[pairs].mean()),
        "coherence": float(np.mean([fit.coherence for fit in fits])),
        "diversity": float(np.mean([fit.diversity for fit in fits])),
        "redundancy": float(np.mean([fit.redundancy for fit in fits])),
        "score": float(scores.mean()),
        "score_sd": float(scores.std(ddof=1)),
    }


def _agreement(one: _Fit, other: _Fit) -> float:
    """Return how alike two fits put the posts together that both were fitted to."""
    _, first, second = np.intersect1d(one.rows, other.rows, return_indices=True)
    found = adjusted_mutual_info_score(one.leading[first], other.leading[second])
    return max(float(found), 0.0)


def _chosen(tried: Sequence[int], rows: Sequence[dict[str, float]], *, n_posts: int) -> ChosenK:
    score = np.array([row["score"] for row in rows])
    best = int(score.argmax())
    enough = score[best] - rows[best]["score_sd"]
    smallest = int(np.flatnonzero(score >= enough)[0])
    table = pa.table({"k": list(tried)} | {name: [row[name] for row in rows] for name in rows[0]})
    figures = (
        f"stability {rows[smallest]['stability']:.2f}, coherence"
        f" {rows[smallest]['coherence']:.2f} and diversity {rows[smallest]['diversity']:.2f}"
        f" over subsamples of {n_posts:,} posts"
    )
    why = (
        f"{tried[smallest]} topics score best: {figures}"
        if smallest == best
        else f"{tried[smallest]} is the smallest number within one standard deviation of the best"
        f" ({tried[best]}, score {score[best]:.3f} ± {rows[best]['score_sd']:.3f}): {figures}"
    )
    return ChosenK(k=tried[smallest], reason=why, table=table)

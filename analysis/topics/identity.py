"""Do topics mean today what they meant yesterday? Two models compared, and the bar between them.

Rows of both are compared over the joint vocabulary, and the same posts are given their leading
topic by both. A topic kept its identity where it is its own best match, its foremost terms are the
same, and its posts stay with it. Posts that go to a topic that one of the models does not have move
by an event, which is told elsewhere; they are counted apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array

from analysis.topics.factorise import greatest_of_rows, row_lengths
from analysis.topics.model import TopicModel, leading_ids
from analysis.topics.reading.labels import LISTED_TERMS

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

PROBE_POSTS = 500
"""Posts of a night, or of a refit, by which two models are compared."""
CLEAR_LEAD = 0.1
"""A post's leading topic leads clearly by so much of the post, by the earlier model."""
LEAST_SCORE_OF_UPDATE = 0.9
LEAST_SCORE_OF_REFIT = 0.85
"""Both bars lie under what measured nights of two archives reach, updates .93 and refits .90 at
least (`tests.benchmarks.topics_nights`), and over what topics that are fitted anew each night do,
about .6: they refuse topics that changed their meaning and not talk that moves on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityScore:
    """How far topics are the same in two models.

    Attributes
    ----------
    topic_ids : (k,) int64
        The ids that both have; the next three are in this order.
    cosine, jaccard : (k,) floats
        Of a topic's rows in both, and of their ten foremost terms.
    matched : (k,) int64
        The later model's topic that is each one's best match, all matched at once.
    moved, moved_clear : float
        Which share of the probe posts, or of those with a clear lead, have another leading topic,
        both topics being in both models; 0 without posts.
    moved_by_events : float
        Which share went to or from a topic that only one of the models has.
    n_probe : int
    """

    topic_ids: Integers
    cosine: Floats
    jaccard: Floats
    matched: Integers
    moved: float
    moved_clear: float
    moved_by_events: float
    n_probe: int

    @property
    def kept(self) -> float:
        """The share of the topics that are their own best match; 1 without topics."""
        return float((self.matched == self.topic_ids).mean()) if len(self.matched) else 1.0

    @property
    def score(self) -> float:
        """1 for the same topics: kept * mean Jaccard * the share of posts that did not move."""
        jaccard = float(self.jaccard.mean()) if len(self.jaccard) else 1.0
        return self.kept * jaccard * (1.0 - self.moved)


class Verdict(NamedTuple):
    """Whether a changed model may take the old one's place, and why, in a sentence."""

    accepted: bool
    reason: str


def compare_models(
    before: TopicModel,
    after: TopicModel,
    counts: csr_array,
    words: Sequence[str],
    *,
    whole: csr_array | None = None,
) -> IdentityScore:
    """Compare two fitted models by their terms and by the leading topics of probe posts.

    Parameters
    ----------
    counts : (n, n_words) sparse counts of posts that both have not been chosen by, its columns
        named by `words`
    whole : (n, n_terms), optional
        The same posts' whole rows, where both models weigh posts alike and that is known.
    """
    ids = np.intersect1d(before.topic_ids_, after.topic_ids_)
    rows = _rows_of(before, ids), _rows_of(after, ids)
    shares = [
        model.transform(counts, words) if whole is None else model.shares(whole)
        for model in (before, after)
    ]
    leads = (
        leading_ids(shares[0], before.topic_ids_),
        leading_ids(shares[1], after.topic_ids_),
    )
    cosines = _cosines(before, after)[np.ix_(*rows)]
    match = linear_sum_assignment(-(cosines + _overlap(*leads, ids)) / 2)[1]
    changed = leads[0] != leads[1]
    between = np.isin(leads[0], [*ids, -1]) & np.isin(leads[1], [*ids, -1])
    return IdentityScore(
        topic_ids=ids,
        cosine=np.diag(cosines).copy(),
        jaccard=_jaccards(before, after, rows),
        matched=ids[match],
        moved=_share(changed & between),
        moved_clear=_share((changed & between)[_clear(shares[0])]),
        moved_by_events=_share(changed & ~between),
        n_probe=counts.shape[0],
    )


def probe_posts(posts: csr_array) -> csr_array:
    """Return some rows, evenly over all of them, by which two models are compared."""
    n = posts.shape[0]
    if n <= PROBE_POSTS:
        return posts
    return posts[np.arange(PROBE_POSTS) * n // PROBE_POSTS]


def accept(score: IdentityScore, *, refit: bool = False, least: float | None = None) -> Verdict:
    """Say whether an update, or a refit, keeps the topics' identity well enough.

    Parameters
    ----------
    least : float, optional
        In place of `LEAST_SCORE_OF_UPDATE` or `LEAST_SCORE_OF_REFIT`.
    """
    what = "refit" if refit else "update"
    bar = LEAST_SCORE_OF_REFIT if refit else LEAST_SCORE_OF_UPDATE
    bar = bar if least is None else least
    facts = (
        f"{score.kept:.0%} of the topics are their own best match, {score.moved:.1%} of"
        f" {score.n_probe} posts changed topic, and foremost terms agree by"
        f" {float(score.jaccard.mean()) if len(score.jaccard) else 1.0:.3f}"
    )
    if score.score >= bar:
        return Verdict(True, f"the {what} is taken: identity {score.score:.3f}; {facts}")
    return Verdict(
        False,
        f"the {what} is refused and the last model stays: identity {score.score:.3f} is under"
        f" {bar:g}; {facts}",
    )


def _rows_of(model: TopicModel, ids: Integers) -> Integers:
    order = np.argsort(model.topic_ids_, kind="stable")
    return order[np.searchsorted(model.topic_ids_[order], ids)].astype(np.int64)


def _cosines(before: TopicModel, after: TopicModel) -> Floats:
    """Return the cosine of each row of one basis with each of the other's."""
    if before.vocabulary_ == after.vocabulary_:
        one, other = before.components_, after.components_
    else:
        one, other = _joint(before, after)
    lengths = np.outer(row_lengths(one), row_lengths(other))
    cosines: Floats = np.zeros_like(lengths)
    np.divide(one @ other.T, lengths, out=cosines, where=lengths > 0)
    return cosines


def _joint(before: TopicModel, after: TopicModel) -> tuple[Floats, Floats]:
    """Return both bases over the joint vocabulary."""
    column = {word: number for number, word in enumerate(before.vocabulary_)}
    for word in after.vocabulary_:
        column.setdefault(word, len(column))
    spread = []
    for model in (before, after):
        wide = np.zeros((len(model.components_), len(column)))
        wide[:, [column[word] for word in model.vocabulary_]] = model.components_
        spread.append(wide)
    return spread[0], spread[1]


def _overlap(one: Integers, other: Integers, ids: Integers) -> Floats:
    """Return the Jaccard index of the posts that each pair of topics leads, (k, k)."""
    first = (one[:, None] == ids).astype(np.float64)
    second = (other[:, None] == ids).astype(np.float64)
    both = first.T @ second
    either = first.sum(axis=0)[:, None] + second.sum(axis=0) - both
    shared: Floats = np.zeros_like(both)
    np.divide(both, either, out=shared, where=either > 0)
    return shared


def _jaccards(before: TopicModel, after: TopicModel, rows: tuple[Integers, Integers]) -> Floats:
    listed = []
    for model, places in zip((before, after), rows, strict=True):
        greatest = greatest_of_rows(model.components_, n=LISTED_TERMS)
        listed.append(
            [{model.vocabulary_[t] for t in greatest[place].tolist()} for place in places]
        )
    return np.array([_jaccard(a, b) for a, b in zip(*listed, strict=True)])


def _jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 1.0


def _clear(shares: Floats) -> NDArray[np.bool_]:
    """Say which posts one topic leads clearly."""
    if shares.shape[1] < 2:  # noqa: PLR2004 # a lone topic has no second
        return np.asarray(shares.sum(axis=1) > 0)
    ranked = np.sort(shares, axis=1)
    return np.asarray(ranked[:, -1] - ranked[:, -2] >= CLEAR_LEAD)


def _share(chosen: NDArray[np.bool_]) -> float:
    return float(chosen.mean()) if len(chosen) else 0.0

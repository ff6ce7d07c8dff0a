"""Topics that are not there yet: what badly explained posts of recent nights have in common.

A term bursts where more of the pooled posts hold it, unexplained by any topic, than the posts that
the model was fitted to let expect. Posts are weighed by how much of each term is beyond what was
expected, so that the common talk of the time weighs nothing, and grouped around the strongest burst
(as spherical k-means does, Dhillon and Modha 2001, one group at a time): each group is a candidate.
It keeps its number from night to night by the cosine of its terms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, diags_array

from analysis.topics.model import TopicModel
from analysis.topics.nights.pool import Pool, holds_any, read_posts
from analysis.topics.quality import npmi_coherence
from analysis.vectorise import unit_rows

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

PROFILE_TERMS = 30
"""Terms that a candidate is known by."""
COHERENCE_TERMS = 5
SHARED_BY = 0.15
"""Coherence is found of terms that this share of a candidate's posts hold."""
CALENDAR = frozenset(
    word
    for words in (
        "january february march april may june july august september october november december",
        "jan feb mar apr jun jul aug sep sept oct nov dec",
        "monday tuesday wednesday thursday friday saturday sunday",
    )
    for word in words.split()
)
"""Words that burst by the calendar alone: they start no candidate."""
ALMOST_THE_SAME = 0.9
"""Cosine from which two posts count as copies of one text."""
LEAST_TERMS_OF_A_COPY = 4
"""Shorter posts may be alike without being copies."""
_ROUNDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRules:
    """When a group of badly explained posts becomes a topic.

    Attributes
    ----------
    residual_quantile : float
        Posts of the fit under this quantile of the residual count as well explained; later posts
        with less than that residual do not enter the pool.
    window, most_posts : int
        Nights, and posts at most, in the pool.
    surprise : float
        How far beyond expectation a term must be to start a candidate, in standard deviations.
    ratio : float
        And how many times the expected number of posts hold it.
    nearness : float
        Cosine from which a post belongs to a candidate.
    least_share : float
        Of all posts of these nights, a topic has this share.
    least_posts, least_authors, least_threads, nights : int
        A topic comes from so many posts of different text, so many authors and threads where they
        are known, on so many nights.
    most_of_one : float
        And at most this share of its posts is one author's, or one thread's.
    coherence : float
        Floor of the NPMI of its foremost terms over the pool.
    surprise_of_one_word : float
        The surprise that is asked for where its posts share one term only.
    most_alike : float
        From this likeness on it is one of the topics that are there: the cosine of the terms, or
        what its foremost term weighs in the topic, in parts of what the topic's own does.
    same : float
        Cosine from which tonight's candidate is last night's.
    """

    residual_quantile: float = 0.25
    window: int = 3
    most_posts: int = 6_000
    surprise: float = 5.0
    ratio: float = 8.0
    nearness: float = 0.4
    least_share: float = 0.006
    least_posts: int = 10
    least_authors: int = 10
    least_threads: int = 3
    nights: int = 3
    most_of_one: float = 0.34
    coherence: float = 0.0
    surprise_of_one_word: float = 7.5
    most_alike: float = 0.25
    same: float = 0.5
    most_candidates: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """How often terms went unexplained in the posts that the model was fitted to.

    Attributes
    ----------
    n_posts : int
    bar, middle : float
        The residual from which a post enters the pool, and the median residual.
    shares : mapping of str to float
        The share of the posts in which a term is open, of the model's terms.
    other_share : float
        That of a word outside the vocabulary.
    too_common : frozenset of str
        Words that are no terms because too many posts hold them.
    """

    n_posts: int
    bar: float
    middle: float
    shares: Mapping[str, float]
    other_share: float
    too_common: frozenset[str] = frozenset()

    def expected(self, words: Sequence[str], n_posts: float) -> Floats:
        """Return in how many of `n_posts` posts each word is to be expected."""
        shares = [self.shares.get(word, self.other_share) for word in words]
        return np.array(shares, dtype=np.float64) * n_posts

    def without(self, words: frozenset[str]) -> "Reference":
        """Return the reference without some words."""
        return replace(
            self,
            shares={w: share for w, share in self.shares.items() if not holds_any(w, words)},
            too_common=self.too_common - words,
        )


def reference_of(
    model: TopicModel, counts: csr_array, words: Sequence[str], *, rules: CandidateRules
) -> Reference:
    """Return the reference from the posts of a fit.

    A word that no badly explained post holds, or that is no term, is expected in one of as many
    posts: which rare words people wrote is not kept.
    """
    terms = set(model.vocabulary_)
    held = np.bincount(counts.indices[counts.data > 0], minlength=counts.shape[1])
    many = np.flatnonzero(held > max(model.min_posts, 1)).tolist()
    common = frozenset(words[column] for column in many if words[column] not in terms)
    posts = read_posts(model, counts, words, known=common)
    n = len(posts.residual)
    heard = posts.residual[posts.residual > 0]
    bar = float(np.quantile(heard, rules.residual_quantile)) if len(heard) else 0.0
    kept = posts.entries.is_open & (posts.residual[posts.entries.post] >= bar)
    n_open = np.bincount(posts.entries.word[kept], minlength=len(posts.words))
    number = {word: place for place, word in enumerate(posts.words)}
    return Reference(
        n_posts=n,
        bar=bar,
        middle=float(np.median(heard)) if len(heard) else 1.0,
        shares={w: float(n_open[number[w]] + 1) / max(n, 1) for w in model.vocabulary_},
        other_share=1.0 / max(n, 1),
        too_common=common,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A group of posts that may become a topic.

    Attributes
    ----------
    number : int
        Stays with it from night to night.
    profile : mapping of str to float
        Its terms, the foremost first, as a vector of length one.
    rows : (n,) int64
        Its posts' places in the pool.
    nights_seen : int
        On how many nights in a row it was found.
    evidence : mapping of str to float
    """

    number: int
    profile: Mapping[str, float]
    rows: Integers
    nights_seen: int = 1
    evidence: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writers:
    """Who wrote what, for tonight's posts and those in the pool, in any order.

    `authors` are numbers that mean the same person within this call, -1 unknown; so are `threads`.
    """

    post_ids: Integers
    authors: Integers
    threads: Integers

    def of(self, post_ids: Integers) -> tuple[Integers, Integers]:
        """Return author and thread of posts, -1 where they are not known."""
        order = np.argsort(self.post_ids, kind="stable")
        if not len(order):
            nobody = np.full(len(post_ids), -1, dtype=np.int64)
            return nobody, nobody
        place = np.minimum(np.searchsorted(self.post_ids[order], post_ids), len(order) - 1)
        row = order[place]
        known = self.post_ids[row] == post_ids
        return np.where(known, self.authors[row], -1), np.where(known, self.threads[row], -1)


class Group(NamedTuple):
    """Posts of the pool around a burst: their terms, their places, how far beyond expectation."""

    profile: Mapping[str, float]
    rows: Integers
    evidence: Mapping[str, float]


def grow_candidates(
    pool: Pool, reference: Reference, *, rules: CandidateRules, authors: Integers
) -> list[Group]:
    """Return groups of pooled posts around bursting terms, the strongest burst first.

    Parameters
    ----------
    authors : (n_posts,) int64
        Of the pool's posts; an author counts once for each term. -1 counts each time.
    """
    opened = pool.rows(open_only=True)
    expected = reference.expected(pool.words, float(pool.read.sum()))
    observed = _held_by(opened, authors)
    surprise = _surprise(observed, expected)
    beyond = np.maximum(observed - expected - 1.64 * np.sqrt(expected), 0.0)
    beyond = np.where(observed > 2, beyond / np.maximum(observed, 1.0), 0.0)  # noqa: PLR2004
    weighed = csr_array(opened @ diags_array(beyond))
    weighed.eliminate_zeros()
    rows = unit_rows(weighed)
    strength = np.asarray(weighed.sum(axis=0)).ravel()
    may_start = (surprise >= rules.surprise) & (observed >= rules.ratio * expected)
    may_start &= observed >= rules.least_posts / 2
    may_start &= np.array([word not in CALENDAR for word in pool.words], dtype=bool)
    free = np.diff(rows.indptr) > 0
    groups: list[Group] = []
    for _ in range(rules.most_candidates):
        seeds = np.flatnonzero(may_start)
        if not len(seeds):
            break
        seed = int(seeds[np.argmax(strength[seeds])])
        may_start[seed] = False
        members, centre = _gather(rows, seed, free, rules.nearness)
        if len(members) < rules.least_posts / 2 or not centre.any():
            continue
        free[members] = False
        foremost = np.argsort(-centre, kind="stable")[:PROFILE_TERMS]
        profile = {pool.words[w]: float(centre[w]) for w in foremost.tolist() if centre[w] > 0}
        may_start[[w for w in foremost.tolist() if centre[w] >= 0.2]] = False  # noqa: PLR2004
        lead = int(foremost[0])
        evidence = {
            "observed": float(observed[lead]),
            "expected": float(expected[lead]),
            "surprise": float(surprise[lead]),
        }
        groups.append(Group(profile, members.astype(np.int64), evidence))
    return groups


def _held_by(rows: csr_array, authors: Integers) -> Floats:
    """Return how many authors' posts hold each word; a post of unknown author is one's own."""
    nobody = authors < 0
    person = authors.copy()
    person[nobody] = authors.max(initial=-1) + 1 + np.arange(nobody.sum())
    people, number = np.unique(person, return_inverse=True)
    entries = rows.tocoo()
    shape = (len(people), rows.shape[1])
    # A matrix of people and words holds each pair once, which is sooner done than by sorting.
    once = csr_array(
        coo_array((entries.data, (number[entries.coords[0]], entries.coords[1])), shape)
    )
    held: Floats = np.bincount(once.indices, minlength=rows.shape[1]).astype(float)
    return held


def _surprise(observed: Floats, expected: Floats) -> Floats:
    """Return the signed root of the likelihood ratio of Poisson counts, about a z score."""
    safe = np.maximum(observed, 1e-12)
    ratio = 2 * (observed * np.log(safe / np.maximum(expected, 1e-12)) - (observed - expected))
    score: Floats = np.sign(observed - expected) * np.sqrt(np.maximum(ratio, 0.0))
    return score


def _gather(rows: csr_array, seed: int, free: Flags, nearness: float) -> tuple[Integers, Floats]:
    """Return the free posts around a seed term, and the direction that they share."""
    centre = np.zeros(rows.shape[1])
    centre[seed] = 1.0
    members = np.empty(0, dtype=np.int64)
    for _ in range(_ROUNDS):
        found = np.flatnonzero(free & (np.asarray(rows @ centre) >= nearness))
        if not len(found) or np.array_equal(found, members):
            break
        members = found
        centre = _shared_terms(rows[members])
    return members, centre


def _shared_terms(rows: csr_array) -> Floats:
    """Return the direction of some posts, of the terms that at least two of them hold."""
    total = np.asarray(rows.sum(axis=0)).ravel()
    held = np.bincount(rows.indices, minlength=rows.shape[1])
    total = np.where(held >= min(2, rows.shape[0]), total, 0.0)
    length = float(np.linalg.norm(total))
    shared: Floats = total / max(length, 1e-12)
    return shared


def follow(
    found: Sequence[Group],
    before: Sequence[Candidate],
    *,
    next_number: int,
    same: float,
) -> list[Candidate]:
    """Give each group the number of the candidate of last night that it is, or one of its own."""
    left = list(before)
    followed = []
    for profile, rows, evidence in found:
        nearest = max(left, key=lambda c: profile_cosine(profile, c.profile), default=None)
        if nearest is not None and profile_cosine(profile, nearest.profile) >= same:
            left.remove(nearest)
            number, seen = nearest.number, nearest.nights_seen + 1
        else:
            number, seen, next_number = next_number, 1, next_number + 1
        followed.append(
            Candidate(
                number=number, profile=profile, rows=rows, nights_seen=seen, evidence=evidence
            )
        )
    return followed


def profile_cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Return the cosine of two vectors of weighed words."""
    product = sum(weight * other.get(word, 0.0) for word, weight in one.items())
    lengths = np.sqrt(
        sum(weight**2 for weight in one.values()) * sum(weight**2 for weight in other.values())
    )
    return float(product / lengths) if lengths > 0 else 0.0


def weigh_evidence(
    candidate: Candidate,
    pool: Pool,
    *,
    authors: Integers,
    threads: Integers,
    nearest: float,
    pooled: csr_array | None = None,
) -> Candidate:
    """Return the candidate with all the numbers that admission asks for.

    Parameters
    ----------
    authors, threads : (n_posts,) int64
        Of the pool's posts.
    nearest : float
        Its likeness to the topic that is most like it.
    pooled : (n_posts, n_words), optional
        The pool's rows, where they are known.
    """
    rows = candidate.rows
    pooled = pool.rows() if pooled is None else pooled
    own = csr_array(pooled[rows])
    terms = _shared_by_posts(candidate, own, pool.words)
    coherence = _coherence(terms, pooled, pool.words)
    evidence = {
        **candidate.evidence,
        "posts": float(len(rows)),
        "texts": float(_n_texts(own)),
        "authors": float(_n_different(authors[rows])),
        "threads": float(_n_different(threads[rows])),
        "of_one_author": _of_one(authors[rows]),
        "of_one_thread": _of_one(threads[rows]),
        "nights": float(len(np.unique(pool.night[rows]))),
        "nights_seen": float(candidate.nights_seen),
        "share": len(rows) / max(float(pool.read.sum()), 1.0),
        "shared_terms": float(len(terms)),
        "coherence": float(coherence),
        "nearest": nearest,
    }
    return replace(candidate, evidence=evidence)


def _coherence(terms: Sequence[str], rows: csr_array, words: Sequence[str]) -> float:
    """Return how well some terms go together, 0 for less than two of them."""
    if len(terms) < 2:  # noqa: PLR2004 # a pair has two
        return 0.0
    wanted = frozenset(terms)
    columns = [column for column, word in enumerate(words) if word in wanted]
    named = [words[column] for column in columns]
    return float(npmi_coherence([terms], csr_array(rows[:, columns]), named)[0])


def _shared_by_posts(candidate: Candidate, rows: csr_array, words: Sequence[str]) -> list[str]:
    """Return the foremost terms that its posts share, the foremost first."""
    held = np.bincount(rows.indices, minlength=len(words))
    least = max(2.0, SHARED_BY * len(candidate.rows))
    shared = {words[word] for word in np.flatnonzero(held >= least).tolist()}
    return [word for word in candidate.profile if word in shared][:COHERENCE_TERMS]


def refused_for(candidate: Candidate, rules: CandidateRules) -> list[str]:
    """Return which of the rules a candidate does not meet; none for one that becomes a topic."""
    shown = candidate.evidence
    checks = {
        "posts": shown["texts"] >= rules.least_posts,
        "share": shown["share"] >= rules.least_share,
        "authors": shown["authors"] >= rules.least_authors,
        "threads": shown["threads"] >= rules.least_threads,
        "one author": shown["of_one_author"] <= rules.most_of_one,
        "one thread": shown["of_one_thread"] <= rules.most_of_one,
        "nights": shown["nights"] >= rules.nights,
        "coherence": shown["coherence"] >= rules.coherence,
        "like a topic": shown["nearest"] < rules.most_alike,
        "surprise": shown["surprise"] >= rules.surprise,
        "one word": shown["shared_terms"] > 1 or shown["surprise"] >= rules.surprise_of_one_word,
    }
    return [name for name, met in checks.items() if not met]


def _n_different(people: Integers) -> int:
    """Return how many different ones there are; each unknown one counts for itself."""
    known = people[people >= 0]
    return len(np.unique(known)) + int((people < 0).sum())


def _of_one(people: Integers) -> float:
    known = people[people >= 0]
    return float(np.bincount(np.unique(known, return_inverse=True)[1]).max(initial=0)) / max(
        len(people), 1
    )


def _n_texts(rows: csr_array) -> int:
    """Return how many posts there are, copies of one text counted once."""
    alike = (unit_rows(rows) @ unit_rows(rows).T).tocoo()
    long = np.diff(rows.indptr) >= LEAST_TERMS_OF_A_COPY
    first, second = alike.coords
    copies = (alike.data >= ALMOST_THE_SAME) & (first > second) & long[first] & long[second]
    return rows.shape[0] - len(np.unique(first[copies]))

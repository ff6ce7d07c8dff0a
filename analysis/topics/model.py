"""Topics: what posts are about, found by factorising their strongest terms, and kept over nights.

TF-IDF cut to the strongest terms of each post and factorised with no entry below zero: the cut
gives topics whose terms hold together better than the whole rows do, at less cost. A post's own
topics are found from its whole row, which measures better than the cut one. Vocabulary and weights
are frozen once fitted, so a post's topics depend on the post and the basis alone.

A night's posts move the basis by little: each topic keeps statistics of the posts it was learned
from (online matrix factorisation, Mairal and others 2010), to which a night adds at most a small
share of the topic's own weight. A topic that hears nothing forgets nothing. Rows keep their topic
ids for ever: `topic_ids_` names them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from analysis.topics.factorise import (
    Statistics,
    evened_rows,
    factorise,
    first_basis,
    gather_statistics,
    improve_basis,
    non_negative_loadings,
    rescaled,
    shares_of,
    unit_length,
)
from analysis.topics.factorise import unexplained as unexplained_share
from analysis.topics.terms.guidance import match_seeds, seed_rows
from analysis.topics.terms.topic_terms import TopicTerms, WeighedPosts

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ROWS_AT_ONCE = 50_000
"""Posts that are weighed together, which bounds the memory that it takes."""
LEAST_HEARD = 20.0
"""A topic counts as learned from so many posts at least, when a night's share is bounded."""


class TopicModel(BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """Non-negative matrix factorisation of each post's strongest terms, updated night by night.

    Parameters
    ----------
    n_topics : int
        Topics to find in `fit`; afterwards `topic_ids_` says how many there are.
    strongest : int
        Terms kept of each post to find the topics.
    min_posts, max_share
        Words in fewer posts, or a greater share of them, are no terms.
    stop_words : collection of str, optional
        Our own list of function words if None.
    terms : TopicTerms, optional
        Unfitted, in place of one with the four parameters above.
    seeds : mapping of str to sequence of str, optional
        Topics that are asked for: a name, and the terms that its row is held to.
    seed_pull : float
        How much the seed terms weigh in their topic, in multiples of what its posts weigh.
    random_state, max_iter : int
        Of the factorisation, which starts from singular vectors.
    sample : int or None
        Posts, drawn by `random_state`, that terms and topics are learned from where there are more.
    memory : float
        A topic remembers so many posts of its own; older ones fade as newer ones come.
    rate : float
        The most that a night's posts may weigh in a topic, as a share of all it remembers.
    night_pull, refit_pull : float
        How much the last basis weighs in an update or a refit, in multiples of the posts' weight.

    evenness : float
        The power of the terms' weights by which posts are given their topics: under 1, a topic's
        lesser terms count for more there than in its row. Leading topics then agree better with
        communities and sections; chosen on news, by measuring.

    Attributes
    ----------
    components_ : (n_topics, n_terms) floats
        Weight of each term in each topic, of Euclidean length one; after `fit` the topic that holds
        most of the posts is the first.
    topic_ids_ : (n_topics,) int64
        The id of each row, which stays with the topic for ever.
    gram_, cross_ : (n_topics, n_topics), (n_topics, n_terms) floats
        Sums over the remembered posts of each topic's loading times all loadings, and times the
        posts' terms.
    posts_ : (n_topics,) floats
        How many posts each topic remembers, a post that is half of it counting a half.
    seed_names_ : list of str
        The name that each row was asked for by, "" for one that was not.
    terms_ : TopicTerms
    vocabulary_ : list of str
    idf_ : (n_terms,) floats
    converged_ : bool
    version_ : int
        1 after `fit`; one more with each update or refit that had posts.
    n_unknown_words_ : int
        How many different words the posts of the last update had that are no terms.
    """

    components_: Floats
    topic_ids_: Integers
    gram_: Floats
    cross_: Floats
    posts_: Floats
    seed_names_: list[str]
    terms_: TopicTerms
    vocabulary_: list[str]
    idf_: Floats
    converged_: bool
    version_: int
    n_unknown_words_: int

    def __init__(
        self,
        *,
        n_topics: int = 20,
        strongest: int = 20,
        min_posts: int = 5,
        max_share: float = 0.3,
        stop_words: frozenset[str] | None = None,
        terms: TopicTerms | None = None,
        seeds: Mapping[str, Sequence[str]] | None = None,
        seed_pull: float = 1.0,
        random_state: int = 0,
        max_iter: int = 200,
        sample: int | None = 100_000,
        memory: float = 500.0,
        rate: float = 0.08,
        night_pull: float = 6.0,
        refit_pull: float = 10.0,
        evenness: float = 0.6,
    ) -> None:
        self.n_topics = n_topics
        self.strongest = strongest
        self.min_posts = min_posts
        self.max_share = max_share
        self.stop_words = stop_words
        self.terms = terms
        self.seeds = seeds
        self.seed_pull = seed_pull
        self.random_state = random_state
        self.max_iter = max_iter
        self.sample = sample
        self.memory = memory
        self.rate = rate
        self.night_pull = night_pull
        self.refit_pull = refit_pull
        self.evenness = evenness

    def fit(self, counts: csr_array, words: Sequence[str]) -> Self:
        """Find topics in posts.

        Parameters
        ----------
        counts : (n, n_words) sparse counts, its columns named by `words`

        Raises
        ------
        ValueError
            Where there are too few posts or terms for so many topics, or a seed has no term.
        """
        counts = self._drawn(counts)
        terms = self.unfitted_terms().fit(counts, words)
        cut = _cut(terms, counts, words)
        heard = cut[np.diff(cut.indptr) > 0]
        if self.n_topics < 1 or self.n_topics > min(heard.shape):
            raise ValueError(
                f"{self.n_topics} topics cannot be found in {heard.shape[0]} posts with"
                f" {heard.shape[1]} terms; ask for fewer topics, from 1"
            )
        names, seeded = self._seed_rows(terms)
        free = self.n_topics - len(names)
        start = np.vstack([seeded, first_basis(heard, free, random_state=self.random_state)])
        pull = np.zeros((self.n_topics, 1))
        pull[: len(names)] = self.seed_pull
        found = factorise(heard, start, pull=pull, max_iter=self.max_iter)
        self.converged_ = found.converged
        self._adopt_terms(terms)
        self.components_ = found.basis
        self.topic_ids_ = np.arange(self.n_topics, dtype=np.int64)
        self.seed_names_ = [*names, *[""] * (self.n_topics - len(names))]
        self.version_, self.n_unknown_words_ = 1, 0
        self._remember(heard)
        mass = self.transform(counts, words).sum(axis=0)
        self._reorder(np.argsort(-mass, kind="stable"))
        self.topic_ids_ = np.arange(self.n_topics, dtype=np.int64)
        return self

    def partial_fit(
        self, counts: csr_array, words: Sequence[str], *, weighed: WeighedPosts | None = None
    ) -> Self:
        """Take in a night's new posts; without a known term among them nothing changes.

        Words that are no terms of the model are left out and counted in `n_unknown_words_`. Arrays
        are replaced and not changed, so that a shallow copy of the model keeps what it had.

        Parameters
        ----------
        weighed : WeighedPosts, optional
            What `terms_.weigh` gave of the same posts, where that is known.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Where the model was not fitted.
        """
        check_is_fitted(self, "components_")
        _, cut, self.n_unknown_words_ = weighed or self.terms_.weigh(counts, words)
        heard = cut[np.diff(cut.indptr) > 0]
        if not heard.shape[0]:
            return self
        (gram, cross), posts = gather_statistics(heard, self.components_)
        weight = self._weight_of_night(posts)
        gram *= weight[:, None]
        gram += self.gram_
        cross *= weight[:, None]
        cross += self.cross_
        heard_of = Statistics(gram, cross)
        moved = improve_basis(self.components_, heard_of, pull=self.night_pull, sweeps=2)
        self.components_, kept = rescaled(moved, heard_of)
        self._set_statistics(kept, self.posts_ + weight * posts)
        self.version_ += 1
        return self

    def refit(
        self,
        counts: csr_array,
        words: Sequence[str],
        *,
        pull: float | None = None,
        new_terms: bool = False,
    ) -> Self:
        """Fit the topics again to all posts, from the last basis and pulled towards it.

        Parameters
        ----------
        pull : float, optional
            In place of `refit_pull`.
        new_terms : bool
            Choose vocabulary and weights anew; the last basis is carried over word by word.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Where the model was not fitted.
        """
        check_is_fitted(self, "components_")
        counts = self._drawn(counts)
        pulls = np.full((1, len(self.vocabulary_)), self.refit_pull if pull is None else pull)
        if new_terms:
            pulls = self._take_new_terms(self.unfitted_terms().fit(counts, words), pulls)
        cut = _cut(self.terms_, counts, words)
        heard = cut[np.diff(cut.indptr) > 0]
        if not heard.shape[0]:
            return self
        found = factorise(heard, self.components_, pull=pulls, max_iter=self.max_iter)
        self.components_, self.converged_ = found.basis, found.converged
        self._remember(heard)
        self.version_ += 1
        return self

    def transform(self, counts: csr_array, words: Sequence[str]) -> Floats:
        """Return how much of each post each topic is: (n, n_topics), rows that sum to one.

        A post without a term of any topic is a row of zeros: it has no topic.
        """
        check_is_fitted(self, "components_")
        parts = [self.shares(self.terms_.transform(block, words)) for block in _blocks(counts)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.components_)))

    def shares(self, terms: csr_array) -> Floats:
        """Return what `transform` does of posts whose whole rows (n, n_terms) are weighed."""
        check_is_fitted(self, "components_")
        evened = evened_rows(self.components_, self.evenness)
        return shares_of(non_negative_loadings(terms, evened))

    def loadings(self, counts: csr_array, words: Sequence[str]) -> Floats:
        """Return each post's loadings (n, n_topics) on the topics, found from its whole row."""
        check_is_fitted(self, "components_")
        parts = [
            non_negative_loadings(self.terms_.transform(block, words), self.components_)
            for block in _blocks(counts)
        ]
        return np.concatenate(parts) if parts else np.empty((0, len(self.components_)))

    def unexplained(self, counts: csr_array, words: Sequence[str]) -> Floats:
        """Return which share of each post's strongest terms no topic explains, (n,), 0 to 1.

        Of their squared length; a post without a term is 0.
        """
        check_is_fitted(self, "components_")
        cut = _cut(self.terms_, counts, words)
        return unexplained_share(
            cut, self.components_, non_negative_loadings(cut, self.components_)
        )

    def add_topic(
        self, component: Floats, *, topic_id: int, counts: csr_array, words: Sequence[str]
    ) -> Self:
        """Add a topic that some posts are about.

        Parameters
        ----------
        component : (n_terms,) floats
        topic_id : int
            Never one that was used before.
        counts : (n, n_words)
            The posts that it is learned from, which its statistics are made of.

        Raises
        ------
        ValueError
            Where the id is one of the model's, or the component has no term.
        """
        check_is_fitted(self, "components_")
        row = unit_length(np.maximum(np.asarray(component, dtype=np.float64), 0.0)[None, :])
        if topic_id in self.topic_ids_ or not row.any():
            raise ValueError(f"topic {topic_id} is there already or has no term; give a new one")
        self.components_ = np.vstack([self.components_, row])
        new, posts = gather_statistics(_cut(self.terms_, counts, words), self.components_)
        gram = np.zeros_like(new.gram)
        gram[:-1, :-1], gram[-1] = self.gram_, new.gram[-1]
        self.topic_ids_ = np.append(self.topic_ids_, np.int64(topic_id))
        self.seed_names_ = [*self.seed_names_, ""]
        self._set_statistics(
            Statistics(gram, np.vstack([self.cross_, new.cross[-1:]])),
            np.append(self.posts_, posts[-1]),
        )
        return self

    def drop_topic(self, topic_id: int) -> Self:
        """Take a topic out; what it explained is not handed to the others."""
        row = self._row(topic_id)
        explained = np.outer(self.gram_[:, row], self.components_[row])
        self.cross_ = np.maximum(self.cross_ - explained, 0.0)
        self._reorder(np.delete(np.arange(len(self.topic_ids_)), row))
        return self

    def merge_topics(self, kept_id: int, gone_id: int) -> Self:
        """Join two topics under the first one's id."""
        kept, gone = self._row(kept_id), self._row(gone_id)
        own = self.posts_[[kept, gone]] @ self.components_[[kept, gone]]
        self.components_[kept] = unit_length(own[None, :])[0]
        self.gram_[kept] += self.gram_[gone]
        self.gram_[:, kept] += self.gram_[:, gone]
        self.cross_[kept] += self.cross_[gone]
        self.posts_[kept] += self.posts_[gone]
        self._reorder(np.delete(np.arange(len(self.topic_ids_)), gone))
        return self

    def forget_terms(self, gone: Collection[str]) -> Self:
        """Drop terms that no post holds any more, with all that was learned of them.

        Topics of posts without these terms move by less than the terms weighed in the topics.
        """
        check_is_fitted(self, "components_")
        kept = [i for i, word in enumerate(self.vocabulary_) if word not in gone]
        self.components_ = self.components_[:, kept]
        self.cross_ = self.cross_[:, kept]
        self._adopt_terms(self.terms_.forget_terms(gone))
        return self

    def admit_terms(self, words: Sequence[str]) -> Self:
        """Make words terms that were none, each as rare as the rarest; no topic weighs them yet."""
        check_is_fitted(self, "components_")
        none = np.zeros((len(self.components_), len(words)))
        self._adopt_terms(self.terms_.admit_terms(words))
        self.components_ = np.hstack([self.components_, none])
        self.cross_ = np.hstack([self.cross_, none])
        return self

    def unfitted_terms(self) -> TopicTerms:
        """Return what weighs the terms, with this model's parameters and not fitted."""
        if self.terms is not None:
            return clone(self.terms)  # type: ignore[no-any-return] # scikit-learn ships no types
        return TopicTerms(
            min_posts=self.min_posts,
            max_share=self.max_share,
            stop_words=self.stop_words,
            strongest=self.strongest,
        )

    def _adopt_terms(self, terms: TopicTerms) -> None:
        self.terms_ = terms
        self.vocabulary_ = terms.vocabulary_
        self.idf_ = terms.idf_

    def _take_new_terms(self, terms: TopicTerms, pulls: Floats) -> Floats:
        """Carry the basis over to other terms, by word; return the pull on each of them.

        Weights follow the change of a word's idf. Nothing holds words back that were no terms.
        """
        column = {word: number for number, word in enumerate(self.vocabulary_)}
        source = np.array([column.get(word, -1) for word in terms.vocabulary_])
        known = source >= 0
        carried = np.zeros((len(self.components_), len(source)))
        scale = terms.idf_[known] / self.idf_[source[known]]
        carried[:, known] = self.components_[:, source[known]] * scale
        pulled = np.zeros((1, len(source)))
        pulled[:, known] = pulls[:, source[known]]
        self.components_ = unit_length(carried)
        self._adopt_terms(terms)
        return pulled

    def _seed_rows(self, terms: TopicTerms) -> tuple[list[str], Floats]:
        """Return the names of the topics asked for and a row of length one for each."""
        names = list(self.seeds or {})
        if len(names) > self.n_topics:
            raise ValueError(f"{len(names)} seeds need at least so many topics: raise n_topics")
        return names, seed_rows(match_seeds(self.seeds or {}, terms.vocabulary_), terms)

    def _drawn(self, counts: csr_array) -> csr_array:
        if self.sample is None or counts.shape[0] <= self.sample:
            return counts
        return counts[drawn_posts(counts.shape[0], self.sample, random_state=self.random_state)]

    def _weight_of_night(self, posts: Floats) -> Floats:
        """Return how much a night's posts count for each topic, so that none weighs too much."""
        bound = self.rate / (1 - self.rate) * np.maximum(self.posts_, LEAST_HEARD)
        return np.minimum(1.0, _ratio(bound, posts))

    def _remember(self, heard: csr_array) -> None:
        statistics, posts = gather_statistics(heard, self.components_)
        self._set_statistics(statistics, posts)

    def _set_statistics(self, statistics: Statistics, posts: Floats) -> None:
        """Keep statistics, each topic's scaled to what it may remember."""
        scale = np.minimum(1.0, _ratio(np.full_like(posts, self.memory), posts))
        self.gram_, self.cross_ = statistics
        self.gram_ *= scale[:, None]
        self.cross_ *= scale[:, None]
        self.posts_ = posts * scale

    def _reorder(self, rows: Integers) -> None:
        self.components_, self.topic_ids_ = self.components_[rows], self.topic_ids_[rows]
        self.gram_, self.cross_ = self.gram_[np.ix_(rows, rows)], self.cross_[rows]
        self.posts_ = self.posts_[rows]
        self.seed_names_ = [self.seed_names_[row] for row in rows]

    def _row(self, topic_id: int) -> int:
        found = np.flatnonzero(self.topic_ids_ == topic_id)
        if not len(found):
            raise ValueError(f"there is no topic {topic_id}; there are {self.topic_ids_.tolist()}")
        return int(found[0])


def drawn_posts(n_posts: int, sample: int, *, random_state: int = 0) -> Integers:
    """Return the row numbers of the posts that a model is fitted to, in order.

    Where a history is long, read the counts of these posts alone.
    """
    if n_posts <= sample:
        return np.arange(n_posts, dtype=np.int64)
    draw = np.random.default_rng(random_state)
    return np.sort(draw.choice(n_posts, sample, replace=False)).astype(np.int64)


def leading_topics(weights: Floats) -> Integers:
    """Return the row number of each post's topic of greatest weight, -1 where it has none."""
    if not weights.shape[1]:
        return np.full(len(weights), -1, dtype=np.int64)
    return np.where(weights.max(axis=1) > 0, weights.argmax(axis=1), -1).astype(np.int64)


def leading_ids(weights: Floats, topic_ids: Integers) -> Integers:
    """Return the id of each post's topic of greatest weight, -1 where it has none."""
    leading = leading_topics(weights)
    return np.where(leading >= 0, np.append(topic_ids, -1)[leading], -1).astype(np.int64)


def _cut(terms: TopicTerms, counts: csr_array, words: Sequence[str]) -> csr_array:
    parts = [terms.cut(block, words) for block in _blocks(counts)]
    if not parts:
        return csr_array((0, len(terms.vocabulary_)))
    return parts[0] if len(parts) == 1 else csr_array(vstack(parts, format="csr"))


def _blocks(rows: csr_array) -> Iterator[csr_array]:
    for start in range(0, rows.shape[0], ROWS_AT_ONCE):
        yield rows[start : start + ROWS_AT_ONCE]


def _ratio(above: Floats, below: Floats) -> Floats:
    filled = np.zeros(np.broadcast_shapes(above.shape, below.shape))
    np.divide(above, below, out=filled, where=below > 0)
    return filled

"""The terms that topics are made of: weighed by TF-IDF, cut, and spread onto what goes with them.

Everything is frozen when it is fitted: vocabulary, idf, which terms go together and which of them
are background. What a post weighs therefore never depends on the posts that come later.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.topics.terms.background import background_weights
from analysis.topics.terms.phrases import BETWEEN
from analysis.topics.terms.related import related_terms, spread_rows
from analysis.vectorise import (
    TermWeighting,
    align_columns,
    columns_among,
    move_columns,
    strongest_terms,
    unit_rows,
)

Floats = NDArray[np.float64]

LEARNED_FROM = 50_000
"""Posts, evenly over all of them, from which it is learned what is background and what goes
together, where there are more: more of them change little and cost much."""
MOST_RELATED = 100
"""Related terms of a term, however short the posts are."""
COMMONER = 0.5
"""How much a row is spread rather onto the commoner of its related terms: the power of the idf.

NPMI alone favours rare terms, which meet few of a topic's other terms.
"""


class WeighedPosts(NamedTuple):
    """Posts weighed once, for all that is asked of them.

    `whole` (n, n_terms) is what `TopicTerms.transform` gives of them and `cut` what `cut` gives;
    `n_unknown_words` says how many different words they have that are no terms.
    """

    whole: csr_array
    cut: csr_array
    n_unknown_words: int


class TopicTerms(TermWeighting):
    """TF-IDF of one model version, its cut to each post's strongest terms, and related terms.

    Parameters
    ----------
    min_posts, max_share
        Words in fewer posts, or a greater share of them, are no terms.
    stop_words : collection of str, optional
        Our own list of function words if None.
    sublinear : bool
        Weigh 1 + log(count) instead of the count.
    background : bool
        Weigh words less that stand in posts about anything.
    strongest : int
        Terms kept of each post in `cut`, before they are spread.
    related : float
        What a term hands on to each related term, as a share of its weight times how strongly the
        two go together (NPMI); 0 spreads nothing.
    spread : int
        Terms kept of each post after spreading.
    handed : int
        To how many related terms an average post is spread, before `spread` of them are kept: the
        fewer terms posts have, the more related terms each has, but never more than 100.

    Attributes
    ----------
    vocabulary_ : list of str
    idf_ : (n_terms,) floats
    background_ : (n_terms,) floats
        What each term's weight is multiplied by: 1 for a term that keeps to some themes, down to 0
        for one that all themes share.
    related_ : (n_terms, n_terms) sparse floats
        How strongly each term goes with its nearest others.
    """

    background_: Floats
    related_: csr_array

    def __init__(
        self,
        *,
        min_posts: int = 5,
        max_share: float = 0.3,
        stop_words: frozenset[str] | None = None,
        sublinear: bool = True,
        background: bool = True,
        strongest: int = 20,
        related: float = 1.0,
        spread: int = 40,
        handed: int = 600,
    ) -> None:
        super().__init__(
            min_posts=min_posts, max_share=max_share, stop_words=stop_words, sublinear=sublinear
        )
        self.background = background
        self.strongest = strongest
        self.related = related
        self.spread = spread
        self.handed = handed

    def fit(self, counts: csr_array, words: Sequence[str]) -> Self:
        """Freeze vocabulary, weights and which terms go together.

        Raises
        ------
        analysis.vectorise.NoWordsLeft
            Where no word is left.
        ValueError
            Where `words` does not name each column once.
        """
        super().fit(counts, words)
        whole = super().transform(_some(counts), words)
        self.background_ = np.ones(len(self.vocabulary_))
        if self.background:
            self.background_ = background_weights(whole, strongest_terms(whole, n=self.strongest))
        strongest = strongest_terms(self._weighed(whole), n=self.strongest)
        self.related_ = self._related(strongest)
        return self

    def transform(self, counts: csr_array, words: Sequence[str]) -> csr_array:
        """Return whole rows of length one, (n_posts, n_terms), not spread."""
        return self._whole(align_columns(counts, words, self.vocabulary_))

    def cut(self, counts: csr_array, words: Sequence[str]) -> csr_array:
        """Return rows of length one of each post's strongest terms and what goes with them."""
        return self.spread_on(self._strongest(self.transform(counts, words)))

    def weigh(self, counts: csr_array, words: Sequence[str]) -> WeighedPosts:
        """Return what `transform` and `cut` give, the words looked up and weighed once."""
        columns = columns_among(words, self.vocabulary_)
        whole = self._whole(move_columns(counts, columns, n_columns=len(self.vocabulary_)))
        used = np.bincount(counts.indices, minlength=len(columns)) > 0
        unknown = int(np.count_nonzero(used & (columns < 0)))
        return WeighedPosts(whole, self.spread_on(self._strongest(whole)), unknown)

    def spread_on(self, weights: csr_array) -> csr_array:
        """Return rows (n, n_terms) of weights spread onto what goes with their terms."""
        if not self.related:
            return weights
        return spread_rows(
            weights,
            self.related_,
            share=self.related,
            n=self.spread,
            favour=self.idf_**-COMMONER,
        )

    def _whole(self, aligned: csr_array) -> csr_array:
        return unit_rows(self._weighed(self.weighted(aligned)))

    def _weighed(self, weights: csr_array) -> csr_array:
        weights.data = weights.data * self.background_[weights.indices]
        return weights

    def _related(self, strongest: csr_array) -> csr_array:
        a_post = strongest.nnz / max(int(np.count_nonzero(np.diff(strongest.indptr))), 1)
        n = int(self.handed / max(a_post, 1.0))
        return related_terms(strongest, n=min(n, MOST_RELATED))

    def _strongest(self, whole: csr_array) -> csr_array:
        """Return each post's strongest terms from its whole row."""
        return strongest_terms(whole, n=self.strongest)

    def forget_terms(self, gone: Collection[str]) -> Self:
        """Drop terms and the phrases that hold them, with all that was learned of them."""
        gone = set(gone)
        kept = np.array(
            [
                term not in gone and gone.isdisjoint(term.split(BETWEEN))
                for term in self.vocabulary_
            ],
            dtype=bool,
        )
        self.vocabulary_ = [
            term for term, stays in zip(self.vocabulary_, kept, strict=True) if stays
        ]
        self.idf_, self.background_ = self.idf_[kept], self.background_[kept]
        self.related_ = csr_array(self.related_[kept][:, kept])
        return self

    def admit_terms(self, words: Sequence[str]) -> Self:
        """Make words terms that were none: each as rare as the rarest term, and related to none."""
        self.vocabulary_ = [*self.vocabulary_, *words]
        rarest = float(self.idf_.max(initial=1.0))
        self.idf_ = np.append(self.idf_, np.full(len(words), rarest))
        self.background_ = np.append(self.background_, np.ones(len(words)))
        n, kept = len(self.vocabulary_), self.related_
        starts = np.append(kept.indptr, np.full(len(words), kept.nnz, dtype=kept.indptr.dtype))
        self.related_ = csr_array((kept.data, kept.indices, starts), shape=(n, n))
        return self

    def learned(self) -> Mapping[str, NDArray[Any]]:
        """Return what was learned as arrays, for saving."""
        return {
            "vocabulary": np.array(self.vocabulary_, dtype=np.str_),
            "idf": self.idf_,
            "background": self.background_,
            "related": self.related_.data,
            "related_columns": self.related_.indices,
            "related_starts": self.related_.indptr,
        }

    def restore(self, learned: Mapping[str, NDArray[Any]]) -> Self:
        """Take over what `learned` returned."""
        self.vocabulary_ = learned["vocabulary"].tolist()
        self.idf_, self.background_ = learned["idf"], learned["background"]
        n = len(self.vocabulary_)
        self.related_ = csr_array(
            (learned["related"], learned["related_columns"], learned["related_starts"]),
            shape=(n, n),
        )
        return self


def _some(counts: csr_array) -> csr_array:
    """Return posts evenly over all of them, as many as are learned from."""
    n_posts = counts.shape[0]
    if n_posts <= LEARNED_FROM:
        return counts
    return counts[np.linspace(0, n_posts - 1, LEARNED_FROM).astype(np.int64)]

"""Posts of recent nights that the topics explain badly: what new topics may grow from.

A bounded pool: nights leave as newer ones come, and of a large night a share is kept, evenly over
its posts. A post is kept as the terms that weigh most in it, each marked where no topic explains
it, and as those of its words that are outside the model's vocabulary, where two posts of a night or
more hold them: a topic may be about a word that nobody wrote before. Rows carry the post's number,
so that an erased post leaves; nobody's authorship is kept.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from analysis.stopwords import load_stopwords
from analysis.topics.factorise import loadings_and_unexplained
from analysis.topics.model import TopicModel, leading_topics
from analysis.topics.terms.phrases import BETWEEN
from analysis.vectorise import strongest_terms

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

OPEN = 0.25
"""A term is open in a post where the topics explain less than this share of its weight."""
LEAST_LETTERS = 3
POSTS_WITH_NEW_WORD = 2
"""A word outside the vocabulary is kept where so many posts of a night hold it."""
_ENTRIES_AT_ONCE = 4_096
"""As many entries as stay in the processor's cache."""


class Entries(NamedTuple):
    """The terms of posts, an entry for each post and term: all arrays are (n_entries,).

    `post` is a row number, `word` a number into a list of words, `is_open` says that no topic
    explains the term in that post.
    """

    post: Integers
    word: Integers
    weight: Floats
    is_open: Flags

    def where(self, kept: Flags) -> "Entries":
        """Return some of the entries."""
        return Entries(self.post[kept], self.word[kept], self.weight[kept], self.is_open[kept])


class ReadPosts(NamedTuple):
    """A night's posts as the pool sees them: entries over `words`, and each post's residual.

    `residual` (n,) is the share of a post's strongest terms and new words, by their squared weight,
    that no topic explains, from 0 to 1; 0 for a post without any. `leading` (n,) is the row of the
    topic that explains most of the strongest terms, -1 where none does.
    """

    entries: Entries
    words: list[str]
    residual: Floats
    leading: Integers

    def led(self, n_topics: int, *, middle: float) -> Integers:
        """Return how many posts each topic leads, of those with a residual of `middle` at most.

        Any topic leads some of the posts that none explains: they would hide its silence.
        """
        clear = (self.leading >= 0) & (self.residual <= middle)
        return np.bincount(self.leading[clear], minlength=n_topics).astype(np.int64)


def read_posts(
    model: TopicModel,
    counts: csr_array,
    words: Sequence[str],
    *,
    known: Collection[str] = (),
    whole: csr_array | None = None,
) -> ReadPosts:
    """Return the strongest terms of posts, marked where no topic explains them, and new words.

    Parameters
    ----------
    known : collection of str
        Words outside the vocabulary that are no new words, for instance too frequent ones.
    whole : (n, n_terms), optional
        What the model's terms weigh in the posts, where that is known.
    """
    whole = model.terms_.transform(counts, words) if whole is None else whole
    # What a post itself holds: not what its terms are spread onto to find topics.
    cut = strongest_terms(whole, n=model.strongest)
    loadings, residual = loadings_and_unexplained(cut, model.components_)
    residual[np.diff(cut.indptr) == 0] = 0.0
    rows = np.repeat(np.arange(cut.shape[0]), np.diff(cut.indptr)).astype(np.int64)
    columns = cut.indices.astype(np.int64)
    explained = _explained(loadings, model.components_, rows, columns)
    entries = Entries(rows, columns, cut.data, explained < OPEN * cut.data)
    return _with_new_words(
        ReadPosts(entries, list(model.vocabulary_), residual, leading_topics(loadings)),
        counts,
        words,
        known,
    )


def _explained(loadings: Floats, basis: Floats, rows: Integers, columns: Integers) -> Floats:
    """Return (loadings @ basis) at some places, without the product as a whole."""
    explained = np.zeros(len(rows))
    across = np.ascontiguousarray(basis.T)
    for start in range(0, len(rows), _ENTRIES_AT_ONCE):
        part = slice(start, start + _ENTRIES_AT_ONCE)
        explained[part] = np.einsum("ij,ij->i", loadings[rows[part]], across[columns[part]])
    return explained


def _with_new_words(
    read: ReadPosts, counts: csr_array, words: Sequence[str], known: Collection[str]
) -> ReadPosts:
    """Add the words outside the vocabulary; each weighs as much as its post's strongest term."""
    terms, known, stop = set(read.words), frozenset(known), load_stopwords()
    held = np.bincount(counts.indices[counts.data > 0], minlength=counts.shape[1])
    columns = [
        column
        for column in np.flatnonzero(held >= POSTS_WITH_NEW_WORD).tolist()
        if not ((word := words[column]) in terms or word in known or word in stop)
        and _is_word(word)
    ]
    if not columns:
        return read
    found = csr_array(counts[:, columns]).tocoo()
    post, number = found.coords[0].astype(np.int64), found.coords[1].astype(np.int64)
    strongest = np.zeros(counts.shape[0])
    np.maximum.at(strongest, read.entries.post, read.entries.weight)
    strongest[strongest == 0] = 1.0
    unknown = np.bincount(post, weights=strongest[post] ** 2, minlength=counts.shape[0])
    heard = np.bincount(read.entries.post, minlength=counts.shape[0]) > 0
    residual = (heard * read.residual + unknown) / np.maximum(heard + unknown, 1e-12)
    entries = Entries(
        np.concatenate([read.entries.post, post]),
        np.concatenate([read.entries.word, number + len(read.words)]),
        np.concatenate([read.entries.weight, strongest[post]]),
        np.concatenate([read.entries.is_open, np.ones(len(post), dtype=bool)]),
    )
    joined = [*read.words, *(words[column] for column in columns)]
    return ReadPosts(entries, joined, residual, read.leading)


def _is_word(word: str) -> bool:
    return len(word) >= LEAST_LETTERS and any(letter.isalpha() for letter in word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Badly explained posts of the last nights; every change gives another pool.

    Attributes
    ----------
    entries : Entries over `words`
    words : list of str
    post_ids, night : (n,) int64
        The number of each post, and of the night it came in.
    nights : (n_nights,) int64
        The nights that the pool covers, the oldest first.
    read : (n_nights,) floats
        How many posts were read in each, well explained ones too; of a large night, the share of
        them that the posts in the pool stand for.
    """

    entries: Entries
    words: list[str]
    post_ids: Integers
    night: Integers
    nights: Integers
    read: Floats

    @classmethod
    def empty(cls) -> "Pool":
        """Return a pool without posts."""
        none = np.empty(0, dtype=np.int64)
        entries = Entries(none, none, np.empty(0), np.empty(0, dtype=bool))
        return cls(
            entries=entries, words=[], post_ids=none, night=none, nights=none, read=np.empty(0)
        )

    def __len__(self) -> int:
        return len(self.post_ids)

    def absorb(
        self, posts: ReadPosts, post_ids: Integers, *, bar: float, window: int, most_posts: int
    ) -> "Pool":
        """Take in a night: its posts with a residual of `bar` or more; the oldest night leaves.

        Parameters
        ----------
        window : int
            Nights that the pool covers.
        most_posts : int
            Of all nights together; each may have an equal share of it.
        """
        number = int(self.nights[-1]) + 1 if len(self.nights) else 0
        bad = np.flatnonzero((posts.residual >= bar) & (posts.residual > 0))
        bad = bad[np.argsort(post_ids[bad], kind="stable")]
        most = max(most_posts // window, 1)
        standing = len(posts.residual) * min(1.0, most / max(len(bad), 1))
        if len(bad) > most:
            bad = bad[np.arange(most) * len(bad) // most]
        grown = self._appended(posts, bad, post_ids, number=number, read=standing)
        return grown.of_posts(grown.night > number - window, nights=grown.nights > number - window)

    def _appended(
        self, posts: ReadPosts, rows: Integers, post_ids: Integers, *, number: int, read: float
    ) -> "Pool":
        place = np.full(len(posts.residual), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows)) + len(self)
        new = posts.entries.where(place[posts.entries.post] >= 0)
        words, moved = _joined(self.words, posts.words, new.word)
        return Pool(
            entries=Entries(
                np.concatenate([self.entries.post, place[new.post]]),
                np.concatenate([self.entries.word, moved]),
                np.concatenate([self.entries.weight, new.weight]),
                np.concatenate([self.entries.is_open, new.is_open]),
            ),
            words=words,
            post_ids=np.concatenate([self.post_ids, post_ids[rows]]),
            night=np.concatenate([self.night, np.full(len(rows), number, dtype=np.int64)]),
            nights=np.append(self.nights, np.int64(number)),
            read=np.append(self.read, read),
        )

    def of_posts(self, kept: Flags, *, nights: Flags | None = None) -> "Pool":
        """Return the pool with some of its posts, and only the words that these hold."""
        place = np.cumsum(kept) - 1
        entries = self.entries.where(kept[self.entries.post])
        used = np.flatnonzero(np.bincount(entries.word, minlength=len(self.words)))
        number = np.full(len(self.words), -1, dtype=np.int64)
        number[used] = np.arange(len(used))
        covered = np.ones(len(self.nights), dtype=bool) if nights is None else nights
        return Pool(
            entries=entries._replace(
                post=place[entries.post].astype(np.int64), word=number[entries.word]
            ),
            words=[self.words[word] for word in used.tolist()],
            post_ids=self.post_ids[kept],
            night=self.night[kept],
            nights=self.nights[covered],
            read=self.read[covered],
        )

    def forget_posts(self, post_ids: Collection[int]) -> "Pool":
        """Return the pool without some posts, and without the words that only they held."""
        gone = np.fromiter(post_ids, dtype=np.int64, count=len(post_ids))
        return self.of_posts(~np.isin(self.post_ids, gone))

    def forget_terms(self, words: Collection[str]) -> "Pool":
        """Return the pool without some words, and the phrases that hold them."""
        kept = np.array([not holds_any(word, words) for word in self.words], dtype=bool)
        entries = self.entries.where(kept[self.entries.word])
        every = np.ones(len(self), dtype=bool)
        return Pool(
            entries=entries,
            words=self.words,
            post_ids=self.post_ids,
            night=self.night,
            nights=self.nights,
            read=self.read,
        ).of_posts(every)

    def rows(self, *, open_only: bool = False) -> csr_array:
        """Return the posts' weights, (n_posts, n_words)."""
        chosen = self.entries.where(self.entries.is_open) if open_only else self.entries
        return csr_array(
            coo_array(
                (chosen.weight, (chosen.post, chosen.word)), shape=(len(self), len(self.words))
            )
        )


def holds_any(term: str, words: Collection[str]) -> bool:
    """Say whether a term, which may be a phrase, is or holds one of some words."""
    return term in words or any(word in words for word in term.split(BETWEEN))


def _joined(words: list[str], more: list[str], used: Integers) -> tuple[list[str], Integers]:
    """Return the words with those of `more` that are used, and where `used` lie among them."""
    number = {word: place for place, word in enumerate(words)}
    moved = np.zeros(len(more), dtype=np.int64)
    for place in np.flatnonzero(np.bincount(used, minlength=len(more))).tolist():
        moved[place] = number.setdefault(more[place], len(number))
    return list(number), moved[used]

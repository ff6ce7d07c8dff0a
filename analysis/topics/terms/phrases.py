"""Multi-word terms: words that stand together far more often than chance puts them there.

*Mental health* is one term, not two. Phrases are found once, frozen with a model, and merged into
the tokens of every later post: the words of a phrase then count as the phrase alone. Tokens are
taken in reading order, so words are neighbours only where they were neighbours in the post.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.stopwords import load_stopwords

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

LONGEST = 3
"""Words of the longest phrase."""
BETWEEN = " "
"""What stands between the words of a phrase in its term."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases in the order of their scores, the greatest first.

    Attributes
    ----------
    words : tuple of tuples of str
        The words of each phrase, in reading order.
    scores : tuple of float
        How strongly they stand together (NPMI).
    n_posts : tuple of int
        In how many posts each was found.
    """

    words: tuple[tuple[str, ...], ...] = ()
    scores: tuple[float, ...] = ()
    n_posts: tuple[int, ...] = ()

    @property
    def terms(self) -> list[str]:
        """The text of each phrase as a term."""
        return [BETWEEN.join(phrase) for phrase in self.words]

    def joined(self, others: Self) -> Self:
        """Return these phrases and, after them, those of the others that are not among them."""
        ours = set(self.words)
        new = [row for row, phrase in enumerate(others.words) if phrase not in ours]
        return type(self)(
            (*self.words, *(others.words[row] for row in new)),
            (*self.scores, *(others.scores[row] for row in new)),
            (*self.n_posts, *(others.n_posts[row] for row in new)),
        )

    def forget_words(self, gone: Collection[str]) -> Self:
        """Return the phrases without those that have one of these words."""
        kept = [row for row, phrase in enumerate(self.words) if not set(phrase) & set(gone)]
        return type(self)(
            tuple(self.words[row] for row in kept),
            tuple(self.scores[row] for row in kept),
            tuple(self.n_posts[row] for row in kept),
        )


class MergedTokens(NamedTuple):
    """Tokens in reading order in which phrases are single terms.

    `posts` and `words` are (n,) integers, `texts` the text of each number in `words`: those that
    were there, and one for each phrase after them.
    """

    posts: Integers
    words: Integers
    texts: list[str]


def phrases_of_terms(vocabulary: Iterable[str]) -> Phrases:
    """Return the phrases among the terms of a frozen vocabulary, without their scores."""
    found = tuple(tuple(term.split(BETWEEN)) for term in vocabulary if BETWEEN in term)
    return Phrases(found, (float("nan"),) * len(found), (0,) * len(found))


def words_of_terms(vocabulary: Iterable[str]) -> set[str]:
    """Return every word of some terms, those of phrases one by one."""
    return {word for term in vocabulary for word in term.split(BETWEEN)}


def find_phrases(
    posts: ArrayLike,
    words: ArrayLike,
    texts: Sequence[str],
    *,
    min_posts: int = 20,
    least: float = 0.4,
    stop_words: Collection[str] | None = None,
) -> Phrases:
    """Find the phrases of two and three words.

    The score is pointwise mutual information of all words, normalised to at most 1 (Bouma 2009;
    for three words Van de Cruys 2011, specific correlation). A phrase neither begins nor ends with
    a stop word (*quality of life* is one, *of life* is none), repeats no word, and holds no number.

    Parameters
    ----------
    posts, words : (n_tokens,) integers
        Post of each token, and its word as a number into `texts`, in reading order and each post's
        tokens together.
    min_posts : int
        Posts in which a phrase has to stand.
    least : float
        Its least score.
    stop_words : collection of str, optional
        Our own list of function words if None.

    Raises
    ------
    ValueError
        Where the two token arrays differ in length.
    """
    rows, numbers = _tokens(posts, words)
    stop_words = load_stopwords() if stop_words is None else stop_words
    open_end = np.array([t not in stop_words and t.isalpha() for t in texts], dtype=bool)
    inside = np.array([any(map(str.isalpha, t)) for t in texts], dtype=bool)
    how_often = np.bincount(numbers, minlength=len(texts)) / max(len(numbers), 1)
    found = []
    for length in range(2, LONGEST + 1):
        at = _starts(rows, numbers, open_end=open_end, inside=inside, length=length)
        found += _scored(
            rows, numbers, at, how_often=how_often, length=length, min_posts=min_posts, least=least
        )
    found.sort(key=lambda each: (-each[0], [texts[number] for number in each[2]]))
    return Phrases(
        tuple(tuple(texts[number] for number in each[2]) for each in found),
        tuple(each[0] for each in found),
        tuple(each[1] for each in found),
    )


def merge_phrases(
    posts: ArrayLike, words: ArrayLike, texts: Sequence[str], phrases: Phrases
) -> MergedTokens:
    """Return the tokens with every phrase as one term in the place of its words.

    Longer phrases go before shorter ones, and of those that overlap the one that comes first.

    Parameters
    ----------
    posts, words, texts
        As for `find_phrases`.

    Raises
    ------
    ValueError
        Where the two token arrays differ in length.
    """
    rows, numbers = _tokens(posts, words)
    number = {text: n for n, text in enumerate(texts)}
    free = np.ones(len(numbers), dtype=np.bool_)
    merged, gone = numbers.copy(), np.zeros(len(numbers), dtype=np.bool_)
    for length in range(LONGEST, 1, -1):
        ours = [
            (len(texts) + row, tuple(number[word] for word in phrase))
            for row, phrase in enumerate(phrases.words)
            if len(phrase) == length and all(word in number for word in phrase)
        ]
        at, term = _matches(
            rows, numbers, free=free, phrases=ours, length=length, n_texts=len(texts)
        )
        chosen = _apart(at, length)
        at, term = at[chosen], term[chosen]
        merged[at] = term
        for step in range(length):
            free[at + step] = False
            gone[at + step] |= step > 0
    return MergedTokens(rows[~gone], merged[~gone], [*texts, *phrases.terms])


def _tokens(posts: ArrayLike, words: ArrayLike) -> tuple[Integers, Integers]:
    rows, numbers = np.asarray(posts, dtype=np.int64), np.asarray(words, dtype=np.int64)
    if len(rows) != len(numbers):
        raise ValueError(f"{len(rows)} token posts and {len(numbers)} words: give one of each")
    return rows, numbers


def _starts(
    rows: Integers, numbers: Integers, *, open_end: Booleans, inside: Booleans, length: int
) -> Integers:
    """Return where so many words of one post stand that may be a phrase."""
    n = max(len(numbers) - length + 1, 0)
    parts = [numbers[step : step + n] for step in range(length)]
    fits = (rows[:n] == rows[length - 1 : length - 1 + n]) & open_end[parts[0]]
    fits &= open_end[parts[-1]]
    for step, part in enumerate(parts):
        fits &= inside[part]
        for other in parts[:step]:
            fits &= part != other
    return np.flatnonzero(fits)


def _scored(
    rows: Integers,
    numbers: Integers,
    at: Integers,
    *,
    how_often: Floats,
    length: int,
    min_posts: int,
    least: float,
) -> list[tuple[float, int, list[int]]]:
    """Return score, posts and words of the phrases among some places."""
    if not len(at):
        return []
    places = numbers[at[:, None] + np.arange(length)]
    key = places[:, 0]
    for step in range(1, length):
        # Renumbered at each step, so that no product overflows.
        key = np.unique(key, return_inverse=True)[1] * len(how_often) + places[:, step]
    _, first, phrase, times = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    once = np.unique(phrase * (rows.max() + 1) + rows[at])
    n_posts = np.bincount(once // (rows.max() + 1), minlength=len(first))
    share = times / len(numbers)
    chance = np.prod(how_often[places[first]], axis=1)
    score = np.log(share / chance) / (-(length - 1) * np.log(share))
    kept = np.flatnonzero((n_posts >= min_posts) & (score >= least))
    return [(float(score[i]), int(n_posts[i]), places[first[i]].tolist()) for i in kept]


def _matches(
    rows: Integers,
    numbers: Integers,
    *,
    free: Booleans,
    phrases: Sequence[tuple[int, tuple[int, ...]]],
    length: int,
    n_texts: int,
) -> tuple[Integers, Integers]:
    """Return where phrases of one length stand among free tokens, and the term of each."""
    n = len(numbers) - length + 1
    if n < 1 or not phrases:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    at = np.flatnonzero(rows[:n] == rows[length - 1 :])
    prefix: dict[tuple[int, ...], int] = {(): 0}
    known = [dict[tuple[int, int], int]() for _ in range(length)]
    for term, words in phrases:
        state: tuple[int, ...] = ()
        for step, word in enumerate(words):
            longer = (*state, word)
            code = term if step == length - 1 else prefix.setdefault(longer, len(prefix))
            known[step][prefix[state], word] = code
            state = longer
    states = np.zeros(len(at), dtype=np.int64)
    for step, table in enumerate(known):
        places = at + step
        states = _looked_up(table, states * n_texts + numbers[places], n_texts)
        wanted = (states >= 0) & free[places]
        at, states = at[wanted], states[wanted]
    return at, states


def _looked_up(table: dict[tuple[int, int], int], keys: Integers, n_texts: int) -> Integers:
    """Return what each key stands for, -1 for one that is not in the table."""
    ordered = sorted((state * n_texts + word, code) for (state, word), code in table.items())
    known = np.array([key for key, _ in ordered], dtype=np.int64)
    codes = np.array([code for _, code in ordered], dtype=np.int64)
    place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[place] == keys, codes[place], -1)


def _apart(at: Integers, length: int) -> Booleans:
    """Tell which places to keep so that none overlaps one kept before it; `at` ascends."""
    kept = np.zeros(len(at), dtype=np.bool_)
    undecided = np.arange(len(at))
    while len(undecided):
        places = at[undecided]
        leads = np.diff(places, prepend=places[:1] - length) >= length
        kept[undecided[leads]] = True
        # The leader of each run, whom the others of the run are measured by.
        leader = np.maximum.accumulate(np.where(leads, places, np.int64(-length)))
        undecided = undecided[places - leader >= length]
    return kept

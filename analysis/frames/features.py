"""What the frame classifier looks at: words, and the pieces of three to five letters in them.

Pieces let a classifier that saw 300 posts know *underfunded* from *funding*. They are made from the
words of the index, not from text: the counts of pieces are the counts of words times a matrix of
words by pieces, so a word that was never seen in training still has its pieces.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np
from scipy.sparse import coo_array, csr_array, hstack
from sklearn.base import BaseEstimator

from analysis.vectorise import TermWeighting

PIECE_LENGTHS = (3, 4, 5)
_NO_STOP_WORDS: frozenset[str] = frozenset()  # "we" and "they" are what some frames are made of


class FrameFeatures(BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """TF-IDF of words beside TF-IDF of their pieces, each of Euclidean length one.

    Parameters
    ----------
    min_posts_word, min_posts_piece : int
        Words and pieces in fewer posts are left out.

    Attributes
    ----------
    words_, pieces_ : TermWeighting
        The frozen vocabularies and their weights.
    """

    def __init__(self, *, min_posts_word: int = 2, min_posts_piece: int = 3) -> None:
        self.min_posts_word = min_posts_word
        self.min_posts_piece = min_posts_piece

    def fit(self, counts: csr_array, words: Sequence[str]) -> Self:
        """Choose words and pieces; `counts` is (n, n_words), its columns named by `words`."""
        self.words_ = self.word_weighting().fit(counts, words)
        pieces, piece_counts = count_pieces(counts, words)
        self.pieces_ = self.piece_weighting().fit(piece_counts, pieces)
        return self

    def transform(self, counts: csr_array, words: Sequence[str]) -> csr_array:
        """Return the features (n, n_kept) of posts."""
        pieces, piece_counts = count_pieces(counts, words, known=self.pieces_.vocabulary_)
        blocks = [
            self.words_.transform(counts, words),
            self.pieces_.transform(piece_counts, pieces),
        ]
        return csr_array(hstack(blocks, format="csr"))

    def word_weighting(self) -> TermWeighting:
        """Return an unfitted weighting of words."""
        return _weighting(self.min_posts_word)

    def piece_weighting(self) -> TermWeighting:
        """Return an unfitted weighting of pieces."""
        return _weighting(self.min_posts_piece)


def _weighting(min_posts: int) -> TermWeighting:
    return TermWeighting(
        min_posts=min_posts, max_share=1.0, stop_words=_NO_STOP_WORDS, sublinear=True
    )


def pieces_of(word: str) -> list[str]:
    """Return the pieces of a word, its start and end marked by a space."""
    marked = f" {word} "
    return [
        marked[start : start + length]
        for length in PIECE_LENGTHS
        for start in range(len(marked) - length + 1)
    ]


def count_pieces(
    counts: csr_array, words: Sequence[str], *, known: Sequence[str] | None = None
) -> tuple[list[str], csr_array]:
    """Return the pieces, all or the known ones, and their counts (n, n_pieces) in posts."""
    column_of = {piece: column for column, piece in enumerate(known or ())}
    rows: list[int] = []
    columns: list[int] = []
    for row, word in enumerate(words):
        for piece in pieces_of(word):
            column = column_of.get(piece)
            if column is None:
                if known is not None:
                    continue
                column = column_of[piece] = len(column_of)
            rows.append(row)
            columns.append(column)
    index = (np.array(rows, dtype=np.int32), np.array(columns, dtype=np.int32))
    shape = (len(words), len(column_of))
    made_of = csr_array(coo_array((np.ones(len(rows)), index), shape=shape))
    return list(column_of), csr_array(counts @ made_of)

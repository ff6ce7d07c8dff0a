"""The codings of a pool as arrays: what coders said of posts that count."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.codebook import Codebook
from flows.arrow_rows import list_of, values_of
from flows.corpus_arrays import CorpusArrays
from warehouse.gateway import Warehouse

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_CODINGS = """
SELECT d.post_id, d.inclusion_probability, c.coder, c.frame, c.value
FROM draws d JOIN codings c USING (post_id)
WHERE d.pool = ? AND d.state = 'coded' ORDER BY ALL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedPosts:
    """The coded posts of a pool that count.

    Attributes
    ----------
    rows : (m,) positions in the corpus
    codings : (coders, m, F) floats, NaN where a coder did not code a frame of a post
    probability : (m,) inclusion probabilities over all waves; NaN in the train pool
    """

    rows: Integers
    codings: Floats
    probability: Floats

    @property
    def values(self) -> Floats:
        """(m, F) codings averaged over the coders of each post; NaN where nobody coded."""
        coded = ~np.isnan(self.codings)
        n = coded.sum(axis=0)
        total = np.where(coded, self.codings, 0.0).sum(axis=0)
        return np.asarray(np.where(n > 0, total / np.maximum(n, 1), np.nan), dtype=np.float64)


def read_codings(
    warehouse: Warehouse,
    corpus: CorpusArrays,
    codebook: Codebook,
    pool: Literal["train", "measure"],
) -> CodedPosts:
    """Return what was coded in a pool; frames that the codebook lacks are left out."""
    stored = warehouse.query(_CODINGS, [pool])
    posts, post = np.unique(values_of(stored, "post_id"), return_inverse=True)
    coders, coder = np.unique(values_of(stored, "coder"), return_inverse=True)
    columns = {frame.key: number for number, frame in enumerate(codebook.frames)}
    names = list_of(stored, "frame")
    frame = np.array([columns.get(name, -1) for name in names], dtype=np.int64)
    codings = np.full((len(coders), len(posts), len(columns)), np.nan)
    known = frame >= 0
    codings[coder[known], post[known], frame[known]] = values_of(stored, "value")[known]
    probability = np.full(len(posts), np.nan)
    probability[post] = values_of(stored, "inclusion_probability")
    rows = corpus.positions(posts)
    counted = rows >= 0
    return CodedPosts(
        rows=rows[counted], codings=codings[:, counted], probability=probability[counted]
    )

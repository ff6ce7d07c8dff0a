"""Which of many candidates to code so that they do not all say the same.

Posts that a classifier is least sure of are often alike. Farthest-first choice (Gonzalez 1985; as
core sets for active learning, Sener and Savarese 2018) takes each next one where it is farthest in
words from all that were taken.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def unit_rows(counts: Any) -> Any:
    """Return damped counts (n, n_words), sparse, each row of length 1 or 0."""
    damped = counts.astype(np.float64).sqrt().tocsr()
    length = np.sqrt(np.asarray(damped.power(2).sum(axis=1), dtype=np.float64).ravel())
    row = np.repeat(np.arange(damped.shape[0]), np.diff(damped.indptr))
    damped.data = damped.data / np.where(length > 0, length, 1.0)[row]
    return damped


def farthest_first(rows: Any, *, wanted: int) -> Integers:
    """Return positions of at most `wanted` rows, each the farthest from those before it.

    Parameters
    ----------
    rows : (n, n_words) sparse array
        Unit rows, the one to begin with first; of equally far ones the earlier is taken.
    wanted : int
        How many to take.
    """
    n = rows.shape[0]
    taken: list[int] = []
    nearest = np.full(n, -1.0)  # greatest cosine with anything taken
    for _ in range(min(wanted, n)):
        best = int(np.argmin(nearest))
        taken.append(best)
        cosine = np.asarray((rows @ rows[[best]].T).todense(), dtype=np.float64).ravel()
        nearest = np.maximum(nearest, cosine)
        nearest[best] = np.inf
    return np.array(taken, dtype=np.int64)

"""Dispersion: how evenly a word is spread over the parts of a corpus.

What the parts are (posts, threads, communities, authors) is decided where they are counted. With
s_i the share of all tokens that part i holds, v_i the share of the word's occurrences there and
p_i = v_i / s_i:

- range: parts in which the word occurs;
- DP = sum |v_i - s_i| / 2, from 0 (as even as the parts' sizes) towards 1 (Gries 2008, Dispersions
  and adjusted frequencies in corpora, International Journal of Corpus Linguistics 13:403), and
  DP / (1 - min s_i), which reaches 1 (Lijffijt and Gries 2012, the same journal 17:147);
- Juilland's D = 1 - V / sqrt(n - 1), V the coefficient of variation of p_i over all n parts with
  their relative frequencies for unequal parts, from 0 towards 1 (even) (Juilland and
  Chang-Rodríguez 1964; Gries 2008). With many small parts, such as posts, it is near 1 for every
  word that is not in very few of them (Biber et al. 2016, the same journal 21:439): read DP there.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from analysis.corpus.checks import Floats, Integers, counts_of, table_of
from analysis.corpus.tables import to_arrow


@dataclass(frozen=True, slots=True)
class Dispersion:
    """Dispersion of each word over `n_parts` parts that hold tokens.

    `n` counts occurrences, `n_parts_with` is the range. NaN stands where a word does not occur; for
    `dp_norm` and `juilland_d` also where there is only one part.
    """

    n_parts: int
    n: Floats
    n_parts_with: Integers
    dp: Floats
    dp_norm: Floats
    juilland_d: Floats

    def to_arrow(self) -> pa.Table:
        """Return one row a word."""
        return to_arrow(self)


def dispersion(counts: Any, n_tokens: ArrayLike) -> Dispersion:
    """Return how evenly each word is spread.

    Parameters
    ----------
    counts : (n_parts, n_words) sparse or dense counts
        For one word a row of counts will do.
    n_tokens : (n_parts,) tokens of each part, of other words too
        A part without tokens is none.

    Raises
    ------
    ValueError
        Where shapes disagree, a value is negative, or a part has more occurrences than tokens.
    """
    table = table_of(counts)
    tokens = counts_of(n_tokens, "n_tokens", length=table.shape[0])
    part = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    if (table.data > tokens[part]).any():
        raise ValueError("a part has more occurrences than tokens; n_tokens counts all its words")
    n_words = table.shape[1]
    share = tokens / max(float(tokens.sum()), 1.0)
    n_parts = int(np.count_nonzero(tokens))

    def per_word(values: Floats) -> Floats:
        summed = np.bincount(table.indices, weights=values, minlength=n_words)
        return np.asarray(summed, dtype=np.float64)

    n = per_word(table.data)
    own = table.data / n[table.indices]
    held = share[part]
    dp = (per_word(np.abs(own - held) - held) + 1) / 2  # parts without the word add their share
    relative = own / held
    return Dispersion(
        n_parts=n_parts,
        n=n,
        n_parts_with=np.bincount(table.indices, minlength=n_words).astype(np.int64),
        dp=np.where(n > 0, np.clip(dp, 0.0, 1.0), np.nan),
        dp_norm=_normalised(dp, n, share, n_parts),
        juilland_d=_juilland(per_word(relative), per_word(relative**2), n_parts),
    )


def _normalised(dp: Floats, n: Floats, share: Floats, n_parts: int) -> Floats:
    if n_parts <= 1:
        return np.full_like(dp, np.nan)
    most = 1 - float(share[share > 0].min())
    return np.where(n > 0, np.clip(dp / most, 0.0, 1.0), np.nan)


def _juilland(total: Floats, squares: Floats, n_parts: int) -> Floats:
    """Return D from sums of relative frequencies, and of their squares, over all parts."""
    if n_parts <= 1:
        return np.full_like(total, np.nan)
    known = total > 0
    variation = np.divide(n_parts * squares, total**2, out=np.ones_like(total), where=known) - 1
    d = 1 - np.sqrt(np.maximum(variation, 0.0) / (n_parts - 1))
    return np.where(known, np.clip(d, 0.0, 1.0), np.nan)

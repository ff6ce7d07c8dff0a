"""Association of a node with the words near it.

With O places near the node where the collocate stands, f1 occurrences of the node, f2 of the
collocate, N tokens and a window of k positions:

- expected O, if the words were in random order: E = k f1 f2 / N, with k f1 replaced by the number
  of tokens that really stood in windows where that is known, since windows end with their post
  (Evert 2008, Corpora and collocations, sections 4.1 and 5.1: surface cooccurrence);
- logDice = 14 + log2(2 O / (f1 + f2)) (Rychlý 2008, A lexicographer-friendly association score),
  14 when each place of either word is one of the other, a point more for twice the strength, and
  free of N. It is no more than 14 in windows of one position; a wider one may hold a collocate
  more than once, and a rare node whose windows do so can reach 15;
- MI3 = log2(O^3 / E) (Daille 1994; Oakes 1998, Statistics for corpus linguistics, p. 171);
- log-likelihood G2 = 2 sum O_ij ln(O_ij / E_ij) over the four cells of near or not near the node by
  collocate or other word (Dunning 1993, Computational Linguistics 19:61), with Evert's margins:
  k f1, f2 and N. It says how surely, not how strongly, and of attraction and avoidance alike:
  E beside it tells which.

Whether the window lies left, right or on both sides is decided where O is counted.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from analysis.corpus.checks import Floats, counts_of, total_of
from analysis.corpus.tables import to_arrow


@dataclass(frozen=True, slots=True)
class Association:
    """Scores of each collocate; NaN where it never stands near the node.

    `n_near` and `n_collocate` are the counts as given, `expected` is E; `log_likelihood` is known
    without a place near the node too.
    """

    n_near: Floats
    n_collocate: Floats
    expected: Floats
    log_dice: Floats
    mi3: Floats
    log_likelihood: Floats

    def to_arrow(self) -> pa.Table:
        """Return one row a collocate."""
        return to_arrow(self)


def associate(
    n_near: ArrayLike,
    n_collocate: ArrayLike,
    *,
    n_node: float,
    n_tokens: float,
    window: float,
    n_window: float | None = None,
) -> Association:
    """Return how strongly each collocate goes with the node.

    Parameters
    ----------
    n_near : (n_words,) counts
        Places near the node where each collocate stands.
    n_collocate : (n_words,) counts
        Occurrences of each collocate anywhere.
    n_node, n_tokens : occurrences of the node, and tokens of all
    window : positions round the node, such as 10 for five on each side
    n_window : tokens in all windows, optional
        Where not known, `window` times `n_node` stands for it.

    Raises
    ------
    ValueError
        Where counts disagree in length or are negative.
    """
    near = counts_of(n_near, "n_near")
    collocate = counts_of(n_collocate, "n_collocate", length=len(near))
    node, tokens = total_of(n_node, "n_node"), total_of(n_tokens, "n_tokens")
    span = total_of(window, "window") * node if n_window is None else total_of(n_window, "n_window")
    expected = span * collocate / tokens if tokens > 0 else np.zeros_like(near)
    return Association(
        n_near=near,
        n_collocate=collocate,
        expected=expected,
        log_dice=log_dice(near, collocate, n_node=node),
        mi3=_log2(near**3, expected),
        log_likelihood=_log_likelihood(near, collocate, span=min(span, tokens), tokens=tokens),
    )


def log_dice(n_near: Floats, n_collocate: Floats, *, n_node: float) -> Floats:
    """Return logDice of each collocate; NaN where it never stands near the node."""
    return 14 + _log2(2 * n_near, n_node + n_collocate)


def _log2(above: Floats, below: Floats) -> Floats:
    known = (above > 0) & (below > 0)
    ratio = np.divide(above, below, out=np.full_like(above, np.nan), where=known)
    return np.log2(ratio, out=ratio, where=known)


def _log_likelihood(near: Floats, collocate: Floats, *, span: float, tokens: float) -> Floats:
    """Return G2; a cell that overlapping windows would make negative counts as empty."""
    if tokens <= 0:
        return np.full_like(near, np.nan)
    total = np.zeros_like(near)
    for observed, row, column in (
        (near, span, collocate),
        (span - near, span, tokens - collocate),
        (collocate - near, tokens - span, collocate),
        (tokens - span - collocate + near, tokens - span, tokens - collocate),
    ):
        total += times_log(observed, row * column / tokens)
    return np.maximum(2 * total, 0.0)


def times_log(observed: Floats, expected: Floats) -> Floats:
    """Return O ln(O / E), and 0 where there is nothing observed."""
    some = (observed > 0) & (expected > 0)
    ratio = np.divide(observed, expected, out=np.ones_like(observed), where=some)
    return np.asarray(np.log(ratio, out=ratio) * observed, dtype=np.float64)

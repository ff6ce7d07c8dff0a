"""What becomes of inclusion probabilities where some drawn posts were not coded.

A coder may skip a post, and some wait. Within classes of alike posts those that were coded stand
for all that were drawn: the probability that a post was drawn *and* coded is its inclusion
probability times the response rate of its class, so its weight is divided by that rate (weighting
class adjustment; Särndal, Swensson and Wretman 1992, chapter 15). This holds as far as posts of one
class are coded or not regardless of what they say. Waves are classes too: with the greatest chance
over all waves as inclusion probability, weighting by the rate of the post's own wave is unbiased
though waves are coded one after the other.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

LEAST_CODED = 5
"""Coded posts that a class must have for a rate of its own."""


def response_rates(
    responded: ArrayLike,
    within: Sequence[ArrayLike],
    cells: Sequence[ArrayLike] = (),
    *,
    least: int = LEAST_CODED,
) -> Floats:
    """Return the response rate that holds for each drawn post.

    Cells with fewer than `least` responses share a rate within the next wider cell. Within a cell
    each class has a rate of its own, unless what its small ones have together is too few as well:
    then the wider class has one, since posts that wait must be stood for by posts of their cell.

    Parameters
    ----------
    responded : (n,) bools
        Whether each drawn post was coded.
    within : sequence of (n,) integers
        Classes of alike posts within the narrowest cells, narrowest first: stratum, wave.
    cells : sequence of (n,) integers
        What figures are told of, from the narrowest to the widest: period, community, source.
    least : int
        Responses that a class needs.

    Returns
    -------
    (n,) floats within [0, 1], above 0 for every post that was coded.
    """
    answered = np.asarray(responded, dtype=bool)
    rates = np.zeros(len(answered))
    levels = [np.asarray(level) for level in (*within, *cells)]
    open_ = [(np.arange(len(answered)), len(levels) - 1)]
    while open_:
        members, depth = open_.pop()
        _, place = np.unique(levels[depth][members], return_inverse=True)
        coded = np.bincount(place, weights=answered[members])
        rest = coded[place] < least
        if depth < len(within) and rest.any() and answered[members[rest]].sum() < least:
            rest[:] = True
        rates[members[rest]] = answered[members[rest]].mean() if rest.any() else 0.0
        for number in np.unique(place[~rest]).tolist():
            inside = members[place == number]
            if depth:
                open_.append((inside, depth - 1))
            else:
                rates[inside] = answered[inside].mean()
    return rates

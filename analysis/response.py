"""What becomes of inclusion probabilities where some drawn posts were not coded.

A coder may skip a post, and some wait. Within classes of alike posts those that were coded stand
for all that were drawn: the probability that a post was drawn *and* coded is its inclusion
probability times the response rate of its class, so its weight is divided by that rate (weighting
class adjustment; Särndal, Swensson and Wretman 1992, chapter 15). This holds as far as posts of one
class are coded or not regardless of what they say.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

LEAST_CODED = 5
"""Coded posts that a class must have for a rate of its own."""


def response_rates(
    responded: ArrayLike, classes: Sequence[ArrayLike], *, least: int = LEAST_CODED
) -> Floats:
    """Return the response rate that holds for each drawn post.

    Classes with fewer than `least` responses are put together with others like them within the next
    wider class, and so on; what is left at the end shares the rate of all.

    Parameters
    ----------
    responded : (n,) bools
        Whether each drawn post was coded.
    classes : sequence of (n,) integers
        The classes that the posts are in, from the narrowest to the widest.
    least : int
        Responses that a class needs.

    Returns
    -------
    (n,) floats within (0, 1]; NaN for all where nothing was coded.
    """
    answered = np.asarray(responded, dtype=bool)
    n = len(answered)
    if not answered.any():
        return np.full(n, np.nan)
    rates = np.full(n, np.nan)
    for level in classes:
        open_ = np.isnan(rates)
        _, place = np.unique(np.asarray(level)[open_], return_inverse=True)
        drawn = np.bincount(place)
        coded = np.bincount(place, weights=answered[open_])
        enough = coded >= min(least, int(answered.sum()))
        found = np.where(enough, coded / np.maximum(drawn, 1), np.nan)
        rates[open_] = found[place]
    return np.where(np.isnan(rates), answered.mean(), rates)

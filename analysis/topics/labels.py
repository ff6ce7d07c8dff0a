"""What topics are called until a person names them: by their own terms."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LABEL_TERMS = 3
LISTED_TERMS = 10


def topic_terms(
    components: Floats, vocabulary: Sequence[str], *, n: int = LISTED_TERMS
) -> list[list[str]]:
    """Return each topic's terms of greatest weight, the greatest first; none of weight zero."""
    return [_greatest(weights, vocabulary, n) for weights in components]


def topic_labels(
    components: Floats, vocabulary: Sequence[str], *, n: int = LABEL_TERMS
) -> list[str]:
    """Return a label for each topic: its most distinctive terms, joined by commas.

    Distinctive is a term that weighs much here and little elsewhere: its weight times the share
    that this topic has of the term's weight in all topics. A label that would come twice has its
    topic's number after it.
    """
    totals = components.sum(axis=0, keepdims=True)
    share = np.divide(components, totals, out=np.zeros_like(components), where=totals > 0)
    labels: list[str] = []
    for topic, weights in enumerate(components * share):
        label = ", ".join(_greatest(weights, vocabulary, n)) or "no terms"
        labels.append(f"{label} ({topic})" if label in labels else label)
    return labels


def _greatest(weights: Floats, vocabulary: Sequence[str], n: int) -> list[str]:
    order = np.argsort(-weights, kind="stable")[:n]
    return [vocabulary[term] for term in order.tolist() if weights[term] > 0]

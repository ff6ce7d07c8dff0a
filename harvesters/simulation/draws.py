"""Random draws for writing: one seeded stream of uniform numbers, cheap to take one by one."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")
_BLOCK = 8192


class Draws:
    """Draws that depend on the key alone.

    Parameters
    ----------
    *key : int
        Whole numbers from 0; streams of different keys are independent.
    """

    def __init__(self, *key: int) -> None:
        self.uniform: Callable[[], float] = _uniforms(np.random.default_rng(key)).__next__

    def chance(self, probability: float) -> bool:
        """Return True with a probability."""
        return self.uniform() < probability

    def below(self, bound: int) -> int:
        """Return a whole number from 0 to `bound` - 1."""
        return int(self.uniform() * bound)

    def between(self, low: float, high: float) -> float:
        """Return a number between two bounds."""
        return low + (high - low) * self.uniform()

    def pick(self, items: Sequence[T]) -> T:
        """Return one of `items`, each as likely."""
        return items[int(self.uniform() * len(items))]

    def weighted(self, cumulative: Sequence[float]) -> int:
        """Return a position, drawn by the cumulative weights of all positions."""
        return bisect_right(cumulative, self.uniform() * cumulative[-1], 0, len(cumulative) - 1)

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return `items` in random order."""
        order = sorted((self.uniform(), position) for position in range(len(items)))
        return [items[position] for _, position in order]


def _uniforms(generator: np.random.Generator) -> Iterator[float]:
    while True:
        yield from generator.random(_BLOCK).tolist()

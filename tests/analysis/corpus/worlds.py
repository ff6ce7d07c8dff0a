"""Invented corpora with a known truth, in which authors and threads keep to words."""

from typing import NamedTuple

import numpy as np

RATES = np.array([1e-4, 3e-4, 1e-3, 5e-3, 2e-2])
"""Occurrences per token of five words on the side that says them less."""


class World(NamedTuple):
    """Counts (n_posts, n_words), tokens, side, author and thread of posts."""

    counts: np.ndarray
    n_tokens: np.ndarray
    is_target: np.ndarray
    author: np.ndarray
    thread: np.ndarray


class Design(NamedTuple):
    """How many people and threads there are, and how much each keeps to its own words.

    `keeping` is the variance of an author's and of a thread's liking for a word, whose mean is 1.
    """

    n_authors: int = 150
    n_threads: int = 150
    author_keeping: float = 2.0
    thread_keeping: float = 1.0
    ratio: float = 2.0


def world(draw: np.random.Generator, design: Design, rates: np.ndarray = RATES) -> World:
    """Draw posts: few authors write most, one post in ten is not on its author's side."""
    author = np.repeat(
        np.arange(design.n_authors), np.minimum(draw.zipf(1.8, design.n_authors), 60)
    )
    home = draw.random(design.n_authors) < 0.5
    is_target = home[author] ^ (draw.random(len(author)) < 0.1)
    # even threads are the target's; some draw far more posts than others
    drawn = np.minimum(draw.pareto(1.5, len(author)), 20) / 20
    thread = 2 * (drawn * (design.n_threads // 2 - 1)).astype(int) + ~is_target
    n_tokens = np.maximum(draw.lognormal(4, 1, len(author)).astype(int), 1)
    liking = _likings(draw, design.author_keeping, (design.n_authors, len(rates)))[author]
    liking = liking * _likings(draw, design.thread_keeping, (design.n_threads, len(rates)))[thread]
    rate = rates * np.where(is_target, design.ratio, 1.0)[:, None]
    counts = draw.poisson(n_tokens[:, None] * rate * liking)
    return World(counts, np.maximum(n_tokens, counts.sum(axis=1)), is_target, author, thread)


def _likings(draw: np.random.Generator, variance: float, shape: tuple[int, int]) -> np.ndarray:
    return draw.gamma(1 / variance, variance, shape) if variance else np.ones(shape)

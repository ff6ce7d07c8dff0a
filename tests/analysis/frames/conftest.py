"""Invented codings of invented posts."""

from typing import NamedTuple

import numpy as np
import pytest
from scipy.sparse import csr_array

FRAMES = ["service_value", "economic_value", "justice_value", "public_value"]


class Coding(NamedTuple):
    """Posts with the share of coders who saw each of four frames; the last is never coded."""

    counts: csr_array
    words: list[str]
    values: np.ndarray
    frames: list[str]


@pytest.fixture(scope="session")
def coding(corpus) -> Coding:
    """Three themes as frames, each seen by two or three of three coders, a few in error."""
    draw = np.random.default_rng(5)
    values = np.full((len(corpus.theme), 4), np.nan)
    for frame in range(3):
        seen = corpus.theme == frame
        erring = draw.random(len(seen)) < 0.04
        share = np.where(draw.random(len(seen)) < 0.3, 2 / 3, 1.0)
        values[:, frame] = np.where(seen ^ erring, share, 1 - share)
    return Coding(corpus.counts, corpus.words, values, FRAMES)

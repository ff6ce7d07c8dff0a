"""How many codings the sampler saves: nine frames, one draw for all, beside an even draw.

    python -m tests.benchmarks.prevalence_sampler [--replications 200]

Posts of twelve months express nine frames of unlike shares, each with scores of its own; half of
the posts express none, and scores say with the same accuracy which. Both draws expect as many
codings and are estimated the same way. Codings needed for equal width follow from the ratio of
widths and from how much narrower a quarter more of evenly drawn codings makes them. Then the same
with scores that were fitted to another year, where all frames were half as frequent.
"""

import argparse
import sys
from time import process_time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri

from analysis.prevalence import estimate_prevalence
from analysis.sampling import measure_probabilities

Floats = NDArray[np.float64]

SEED = 20262
SHARES = np.array([0.02, 0.03, 0.03, 0.03, 0.05, 0.06, 0.09, 0.09, 0.18])
TALK = 0.5
"""Share of posts that may express a frame at all; the rest express none."""
MONTHS, POSTS = 12, 500
MORE = 1.25


class Outcome(NamedTuple):
    """Mean width and coverage of each frame's intervals, (F,), or (R, F)."""

    width: Floats
    covered: Floats


class Posts(NamedTuple):
    """Codings that would be given, and scores, (n, F)."""

    coded: Floats
    scores: Floats


def draw_posts(random: np.random.Generator, accuracy: float, *, stale: bool) -> Posts:
    """Return posts of all months."""
    n = MONTHS * POSTS
    separation = 2 * ndtri(accuracy)
    talk = random.random((n, 1)) < TALK
    expressed = talk & (random.random((n, len(SHARES))) < SHARES / TALK)

    def chance(true: NDArray[np.bool_], share: NDArray[np.float64] | float) -> Floats:
        signal = separation * (true - 0.5) + random.standard_normal(true.shape)
        return np.asarray(expit(separation * signal + logit(share)), dtype=np.float64)

    share = SHARES / 2 if stale else SHARES
    scores = chance(talk, TALK) * chance(expressed, share / TALK)
    return Posts(expressed.astype(np.float64), scores)


def outcome(posts: Posts, probability: Floats, random: np.random.Generator) -> Outcome:
    """Return what one draw with these probabilities gives."""
    month = np.repeat(np.arange(MONTHS), POSTS)
    index = np.flatnonzero(random.random(len(month)) < probability)
    table = estimate_prevalence(
        posts.scores,
        month,
        coded_index=index,
        coded_values=posts.coded[index],
        inclusion_probability=probability[index],
    )
    shape = (len(SHARES), MONTHS)
    truth = posts.coded.reshape(MONTHS, POSTS, -1).mean(axis=1).T
    lower, upper = table.lower.reshape(shape), table.upper.reshape(shape)
    inside = np.where(np.isnan(lower), np.nan, (lower <= truth) & (truth <= upper))
    return Outcome(np.nanmean(upper - lower, axis=1), np.nanmean(inside, axis=1))


class Compared(NamedTuple):
    """Outcomes (R, F) of even draws, of a quarter more of them, and of the sampler's."""

    even: Outcome
    more: Outcome
    ours: Outcome

    def needed(self) -> Floats:
        """Return codings needed for the width of even draws, as a share of theirs, (F,)."""
        even, more, ours = (part.width.mean(axis=0) for part in self)
        steepness = np.log(even.mean() / more.mean()) / np.log(MORE)
        return np.asarray((ours / even) ** (1 / steepness), dtype=np.float64)


def compare(n: int, *, codings: float, accuracy: float, stale: bool) -> Compared:
    """Return what draws of all kinds give."""
    random = np.random.default_rng([SEED, round(codings), round(1000 * accuracy), stale])
    month = np.repeat(np.arange(MONTHS), POSTS)
    even, more, ours = [], [], []
    for _ in range(n):
        posts = draw_posts(random, accuracy, stale=stale)
        chosen = measure_probabilities(posts.scores, month, wanted=codings * MONTHS)
        evenly = np.full(len(month), codings / POSTS)
        even.append(outcome(posts, evenly, random))
        more.append(outcome(posts, MORE * evenly, random))
        ours.append(outcome(posts, chosen, random))
    return Compared(_stacked(even), _stacked(more), _stacked(ours))


def _stacked(outcomes: list[Outcome]) -> Outcome:
    return Outcome(*(np.array(values) for values in zip(*outcomes, strict=True)))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=200)
    asked = parser.parse_args()
    began = process_time()
    names = ("codings a month", "accuracy", "scores", "codings needed", "rarest", "commonest")
    lines = ["| " + " | ".join((*names, "coverage even", "coverage ours")) + " |", "|---" * 8 + "|"]
    for codings in (10, 25, 50):
        for accuracy, stale in ((0.8, False), (0.85, False), (0.9, False), (0.85, True)):
            found = compare(asked.replications, codings=codings, accuracy=accuracy, stale=stale)
            needed = found.needed()
            covered = (found.even.covered.mean(), found.ours.covered.mean())
            figures = (needed.mean(), needed[0], needed[-1], *covered)
            where = (f"{codings}", f"{accuracy:.2f}", "of another year" if stale else "")
            cells = (*where, *(f"{figure:.3f}" for figure in figures))
            lines.append("| " + " | ".join(cells) + " |")
    lines.append(
        f"{asked.replications} replications, seed {SEED}, {process_time() - began:.0f} CPU s"
    )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

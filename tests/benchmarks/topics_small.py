"""From how many posts on a model is steady: what a refit does to lines that began with few.

    python -m tests.benchmarks.topics_small [--archive FILE] [--topics 20]

A line begins with some posts of an archive, in the order of their days, from several places on; as
many again have come by the refit. Shown is how many of these have no term of any topic, which share
of the posts a refit moves to another topic, the identity of the topics, and how many of the refits
are taken: with the terms of the beginning, and with terms chosen anew.
"""

import argparse
import sys
from collections.abc import Iterator
from copy import copy
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np

from analysis.topics.identity import LEAST_SCORE_OF_REFIT
from analysis.topics.model import TopicModel
from analysis.topics.nights.keeper import NightOutcome, TopicKeeper
from tests.benchmarks.topics_posts import DATA, Posts, archive_posts

BEGINNINGS = (300, 1_000, 2_000, 3_000, 6_000, 10_000)
PLACES = 3
_DAY = date(2026, 1, 31)
_HEAD = (
    "| posts at first | terms | posts without topic | refit: posts moved, mean (most) | identity"
    " | taken | with new terms: moved | identity | taken |\n" + "|---" * 9 + "|"
)


def table(posts: Posts, *, topics: int) -> Iterator[str]:
    """Yield a line for each size of a beginning."""
    yield f"{topics} topics; bar of identity {LEAST_SCORE_OF_REFIT}\n{_HEAD}"
    n_all = posts.counts.shape[0]
    for first in BEGINNINGS:
        starts = np.linspace(0, n_all - 2 * first, PLACES + 1).astype(np.int64)[1:]
        lines = [_line(posts, int(at), first, topics) for at in starts]
        n_terms, without = (
            np.mean([getattr(line, n) for line in lines]) for n in _Line._fields[:2]
        )
        told = [f"{first:,}", f"{n_terms:,.0f}", f"{without:.1%}"]
        for refits in ([line.frozen for line in lines], [line.renewed for line in lines]):
            moved = [refit.identity.moved for refit in refits if refit.identity]
            score = [refit.identity.score for refit in refits if refit.identity]
            told += [f"{np.mean(moved):.1%} ({max(moved):.1%})", f"{np.mean(score):.3f}"]
            told += [f"{sum(refit.accepted for refit in refits)} of {len(refits)}"]
        yield f"| {' | '.join(told)} |"


class _Line(NamedTuple):
    """A line that began with some posts, and its refit to twice as many."""

    n_terms: int
    without: float
    frozen: NightOutcome
    renewed: NightOutcome


def _line(posts: Posts, at: int, first: int, topics: int) -> _Line:
    begun, twice = posts.counts[at : at + first], posts.counts[at : at + 2 * first]
    model = TopicModel(n_topics=topics).fit(begun, posts.words)
    keeper = TopicKeeper.start(model, begun, posts.words)
    later = model.transform(twice[first:], posts.words)
    return _Line(
        len(model.vocabulary_),
        float((later.sum(axis=1) == 0).mean()),
        *(
            copy(keeper).refit(twice, posts.words, day=_DAY, new_terms=new_terms)
            for new_terms in (False, True)
        ),
    )


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("--archive", type=Path, default=DATA / "reddit_communities.parquet")
    asked.add_argument("--topics", type=int, default=20)
    options = asked.parse_args()
    for line in table(archive_posts(options.archive), topics=options.topics):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

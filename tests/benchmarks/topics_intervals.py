"""Intervals of topics over time: how often they hold, how wide they are, and what they cost.

    python -m tests.benchmarks.topics_intervals [--worlds 60]

Invented authors post about invented topics; what each interval must hold is what all authors like
these would say. The method of shares was chosen on other numbers of authors, activities and seeds
than are used here. Then an outage of a community with a topic of its own, and CPU seconds for a
study of 350,000 posts, 50 topics, 40 communities and 60 months. No post is read.
"""

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import process_time

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import ndtr, ndtri

from analysis.series import topic_shares
from analysis.topics.over_time.contrasts import Method
from analysis.topics.over_time.effects import topic_effects
from analysis.topics.over_time.shares import bootstrapped_shares

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Random = np.random.Generator

SHARES = np.array([0.3, 0.15, 0.05, 0.02, 0.01, 0.005])
EVERYTHING = np.append(SHARES, 1 - SHARES.sum())
LOUD = np.array([1.0, 0, 1, 0, 1, 0, 0])
AUTHORS = (10, 25, 60, 150)
PERIODS = 6
N_DRAWS = 599
OURS, ANALYTIC = "bootstrap of authors, borrowed spread", "effective counts"
PLAIN = ("percentile", "BCa", "studentised")


def negative_binomial(draw: Random, n: int) -> Integers:
    """Return numbers of posts that vary little."""
    return 1 + draw.negative_binomial(0.8, 0.25, n)


def pareto(draw: Random, n: int) -> Integers:
    """Return numbers of posts of which a few authors write most."""
    return np.minimum(np.ceil(draw.pareto(1.2, n) + 0.2), 80).astype(np.int64)


ACTIVITY: dict[str, Callable[[Random, int], Integers]] = {
    "one post": lambda _, n: np.ones(n, dtype=np.int64),
    "even": negative_binomial,
    "heavy tail": pareto,
}


@dataclass(frozen=True, slots=True)
class World:
    """Counts (n_authors, n_topics) of each period, and the share that each topic has at large."""

    counts: list[Integers]
    truth: Floats

    def posts(self) -> tuple[Integers, Integers, Integers]:
        """Return leading topic, period and author of each post."""
        every = np.concatenate(self.counts)
        author, topic = np.nonzero(every)
        times = every[author, topic]
        period = np.repeat(np.arange(PERIODS), [len(c) for c in self.counts])
        return tuple(np.repeat(x, times) for x in (topic, period[author], author))  # type: ignore[return-value]


def leanings(draw: Random, size: Integers, likeness: float, *, loud: bool) -> tuple[Floats, Floats]:
    """Return what each author writes about, and would on average; the loud have topics apart."""
    mean = EVERYTHING * np.exp(0.4 * loud * LOUD * np.log(size)[:, None])
    mean /= mean.sum(axis=1, keepdims=True)
    own = draw.gamma(mean * (1 / likeness - 1)) + 1e-12
    return own / own.sum(axis=1, keepdims=True), mean


def worlds(
    activity: str, n_authors: int, *, likeness: float, loud: bool, n: int, seed: int
) -> Iterator[World]:
    """Yield worlds of one kind."""
    draw = np.random.default_rng([seed, n_authors, int(100 * likeness), loud])
    many = ACTIVITY[activity](draw, 200_000)
    mean = leanings(draw, many, likeness, loud=loud)[1]
    truth = (many[:, None] * mean).sum(axis=0) / many.sum()
    for _ in range(n):
        counts = []
        for _ in range(PERIODS):
            size = ACTIVITY[activity](draw, n_authors)
            own, _ = leanings(draw, size, likeness, loud=loud)
            counts.append(draw.multinomial(size, own))
        yield World(counts, truth)


def plain_bounds(counts: Integers, draw: Random) -> dict[str, tuple[Floats, Floats]]:
    """Return textbook bounds of a bootstrap of authors within one cell."""
    size, n = counts.sum(axis=1).astype(float), len(counts)
    share = counts.sum(axis=0) / size.sum()
    picked = draw.multinomial(n, np.full(n, 1 / n), size=N_DRAWS).astype(float)
    total = (picked @ size)[:, None]
    drawn = picked @ counts / total
    off = counts - share * size[:, None]
    spread = np.sqrt((off**2).sum(axis=0)) / size.sum()
    squares = picked @ counts**2 - 2 * drawn * (picked @ (counts * size[:, None]))
    own = np.sqrt(np.maximum(squares + drawn**2 * (picked @ size**2)[:, None], 0)) / total
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.nan_to_num((drawn - share) / own, nan=0.0)
        skew = np.nan_to_num((off**3).sum(axis=0) / (6 * (off**2).sum(axis=0) ** 1.5))
    below = (drawn < share).mean(axis=0) + (drawn == share).mean(axis=0) / 2
    bias = ndtri(np.clip(below, 1 / N_DRAWS, 1 - 1 / N_DRAWS))
    tails = [
        np.clip(ndtr(bias + (bias + z) / (1 - skew * (bias + z))), 0, 1)
        for z in (ndtri(0.025), ndtri(0.975))
    ]
    topics = range(counts.shape[1])
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    t_low, t_high = np.quantile(t, [0.025, 0.975], axis=0, method="inverted_cdf")
    with np.errstate(invalid="ignore"):
        reach = np.nan_to_num(t_high * spread), np.nan_to_num(t_low * spread)
    return {
        "percentile": (low, high),
        "BCa": (
            np.array([np.quantile(drawn[:, k], tails[0][k]) for k in topics]),
            np.array([np.quantile(drawn[:, k], tails[1][k]) for k in topics]),
        ),
        "studentised": (np.maximum(share - reach[0], 0), np.minimum(share - reach[1], 1)),
    }


def bounds_of(world: World, draw: Random) -> dict[str, tuple[Floats, Floats]]:
    """Return bounds (n_periods, n_topics) by every method."""
    leading, period, author = world.posts()
    n_topics = len(world.truth)
    tables = {
        OURS: bootstrapped_shares(
            leading, period, author=author, n_topics=n_topics, n_draws=N_DRAWS
        ),
        ANALYTIC: topic_shares(leading, period, author=author, n_topics=n_topics),
    }
    found = {
        name: tuple(np.array(table[side]).reshape(n_topics, -1).T for side in ("lower", "upper"))
        for name, table in tables.items()
    }
    plain = [plain_bounds(counts, draw) for counts in world.counts]
    for name in PLAIN:
        found[name] = tuple(np.stack([each[name][side] for each in plain]) for side in (0, 1))
    return found  # type: ignore[return-value] # pairs


def shares_table(n_worlds: int) -> None:
    """Print coverage and width of shares by method and topic, over all kinds of worlds."""
    held: dict[str, list[Floats]] = defaultdict(list)
    width: dict[str, list[Floats]] = defaultdict(list)
    kinds = [
        (activity, n, likeness, loud)
        for activity in ACTIVITY
        for n in AUTHORS
        for likeness in ((0.2,) if activity == "one post" else (0.15, 0.4))
        for loud in ((False,) if activity == "one post" else (False, True))
    ]
    for number, (activity, n, likeness, loud) in enumerate(kinds):
        draw = np.random.default_rng([77, number])
        inside: dict[str, list[Floats]] = defaultdict(list)
        for world in worlds(activity, n, likeness=likeness, loud=loud, n=n_worlds, seed=2_026):
            for name, (low, high) in bounds_of(world, draw).items():
                kept = (low <= world.truth) & (world.truth <= high)
                inside[name].append(kept[:, : len(SHARES)].mean(axis=0))
                width[name].append((high - low)[:, : len(SHARES)].mean(axis=0))
        for name, each in inside.items():
            held[name].append(np.mean(each, axis=0))
    _say(
        f"95 % intervals of shares in {len(kinds)} kinds of worlds ({', '.join(ACTIVITY)}; "
        f"{', '.join(map(str, AUTHORS))} authors a cell; likeness of an author's posts .15 to .4; "
        f"authors of many posts like the others or with topics apart), {n_worlds} worlds of "
        f"{PERIODS} cells each\n"
    )
    _row("method", *(f"{100 * share:g} %" for share in SHARES), "all", "worst kind", "under .93")
    _row(*["---"] * (len(SHARES) + 4))
    for name in (*PLAIN, ANALYTIC, OURS):
        kinds_held = np.array(held[name])
        by_topic, wide = kinds_held.mean(axis=0), np.mean(width[name], axis=0)
        _row(
            name,
            *(f"{c:.3f} ({w:.3f})" for c, w in zip(by_topic, wide, strict=True)),
            f"{by_topic.mean():.3f} ({wide.mean():.3f})",
            f"{kinds_held.min():.3f}",
            f"{100 * (kinds_held < 0.93).mean():.0f} %",
        )
    _say("\nShare of intervals that hold, mean width in brackets.")


def talk(
    draw: Random, n_authors: int, *, tail: bool, noise: float
) -> tuple[Floats, Integers, Integers, Integers, Floats]:
    """Return weights, period, group and author of posts, and the level of the topic by group."""
    levels = np.array([0.5, 0.4, 0.3])
    home = draw.integers(0, 3, n_authors)
    size = pareto(draw, n_authors) if tail else negative_binomial(draw, n_authors)
    author = np.repeat(np.arange(n_authors), size)
    period = draw.integers(0, 24, len(author))
    mean = levels[home[author]] + 0.08 * np.sin(np.pi * period / 12)
    mean = mean + draw.normal(0, 0.05, n_authors)[author]
    weight = mean + draw.normal(0, 0.08, len(author)) + draw.normal(0, noise, len(author))
    return weight, period, home[author], author, levels


def effects_table(n_worlds: int) -> None:
    """Print coverage of differences, of curves at each period, and of bands as a whole."""
    _say(f"\n95 % intervals of effects, {n_worlds} worlds of 3 communities and 24 months each\n")
    _row("authors", "posts of an author", "weights", "method", "differences", "periods", "bands")
    _row(*["---"] * 7)
    methods: tuple[Method, ...] = ("jackknife", "bootstrap")
    for n_authors, tail, noise in (
        *((n, tail, 0.0) for n in (45, 90, 300) for tail in (False, True)),
        (90, False, 0.15),
    ):
        for method in methods:
            draw = np.random.default_rng([5, n_authors, tail, int(100 * noise)])
            sums: dict[str, list[float]] = defaultdict(list)
            for _ in range(n_worlds):
                _judge(sums, talk(draw, n_authors, tail=tail, noise=noise), method)
            _row(
                str(n_authors),
                "heavy tail" if tail else "even",
                "with errors" if noise else "exact",
                method,
                *(
                    f"{np.mean(sums[name]):.3f} ({np.mean(sums[f'{name} width']):.3f})"
                    for name in ("differences", "periods", "bands")
                ),
            )


def _judge(
    sums: dict[str, list[float]],
    posts: tuple[Floats, Integers, Integers, Integers, Floats],
    method: Method,
) -> None:
    weight, period, group, author, levels = posts
    found = topic_effects(
        weight[:, None],
        period,
        group=group,
        author=author,
        terms={"community": ["a", "b", "c"]},
        method=method,
        n_draws=N_DRAWS,
    )
    seen = [np.bincount(group, minlength=3)[g] / len(set(period[group == g])) for g in range(3)]
    together = float(np.average(levels, weights=seen))
    for row, level in zip(found.levels.to_pylist(), levels, strict=True):
        if row["difference"] is not None:
            low, high = row["difference_lower"], row["difference_upper"]
            sums["differences"].append(low <= level - together <= high)
            sums["differences width"].append(high - low)
    curve = [row for row in found.curve.to_pylist() if row["estimate"] is not None]
    truth = [together + 0.08 * np.sin(np.pi * row["period"] / 12) for row in curve]
    for name, low, high in (("periods", "lower", "upper"), ("bands", "band_lower", "band_upper")):
        held = [row[low] <= t <= row[high] for row, t in zip(curve, truth, strict=True)]
        sums[name].append(float(np.mean(held)) if name == "periods" else float(all(held)))
        sums[f"{name} width"].append(float(np.mean([row[high] - row[low] for row in curve])))


def outage_table() -> None:
    """Print what an outage of a community with a topic of its own does to pooled shares."""
    draw = np.random.default_rng(9)
    n = 40_000
    author = draw.integers(0, 3_000, n)
    group, period = (author % 4), draw.integers(0, 36, n)
    weight = np.where(group == 0, 0.5, 0.1) + draw.normal(0, 0.08, 3_000)[author]
    kept = (group != 0) | (period < 15) | (period >= 21)
    out = np.arange(36)[15:21]
    naive = np.array([weight[kept & (period == t)].mean() for t in range(36)])
    _say("\nShare over 4 communities, one with the topic and not seen for 6 of 36 months\n")
    _row("estimate", "in the outage", "else", "p-value of a change")
    _row(*["---"] * 4)
    _row("all posts that were seen", *_in_and_out(naive, out), "")
    for course in ("periods", "spline"):
        found = topic_effects(
            weight[kept][:, None],
            period[kept],
            group=group[kept],
            author=author[kept],
            terms={},
            course=course,  # type: ignore[arg-type] # both are courses
        )
        values = np.array(found.curve["estimate"], dtype=np.float64)
        p_value = found.changes["p_value"].to_pylist()[0]
        _row(f"fixed weights, {course}", *_in_and_out(values, out), f"{p_value:.2f}")


def _in_and_out(values: Floats, out: Integers) -> tuple[str, str]:
    return f"{values[out].mean():.3f}", f"{np.delete(values, out).mean():.3f}"


def cost_table() -> None:
    """Print CPU seconds for a large study."""
    n, k = 350_000, 50
    draw = np.random.default_rng(0)
    heavy = draw.permutation(60_000)[np.minimum(draw.zipf(1.6, n), 60_000) - 1]
    group = np.minimum(draw.geometric(0.08, n) - 1, 39)
    period = draw.integers(0, 60, n)
    leading = (draw.geometric(0.06, n) - 1) % k
    rows, columns = np.repeat(np.arange(n), 3), draw.integers(0, k, 3 * n)
    weights = csr_array((np.full(3 * n, 1 / 3), (rows, columns)), shape=(n, k))
    terms = {"community": [f"community {number}" for number in range(40)]}
    _say("\nCPU seconds: 350,000 posts, 50 topics, 40 communities, 60 months, 999 draws\n")
    _row("authors", "shares, bootstrap", "shares, effective counts", "effects", "bootstrapped")
    _row(*["---"] * 5)
    for name, author in (("a heavy tail", heavy), ("even", draw.integers(0, 60_000, n))):
        posts = {"group": group, "author": author}
        _row(
            name,
            _seconds(lambda p=posts: bootstrapped_shares(leading, period, n_topics=k, **p)),
            _seconds(lambda p=posts: topic_shares(leading, period, n_topics=k, **p)),
            *(
                _seconds(
                    lambda p=posts, m=method: topic_effects(
                        weights, period, terms=terms, method=m, **p
                    )
                )
                for method in ("jackknife", "bootstrap")
            ),
        )


def _seconds(run: Callable[[], object]) -> str:
    began = process_time()
    run()
    return f"{process_time() - began:.1f}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--worlds", type=int, default=60)
    given = parser.parse_args()
    shares_table(given.worlds)
    effects_table(5 * given.worlds)
    outage_table()
    cost_table()


def _row(*cells: str) -> None:
    _say("| " + " | ".join(cells) + " |")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()

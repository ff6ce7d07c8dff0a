"""Are topics found when people begin to talk of them, and let go when they stop?

    python -m tests.benchmarks.topics_births [reddit_large.parquet] [--topics 50] [--sets 12]

Dated posts in nights of 1,000, sixty of them, after a fit to the 30,000 before. Communities whose
talk is unlike any other's are held out of the fit and of every night: for each a keeper that has
lived through twenty nights gets 2 % of its posts a night. Prints when a topic is born of them and
by which terms, and how many topics are born where nothing is injected. Then the posts that a
topic of night 30 leads are left out from there on, and it prints when the topic retires. The same
nights are watched for their stability: which share of probe posts changes its topic on an update
and on a refit, and how much of that no event explains. Rules were chosen on the first half of the
held-out communities; the second half is reported apart. Posts are never printed.
"""

import argparse
import copy
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.stopwords import load_stopwords
from analysis.topics.model import TopicModel, leading_ids
from analysis.topics.nights.keeper import NightOutcome, TopicKeeper
from analysis.vectorise import document_term_counts

Integers = NDArray[np.int64]

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
FIRST = date(2026, 1, 1)
N_BASE, NIGHT, NIGHTS = 30_000, 1_000, 60
INJECTED_FROM, INJECTED, WATCHED = 20, 0.02, 4
REMOVED_FROM, RETIRED_WITHIN = 30, 15
REFIT_AT = 45
PROBE, PROBED_EVERY = 1_000, 3
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_POSTS = """
SELECT community, concat_ws(chr(10), title, substr(body, 1, 3000)) AS text
FROM read_parquet($file) WHERE created_at >= $since::TIMESTAMPTZ ORDER BY created_at, post_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Posts in the order of their dates: counts over `words`, and the community of each."""

    counts: csr_array
    words: list[str]
    community: NDArray[np.str_]

    def of(self, rows: Integers) -> tuple[csr_array, list[str]]:
        """Return the counts of some posts over the words that they hold."""
        chosen = self.counts[rows]
        used = np.unique(chosen.indices)
        return csr_array(chosen[:, used]), [self.words[column] for column in used.tolist()]


class HeldOut(NamedTuple):
    """A community of talk unlike any other's: its posts, and the words that tell it apart."""

    name: str
    rows: Integers
    telling: list[str]


class Birth(NamedTuple):
    """A birth: on which night, of which topic, by which foremost terms, and its evidence."""

    night: int
    topic_id: int
    terms: list[str]
    share: float


def read_stream(file: Path, *, since: str) -> Stream:
    """Return the words of dated posts."""
    rows = duckdb.execute(_POSTS, {"file": str(file), "since": since}).fetchall()
    number: dict[str, int] = {}
    posts, tokens = [], []
    for post, (_, text) in enumerate(rows):
        for word in _WORD.findall(text.lower()):
            posts.append(post)
            tokens.append(number.setdefault(word, len(number)))
    terms = document_term_counts(np.arange(len(rows)), posts, tokens)
    names = list(number)
    return Stream(
        counts=terms.counts,
        words=[names[column] for column in terms.word_ids.tolist()],
        community=np.array([community for community, _ in rows]),
    )


def held_out(
    stream: Stream, *, n: int, least_posts: int = 150, share: float = 0.3, elsewhere: float = 0.002
) -> list[HeldOut]:
    """Return communities a third of whose posts hold a word that hardly any other post holds.

    Every so many of them by alphabet, so that nobody chose them.
    """
    stop = load_stopwords()
    in_all = np.bincount(stream.counts.indices, minlength=len(stream.words))
    found = []
    for name in np.unique(stream.community):
        rows = np.flatnonzero(stream.community == name)
        if len(rows) < least_posts:
            continue
        here = np.bincount(stream.counts[rows].indices, minlength=len(stream.words))
        outside = (in_all - here) / (len(stream.community) - len(rows))
        telling = np.flatnonzero((here / len(rows) >= share) & (outside < elsewhere))
        telling = telling[np.argsort(-here[telling], kind="stable")]
        named = [stream.words[w] for w in telling.tolist() if stream.words[w] not in stop]
        if named:
            found.append(HeldOut(str(name), rows.astype(np.int64), named))
    places = np.arange(min(n, len(found))) * len(found) // max(min(n, len(found)), 1)
    return [found[place] for place in places.tolist()]


def foremost(model: TopicModel, topic_id: int, *, n: int = 6) -> list[str]:
    """Return a topic's foremost terms."""
    row = model.topic_ids_.tolist().index(topic_id)
    order = np.argsort(-model.components_[row], kind="stable")[:n]
    return [model.vocabulary_[t] for t in order.tolist() if model.components_[row, t] > 0]


def births_of(outcome: NightOutcome, keeper: TopicKeeper, night: int) -> list[Birth]:
    """Return what was born on a night."""
    return [
        Birth(night, e.topic_id, foremost(keeper.model, e.topic_id), e.evidence["share"])
        for e in outcome.events
        if e.event == "born" and e.topic_id is not None
    ]


def one_night(keeper: TopicKeeper, stream: Stream, rows: Integers, night: int) -> NightOutcome:
    """Let the keeper live through a night."""
    counts, words = stream.of(rows)
    return keeper.night(counts, words, day=FIRST + timedelta(days=night), post_ids=rows)


class Stability(NamedTuple):
    """Of one night: shares of probe posts that changed topic, and of those by no event."""

    moved: float
    unexplained: float
    jaccard: float


def stability(
    before: TopicModel, after: TopicModel, outcome: NightOutcome, probe: tuple[csr_array, list[str]]
) -> Stability:
    """Compare the leading topics of probe posts before and after a night."""
    old = leading_ids(before.transform(*probe), before.topic_ids_)
    new = leading_ids(after.transform(*probe), after.topic_ids_)
    named = [topic for e in outcome.events for topic in (e.topic_id, e.other_id)]
    touched = [topic for topic in named if topic is not None]
    changed = old != new
    told = np.isin(old, touched) | np.isin(new, touched)
    both = np.intersect1d(before.topic_ids_, after.topic_ids_).tolist()
    jaccards = []
    for topic in both:
        one, other = (set(foremost(model, topic, n=10)) for model in (before, after))
        jaccards.append(len(one & other) / len(one | other))
    return Stability(
        float(changed.mean()), float((changed & ~told).mean()), float(np.mean(jaccards))
    )


@dataclass(slots=True, kw_only=True)
class Lived:
    """What sixty nights without injection gave."""

    births: list[Birth]
    events: list[str]
    nights: list[Stability]
    refits: list[Stability]
    cpu: list[float]
    at: dict[int, TopicKeeper]


def live(
    keeper: TopicKeeper,
    stream: Stream,
    nights: Sequence[Integers],
    *,
    base: Integers,
    probe: Integers,
) -> Lived:
    """Live through all nights, with a refit; keep the keeper as it was at some of them."""
    lived = Lived(births=[], events=[], nights=[], refits=[], cpu=[], at={})
    probed = stream.of(probe)
    for night, rows in enumerate(nights):
        if night in (INJECTED_FROM, REMOVED_FROM):
            lived.at[night] = copy.deepcopy(keeper)
        before = keeper.model
        counts, words = stream.of(rows)
        started = time.process_time()
        outcome = keeper.night(counts, words, day=FIRST + timedelta(days=night), post_ids=rows)
        lived.cpu.append(time.process_time() - started)
        born = births_of(outcome, keeper, night)
        lived.births += born
        for birth in born:
            _tell(f"  night {birth.night:2d}  {birth.share:.2%}  {', '.join(birth.terms)}")
        lived.events += [f"{night}:{e.event}:{e.topic_id}" for e in outcome.events]
        if night % PROBED_EVERY == 0:
            lived.nights.append(stability(before, keeper.model, outcome, probed))
        if night == REFIT_AT:
            before = keeper.model
            every = np.concatenate([base, *nights[: night + 1]])
            outcome = keeper.refit(*stream.of(every), day=FIRST + timedelta(days=night))
            lived.events += [f"{night}:{e.event}:{e.topic_id}" for e in outcome.events]
            lived.refits.append(stability(before, keeper.model, outcome, probed))
    return lived


def inject(
    keeper: TopicKeeper, stream: Stream, nights: Sequence[Integers], held: HeldOut, *, seed: int
) -> Birth | None:
    """Give some nights 2 % posts of a held-out community; return the birth of its topic."""
    drawn = np.random.default_rng(seed).permutation(held.rows)
    n = round(INJECTED * len(nights[INJECTED_FROM]))
    for number in range(WATCHED):
        night = INJECTED_FROM + number
        rows = np.concatenate([nights[night][n:], drawn[number * n : (number + 1) * n]])
        outcome = one_night(keeper, stream, rows, night)
        for birth in births_of(outcome, keeper, night):
            if set(birth.terms) & set(held.telling):
                return birth
    return None


def remove(
    keeper: TopicKeeper, stream: Stream, nights: Sequence[Integers], topic_id: int
) -> int | None:
    """Leave out the posts that a topic leads; return the nights until it retires."""
    first = keeper.model
    for number in range(RETIRED_WITHIN):
        rows = nights[REMOVED_FROM + number]
        about = leading_ids(first.transform(*stream.of(rows)), first.topic_ids_) == topic_id
        outcome = one_night(keeper, stream, rows[~about], REMOVED_FROM + number)
        if any(e.event == "retired" and e.topic_id == topic_id for e in outcome.events):
            return number + 1
    return None


def measure(
    file: Path, *, n_topics: int, n_sets: int, seeds: int, since: str, n_base: int, size: int
) -> None:
    """Print the table."""
    stream = read_stream(file, since=since)
    sets = held_out(stream, n=n_sets)
    held = np.zeros(len(stream.community), dtype=bool)
    held[np.concatenate([s.rows for s in sets])] = True
    free = np.flatnonzero(~held).astype(np.int64)
    base = free[:n_base]
    nights = [free[n_base + size * i : n_base + size * (i + 1)] for i in range(NIGHTS)]
    after = free[n_base + size * NIGHTS :]
    probe = after[np.arange(min(PROBE, len(after))) * len(after) // min(PROBE, len(after))]
    started = time.process_time()
    model = TopicModel(n_topics=n_topics).fit(*stream.of(base))
    _tell(f"fit to {len(base)} posts, k={n_topics}: {time.process_time() - started:.1f} CPU s")
    keeper = TopicKeeper.start(model, *stream.of(base))
    lived = live(keeper, stream, nights, base=base, probe=probe)
    _print_lived(lived)
    _print_injected(lived, stream, nights, sets, seeds=seeds)
    _print_removed(lived, stream, nights)


def _print_lived(lived: Lived) -> None:
    _tell(f"\nwithout injection: {len(lived.births)} births in {len(lived.cpu)} nights")
    others = [event for event in lived.events if ":born:" not in event]
    _tell(f"other events (night:event:topic): {' '.join(others) or 'none'}")
    nights = np.array(lived.nights)
    _tell(f"CPU s a night: mean {np.mean(lived.cpu):.3f}, last ten {np.mean(lived.cpu[-10:]):.3f}")
    _tell(
        f"update nights: moved mean {nights[:, 0].mean():.2%} max {nights[:, 0].max():.2%};"
        f" by no event mean {nights[:, 1].mean():.2%} max {nights[:, 1].max():.2%};"
        f" Jaccard mean {nights[:, 2].mean():.3f} min {nights[:, 2].min():.3f}"
    )
    for refit in lived.refits:
        _tell(
            f"refit: moved {refit.moved:.2%}, by no event {refit.unexplained:.2%},"
            f" Jaccard {refit.jaccard:.3f}"
        )


def _print_injected(
    lived: Lived, stream: Stream, nights: Sequence[Integers], sets: Sequence[HeldOut], *, seeds: int
) -> None:
    found: dict[str, list[bool]] = {"chosen on": [], "reported on": []}
    for place, held in enumerate(sets):
        half = "chosen on" if place % 2 == 0 else "reported on"
        for seed in range(seeds):
            keeper = copy.deepcopy(lived.at[INJECTED_FROM])
            birth = inject(keeper, stream, nights, held, seed=seed)
            night = birth.night - INJECTED_FROM + 1 if birth else None
            found[half].append(night is not None and night <= 3)
            told = f"night {night}: {', '.join(birth.terms)}" if birth else "not found"
            _tell(f"  {half:12} {held.name:22} seed {seed}  {told}")
    for half, hits in found.items():
        _tell(f"found within three nights, {half}: {sum(hits)} of {len(hits)}")


def _print_removed(lived: Lived, stream: Stream, nights: Sequence[Integers]) -> None:
    keeper = lived.at[REMOVED_FROM]
    _tell(f"\nleft out from night {REMOVED_FROM}")
    for topic in keeper.model.topic_ids_.tolist()[:48:8]:
        waited = remove(copy.deepcopy(keeper), stream, nights, topic)
        _tell(
            f"  topic {topic:3d}, usually {keeper.usual[topic]:.2%} of the posts, retired after"
            f" {waited} nights: {', '.join(foremost(keeper.model, topic, n=4))}"
        )


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("file", nargs="?", type=Path, default=DATA / "reddit_large.parquet")
    parser.add_argument("--topics", type=int, default=50)
    parser.add_argument("--sets", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--since", default="2013-04-18")
    parser.add_argument("--base", type=int, default=N_BASE, help="posts of the fit")
    parser.add_argument("--night", type=int, default=NIGHT, help="posts of a night")
    given = parser.parse_args()
    if not given.file.is_file():
        parser.error(f"no posts at {given.file}; name a Parquet file of dated posts")
    measure(
        given.file,
        n_topics=given.topics,
        n_sets=given.sets,
        seeds=given.seeds,
        since=given.since,
        n_base=given.base,
        size=given.night,
    )


if __name__ == "__main__":
    main()

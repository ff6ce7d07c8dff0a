"""Do topics keep their identity over nights of real dated posts, and follow talk that drifts?

The first 12,000 posts are the base; the others come in 30 nights, oldest first, with a refit after
the 15th. After every night, 2,000 posts of the base are given their topics by the models before and
after it. Beside ours stand what is usually done, on the same terms of the same posts: a full refit
each night, one that starts from the last topics, mini-batches of the new posts alone, and topics
that never change. Then a drift is planted: in the posts of nights, five of a topic's foremost terms
give way to others, one after another, each over ten nights. A line of a post is never printed.

Run as ``python -m tests.benchmarks.topics_nights``.
"""

import argparse
import copy
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, vstack
from sklearn.decomposition import NMF, MiniBatchNMF
from threadpoolctl import threadpool_limits

from analysis.topics.factorise import non_negative_loadings, unit_length
from analysis.topics.identity import CLEAR_LEAD, compare_models
from analysis.topics.model import TopicModel, leading_topics
from analysis.topics.quality import npmi_coherence, topic_diversity
from analysis.topics.reading.labels import topic_terms
from tests.benchmarks.topics_posts import DATA, archive_posts

Floats = NDArray[np.float64]

BASE, NIGHTS, REFIT_AFTER, PROBE, TOPICS = 12_000, 30, 15, 2_000, 20
SAMPLE = 42_000
"""Posts drawn of the large archive, so that its nights have a thousand posts each."""
DRIFTING_TOPICS, DRIFTING_TERMS, NIGHTS_A_TERM, NIGHTS_APART = 4, 5, 10, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Posts, oldest first, and where each night of them begins and ends."""

    name: str
    counts: csr_array
    words: list[str]

    @property
    def cuts(self) -> list[int]:
        """Return the bounds of the nights, the end of the base first."""
        bounds = np.linspace(min(BASE, self.counts.shape[0]), self.counts.shape[0], NIGHTS + 1)
        return [int(bound) for bound in bounds]

    def night(self, number: int) -> csr_array:
        """Return the posts of a night, the first being 0."""
        return self.counts[self.cuts[number] : self.cuts[number + 1]]

    @property
    def probe(self) -> csr_array:
        """Return some posts of the base."""
        drawn = np.random.default_rng(1).choice(self.cuts[0], PROBE, replace=False)
        return self.counts[np.sort(drawn)]


def read_stream(name: str) -> Stream:
    """Return an archive of the test data as a stream, the large one thinned by a seeded draw."""
    posts = archive_posts(DATA / f"{name}.parquet")
    counts = posts.counts
    if counts.shape[0] > SAMPLE:
        drawn = np.random.default_rng(0).choice(counts.shape[0], SAMPLE, replace=False)
        counts = counts[np.sort(drawn)]
    used = np.unique(counts.indices)
    return Stream(name=name, counts=counts[:, used], words=[posts.words[i] for i in used.tolist()])


@dataclass(slots=True)
class Measured:
    """What the nights of one way of updating did, a figure a night, and of its refit nights."""

    moved: list[float] = field(default_factory=list)
    clear: list[float] = field(default_factory=list)
    jaccard: list[float] = field(default_factory=list)
    score: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def line(self, name: str, *, end: str) -> str:
        """Return a row of the table."""
        score = f"{min(self.score):.3f}" if self.score else ""
        return (
            f"| {name} | {np.mean(self.moved):.2%} | {max(self.moved):.2%} |"
            f" {np.mean(self.clear):.2%} | {np.mean(self.jaccard):.3f} | {min(self.jaccard):.3f} |"
            f" {score} | {np.mean(self.cpu):.3f} | {end} |"
        )


def ours(stream: Stream, base: TopicModel) -> tuple[dict[str, Measured], TopicModel]:
    """Return what nights and the refit did, and the last model."""
    model, nights, refits, with_new = copy.deepcopy(base), Measured(), Measured(), Measured()
    probe, words = stream.probe, stream.words
    for number in range(NIGHTS):
        before, posts = copy.deepcopy(model), stream.night(number)
        started = process_time()
        model.partial_fit(posts, words)
        model.transform(posts, words)
        _note(nights, before, model, (probe, words), process_time() - started)
        if number + 1 == REFIT_AFTER:
            before, started = copy.deepcopy(model), process_time()
            model.refit(stream.counts[: stream.cuts[number + 1]], words)
            _note(refits, before, model, (probe, words), process_time() - started)
            renewed, started = copy.deepcopy(before), process_time()
            renewed.refit(stream.counts[: stream.cuts[number + 1]], words, new_terms=True)
            _note(with_new, before, renewed, (probe, words), process_time() - started)
    return {"nights": nights, "refit": refits, "refit with new terms": with_new}, model


def _note(
    into: Measured,
    before: TopicModel,
    after: TopicModel,
    probe: tuple[csr_array, list[str]],
    cpu: float,
) -> None:
    score = compare_models(before, after, *probe)
    into.moved.append(score.moved)
    into.clear.append(score.moved_clear)
    into.jaccard.append(float(score.jaccard.mean()))
    into.score.append(score.score)
    into.cpu.append(cpu)


Update = Callable[[Floats, csr_array, csr_array], Floats]
"""From the last topics, all posts so far and the new ones to the next topics."""


def refitted(_: Floats, so_far: csr_array, __: csr_array) -> Floats:
    """Fit all posts so far anew."""
    model = NMF(TOPICS, init="nndsvda", solver="cd", max_iter=200, random_state=0)
    return np.asarray(model.fit(so_far).components_)


def warmed(topics: Floats, so_far: csr_array, _: csr_array) -> Floats:
    """Fit all posts so far from the last topics on."""
    model = NMF(TOPICS, init="custom", solver="cd", max_iter=200)
    start = np.maximum(topics, 1e-8)
    model.fit_transform(so_far, W=np.maximum(non_negative_loadings(so_far, start), 1e-8), H=start)
    return np.asarray(model.components_)


def mini_batches(base: csr_array) -> Update:
    """Return an update by the new posts alone."""
    model = MiniBatchNMF(TOPICS, forget_factor=0.9, max_iter=30, random_state=0).fit(base)

    def update(_: Floats, __: csr_array, new: csr_array) -> Floats:
        return np.asarray(model.partial_fit(new).components_).copy()

    return update


def frozen(topics: Floats, _: csr_array, __: csr_array) -> Floats:
    """Leave the topics as they are."""
    return topics


def peers(stream: Stream, base: TopicModel) -> Iterator[tuple[str, Measured, Floats]]:
    """Yield what each usual way does on the same terms, and its last topics."""
    cut = base.terms_.cut(stream.counts, stream.words)
    probe = base.terms_.transform(stream.probe, stream.words)
    base_cut = cut[: stream.cuts[0]]
    ways: list[tuple[str, Update]] = [
        ("full refit, sklearn nndsvda", refitted),
        ("refit from the last topics, sklearn", warmed),
        ("MiniBatchNMF.partial_fit", mini_batches(base_cut)),
        ("topics that never change", frozen),
    ]
    for name, update in ways:
        topics = update(base.components_, base_cut, base_cut)
        measured = Measured()
        for number in range(NIGHTS):
            end, start = stream.cuts[number + 1], stream.cuts[number]
            started = process_time()
            after = update(topics, cut[:end], cut[start:end])
            cpu = process_time() - started
            _note_topics(measured, topics, after, probe, base.vocabulary_)
            measured.cpu.append(cpu)
            topics = after
        yield name, measured, topics


def _note_topics(
    into: Measured, before: Floats, after: Floats, probe: csr_array, vocabulary: Sequence[str]
) -> None:
    loadings = [non_negative_loadings(probe, unit_length(topics)) for topics in (before, after)]
    leads = [leading_topics(found) for found in loadings]
    ranked = np.sort(loadings[0] / np.maximum(loadings[0].sum(axis=1, keepdims=True), 1e-12))
    clear = ranked[:, -1] - ranked[:, -2] >= CLEAR_LEAD
    into.moved.append(float((leads[0] != leads[1]).mean()))
    into.clear.append(float((leads[0] != leads[1])[clear].mean()))
    listed = [topic_terms(topics, vocabulary) for topics in (before, after)]
    into.jaccard.append(
        float(np.mean([_jaccard(set(a), set(b)) for a, b in zip(*listed, strict=True)]))
    )


def _jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 1.0


def compare(stream: Stream) -> Iterator[str]:
    """Yield the lines of one stream's table."""
    base = TopicModel(n_topics=TOPICS).fit(stream.counts[: stream.cuts[0]], stream.words)
    a_night = (stream.cuts[-1] - stream.cuts[0]) / NIGHTS
    yield f"{stream.name}: {stream.cuts[0]:,} posts, then {NIGHTS} nights of {a_night:.0f}"
    yield ""
    yield (
        "| way | moved a night | most | of clear leads | top-10 Jaccard | least | least score"
        " | CPU s | NPMI / diversity at the end |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    by_kind, last = ours(stream, base)
    worth = _worth(stream, last.components_, last.vocabulary_)
    for kind, measured in by_kind.items():
        yield measured.line(f"ours, {kind}", end=worth if kind == "nights" else "")
    for name, measured, topics in peers(stream, base):
        yield measured.line(name, end=_worth(stream, topics, base.vocabulary_))
    over = compare_models(base, last, stream.probe, stream.words)
    yield (
        f"\nAfter all nights against the base: {over.moved:.1%} of the posts moved,"
        f" {over.moved_clear:.2%} of those with a clear lead; top-10 Jaccard"
        f" {over.jaccard.mean():.3f}, cosine {over.cosine.mean():.3f}, least"
        f" {over.cosine.min():.3f}"
    )


def _worth(stream: Stream, topics: Floats, vocabulary: Sequence[str]) -> str:
    listed = topic_terms(topics, vocabulary)
    npmi = npmi_coherence(listed, stream.counts, stream.words).mean()
    return f"{npmi:.3f} / {topic_diversity(listed):.2f}"


def drifts(stream: Stream) -> Iterator[str]:
    """Yield how a planted drift of the most coherent topics is followed."""
    base = TopicModel(n_topics=TOPICS).fit(stream.counts[: stream.cuts[0]], stream.words)
    listed = topic_terms(base.components_, base.vocabulary_, n=60)
    coherence = npmi_coherence(
        [terms[:10] for terms in listed], stream.counts[: stream.cuts[0]], stream.words
    )
    yield f"{stream.name}: a planted drift of {DRIFTING_TERMS} foremost terms of a topic"
    yield ""
    yield (
        "| topic by coherence | posts kept, topics that never change | by updates"
        " | by updates and refits | planted terms in its foremost 20, updates"
        " | updates and refits |"
    )
    yield "|---|---|---|---|---|---|"
    for place, topic in enumerate(np.argsort(-coherence)[:DRIFTING_TOPICS].tolist()):
        pairs = _planted(stream, listed, topic)
        by = [_followed(stream, base, topic, pairs, refits=refits) for refits in (False, True)]
        yield (
            f"| {place + 1} | {by[0]['frozen']:.0%} | {by[0]['kept']:.0%} | {by[1]['kept']:.0%}"
            f" | {by[0]['terms']} of {DRIFTING_TERMS} | {by[1]['terms']} of {DRIFTING_TERMS} |"
        )


def _planted(stream: Stream, listed: list[list[str]], topic: int) -> list[tuple[int, int]]:
    """Return the columns of terms that give way and of those that take their place."""
    column = {word: number for number, word in enumerate(stream.words)}
    taken = {word for terms in listed for word in terms}
    held = np.bincount(stream.counts[: stream.cuts[0]].indices, minlength=len(column))
    free = [
        number
        for number in np.flatnonzero((held >= 15) & (held <= 60)).tolist()
        if stream.words[number] not in taken
    ]
    others = np.random.default_rng(topic).choice(free, DRIFTING_TERMS, replace=False).tolist()
    own = [column[word] for word in listed[topic][:DRIFTING_TERMS]]
    return list(zip(own, others, strict=True))


def drifted(counts: csr_array, pairs: Sequence[tuple[int, int]], night: int) -> csr_array:
    """Return a night's posts in which terms give way to others, the more the later it is."""
    entries = counts.tocoo()
    columns, drawn = entries.coords[1].copy(), np.random.default_rng(night).random(counts.nnz)
    for place, (own, other) in enumerate(pairs):
        chance = (night + 1 - NIGHTS_APART * place) / NIGHTS_A_TERM
        columns[(entries.coords[1] == own) & (drawn < chance)] = other
    return csr_array(coo_array((entries.data, (entries.coords[0], columns)), shape=counts.shape))


def _followed(
    stream: Stream, base: TopicModel, topic: int, pairs: list[tuple[int, int]], *, refits: bool
) -> dict[str, Any]:
    """Return what of a drifting topic's posts of the last night it keeps, and of its new terms."""
    model, kept = copy.deepcopy(base), [stream.counts[: stream.cuts[0]]]
    for number in range(NIGHTS):
        posts = drifted(stream.night(number), pairs, number)
        kept.append(posts)
        model.partial_fit(posts, stream.words)
        if refits and number + 1 in (REFIT_AFTER, NIGHTS):
            model.refit(csr_array(vstack(kept, format="csr")), stream.words, new_terms=True)
    own = leading_topics(base.transform(stream.night(NIGHTS - 1), stream.words)) == topic
    leads = [leading_topics(one.transform(kept[-1], stream.words))[own] for one in (base, model)]
    foremost = topic_terms(model.components_, model.vocabulary_, n=20)[topic]
    return {
        "frozen": float((leads[0] == topic).mean()),
        "kept": float((leads[1] == topic).mean()),
        "terms": sum(stream.words[other] in foremost for _, other in pairs),
    }


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", nargs="*", default=["reddit_communities", "reddit_large"])
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with threadpool_limits(limits=1):
        for name in given.streams:
            stream = read_stream(name)
            for lines in (compare, drifts):
                for line in lines(stream):
                    sys.stdout.write(f"{line}\n")
                    sys.stdout.flush()
                sys.stdout.write("\n")


if __name__ == "__main__":
    main()

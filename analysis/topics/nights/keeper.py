"""Keeps topics over nights: what a night changes, and what it may not change.

A night's posts move the basis by little (`TopicModel.partial_fit`), unless topics would no longer
be the same: then the model of the night before stays, and the night says so. Badly explained posts
gather in a pool, from which candidates become topics; topics that fall silent retire, topics that
grow alike merge, and a refit may split one. Each such change is a `TopicEvent`, and an id is never
used again. What a night costs does not depend on how many came before it.

The state is arrays and numbers. It names no author: who wrote a post is told anew each night for
the posts in the pool (`Writers`), so that a changed pseudonym or an erased author needs no change
here, and the file of a study tells of no two posts that one person wrote them.
"""

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.topics.identity import IdentityScore, accept, compare_models, probe_posts
from analysis.topics.model import TopicModel, leading_topics
from analysis.topics.nights import keeper_state
from analysis.topics.nights.births import add_candidate, copied, divide_topic, nearest_topics
from analysis.topics.nights.candidates import (
    Candidate,
    CandidateRules,
    Reference,
    Writers,
    follow,
    grow_candidates,
    reference_of,
    refused_for,
    weigh_evidence,
)
from analysis.topics.nights.events import TopicEvent
from analysis.topics.nights.lifecycle import (
    LifecycleRules,
    Split,
    alike_topics,
    drift,
    quiet_topics,
    split_topic,
    topic_profiles,
)
from analysis.topics.nights.pool import Pool, ReadPosts, holds_any, read_posts

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeeperRules:
    """When what happens to topics.

    Attributes
    ----------
    candidates, lifecycle : rules of births and of everything else
    least_posts : int
        A night with fewer posts says nothing of a topic's silence.
    least_score, least_score_of_refit : float or None
        Bars of identity; those of `analysis.topics.identity` if None. That of a night is lower
        than there: of a small night's posts a few change topic by chance.
    """

    candidates: CandidateRules = field(default_factory=CandidateRules)
    lifecycle: LifecycleRules = field(default_factory=LifecycleRules)
    least_posts: int = 30
    least_score: float | None = 0.9
    least_score_of_refit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NightOutcome:
    """What a night, or a refit, did.

    Attributes
    ----------
    events : tuple of TopicEvent
    identity : IdentityScore or None
        Of the changed basis against the one before it, before topics were born or went; None where
        nothing was read.
    accepted : bool
        False where the last model stayed.
    reason : str
        A sentence.
    candidates : tuple of Candidate
        What was not admitted, with its evidence.
    """

    events: tuple[TopicEvent, ...]
    identity: IdentityScore | None
    accepted: bool
    reason: str
    candidates: tuple[Candidate, ...] = ()


@dataclass(slots=True, kw_only=True)
class TopicKeeper:
    """A topic model with what is remembered of its nights.

    Attributes
    ----------
    model : TopicModel
        Fitted. A night gives another object; the one before is left as it was.
    rules : KeeperRules
    reference : Reference
    pool : Pool
    candidates : list of Candidate
    next_topic_id, next_candidate : int
    usual : mapping of topic id to its usual share of the posts
    profiles : mapping of topic id to the terms by which drift is judged
    led, read : (n_nights, k), (n_nights,) int64
        Posts that each topic led on the last covered nights, -1 before it was there, and posts of
        those nights.
    alike : mapping of pairs of topic ids to the nights in a row on which they were alike
    """

    model: TopicModel
    rules: KeeperRules
    reference: Reference
    usual: dict[int, float]
    profiles: dict[int, Mapping[str, float]]
    next_topic_id: int
    pool: Pool = field(default_factory=Pool.empty)
    candidates: list[Candidate] = field(default_factory=list)
    next_candidate: int = 0
    led: Integers
    read: Integers
    alike: dict[tuple[int, int], int] = field(default_factory=dict)

    @classmethod
    def start(
        cls,
        model: TopicModel,
        counts: csr_array,
        words: Sequence[str],
        *,
        rules: KeeperRules | None = None,
        next_topic_id: int | None = None,
    ) -> Self:
        """Begin to keep a fitted model.

        Parameters
        ----------
        counts, words
            The posts that it was fitted to, or a sample of them.
        next_topic_id : int, optional
            Higher than every id that was ever used; after the model's own if None.
        """
        rules = rules or KeeperRules()
        reference = reference_of(model, counts, words, rules=rules.candidates)
        highest = int(model.topic_ids_.max(initial=-1)) + 1
        return cls(
            model=model,
            rules=rules,
            reference=reference,
            usual=_usual(model, counts, words, reference=reference),
            profiles=topic_profiles(model),
            next_topic_id=max(highest, next_topic_id or 0),
            led=np.empty((0, len(model.topic_ids_)), dtype=np.int64),
            read=np.empty(0, dtype=np.int64),
        )

    @property
    def pool_post_ids(self) -> Integers:
        """The posts in the pool: those whose writers the next night asks for."""
        return self.pool.post_ids

    def night(
        self,
        counts: csr_array,
        words: Sequence[str],
        *,
        day: date,
        post_ids: Integers,
        writers: Writers | None = None,
        covered: bool = True,
    ) -> NightOutcome:
        """Take in the posts of one night; a night that is refused changes nothing at all.

        Parameters
        ----------
        counts : (n, n_words) sparse counts of the new posts, its columns named by `words`
        post_ids : (n,) int64
        writers : Writers, optional
            Of the new posts and of those in the pool (`pool_post_ids`); None where no author is
            known, so that each post counts for itself.
        covered : bool
            Whether the harvest of that night was whole. If not, a topic's silence means nothing.

        Raises
        ------
        ValueError
            Where there is not one number for each post.
        """
        if counts.shape[0] != len(post_ids):
            raise ValueError(f"{counts.shape[0]} posts have {len(post_ids)} numbers; give each one")
        if not counts.shape[0]:
            return NightOutcome(
                events=(), identity=None, accepted=True, reason="no posts came: nothing changed"
            )
        weighed = self.model.terms_.weigh(counts, words)
        posts = read_posts(
            self.model, counts, words, known=self.reference.too_common, whole=weighed.whole
        )
        led = posts.led(len(self.model.topic_ids_), middle=self.reference.middle)
        moved = copy(self.model).partial_fit(counts, words, weighed=weighed)
        self._hold_silent(moved, led, n_posts=counts.shape[0])
        probe = probe_posts(counts), words
        identity = compare_models(self.model, moved, *probe, whole=probe_posts(weighed.whole))
        verdict = accept(identity, least=self.rules.least_score)
        if not verdict.accepted:
            return _refusal(day, identity, verdict.reason, counts.shape[0])
        self.model = moved
        events: list[TopicEvent] = []
        if covered and counts.shape[0] >= self.rules.least_posts:
            events += self._silences(led, counts.shape[0], day)
            events += self._merges(day)
        events += self._births(posts, day, np.asarray(post_ids, dtype=np.int64), writers)
        events += self._drifts(day)
        return NightOutcome(
            events=tuple(events),
            identity=identity,
            accepted=True,
            reason=verdict.reason,
            candidates=tuple(self.candidates),
        )

    def refit(
        self, counts: csr_array, words: Sequence[str], *, day: date, new_terms: bool = False
    ) -> NightOutcome:
        """Fit the topics again to all posts; split what falls apart; expect anew from then on.

        Parameters
        ----------
        new_terms : bool
            Choose the vocabulary anew, with the phrases among `words`.
        """
        earlier = set(self.model.vocabulary_)
        fitted = copied(self.model).refit(counts, words, new_terms=new_terms)
        probe = probe_posts(counts)
        identity = compare_models(self.model, fitted, probe, words)
        verdict = accept(identity, refit=True, least=self.rules.least_score_of_refit)
        if not verdict.accepted:
            return _refusal(day, identity, verdict.reason, counts.shape[0])
        self.model = fitted
        taken = {"new_terms": float(len(set(fitted.vocabulary_) - earlier))} if new_terms else {}
        events = [_of_model(day, "refitted", identity, counts.shape[0], **taken)]
        events += self._splits(counts, words, day)
        events += self._drifts(day)
        self.reference = reference_of(self.model, counts, words, rules=self.rules.candidates)
        self.usual = _usual(self.model, counts, words, reference=self.reference)
        return NightOutcome(
            events=tuple(events), identity=identity, accepted=True, reason=verdict.reason
        )

    def forget_posts(self, post_ids: Collection[int]) -> Self:
        """Take posts out of the pool, with the words that only they held."""
        self.pool = self.pool.forget_posts(post_ids)
        self.candidates = []
        return self

    def forget_terms(self, words: Collection[str]) -> Self:
        """Drop words that no post holds any more from all that is kept, the model included."""
        gone = frozenset(words)
        self.model = copied(self.model).forget_terms(gone)
        self.pool = self.pool.forget_terms(gone)
        self.reference = self.reference.without(gone)
        self.profiles = {t: _without(profile, gone) for t, profile in self.profiles.items()}
        self.candidates = [
            replace(candidate, profile=_without(candidate.profile, gone))
            for candidate in self.candidates
        ]
        return self

    def words(self) -> set[str]:
        """Return every word that is kept."""
        kept = {*self.model.vocabulary_, *self.pool.words, *self.reference.shares}
        kept |= self.reference.too_common
        for profile in (*self.profiles.values(), *(c.profile for c in self.candidates)):
            kept |= set(profile)
        return kept

    def state(self) -> dict[str, Any]:
        """Return what is kept beside the model: arrays and numbers by name."""
        return keeper_state.as_arrays(self)

    @classmethod
    def from_state(
        cls, state: Mapping[str, Any], *, model: TopicModel, rules: KeeperRules | None = None
    ) -> Self:
        """Return the keeper whose `state` and model were saved."""
        return cls(model=model, rules=rules or KeeperRules(), **keeper_state.from_arrays(state))

    def _births(
        self, posts: ReadPosts, day: date, post_ids: Integers, writers: Writers | None
    ) -> list[TopicEvent]:
        rules = self.rules.candidates
        self.pool = self.pool.absorb(
            posts,
            post_ids,
            bar=self.reference.bar,
            window=rules.window,
            most_posts=rules.most_posts,
        )
        nobody = np.full(len(self.pool), -1, dtype=np.int64)
        authors, threads = writers.of(self.pool.post_ids) if writers else (nobody, nobody)
        found = grow_candidates(self.pool, self.reference, rules=rules, authors=authors)
        followed = follow(found, self.candidates, next_number=self.next_candidate, same=rules.same)
        numbers = [candidate.number for candidate in followed]
        self.next_candidate = max([self.next_candidate, *(number + 1 for number in numbers)])
        nearest = nearest_topics(self.model, [candidate.profile for candidate in followed])
        weigh = partial(weigh_evidence, authors=authors, threads=threads, pooled=self.pool.rows())
        weighed = [
            weigh(candidate, self.pool, nearest=cosine)
            for candidate, cosine in zip(followed, nearest, strict=True)
        ]
        events: list[TopicEvent] = []
        self.candidates = []
        born_rows: list[Integers] = []
        for candidate in weighed:
            if refused_for(candidate, rules):
                self.candidates.append(candidate)
                continue
            events.append(self._bear(candidate, day))
            born_rows.append(candidate.rows)
        if born_rows:
            self._leave_pool(np.concatenate(born_rows))
        return events

    def _bear(self, candidate: Candidate, day: date) -> TopicEvent:
        topic_id, self.next_topic_id = self.next_topic_id, self.next_topic_id + 1
        self.model = add_candidate(copied(self.model), candidate, self.pool, topic_id=topic_id)
        self.usual[topic_id] = candidate.evidence["share"]
        self.profiles[topic_id] = topic_profiles(self.model)[topic_id]
        absent = np.full((len(self.led), 1), -1, dtype=np.int64)
        self.led = np.hstack([self.led, absent])
        return TopicEvent(day=day, topic_id=topic_id, event="born", evidence=candidate.evidence)

    def _leave_pool(self, rows: Integers) -> None:
        """Take posts out of the pool; candidates that stay are grown anew on the next night."""
        kept = np.ones(len(self.pool), dtype=bool)
        kept[rows] = False
        place = np.cumsum(kept) - 1
        self.pool = self.pool.of_posts(kept)
        self.candidates = [
            replace(candidate, rows=place[candidate.rows[kept[candidate.rows]]])
            for candidate in self.candidates
        ]

    def _hold_silent(self, moved: TopicModel, led: Integers, *, n_posts: int) -> None:
        """Let topics that are silent tonight be what they were.

        What such a topic leads is about something else, and night by night would become its talk.
        """
        usual = np.array([self.usual[topic] for topic in moved.topic_ids_.tolist()])
        silent = led < self.rules.lifecycle.quiet_share * usual * n_posts
        for name in ("components_", "gram_", "cross_", "posts_"):
            getattr(moved, name)[silent] = getattr(self.model, name)[silent]

    def _silences(self, led: Integers, n_posts: int, day: date) -> list[TopicEvent]:
        nights = self.rules.lifecycle.quiet_nights
        self.led = np.vstack([self.led, led])[-nights:]
        self.read = np.append(self.read, np.int64(n_posts))[-nights:]
        usual = np.array([self.usual[topic] for topic in self.model.topic_ids_.tolist()])
        silent = quiet_topics(self.led, self.read, usual, rules=self.rules.lifecycle)
        gone = [(int(self.model.topic_ids_[row]), shown) for row, shown in silent]
        events = []
        for topic, shown in gone:
            if self._asked_for(topic):
                continue
            self.model = copied(self.model).drop_topic(topic)
            self._forget_topic(topic)
            events.append(TopicEvent(day=day, topic_id=topic, event="retired", evidence=shown))
        return events

    def _merges(self, day: date) -> list[TopicEvent]:
        rules = self.rules.lifecycle
        cosines = alike_topics(self.model, rules=rules)
        self.alike = {pair: self.alike.get(pair, 0) + 1 for pair in cosines}
        events = []
        for pair, nights in list(self.alike.items()):
            if nights < rules.merge_nights or not set(pair) <= set(self.usual):
                continue
            kept, gone = pair
            self.usual[kept] += self.usual[gone]
            rows = [self._row(topic) for topic in pair]
            self.led[:, rows[0]] = np.where(
                self.led[:, rows].min(axis=1) < 0,
                self.led[:, rows].max(axis=1),
                self.led[:, rows].sum(axis=1),
            )
            self.model = copied(self.model).merge_topics(kept, gone)
            self._forget_topic(gone)
            evidence = {"nights": float(nights), "cosine": cosines[pair]}
            events.append(
                TopicEvent(day=day, topic_id=gone, event="merged", other_id=kept, evidence=evidence)
            )
        return events

    def _splits(self, counts: csr_array, words: Sequence[str], day: date) -> list[TopicEvent]:
        """Split the topics that gain most by it, each under its own id and one new one."""
        rules = self.rules.lifecycle
        leading = leading_topics(self.model.transform(counts, words))
        found = []
        for row in range(len(self.model.topic_ids_)):
            chosen = np.flatnonzero(leading == row)
            cut = csr_array(self.model.terms_.cut(counts[chosen], words))
            heard = np.diff(cut.indptr) > 0
            posts, names = chosen[heard], self.model.vocabulary_
            split = split_topic(cut[heard], counts[posts], words, names, rules=rules)
            if split is not None:
                found.append((row, posts[split.group == 1], split))
        found.sort(key=lambda each: -each[2].evidence["gain"])
        return [
            self._split(row, split, counts[posts], words, day)
            for row, posts, split in found[: rules.most_splits]
        ]

    def _split(
        self, row: int, split: Split, counts: csr_array, words: Sequence[str], day: date
    ) -> TopicEvent:
        topic, other = int(self.model.topic_ids_[row]), self.next_topic_id
        self.next_topic_id += 1
        self.model = divide_topic(
            self.model, row, split.basis, topic_id=other, counts=counts, words=words
        )
        profiles = topic_profiles(self.model)
        self.profiles |= {topic: profiles[topic], other: profiles[other]}
        self.led = np.hstack([self.led, np.full((len(self.led), 1), -1, dtype=np.int64)])
        self.led[:, row] = -1
        return TopicEvent(
            day=day, topic_id=topic, event="split", other_id=other, evidence=split.evidence
        )

    def _drifts(self, day: date) -> list[TopicEvent]:
        events = []
        for topic, current in topic_profiles(self.model).items():
            cosine = drift(self.profiles[topic], current)
            if cosine < self.rules.lifecycle.drift_cosine:
                self.profiles[topic] = current
                events.append(
                    TopicEvent(
                        day=day, topic_id=topic, event="drifted", evidence={"cosine": cosine}
                    )
                )
        return events

    def _forget_topic(self, topic: int) -> None:
        """Drop what is kept of a topic; the model must hold it no more."""
        still = [t for t in self.usual if t != topic]
        column = [place for place, t in enumerate(self.usual) if t != topic]
        self.led = self.led[:, column]
        self.usual = {t: self.usual[t] for t in still}
        self.profiles = {t: self.profiles[t] for t in still}
        self.alike = {pair: n for pair, n in self.alike.items() if topic not in pair}

    def _asked_for(self, topic: int) -> bool:
        """Say whether the study asked for a topic, which then stays however silent it is."""
        return bool(self.model.seed_names_[self._row(topic)])

    def _row(self, topic: int) -> int:
        return int(np.flatnonzero(self.model.topic_ids_ == topic)[0])


def _usual(
    model: TopicModel, counts: csr_array, words: Sequence[str], *, reference: Reference
) -> dict[int, float]:
    posts = read_posts(model, counts, words, known=reference.too_common)  # as a night reads them
    led = posts.led(len(model.topic_ids_), middle=reference.middle)
    n = max(counts.shape[0], 1)
    return {t: float(led[row]) / n for row, t in enumerate(model.topic_ids_.tolist())}


def _without(profile: Mapping[str, float], gone: frozenset[str]) -> dict[str, float]:
    return {word: weight for word, weight in profile.items() if not holds_any(word, gone)}


def _refusal(day: date, identity: IdentityScore, reason: str, n_posts: int) -> NightOutcome:
    event = _of_model(day, "kept", identity, n_posts)
    return NightOutcome(events=(event,), identity=identity, accepted=False, reason=reason)


def _of_model(
    day: date, event: str, identity: IdentityScore, n_posts: int, **more: float
) -> TopicEvent:
    evidence = {
        "score": identity.score,
        "moved": identity.moved,
        "topics_kept": identity.kept,
        "posts": float(n_posts),
        **more,
    }
    return TopicEvent(day=day, topic_id=None, event=event, evidence=evidence)

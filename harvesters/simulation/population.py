"""Lets a community live: who posts when, on what, in answer to whom, and what becomes of it."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate

from harvesters.simulation.catalogue import (
    BOT_SHARE,
    COMMUNITIES,
    DELETION_SHARE,
    EDIT_SHARE,
    FEED_BURST,
    FEED_BURST_EVERY,
    HABITS,
    HELD_SHARE,
    QUOTE_SHARE,
    REBLOG_SHARE,
    REPEAT_SHARE,
    SOURCE_BY_NAME,
    SPAM_SHARE,
    THREAD_DELETION_SHARE,
)
from harvesters.simulation.draws import Draws
from harvesters.simulation.entities import (
    DeletionReason,
    SimAuthor,
    SimCommunity,
    milliseconds,
)
from harvesters.simulation.people import invent_people
from harvesters.simulation.truth import FRAMES, TOPICS, Plan
from harvesters.simulation.writing import Phrasebook, Writer, Writing
from warehouse.records import PostKind

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000  # milliseconds
_HOURS = (8, 7, 4, 3, 3, 5, 12, 24, 32, 36, 36, 36, 40, 40, 36, 36, 40, 44, 48, 56, 60, 56, 40, 22)
_BY_HOUR = tuple(accumulate(float(weight) for weight in _HOURS))
THREAD_DAYS = 9
OFF_TOPIC_SHARE = 0.12  # of replies are about something else than their thread
RECENT_THREADS = 10  # of a topic, that people still look at
WEEKEND = 5


@dataclass(slots=True, eq=False)
class Draft:
    """A post before the platform has numbered and dressed it; times in milliseconds."""

    community: SimCommunity
    night: int
    at: int
    author: SimAuthor
    kind: PostKind
    topic: str
    frames: tuple[str, ...]
    writing: Writing
    parent: "Draft | None" = None
    root: "Draft | None" = None
    quoted: "Draft | None" = None
    visible_from: int = 0
    deleted: int | None = None
    reason: DeletionReason | None = None
    revisions: list[tuple[int, Writing]] = field(default_factory=list)
    automated: bool = False
    repeats: "Draft | None" = None
    replies: list["Draft"] = field(default_factory=list)
    number: int = 0
    thread: int = 0
    position: int = 1

    def seen_at(self, moment: int) -> bool:
        """Whether others can read and answer it at `moment`."""
        return self.visible_from <= moment and (self.deleted is None or moment < self.deleted)


@dataclass(slots=True)
class BoostDraft:
    """A boost before it is numbered."""

    at: int
    author: SimAuthor
    of: Draft


class Population:
    """One community through all nights; `live` fills `drafts` and `boosts`."""

    def __init__(
        self,
        community: SimCommunity,
        *,
        plan: Plan,
        book: Phrasebook,
        seed: int,
        start: date,
        scale: float,
        taken: set[str],
    ) -> None:
        position = COMMUNITIES.index(community)
        self.community = community
        self.drafts: list[Draft] = []
        self.boosts: list[BoostDraft] = []
        self._platform = SOURCE_BY_NAME[community.source].platform
        self._habits = HABITS[community.community]
        self._plan = plan
        self._scale = scale
        self._start = start
        self._draws = Draws(seed, position, 2)
        self._writer = Writer(book, draws=self._draws, habits=self._habits)
        self._people = invent_people(
            community,
            grammar=book.grammar,
            draws=Draws(seed, position, 3),
            scale=scale,
            first_number=100_000 * position + 100,
            taken=taken,
        )
        self._threads: dict[str, deque[Draft]] = {
            topic: deque(maxlen=RECENT_THREADS) for topic in TOPICS
        }

    def live(self, nights: int) -> None:
        """Write the posts of all nights, in the order of time."""
        for night in range(nights):
            topics = list(accumulate(self._plan.topic_mix[night].tolist()))
            given = self._plan.frame_given_topic[night].tolist()
            for moment in self._moments(night):
                position = self._draws.weighted(topics)
                frames = tuple(
                    frame
                    for frame, probability in zip(FRAMES, given[position], strict=True)
                    if self._draws.chance(probability)
                )
                self._post(night, moment, TOPICS[position], frames)
        self.drafts.sort(key=lambda draft: draft.at)

    def _moments(self, night: int) -> list[int]:
        """Draw when posts are written on one day, whole seconds where the platform has no finer."""
        midnight = self._midnight(night)
        step = 1000 if self._platform in ("wordpress", "feed") else 1
        draws = self._draws
        moments = sorted(
            midnight + draws.weighted(_BY_HOUR) * HOUR + draws.below(HOUR // step) * step
            for _ in range(self._count(night))
        )
        for later in range(1, len(moments)):
            moments[later] = max(moments[later], moments[later - 1] + step)
        return moments

    def _midnight(self, night: int) -> int:
        day = self._start + timedelta(days=night)
        return milliseconds(datetime.combine(day, time.min, tzinfo=UTC))

    def _count(self, night: int) -> int:
        expected = self._habits.posts_a_day * self._scale
        weekday = (self._start + timedelta(days=night)).weekday()
        if weekday >= WEEKEND:
            expected *= self._habits.weekend
        expected *= self._draws.between(0.93, 1.07)
        if self._platform == "feed" and night % FEED_BURST_EVERY == FEED_BURST_EVERY // 2:
            expected = FEED_BURST * self._scale
        whole = int(expected)
        return whole + self._draws.chance(expected - whole)

    def _post(self, night: int, moment: int, topic: str, frames: tuple[str, ...]) -> None:
        draws = self._draws
        if self._people.bots and draws.chance(BOT_SHARE):
            self._bot_post(night, moment - 1, topic)
        root = None if draws.chance(self._habits.starts) else self._thread_for(topic, moment)
        draft = Draft(
            community=self.community,
            night=night,
            at=moment,
            author=self._author(opens_thread=root is None),
            kind="post" if root is None else "comment",
            topic=topic,
            frames=frames,
            writing=self._writer.write(topic=topic, frames=frames, opens_thread=root is None),
            visible_from=moment,
        )
        if root is None:
            self._threads[topic].append(draft)
        else:
            self._answer(draft, root)
        self._plan_end(draft)
        self._plan_edits(draft)
        self.drafts.append(draft)
        if draft.kind == "comment" and draws.chance(REPEAT_SHARE):
            self._send_again(draft)
        if self._platform == "mastodon" and draws.chance(REBLOG_SHARE):
            self._boost(moment)

    def _author(self, *, opens_thread: bool) -> SimAuthor:
        if opens_thread and self._people.writers:
            return self._draws.pick(self._people.writers)
        return self._people.anyone(self._draws)

    def _thread_for(self, topic: str, moment: int) -> Draft | None:
        """Find an open thread, on the topic if there is one; None where nothing is open."""
        others = [root for roots in self._threads.values() for root in roots]
        same = [] if self._draws.chance(OFF_TOPIC_SHARE) else list(self._threads[topic])
        for roots in (same, others):
            open_roots = [r for r in roots if self._is_open(r, moment)]
            if open_roots:
                return self._draws.pick(open_roots[-RECENT_THREADS:])
        return None

    def _is_open(self, root: Draft, moment: int) -> bool:
        return root.seen_at(moment) and moment - root.at < THREAD_DAYS * DAY

    def _answer(self, draft: Draft, root: Draft) -> None:
        draws = self._draws
        draft.root = draft.parent = root
        recent = [reply for reply in root.replies[-8:] if reply.seen_at(draft.at)]
        if recent and draws.chance(0.5):
            draft.parent = draws.pick(recent)
        root.replies.append(draft)
        if draws.chance(QUOTE_SHARE):
            draft.quoted = draft.parent

    def _bot_post(self, night: int, moment: int, topic: str) -> None:
        self.drafts.append(
            Draft(
                community=self.community,
                night=night,
                at=moment,
                author=self._draws.pick(self._people.bots),
                kind="post",
                topic=topic,
                frames=(),
                writing=self._writer.digest(topic),
                visible_from=moment,
                automated=True,
            )
        )

    def _send_again(self, draft: Draft) -> None:
        """Add the same words by the same person a little later."""
        later = draft.at + (1 + self._draws.below(15)) * MINUTE
        again = Draft(
            community=self.community,
            night=draft.night,
            at=later,
            author=draft.author,
            kind="comment",
            topic=draft.topic,
            frames=draft.frames,
            writing=draft.writing,
            parent=draft.parent,
            root=draft.root,
            visible_from=later,
            repeats=draft,
        )
        same_day = later - self._midnight(draft.night) < DAY
        if same_day and draft.parent is not None and draft.parent.seen_at(later):
            self.drafts.append(again)

    def _boost(self, moment: int) -> None:
        recent = [draft for draft in self.drafts[-60:] if draft.seen_at(moment)]
        if recent:
            of = self._draws.pick(recent)
            self.boosts.append(BoostDraft(moment + 1, self._people.anyone(self._draws), of))

    def _plan_end(self, draft: Draft) -> None:
        draws = self._draws
        if self._platform == "wordpress" and draft.kind == "comment":
            if draws.chance(SPAM_SHARE):
                draft.deleted, draft.reason = draft.at, "moderator"
                return
            if draws.chance(HELD_SHARE):
                draft.visible_from += (10 + draws.below(20 * 60)) * MINUTE
        threaded = self._platform in ("wordpress", "discourse") and draft.kind == "post"
        if not draws.chance(THREAD_DELETION_SHARE if threaded else DELETION_SHARE):
            return
        soon = not threaded and draws.chance(0.35)
        delay = draws.between(2 * MINUTE, 5 * HOUR) if soon else draws.between(DAY, 28 * DAY)
        draft.deleted = draft.visible_from + int(delay) // 1000 * 1000
        by_author = not threaded and self._platform != "feed" and draws.chance(0.6)
        draft.reason = "author" if by_author else "moderator"

    def _plan_edits(self, draft: Draft) -> None:
        draws = self._draws
        if not draws.chance(EDIT_SHARE):
            return
        first = draft.visible_from + 6 * MINUTE + int(draws.uniform() ** 2 * 4 * DAY)
        second = first + 30 * MINUTE + int(draws.uniform() ** 2 * 3 * DAY)
        original = draft.writing
        edited = self._writer.edited(original, topic=draft.topic)
        course: Sequence[Writing] = (
            (edited,),  # an edit
            (original,),  # touched, the words stay
            (edited, original),  # an edit taken back
            (edited, self._writer.edited(edited, topic=draft.topic)),
        )[draws.weighted((0.55, 0.72, 0.85, 1.0))]
        end = draft.deleted
        for moment, writing in zip((first, second), course, strict=False):
            whole = moment // 1000 * 1000
            if end is None or whole < end:
                draft.revisions.append((whole, writing))


def end_threads(drafts: Sequence[Draft]) -> None:
    """Let everything in a deleted topic or article go with it."""
    for draft in drafts:
        root = draft.root
        if root is None or root.deleted is None:
            continue
        if draft.deleted is None or root.deleted < draft.deleted:
            draft.deleted, draft.reason = max(root.deleted, draft.at), root.reason
            draft.revisions = [entry for entry in draft.revisions if entry[0] < root.deleted]

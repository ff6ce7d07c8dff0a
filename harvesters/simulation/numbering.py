"""Gives drafts the numbers, ids and clothes of their platform."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from harvesters.simulation.catalogue import SOURCES
from harvesters.simulation.draws import Draws
from harvesters.simulation.dress import dress, slug
from harvesters.simulation.entities import (
    Reblog,
    SimPost,
    SimSource,
    Version,
    from_milliseconds,
)
from harvesters.simulation.population import Draft, Population, end_threads

PLACEHOLDER_TIME = timedelta(hours=24)  # Discourse's delete_removed_posts_after
_FIRST_NUMBERS = {"article": 211, "comment": 904, "discourse": 1207, "topic": 318, "feed": 5003}
_STEPS = {"article": 5, "comment": 2, "discourse": 3, "topic": 2, "feed": 3}  # at most


@dataclass(frozen=True, slots=True)
class Numbered:
    """The finished posts of one source."""

    posts: tuple[SimPost, ...]
    reblogs: tuple[Reblog, ...]


class _Counter:
    """Numbers that grow by small uneven steps, as a platform's sequences do."""

    def __init__(self, draws: Draws, what: str) -> None:
        self._draws = draws
        self._step = _STEPS[what]
        self._last = _FIRST_NUMBERS[what]

    def next(self) -> int:
        self._last += 1 + self._draws.below(self._step)
        return self._last


def number_source(site: SimSource, populations: Sequence[Population], *, seed: int) -> Numbered:
    """Turn everything that was drafted on one site into finished posts."""
    drafts = [draft for population in populations for draft in population.drafts]
    drafts.sort(key=lambda draft: draft.at)
    if site.platform in ("wordpress", "discourse"):
        end_threads(drafts)
    draws = Draws(seed, SOURCES.index(site), 4)
    if site.platform == "mastodon":
        reblogs = _number_by_time(drafts, populations, draws)
    else:
        _number_in_order(site, drafts, draws)
        reblogs = ()
    posts = tuple(_finished(site, draft) for draft in drafts)
    return Numbered(posts=posts, reblogs=reblogs)


def _number_in_order(site: SimSource, drafts: Sequence[Draft], draws: Draws) -> None:
    posts = _Counter(draws, {"wordpress": "article"}.get(site.platform, site.platform))
    comments = _Counter(draws, "comment") if site.platform == "wordpress" else posts
    topics = _Counter(draws, "topic")
    members: dict[int, int] = {}
    for draft in drafts:
        root = draft.root or draft
        draft.number = (posts if draft.root is None else comments).next()
        if draft.root is None:
            draft.thread = topics.next() if site.platform == "discourse" else draft.number
        draft.thread = root.thread
        members[root.thread] = draft.position = members.get(root.thread, 0) + 1


def _number_by_time(
    drafts: Sequence[Draft], populations: Sequence[Population], draws: Draws
) -> tuple[Reblog, ...]:
    """Give Mastodon's numbers: milliseconds, then sixteen bits that nobody can guess."""
    last = 0
    for draft in drafts:
        draft.number = last = max(last + 1, (draft.at << 16) + draws.below(1 << 16))
        root = draft.root or draft
        draft.thread = root.number
    taken = {draft.number for draft in drafts}
    reblogs = []
    for boost in sorted((b for p in populations for b in p.boosts), key=lambda b: b.at):
        number = (boost.at << 16) + draws.below(1 << 16)
        while number in taken:
            number += 1
        taken.add(number)
        reblogs.append(Reblog(number, from_milliseconds(boost.at), boost.author, boost.of.number))
    return tuple(reblogs)


def _finished(site: SimSource, draft: Draft) -> SimPost:
    root = draft.root or draft
    created_at = from_milliseconds(draft.at)
    deleted_at = None if draft.deleted is None else from_milliseconds(draft.deleted)
    by_author = deleted_at is not None and draft.reason == "author"
    return SimPost(
        source=site.source,
        community=draft.community.community,
        native_id=native_id(site, draft),
        native_thread_id=_native_thread_id(site, root),
        native_parent_id=None if draft.parent is None else native_id(site, draft.parent),
        number=draft.number,
        thread=draft.thread,
        position=draft.position,
        kind=draft.kind,
        author=draft.author,
        parent=None if draft.parent is None else draft.parent.number,
        quoted=None if draft.quoted is None else draft.quoted.number,
        slug=slug(draft.writing.title) if draft.writing.title else "",
        night=draft.night,
        created_at=created_at,
        visible_from=from_milliseconds(draft.visible_from),
        versions=_versions(draft),
        deleted_at=deleted_at,
        deletion_reason=draft.reason,
        placeholder_until=deleted_at + PLACEHOLDER_TIME
        if by_author and deleted_at is not None and site.platform == "discourse"
        else None,
        topic=draft.topic,
        frames=frozenset(draft.frames),
        automated=draft.automated,
        repeats=None if draft.repeats is None else native_id(site, draft.repeats),
        identifiers=draft.writing.identifiers,
    )


def native_id(site: SimSource, draft: Draft) -> str:
    """Return the id that harvesters give a post."""
    if site.platform == "wordpress":
        return f"{'post' if draft.root is None else 'comment'}:{draft.number}"
    return f"{site.home}/?p={draft.number}" if site.platform == "feed" else str(draft.number)


def _native_thread_id(site: SimSource, root: Draft) -> str:
    return str(root.thread) if site.platform == "discourse" else native_id(site, root)


def _versions(draft: Draft) -> tuple[Version, ...]:
    first = dress(draft, draft.writing, at=draft.at)
    return (first, *(dress(draft, writing, at=at) for at, writing in draft.revisions))

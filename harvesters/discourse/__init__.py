"""Discourse: posts of a forum's categories by `/posts.json`, newest first, for the whole site.

Servers from before May 2024 answer with the posts among fifty ids, newer ones with the fifty posts
below an id; the walk works with both. Communities are category ids; one instance keeps the pages
that it read, so that several categories of a site cost its pages once.

A post's native id is its post id, which stays when moderators move a post. The number that a reply
names is turned into a post id among the posts of the same batch; elsewhere the parent is not known.
With the option `topics = true` topics are counted and, where posts are missing, read as a whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from harvesters.base import Gone, ParseError, SourceSpec
from harvesters.batching import merge_batches
from harvesters.client import Params, PoliteClient
from harvesters.discourse.topics import Met, Topics, WholeTopic
from harvesters.json_fields import (
    MalformedItem,
    json_object,
    optional_text,
    optional_time,
    optional_whole,
    text_field,
    time_field,
    whole_field,
)
from harvesters.markup import html_to_text
from harvesters.newest_first import NewestFirstWalk, PageStore, Progress
from harvesters.posts import ReadContext, build_post
from harvesters.reading import Dropped, read_context, read_items
from harvesters.rechecking import (
    front_page_answers,
    gone,
    grouped,
    look_at,
    recheck_groups,
    unknown,
)
from warehouse.protection.keys import KeyRing
from warehouse.records import (
    Batch,
    Clock,
    Community,
    CursorValue,
    Known,
    Post,
    PostRef,
    Sighting,
    ThreadCount,
)

FORBIDDEN = 403
POSTS_A_RECHECK = 20  # what the server shows of a topic at once
REGULAR = 1  # post_type
OTHER_TYPES = {2: "moderator_action", 3: "small_action", 4: "whisper"}
REMOVED, BY_AUTHOR = "removed", "deleted_by_author"
HIDDEN = {REMOVED: REMOVED, BY_AUTHOR: BY_AUTHOR}


def parse_posts(content: bytes, context: ReadContext) -> list[Post]:
    """Read the posts of an answer of `/posts.json` or `/t/<id>/posts.json`.

    Parents are known where they are in the same answer.
    """
    answer = json_object(content, what=context.host)
    items = _items(answer if "latest_posts" in answer else answer.get("post_stream"), context.host)
    replies = _Replies()
    replies.note(items)
    reading = read_items(items, partial(build_discourse_post, context), what=context.host)
    return replies.resolve(reading.posts)


def build_discourse_post(
    context: ReadContext, item: Mapping[str, Any], *, site: str | None = None
) -> Post:
    """Make the record of one post, its parent still open.

    Raises `Dropped` for what is hidden, deleted or nobody's talk.
    """
    post_type = whole_field(item, "post_type") if "post_type" in item else REGULAR
    if post_type != REGULAR:
        raise Dropped(OTHER_TYPES.get(post_type, "no_post"))
    hidden = _why_hidden(item)
    if hidden:
        raise Dropped(hidden)
    topic, number = whole_field(item, "topic_id"), whole_field(item, "post_number")
    slug = optional_text(item, "topic_slug") or "-"
    first = number == 1
    return build_post(
        context,
        native_id=str(whole_field(item, "id")),
        native_thread_id=str(topic),
        native_parent_id=None,
        kind="post" if first else "comment",
        handle=optional_text(item, "username"),
        created_at=time_field(item, "created_at"),
        edited_at=_edited_at(item),
        title=text_field(item, "topic_title") if first else "",
        body=partial(html_to_text, text_field(item, "cooked")),
        raw=text_field(item, "raw"),
        url=f"{site or f'https://{context.host}'}/t/{slug}/{topic}/{number}",
        automated=_is_machine(item),
    )


class DiscourseHarvester:
    """Reads one Discourse forum; communities are category ids."""

    platform: ClassVar[str] = "discourse"
    needs_communities: ClassVar[bool] = False
    needs_secrets: ClassVar[tuple[str, ...]] = ()
    needs_approval: ClassVar[bool] = False
    evidence = "recording"

    def __init__(
        self, spec: SourceSpec, *, client: PoliteClient, keys: KeyRing, clock: Clock
    ) -> None:
        self._spec = spec
        self._client = client
        self._keys = keys
        self._clock = clock
        self._store = PageStore()

    def communities(self) -> Iterator[Community]:
        """Yield the configured categories, or all that the site shows to guests."""
        if self._spec.communities:
            yield from self._spec.communities
            return
        what = f"{self._spec.url}/site.json"
        categories = json_object(self._client.get(what).content, what=what).get("categories")
        if not isinstance(categories, list):
            raise ParseError(f"{what} lists no categories; see whether the forum is a Discourse")
        for category in categories:
            if isinstance(category, dict) and isinstance(category.get("id"), int):
                native_id = str(category["id"])
                name = optional_text(category, "name") or native_id
                yield Community(source=self._spec.source, community=native_id, name=name)

    def harvest(
        self, community: Community, *, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        """Yield what was posted in a category; `since` bounds a first harvest."""
        self._store.start(community.community)
        replies, met = _Replies(), Met()
        for batch in merge_batches(self._batches(community, since, known, replies, met)):
            yield replace(batch, posts=tuple(replies.resolve(batch.posts)))
        if self._spec.options.get("topics") is True:
            topics = Topics(known, met, self._ask)
            for batch in merge_batches(self._topics(community, topics, replies)):
                yield replace(batch, posts=tuple(replies.resolve(batch.posts)))

    def recheck(self, posts: Sequence[PostRef]) -> Iterator[Sighting]:
        """Yield one sighting for each post, twenty posts of a topic a request."""
        topics: dict[str, list[PostRef]] = {}
        for ref in posts:
            topics.setdefault(ref.native_thread_id, []).append(ref)
        groups = [group for refs in topics.values() for group in grouped(refs, POSTS_A_RECHECK)]
        return recheck_groups(
            groups,
            self._look_again,
            clock=self._clock,
            site_answers=partial(front_page_answers, self._client, self._spec.url),
        )

    def _batches(
        self,
        community: Community,
        since: datetime | None,
        known: Known,
        replies: "_Replies",
        met: Met,
    ) -> Iterator[Batch]:
        walk = NewestFirstWalk(Progress.read(known.cursor), since)
        for items, fetched_at in walk.pages(self._page):
            replies.note(items)
            own = [item for item in items if str(item.get("category_id")) == community.community]
            met.note(own)
            yield self._batch(community, own, fetched_at, walk.cursor())
        yield Batch(
            source=community.source,
            community=community.community,
            cursor=walk.cursor(),
            complete=walk.finished and walk.sound,
        )

    def _batch(
        self,
        community: Community,
        own: Sequence[Mapping[str, Any]],
        fetched_at: datetime,
        cursor: Mapping[str, CursorValue] | None,
    ) -> Batch:
        context = self._context(community.community, fetched_at)
        build = partial(build_discourse_post, context, site=self._spec.url)
        reading = read_items(own, build, what=self._address())
        return Batch(
            source=community.source,
            community=community.community,
            posts=reading.posts,
            sightings=tuple(_withdrawn(own, context)),
            cursor=cursor,
            expected=len(own),
            fetched=len(reading.posts),
            drops=reading.drops,
            complete=reading.complete,
        )

    def _topics(self, community: Community, topics: Topics, replies: "_Replies") -> Iterator[Batch]:
        """Yield the counts of the topics that were met, and the posts of those that are cut."""
        for topic in topics.whole_topics(community.community):
            replies.note(topic.items)
            yield self._topic_batch(community, topic)
        if topics.left_out:
            yield Batch(
                source=community.source,
                community=community.community,
                drops={"topic_left": topics.left_out},
                complete=False,
            )

    def _topic_batch(self, community: Community, topic: WholeTopic) -> Batch:
        read = self._batch(community, topic.items, topic.fetched_at, None)
        count = ThreadCount(
            native_thread_id=topic.native_id, expected=topic.expected, fetched=topic.fetched
        )
        missing = topic.expected - topic.fetched
        return replace(
            read,
            threads=(count,),
            expected=len(topic.items) + missing,
            complete=read.complete and not missing,
        )

    def _ask(
        self, path: str, parameters: Mapping[str, Any]
    ) -> tuple[dict[str, Any], datetime] | None:
        """Read an answer by its path; None where guests may not see it."""
        address = f"{self._spec.url}{path}"
        response = self._client.get(address, params=parameters, accept=(FORBIDDEN,))
        if response.status == FORBIDDEN:
            return None
        return json_object(response.content, what=address), response.fetched_at

    def _context(self, community: str, fetched_at: datetime) -> ReadContext:
        return read_context(self._spec, community=community, fetched_at=fetched_at, keys=self._keys)

    def _address(self) -> str:
        return f"{self._spec.url}/posts.json"

    def _page(self, before: int | None) -> tuple[Sequence[Mapping[str, Any]], datetime]:
        content, fetched_at = self._store.get(before, self._fetch)
        return _items(json_object(content, what=self._address()), self._address()), fetched_at

    def _fetch(self, before: int | None) -> tuple[bytes, datetime]:
        parameters = {} if before is None else {"before": before}
        response = self._client.get(self._address(), params=parameters)
        return response.content, response.fetched_at

    def _look_again(self, refs: Sequence[PostRef]) -> Iterator[Sighting]:
        """See which posts a topic still shows; one that it does not show may have been moved."""
        try:
            shown = self._shown(refs)
        except Gone:
            yield from self._look_elsewhere(refs)
            return
        seen_at = self._clock.now()
        for ref in refs:
            if shown is None:
                yield unknown(ref, reason="login_required", seen_at=seen_at)
            else:
                yield self._seen(ref, shown.get(ref.native_id) or self._moved(ref), seen_at)

    def _shown(self, refs: Sequence[PostRef]) -> dict[str, Mapping[str, Any]] | None:
        """Return the posts of a topic by id; None where guests may not see it any more.

        The whole topic is asked for where its first post is wanted, since nothing else says its
        title; what is not on its first page is then asked for by id.
        """
        native_id = refs[0].native_thread_id
        topic = f"{self._spec.url}/t/{native_id}"
        shown: dict[str, Mapping[str, Any]] = {}
        if any(ref.kind == "post" for ref in refs):
            answer = self._open(f"{topic}.json", {}, native_id)
            if answer is None:
                return None
            title = {"topic_title": answer.get("title")}
            shown = {name: title | item for name, item in _by_id(answer, topic).items()}
        rest = [ref.native_id for ref in refs if ref.native_id not in shown]
        if rest:
            answer = self._open(f"{topic}/posts.json", {"post_ids[]": rest}, native_id)
            if answer is None:
                return None
            shown |= _by_id(answer, topic)
        return shown

    def _open(self, address: str, parameters: Params, native_id: str) -> dict[str, Any] | None:
        """Ask about one topic or post; None where guests may not see it."""
        response = self._client.get(
            address, params={**parameters, "include_raw": "true"}, accept=(FORBIDDEN,)
        )
        if response.status == FORBIDDEN:
            return None
        answer = json_object(response.content, what=address)
        if str(answer.get("id")) != native_id:
            raise ParseError(
                f"{address} answered about something else; see whether a cache answers in the "
                "place of the forum"
            )
        return answer

    def _look_elsewhere(self, refs: Sequence[PostRef]) -> Iterator[Sighting]:
        """Look for the posts of a topic that is gone: it may have been merged into another.

        The first reply that is nowhere stands for the others.
        """
        merged = True
        for ref in refs:
            item = self._moved(ref) if merged else None
            merged = item is not None or ref.kind == "post"
            yield self._seen(ref, item, self._clock.now())

    def _moved(self, ref: PostRef) -> Mapping[str, Any] | None:
        if ref.kind == "post":
            return None  # a moved first post is a new post
        try:
            address = f"{self._spec.url}/posts/{ref.native_id}.json"
            return self._open(address, {}, ref.native_id)
        except Gone:
            return None

    def _seen(self, ref: PostRef, item: Mapping[str, Any] | None, seen_at: datetime) -> Sighting:
        if item is None:
            return gone(ref, reason="not_found", seen_at=seen_at)
        context = replace(self._context(ref.community, seen_at), known_hash=ref.content_hash)
        build = partial(build_discourse_post, context, item, site=self._spec.url)
        return look_at(ref, build, seen_at=seen_at, reasons=HIDDEN)


class _Replies:
    """Turns the number of a post within its topic into the post's id, as far as both were read."""

    def __init__(self) -> None:
        self._ids: dict[tuple[int, int], str] = {}
        self._wanted: dict[str, tuple[int, int]] = {}

    def note(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Take down the numbers of a page's posts, and which number each replies to."""
        for item in items:
            try:
                native_id = str(whole_field(item, "id"))
                topic, number = whole_field(item, "topic_id"), whole_field(item, "post_number")
                answered = optional_whole(item, "reply_to_post_number") or 1
            except MalformedItem:
                continue
            self._ids[topic, number] = native_id
            if answered != number:
                self._wanted[native_id] = (topic, answered)

    def resolve(self, posts: Sequence[Post]) -> list[Post]:
        """Return posts with their parents; a reply that names none answers the first post."""
        return [
            replace(post, native_parent_id=self._ids.get(wanted))
            if (wanted := self._wanted.pop(post.native_id, None))
            else post
            for post in posts
        ]


def _items(answer: object, what: str) -> list[Mapping[str, Any]]:
    """Return the posts of an answer: `latest_posts` of a site, `posts` of a topic's stream."""
    listed = (
        answer.get("latest_posts", answer.get("posts")) if isinstance(answer, Mapping) else None
    )
    if not isinstance(listed, list):
        raise ParseError(
            f"{what} answered without a list of posts; see whether the forum is a Discourse that "
            "shows its posts to guests"
        )
    return [item for item in listed if isinstance(item, dict)]


def _by_id(answer: Mapping[str, Any], what: str) -> dict[str, dict[str, Any]]:
    items = _items(answer.get("post_stream"), what)
    return {str(item["id"]): dict(item) for item in items if "id" in item}


def _is_machine(item: Mapping[str, Any]) -> bool:
    """Tell whether the forum itself wrote: its system user and its robots have negative ids."""
    number = item.get("user_id")
    return isinstance(number, int) and number < 0


def _why_hidden(item: Mapping[str, Any]) -> str | None:
    if item.get("user_deleted") is True:
        return BY_AUTHOR
    return REMOVED if item.get("hidden") is True or item.get("deleted_at") is not None else None


def _withdrawn(items: Sequence[Mapping[str, Any]], context: ReadContext) -> Iterator[Sighting]:
    """Yield the posts whose text the site itself has taken back."""
    for item in items:
        reason = _why_hidden(item)
        if reason and isinstance(item.get("id"), int):
            yield Sighting(
                source=context.source,
                community=context.community,
                native_id=str(item["id"]),
                outcome="gone",
                seen_at=context.fetched_at,
                reason=reason,
            )


def _edited_at(item: Mapping[str, Any]) -> datetime | None:
    """Return the time of the last edit; `updated_at` alone also moves without one."""
    version = optional_whole(item, "version") or 1
    return optional_time(item, "updated_at") if version > 1 else None

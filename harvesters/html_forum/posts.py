"""From the posts that a page of a forum shows to posts, pseudonymised, every drop counted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urldefrag

from harvesters.html_forum.dates import DateReader
from harvesters.html_forum.pages import Page, ShownPost, ThreadPage, parse_thread
from harvesters.html_forum.profile import Profile
from harvesters.markup import html_to_text
from harvesters.posts import ReadContext, build_post
from harvesters.reading import MALFORMED, Dropped, Reading
from warehouse.records import Post, PostKind, Sighting

NO_DATE, DELETED = "no_date", "deleted"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the posts and threads of one board are, as its profile's addresses say."""

    site: str
    profile: Profile

    def of_post(self, post: ShownPost, *, thread: str, page: ThreadPage) -> str:
        """Return a post's own address: as the page links it, as the profile says, or its page."""
        permalink = self.profile.rules.post.permalink
        if post.address is not None:
            return post.address
        if permalink is not None:
            return f"{self.site}/{permalink.format(thread=thread, post=post.native_id)}"
        return f"{urldefrag(page.address).url}#{post.native_id}"

    def of_thread(self, native_id: str) -> str | None:
        """Return the address of a thread, where its id is enough to say it."""
        address = self.profile.rules.thread.address
        return None if address is None else f"{self.site}/{address.format(thread=native_id)}"


def parse_posts(
    content: bytes,
    context: ReadContext,
    *,
    profile: Profile,
    dates: DateReader,
    thread: str,
    address: str,
) -> list[Post]:
    """Read the posts of a thread's page."""
    page = parse_thread(
        Page(content=content, address=address, fetched_at=context.fetched_at), profile, dates
    )
    addresses = Addresses(address.rpartition("/")[0], profile)
    return list(read_posts(page, page.posts, context, thread=thread, addresses=addresses).posts)


def read_posts(
    page: ThreadPage,
    shown: Sequence[ShownPost],
    context: ReadContext,
    *,
    thread: str,
    addresses: Addresses,
) -> Reading:
    """Build the posts of those that a page shows; what cannot be read is counted by its reason."""
    build = partial(build_forum_post, page, context, thread=thread, addresses=addresses)
    posts: list[Post] = []
    drops: Counter[str] = Counter()
    for each in shown:
        try:
            posts.append(build(each))
        except Dropped as dropped:
            drops[dropped.reason] += 1
        except ValueError:  # RecordError, and what parsers say of odd input
            drops[MALFORMED] += 1
    return Reading(posts=tuple(posts), drops=dict(drops))


def build_forum_post(
    page: ThreadPage,
    context: ReadContext,
    shown: ShownPost,
    *,
    thread: str,
    addresses: Addresses,
    kind: PostKind | None = None,
) -> Post:
    """Make the record of one post.

    Raises
    ------
    Dropped
        If the post was taken back, or nobody can say when it was written.
    Unchanged
        If the context knows the post's hash and it still holds.
    """
    if shown.deleted:
        raise Dropped(DELETED)
    if shown.created is None:
        raise Dropped(NO_DATE)
    kind = kind or kind_of(page, shown)
    return build_post(
        context,
        native_id=shown.native_id,
        native_thread_id=thread,
        native_parent_id=None,
        kind=kind,
        handle=shown.handle,
        created_at=shown.created.at,
        edited_at=shown.edited.at if shown.edited else None,
        title=page.title if kind == "post" else "",
        body=partial(html_to_text, shown.raw),
        raw=shown.raw,
        url=addresses.of_post(shown, thread=thread, page=page),
        automated=shown.automated,
    )


def kind_of(page: ThreadPage, shown: ShownPost) -> PostKind:
    """Tell whether a post begins its thread."""
    begins = page.is_first and page.posts[0].native_id == shown.native_id
    return "post" if begins else "comment"


def withdrawn(
    shown: Sequence[ShownPost], context: ReadContext, *, reason: str
) -> tuple[Sighting, ...]:
    """Return the posts whose place is shown and whose text the board has taken back."""
    if all(each.deleted for each in shown):
        return ()  # nothing that is there speaks for what is not: a theme may hide all bodies
    return tuple(
        Sighting(
            source=context.source,
            community=context.community,
            native_id=each.native_id,
            outcome="gone",
            seen_at=context.fetched_at,
            reason=reason,
        )
        for each in shown
        if each.deleted
    )

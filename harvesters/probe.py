"""A first, polite look at a site: what runs it, where its terms are, what can be read of it.

A handful of requests, through the same client as every harvest. Nothing is stored; what comes back
are counts and names of fields, since nobody has approved of reading the site yet.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from urllib.parse import urlsplit

from harvesters.base import Gone, Harvester, HarvestError
from harvesters.client import PoliteClient
from harvesters.detection import Mark, Page, feed_links, profile_marks, recognise, terms_links
from harvesters.html_forum.profile import Profile
from warehouse.records import Batch, Community, Known, Post

_FIELDS = ("author_key", "edited_at", "language", "native_parent_id", "text", "title", "url")
_API_QUESTIONS: tuple[tuple[str, str, str], ...] = (
    ("/wp-json/", "wordpress", "namespaces"),
    ("/site.json", "discourse", "categories"),
    ("/api/v2/instance", "mastodon", "domain"),
    ("/api/v3/site", "lemmy", "site_view"),
)
MOST_BATCHES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a site says of itself.

    `url` is the root that a source's entry should name, `path` what the page's address has beyond.
    """

    url: str
    path: str
    marks: tuple[Mark, ...]
    terms: tuple[str, ...]
    feeds: tuple[str, ...]

    @property
    def best(self) -> Mark | None:
        """The surest mark of a platform, if there is any."""
        return self.marks[0] if self.marks else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What was understood of a board's first threads: counts only.

    `filled` says of how many posts each field is known; `promised` and `read` count the posts of
    the threads that were read; `refused` is what stopped the reading. `posts` are there to be
    confirmed by a person who may see them, and are never printed.
    """

    community: str
    n_posts: int = 0
    n_threads: int = 0
    n_authors: int = 0
    promised: int = 0
    read: int = 0
    filled: Mapping[str, int] = field(default_factory=dict)
    drops: Mapping[str, int] = field(default_factory=dict)
    earliest: datetime | None = None
    latest: datetime | None = None
    refused: str | None = None
    posts: tuple[Post, ...] = field(default=(), repr=False)

    @property
    def is_whole(self) -> bool:
        """Whether every post that the threads promised was read."""
        return self.refused is None and self.n_posts > 0 and self.read >= self.promised


def look_at_site(client: PoliteClient, url: str, *, profiles: Sequence[Profile] = ()) -> Site:
    """Read a site's page and tell what runs it.

    Where the page does not tell, the API of each platform that has one is asked for.

    Raises
    ------
    HarvestError
        If the page may not or cannot be read.
    """
    page = _page(client, url)
    marks = [*recognise(page), *profile_marks(page, profiles)]
    if not any(mark.sure for mark in marks):
        marks = [*_asked_apis(client, _origin(page.url)), *marks]
    marks.sort(key=lambda mark: not mark.sure)
    root = _root(page.url, marks[0] if marks else None)
    return Site(
        url=root,
        path=page.url.removeprefix(root).lstrip("/"),
        marks=tuple(marks),
        terms=tuple(terms_links(page)),
        feeds=tuple(feed_links(page)),
    )


def read_a_little(harvester: Harvester, community: Community, *, since: datetime) -> Understood:
    """Read the first threads of one community and count what was understood."""
    posts: list[Post] = []
    drops: Counter[str] = Counter()
    promised = read = 0
    refused: str | None = None
    batches = _first(harvester.harvest(community, since=since, known=Known()))
    try:
        for batch in batches:
            posts.extend(batch.posts)
            drops.update(batch.drops)
            promised += sum(thread.expected or thread.fetched for thread in batch.threads)
            read += sum(thread.fetched for thread in batch.threads)
    except HarvestError as error:
        refused = str(error)
    written = sorted(post.created_at for post in posts)
    return Understood(
        community=community.community,
        n_posts=len(posts),
        n_threads=len({post.native_thread_id for post in posts}),
        n_authors=len({post.author_key for post in posts if post.author_key}),
        promised=promised,
        read=read,
        filled={name: sum(bool(getattr(post, name)) for post in posts) for name in _FIELDS},
        drops=dict(drops),
        earliest=written[0] if written else None,
        latest=written[-1] if written else None,
        refused=refused,
        posts=tuple(posts),
    )


def _first(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield batches up to the first that holds posts; the rest of the site is left unread."""
    for batch in islice(batches, MOST_BATCHES):
        yield batch
        if batch.posts:
            return


def _asked_apis(client: PoliteClient, root: str) -> list[Mark]:
    """Ask for what the API of each platform says of its site."""
    marks = []
    for path, platform, name in _API_QUESTIONS:
        with suppress(HarvestError):
            answer = client.get(f"{root}{path}").json()
            if isinstance(answer, dict) and name in answer:
                marks.append(Mark(platform=platform, what=f"its API answers at {path}"))
                break
    return marks


def _page(client: PoliteClient, url: str) -> Page:
    """Read a page; a site without one there may still have an API."""
    try:
        response = client.get(url)
    except Gone:
        return Page(url, "", b"")
    return Page(response.url, response.headers.get("content-type", ""), response.content)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _root(url: str, mark: Mark | None) -> str:
    """Return where a site begins: a feed is its own address, a script's folder is its board's."""
    if mark is not None and mark.root is not None and mark.root.startswith(_origin(url)):
        return mark.root
    if mark is not None and mark.platform == "feed":
        return url
    if mark is not None and mark.platform == "forum" and ".php" in urlsplit(url).path:
        return f"{_origin(url)}{urlsplit(url).path.rpartition('/')[0]}"
    return _origin(url)

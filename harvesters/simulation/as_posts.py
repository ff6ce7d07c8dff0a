"""The posts of a world as records, read by the harvesters' own parsers but without a socket.

For building a corpus in seconds where a test or a benchmark needs no night-by-night harvest.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import count
from typing import Any

from harvesters.base import SourceSpec
from harvesters.discourse import parse_posts as parse_discourse_posts
from harvesters.feed import parse_feed
from harvesters.mastodon import parse_statuses
from harvesters.posts import ReadContext
from harvesters.reading import read_context
from harvesters.simulation.answers import Question, Site, dumps
from harvesters.simulation.catalogue import SOURCE_BY_NAME
from harvesters.simulation.discourse_site import DiscourseSite
from harvesters.simulation.entities import SimSource
from harvesters.simulation.feed_site import FEED_PATH, FeedSite
from harvesters.simulation.mastodon_site import MastodonSite
from harvesters.simulation.wordpress_site import WordPressSite
from harvesters.simulation.world import World
from harvesters.wordpress import BAD_REQUEST, parse_comments, parse_posts
from warehouse.protection.keys import KeyRing
from warehouse.records import Post

BASE = "http://127.0.0.1"
Contexts = Mapping[str, ReadContext]


def posts_as_read(
    world: World, source: str, moment: datetime, keys: KeyRing, *, base: str = BASE
) -> Iterator[Post]:
    """Yield every post of a source that could be read at a moment, as its harvester records it.

    Parameters
    ----------
    world : World
        Where the posts live.
    source : str
        Which source of the world.
    moment : datetime
        The time of the reading; it becomes `harvested_at`.
    keys : KeyRing
        What pseudonyms and hashes are made with.
    base : str
        The address that the source is thought to be served at. Pseudonyms of the blog and the
        forum depend on its host and port, as in a harvest.

    Notes
    -----
    Of the feed, items that have left its window are read too, as by one who came every hour.
    """
    site = SOURCE_BY_NAME[source]
    spec = SourceSpec(source=source, platform=site.platform, url=base)
    host = site.home.partition("://")[2] if site.platform == "mastodon" else ""
    contexts = {
        c.community: read_context(
            spec, community=c.community, fetched_at=moment, keys=keys, host=host
        )
        for c in world.communities
        if c.source == source
    }
    yield from _READERS[site.platform](world, site, contexts, base)


def _blog(world: World, site: SimSource, contexts: Contexts, base: str) -> Iterator[Post]:
    server = WordPressSite(world, site, base=base)
    context = next(iter(contexts.values()))  # a blog is one community
    for route, parse in (("posts", parse_posts), ("comments", parse_comments)):
        for content in _wordpress_pages(server, route, context.fetched_at):
            yield from parse(content, context)


def _wordpress_pages(server: Site, route: str, now: datetime) -> Iterator[bytes]:
    for page in count(1):
        target = f"/wp-json/wp/v2/{route}?per_page=100&orderby=id&order=asc&page={page}"
        answer = server.answer(Question.read(target, now=now))
        if answer.status == BAD_REQUEST or answer.body == b"[]":
            return
        yield answer.body


def _forum(world: World, site: SimSource, contexts: Contexts, base: str) -> Iterator[Post]:
    server = DiscourseSite(world, site, base=base)
    for community, context in contexts.items():
        items = [
            item
            for item in _walk_back(server, context.fetched_at)
            if str(item["category_id"]) == community and not item["user_deleted"]
        ]
        yield from parse_discourse_posts(dumps({"latest_posts": items[::-1]}), context)


def _walk_back(server: Site, now: datetime) -> Iterator[dict[str, Any]]:
    target = "/posts.json"
    while True:
        answer = server.answer(Question.read(target, now=now))
        page = json.loads(answer.body)["latest_posts"]
        if not page:
            return
        yield from page
        target = f"/posts.json?before={page[-1]['id']}"


def _tags(world: World, site: SimSource, contexts: Contexts, base: str) -> Iterator[Post]:
    server = MastodonSite(world, site, base=base)
    for tag, context in contexts.items():
        statuses: list[Any] = []
        newest = "0"
        while True:
            target = f"/api/v1/timelines/tag/{tag}?limit=40&min_id={newest}"
            page = json.loads(server.answer(Question.read(target, now=context.fetched_at)).body)
            if not page:
                break
            statuses.extend(reversed(page))
            newest = page[0]["id"]
        yield from parse_statuses(dumps(statuses), context)


def _news(world: World, site: SimSource, contexts: Contexts, base: str) -> Iterator[Post]:
    server = FeedSite(world, site, base=base, window=len(world.of_source(site.source)))
    for context in contexts.values():
        answer = server.answer(Question.read(FEED_PATH, now=context.fetched_at))
        yield from parse_feed(answer.body, context, address=f"{base}{FEED_PATH}")


_READERS: Mapping[str, Callable[[World, SimSource, Contexts, str], Iterator[Post]]] = {
    "wordpress": _blog,
    "discourse": _forum,
    "mastodon": _tags,
    "feed": _news,
}

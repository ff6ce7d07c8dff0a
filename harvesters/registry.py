"""Platform name to harvester class: an explicit dict, so that what exists can be read here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from harvesters.base import Harvester, SourceSpec
from harvesters.bluesky import BlueskyHarvester
from harvesters.client import PoliteClient
from harvesters.discourse import DiscourseHarvester
from harvesters.feed import FeedHarvester
from harvesters.html_forum import HtmlForumHarvester
from harvesters.lemmy import LemmyHarvester
from harvesters.mailing_list import MailingListHarvester
from harvesters.mastodon import MastodonHarvester
from harvesters.reddit import RedditHarvester
from harvesters.wordpress import WordPressHarvester
from warehouse.protection.keys import KeyRing
from warehouse.records import Clock


class Platform(Protocol):
    """A harvester class: what it needs of a source's entry, and how it is opened."""

    needs_communities: bool
    needs_secrets: tuple[str, ...]
    needs_approval: bool

    def __call__(
        self, spec: SourceSpec, *, client: PoliteClient, keys: KeyRing, clock: Clock
    ) -> Harvester:
        """Return the harvester of one source."""
        ...


PLATFORMS: Mapping[str, Platform] = MappingProxyType(
    {
        "bluesky": BlueskyHarvester,
        "discourse": DiscourseHarvester,
        "feed": FeedHarvester,
        "forum": HtmlForumHarvester,
        "lemmy": LemmyHarvester,
        "mailing_list": MailingListHarvester,
        "mastodon": MastodonHarvester,
        "reddit": RedditHarvester,
        "wordpress": WordPressHarvester,
    }
)


class UnknownPlatform(ValueError):
    """A source names a platform that nobody has written a harvester for."""


def open_harvester(
    spec: SourceSpec, *, client: PoliteClient, keys: KeyRing, clock: Clock
) -> Harvester:
    """Return the harvester of a configured source; raises `UnknownPlatform`."""
    try:
        platform = PLATFORMS[spec.platform]
    except KeyError:
        raise UnknownPlatform(
            f"source {spec.source} has platform {spec.platform!r}, which is not one of "
            f"{', '.join(sorted(PLATFORMS))}; correct it in the source's entry"
        ) from None
    return platform(spec, client=client, keys=keys, clock=clock)

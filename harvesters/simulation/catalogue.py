"""The simulated sites and communities, how busy they are and what they mostly talk about."""

from collections.abc import Mapping
from dataclasses import dataclass

from harvesters.simulation.entities import SimCommunity, SimSource

BLOG, FORUM, SOCIAL, FEED = "sim_blog", "sim_forum", "sim_social", "sim_feed"

SOURCES: tuple[SimSource, ...] = (
    SimSource(
        source=BLOG, platform="wordpress", title="The Open Door", home="http://opendoor.example"
    ),
    SimSource(
        source=FORUM, platform="discourse", title="The Landing", home="http://landing.example"
    ),
    SimSource(
        source=SOCIAL, platform="mastodon", title="Kestrel Social", home="http://kestrel.example"
    ),
    SimSource(
        source=FEED, platform="feed", title="Sector Bulletin", home="http://bulletin.example"
    ),
)
SOURCE_BY_NAME: Mapping[str, SimSource] = {site.source: site for site in SOURCES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How one community writes; every rate is of posts.

    `posts_a_day` and `people` grow with the world's scale. `personal` is how often somebody speaks
    of their own life and not of the matter, `starts` how often a post opens a thread.
    """

    posts_a_day: float
    people: int
    personal: float
    starts: float
    weekend: float
    greeting: float
    longest: int
    shares: Mapping[str, float]
    topics: Mapping[str, float]


_SHARES = {
    "economic_value": (0.07, 0.08, 0.10, 0.07, 0.10, 0.15),
    "personal_value": (0.13, 0.22, 0.14, 0.13, 0.09, 0.07),
    "service_value": (0.09, 0.21, 0.18, 0.09, 0.22, 0.20),
    "public_value": (0.11, 0.07, 0.07, 0.13, 0.09, 0.13),
    "justice_value": (0.17, 0.09, 0.09, 0.17, 0.09, 0.12),
    "lived_experience": (0.13, 0.13, 0.12, 0.10, 0.10, 0.07),
    "consumer_participation": (0.06, 0.09, 0.07, 0.06, 0.09, 0.09),
    "collective_participation": (0.19, 0.11, 0.10, 0.19, 0.07, 0.09),
    "contestation": (0.11, 0.07, 0.07, 0.09, 0.07, 0.07),
}
_TOPICS = {
    "waiting_lists": (6, 10, 8, 6, 12, 13),
    "medication": (7, 17, 9, 7, 10, 8),
    "benefits_pip": (9, 14, 9, 11, 4, 9),
    "peer_groups": (18, 12, 10, 17, 7, 7),
    "crisis_care": (10, 10, 12, 10, 13, 12),
    "talking_therapy": (8, 12, 6, 7, 15, 9),
    "work_study": (6, 10, 7, 8, 7, 10),
    "carers_life": (6, 3, 30, 7, 6, 8),
    "inpatient_wards": (17, 9, 11, 14, 14, 12),
    "digital_apps": (0, 10, 0, 0, 14, 12),
    "winter_rooms": (11, 9, 6, 11, 6, 10),
}
COLUMNS = ("blog", "5", "6", "openminds", "mhpractice", "/feed.xml")


def _column(table: Mapping[str, tuple[float, ...]], community: str) -> dict[str, float]:
    position = COLUMNS.index(community)
    return {name: float(row[position]) for name, row in table.items()}


COMMUNITIES: tuple[SimCommunity, ...] = (
    SimCommunity(
        source=BLOG,
        community="blog",
        name="The Open Door",
        country="GB",
        role="movement",
        tags=("survivor-led",),
    ),
    SimCommunity(
        source=FORUM,
        community="5",
        name="Service users",
        country="GB",
        role="service_users",
        tags=("peer-support",),
    ),
    SimCommunity(
        source=FORUM,
        community="6",
        name="Families and carers",
        country="IE",
        role="carers",
        tags=("peer-support",),
    ),
    SimCommunity(
        source=SOCIAL,
        community="openminds",
        name="#openminds",
        country="GB",
        role="movement",
        tags=("campaign",),
    ),
    SimCommunity(
        source=SOCIAL,
        community="mhpractice",
        name="#mhpractice",
        country="IE",
        role="practitioners",
    ),
    SimCommunity(
        source=FEED,
        community="/feed.xml",
        name="Sector Bulletin",
        country="GB",
        role="policy",
        tags=("news",),
    ),
)
CATEGORY_SLUGS: Mapping[str, str] = {"5": "service-users", "6": "families-and-carers"}


def _habits(
    community: str,
    *,
    posts_a_day: float,
    people: int,
    personal: float,
    starts: float,
    weekend: float,
    greeting: float,
    longest: int,
) -> Habits:
    return Habits(
        posts_a_day=posts_a_day,
        people=people,
        personal=personal,
        starts=starts,
        weekend=weekend,
        greeting=greeting,
        longest=longest,
        shares=_column(_SHARES, community),
        topics=_column(_TOPICS, community),
    )


HABITS: Mapping[str, Habits] = {
    "blog": _habits(
        "blog",
        posts_a_day=36,
        people=260,
        personal=0.5,
        starts=0.07,
        weekend=1.0,
        greeting=0.1,
        longest=5,
    ),
    "5": _habits(
        "5",
        posts_a_day=38,
        people=250,
        personal=0.85,
        starts=0.16,
        weekend=1.1,
        greeting=0.3,
        longest=6,
    ),
    "6": _habits(
        "6",
        posts_a_day=36,
        people=200,
        personal=0.8,
        starts=0.16,
        weekend=1.05,
        greeting=0.35,
        longest=6,
    ),
    "openminds": _habits(
        "openminds",
        posts_a_day=38,
        people=240,
        personal=0.5,
        starts=0.6,
        weekend=1.0,
        greeting=0.02,
        longest=3,
    ),
    "mhpractice": _habits(
        "mhpractice",
        posts_a_day=38,
        people=200,
        personal=0.35,
        starts=0.6,
        weekend=0.85,
        greeting=0.02,
        longest=3,
    ),
    "/feed.xml": _habits(
        "/feed.xml",
        posts_a_day=34,
        people=120,
        personal=0.0,
        starts=1.0,
        weekend=0.95,
        greeting=0.0,
        longest=5,
    ),
}

FEED_WINDOW = 40  # items that the feed shows at scale 1
FEED_BURST_EVERY = 9  # nights
FEED_BURST = 62  # items of a burst night at scale 1: more than the window
ARTICLE_WRITERS = 12  # registered authors of the blog
REMOTE_SHARE = 0.3  # of Mastodon accounts live on another server
REMOTE_HOSTS = ("drift.example", "tidepool.example", "fellside.example")
BOTS = ("almanac_bot", "listings_bot", "roundup_bot")
BOT_SHARE = 0.04  # of a tag's posts
REBLOG_SHARE = 0.03  # of a tag's timeline
HELD_SHARE = 0.03  # of blog comments wait for a moderator
SPAM_SHARE = 0.007  # of blog comments are never let through
REPEAT_SHARE = 0.006  # of comments are sent twice
EDIT_SHARE = 0.04
DELETION_SHARE = 0.04
THREAD_DELETION_SHARE = 0.012  # of threads go with all that is in them
QUOTE_SHARE = 0.15  # of replies
IDENTIFIER_SHARE = 0.02

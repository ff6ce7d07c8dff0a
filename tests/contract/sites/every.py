"""The contract's site of each platform: one line a platform, as in the registry."""

from collections.abc import Mapping

from tests.contract.sites.base import ContractSite
from tests.contract.sites.bluesky import BlueskyContract
from tests.contract.sites.discourse import DiscourseContract
from tests.contract.sites.feed import FeedContract
from tests.contract.sites.forum import ForumContract
from tests.contract.sites.lemmy import LemmyContract
from tests.contract.sites.mailing_list import MailingListContract
from tests.contract.sites.mastodon import MastodonContract
from tests.contract.sites.reddit import RedditContract
from tests.contract.sites.wordpress import WordPressContract

SITES: Mapping[str, type[ContractSite]] = {
    site.platform: site
    for site in (
        BlueskyContract,
        DiscourseContract,
        FeedContract,
        ForumContract,
        LemmyContract,
        MailingListContract,
        MastodonContract,
        RedditContract,
        WordPressContract,
    )
}

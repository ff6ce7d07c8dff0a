"""What the polite client decided, counted by kind and logged without any address.

The counts end in `harvests.decisions`, so that a host's owner who asks can be told how it was
treated; the log (`valuetalk.politeness`, level DEBUG) names the host and the kind alone.
"""

import logging
from collections import Counter
from typing import Literal, get_args

Decision = Literal[
    "spaced",  # waited for the host's spacing
    "held",  # waited because the host had asked some process of this machine to
    "retry_after",  # the host throttled and said for how long
    "rate_limit",  # the host's rate limit was used up, and it said until when
    "throttled",  # the host throttled and did not say for how long
    "retried",  # asked again after a failure that may pass
    "gave_up",  # failed as often as one read may
    "robots_denied",  # robots.txt disallows the page
    "robots_unreachable",  # robots.txt could not be read, so nothing was
    "own_terms",  # an API that is used with credentials, under its own terms
    "challenge",  # a challenge page, which is never evaded
    "login_wall",  # a login wall, which is never passed
    "refused",  # too large, too slow, or led where it must not
    "budget_spent",  # today's requests to the host are used up
    "left_alone",  # the host failed too often in a row
    "conditional",  # asked whether it has changed
    "full_read",  # asked in full, though a validator was there
]
KINDS: tuple[Decision, ...] = get_args(Decision)

_log = logging.getLogger("valuetalk.politeness")


class DecisionLog:
    """Counts and logs decisions."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def note(self, kind: Decision, host: str) -> None:
        """Take down one decision about a host (`name:port`)."""
        self.counts[kind] += 1
        _log.debug("%s %s", host, kind)

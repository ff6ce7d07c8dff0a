"""Which known posts are read again, and when.

Posts of a thread that is still active are due every night; those of a quiet one at intervals that
grow with their age, so that years of posts cost a night only the share whose turn has come. A post
that was missed is due first, until it is confirmed as gone or seen again; with it come posts of the
same community that were there a while ago, since a deletion is believed only beside one of those.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class RecheckPolicy:
    """How often posts are read again, and when a missing one counts as gone.

    Attributes
    ----------
    active_days : int
        Posts are due every night as long as their thread had a post within so many days.
    confirm_after : int
        So many checks in a row, at different times, have to miss a post before it is erased.
    age_per_night : float
        Days of age that add one night to the interval of a post in a quiet thread.
    longest_interval : int
        No post waits longer than so many nights.
    known_days : int
        Harvesters are told of threads that had a post within so many days.
    controls : int
        So many posts that are there are read again with the missed ones of a community.
    """

    active_days: int = 14
    confirm_after: int = 2
    age_per_night: float = 7.0
    longest_interval: int = 90
    known_days: int = 60
    controls: int = 2


# What falls due until the next night is on the list, since that is when it is read. Of the controls
# of a community with missed posts, those that were seen last are the likeliest to be there.
_DUE = """
WITH timed AS (
    SELECT posts.source, posts.community, native_id, native_thread_id, kind, url, content_hash,
           created_at, withheld AS missed, posts.post_id, last_checked_at,
           epoch(last_tried_at) + 86400 * CASE
               WHEN withheld OR epoch($now) - epoch(last_post_at) <= 86400 * $active_days THEN 1
               ELSE least($longest_interval, greatest(
                   1, (epoch($now) - epoch(created_at)) / 86400 / $age_per_night))
           END AS due
    FROM posts
    JOIN checks USING (post_id)
    JOIN locators USING (post_id)
    JOIN threads USING (thread_id)
    WHERE posts.source IN (SELECT unnest($sources::VARCHAR[]))
), controls AS (
    SELECT post_id FROM timed
    WHERE NOT missed AND (source, community) IN (SELECT (source, community) FROM timed WHERE missed)
    QUALIFY row_number() OVER (
        PARTITION BY source, community ORDER BY last_checked_at DESC, post_id DESC) <= $controls
)
SELECT source, community, native_id, native_thread_id, kind, url, content_hash, created_at, missed
FROM timed
WHERE missed OR due <= epoch($now) + 86400 OR post_id IN (SELECT post_id FROM controls)
ORDER BY missed DESC, post_id IN (SELECT post_id FROM controls) DESC, due, post_id
"""


def due_posts(
    connection: duckdb.DuckDBPyConnection,
    *,
    sources: Sequence[str],
    policy: RecheckPolicy,
    now: datetime,
) -> pa.Table:
    """Return the posts of `sources` whose turn comes by the next night, most overdue first.

    Columns are the attributes of `PostRef`.
    """
    parameters = {
        "sources": list(sources),
        "now": now,
        "active_days": policy.active_days,
        "age_per_night": policy.age_per_night,
        "longest_interval": policy.longest_interval,
        "controls": policy.controls,
    }
    return connection.execute(_DUE, parameters).to_arrow_table()

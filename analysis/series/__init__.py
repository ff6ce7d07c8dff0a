"""Series over calendar periods: shares, levels with bands, changes of level, what events moved.

`shares` makes series of posts, `levels` smooths one that is measured with known error, `segments`
finds where its level changed and how sure that is, `contrasts` compares before and after an event
with all other dates, and `breaks` says where a series is not one, so that no change is told there.
"""

from analysis.series.shares import (
    Bin,
    Periods,
    effective_interval,
    first_day,
    frame_topic_shares,
    periods_of,
    topic_shares,
)

__all__ = [
    "Bin",
    "Periods",
    "effective_interval",
    "first_day",
    "frame_topic_shares",
    "periods_of",
    "topic_shares",
]

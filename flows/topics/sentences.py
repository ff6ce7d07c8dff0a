"""What became of topics, in sentences without a number of posts or people: those are evidence.

Their words are the software's own, which the export gate shows however rare they are in posts
(`warehouse.protection.wording.OWN_EVENT_WORDS`).
"""

from collections.abc import Mapping
from types import MappingProxyType

_OF_EVENTS: Mapping[str, str] = MappingProxyType(
    {
        "born": "posts that no topic explained spoke of it on several nights",
        "retired": "few posts of the last nights were about it",
        "merged": "it became part of topic {other}",
        "split": "part of it became topic {other}",
        "drifted": "its terms are other words than they were",
        "kept": "a new version was refused and the last one stayed",
        "refitted": "the topics were fitted again to all posts",
    }
)
FITTED = "it is one of the topics of a new model"
REPLACED = "a newer model took its place"


def sentence_of(event: str, *, other: int | None = None) -> str:
    """Return what happened; an event that nobody has words for is told by its name."""
    return _OF_EVENTS.get(event, event).format(other=other)


def every_sentence() -> list[str]:
    """Return every sentence that an event may have, for some other topic."""
    return [*(sentence_of(event, other=12) for event in _OF_EVENTS), FITTED, REPLACED]

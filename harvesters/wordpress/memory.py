"""What a WordPress that is read by its feeds keeps: from night to night, and during one walk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from harvesters.wordpress.feed import FeedItem
from harvesters.wordpress.walk import stored_time
from warehouse.records import Community, CursorValue, Gap, Known, Validator

ASK_AGAIN = 7  # nights until a closed API is asked again
REMEMBERED = 60  # newest entries whose numbers only their pages tell
AGED_OUT = "the feed shows its newest items only"


@dataclass(slots=True)
class Memory:
    """What is stored in the cursor.

    `nights` counts the nights since the API was last asked and found closed, `commented` is the
    number of the newest comment, `numbers` are entries' numbers by a keyed hash of their address.
    """

    nights: int = 0
    commented: int = 0
    commented_at: datetime | None = None
    numbers: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, cursor: Mapping[str, CursorValue]) -> "Memory":
        """Read what the last harvest left."""
        pairs = [pair.partition("=") for pair in str(cursor.get("closed_numbers") or "").split()]
        return cls(
            nights=int(cursor.get("closed_nights") or 0),
            commented=int(cursor.get("closed_comment") or 0),
            commented_at=stored_time(cursor.get("closed_comment_at")),
            numbers={name: int(number) for name, _, number in pairs if number.isdecimal()},
        )

    @property
    def says_closed(self) -> bool:
        """Whether the API was found closed lately and is not to be asked tonight."""
        return 0 < self.nights < ASK_AGAIN

    def as_cursor(self) -> dict[str, CursorValue]:
        """Return the form that is stored, one night later."""
        kept = list(self.numbers.items())[-REMEMBERED:]
        return {
            "closed_nights": self.nights % ASK_AGAIN + 1,
            "closed_comment": self.commented,
            "closed_comment_at": self.commented_at.isoformat() if self.commented_at else None,
            "closed_numbers": " ".join(f"{name}={number}" for name, number in kept),
        }


class FeedWalk:
    """One walk through the feeds of a community: what is wanted, what was met, what is missing."""

    def __init__(
        self, community: Community, *, since: datetime | None, known: Known, memory: Memory
    ) -> None:
        self.community = community
        self.known = known
        self.memory = memory
        self.first = not memory.nights and known.last_complete_at is None
        self.all_pages = self.first
        self.uncounted = False  # whether entries do not say how many comments they have
        self.complete = True
        self.gaps: list[Gap] = []
        self.validators: dict[str, Validator] = {}
        self.numbers: dict[str, int] = {}  # entries of this walk, by the address of their page
        self.whole_threads: set[int] = set()
        self._since = since if self.first else None
        self._oldest: datetime | None = None
        self._met_known = False
        self._reached = True

    def wanted(self, items: Sequence[FeedItem]) -> list[FeedItem]:
        """Return the items that lie within the bound of a first harvest, or have no date."""
        return [
            item
            for item in items
            if self._since is None or item.published is None or item.published >= self._since
        ]

    def holds(self, number: int) -> bool:
        """Tell whether an entry is known."""
        return f"post:{number}" in self.known.threads

    def note(self, items: Sequence[FeedItem], numbers: Sequence[int]) -> bool:
        """Take down a page of entries; tells whether any of them is not known."""
        held = [self.holds(number) for number in numbers]
        self._met_known = self._met_known or any(held)
        dated = [item.published for item in items if item.published]
        self._oldest = min([*dated, *([self._oldest] if self._oldest else [])], default=None)
        return not all(held)

    def end_of_window(self) -> None:
        """Note that the feed shows its newest page only: what lies before it may be missing."""
        if self._met_known:
            return
        started = self._since or self._newest_known()
        if started and self._oldest and started < self._oldest:
            self.gaps.append(Gap(since=started, until=self._oldest, reason=AGED_OUT))
        self.complete = False

    def reach(self, items: Sequence[FeedItem]) -> None:
        """See whether the site's newest comments reach back to the last harvest.

        Where they do not, the counts of all entries have to tell where comments were written.
        """
        numbers = [item.comment_number for item in items if item.comment_number]
        self._reached = not numbers or min(numbers) <= self.memory.commented
        self.all_pages = self.all_pages or not self._reached

    def note_comments(self, items: Sequence[FeedItem]) -> None:
        """Take down the newest comment; a gap where neither feed nor counts tell what was before.

        A first harvest has read every entry's own comments, so nothing lies before.
        """
        times = [item.published for item in items if item.published]
        since = self.memory.commented_at
        told = self._reached or self.first or not self.uncounted
        if not told and since and times and since < min(times):
            self.gaps.append(Gap(since=since, until=min(times), reason=AGED_OUT))
        numbers = [item.comment_number for item in items if item.comment_number]
        self.memory.commented = max([self.memory.commented, *numbers])
        self.memory.commented_at = max([*times, *([since] if since else [])], default=None)

    def _newest_known(self) -> datetime | None:
        return max((t.last_post_at for t in self.known.threads.values()), default=None)

"""What both generations of vBulletin share: phrases, addresses, and when something was."""

from collections.abc import Mapping
from datetime import datetime

from harvesters.simulation.forums.bodies import text
from harvesters.simulation.forums.dates import ENGLISH, GERMAN, day_word, php_date
from harvesters.simulation.forums.model import BoardPost, ThreadView
from harvesters.simulation.forums.software import ForumSoftware

_ENGLISH_PHRASES = {
    "quoted": "Originally Posted by",
    "edited": "Last edited by {who}; {day} at {hour}.",
    "guest": "Unregistered",
    "page_of": "Page {page} of {last}",
    "replies": "Replies",
    "views": "Views",
    "sticky": "Sticky:",
    "moved": "Moved:",
    "by": "by",
    "started_by": "Started by",
    "quote": "Quote:",
    "deleted": "This message has been deleted by",
    "joined": "Join Date",
    "posts": "Posts",
}
_GERMAN_PHRASES = {
    "quoted": "Zitat von",
    "edited": "Geändert von {who} ({day} um {hour} Uhr)",
    "guest": "Gast",
    "page_of": "Seite {page} von {last}",
    "replies": "Antworten",
    "views": "Hits",
    "sticky": "Wichtig:",
    "moved": "Verschoben:",
    "by": "von",
    "started_by": "Erstellt von",
    "quote": "Zitat:",
    "deleted": "Dieser Beitrag wurde gelöscht von",
    "joined": "Registriert seit",
    "posts": "Beiträge",
}


class VBulletinParts(ForumSoftware):
    """What lists and tables share: phrases, addresses, days and hours."""

    @property
    def says(self) -> Mapping[str, str]:
        """The phrases of the theme's language."""
        return _GERMAN_PHRASES if self.other else _ENGLISH_PHRASES

    @property
    def old(self) -> bool:
        """Whether this is the older generation."""
        return self.version == "3.8"

    def post_address(self, view: ThreadView, post: BoardPost) -> str:
        """Return the address that shows a post in its thread."""
        if self.old:
            return f"/showthread.php?p={post.number}#post{post.number}"
        return f"{self.thread_address(view)}&p={post.number}#post{post.number}"

    def href(self, address: str) -> str:
        """Return an address as a guest without cookies finds it, with the hash of a session."""
        script, _, query = address.lstrip("/").partition("?")
        session = f"s={self.token('session')}"
        if self.old:
            return text(f"{script}?{session}&{query}" if query else f"{script}?{session}")
        before, mark, anchor = query.partition("#")
        return text(f"{script}?{before}&{session}{mark}{anchor}")

    def day(self, moment: datetime) -> str:
        """Return the day of a time, with words for today and yesterday."""
        local, now = self.local(moment), self.local(self.now)
        language = GERMAN if self.other else ENGLISH
        word = day_word(local, now, language)
        return word or php_date(local, "d.m.Y" if self.other else "m-d-Y", language)

    def hour(self, moment: datetime) -> str:
        """Return the time of the day."""
        return php_date(self.local(moment), "H:i" if self.other else "h:i A")

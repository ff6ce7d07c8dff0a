"""The bodies of a phpBB page, and the words it says in two languages."""

import re
from collections.abc import Mapping
from datetime import datetime

from harvesters.simulation.forums.bodies import EMOJI, BodyMarkup, text
from harvesters.simulation.forums.dates import ENGLISH, GERMAN, day_word, minutes_ago, php_date
from harvesters.simulation.forums.model import Quoted
from harvesters.simulation.forums.software import ForumSoftware

_ENGLISH_PHRASES = {
    "by": "by",
    "wrote": "wrote:",
    "edited": "Last edited by {who} on {when}, edited {times} in total.",
    "times": "{} time",
    "topics": "topics",
    "posts": "posts",
    "next": "Next",
    "index": "Board index",
    "last_post": "Last post",
    "replies": "Replies",
    "reason": "Reason:",
    "page": "Page {} of {}",
}
_GERMAN_PHRASES = {
    "by": "von",
    "wrote": "hat geschrieben:",
    "edited": "Zuletzt geändert von {who} am {when}, insgesamt {times} geändert.",
    "times": "{}-mal",
    "topics": "Themen",
    "posts": "Beiträge",
    "next": "Nächste",
    "index": "Foren-Übersicht",
    "last_post": "Letzter Beitrag",
    "replies": "Antworten",
    "reason": "Grund:",
    "page": "Seite {} von {}",
}


def phrases(*, german: bool) -> Mapping[str, str]:
    """Return what the software says in a language."""
    return _GERMAN_PHRASES if german else _ENGLISH_PHRASES


class PhpBBParts(ForumSoftware):
    """What posts and lists share: phrases, addresses and dates."""

    @property
    def says(self) -> Mapping[str, str]:
        """The phrases of the theme's language."""
        return phrases(german=self.other)

    def href(self, address: str) -> str:
        """Return an address as a guest without cookies finds it: relative, with a session's id."""
        path, mark, anchor = address.partition("#")
        joined = "&" if "?" in path else "?"
        return text(f".{path}{joined}sid={self.token('sid')}{mark}{anchor}")

    def date(self, moment: datetime) -> str:
        """Return a time as text: in full, or with words for the days and minutes just gone."""
        local, now = self.local(moment), self.local(self.now)
        if not self.other:
            return php_date(local, "D M d, Y g:i a", ENGLISH)
        passed = minutes_ago(local, now)
        if passed < 60:  # noqa: PLR2004 # minutes of an hour
            return f"vor {passed} Minuten" if passed else "vor weniger als einer Minute"
        day = day_word(local, now, GERMAN) or php_date(local, "j. M Y", GERMAN)
        return f"{day}, {php_date(local, 'H:i')}"


class PhpBBBody(BodyMarkup):
    """Bodies of BBCode as phpBB writes them; emoji are pictures."""

    line_break = "<br>\n"

    def __init__(self, software: PhpBBParts) -> None:
        self._software = software

    def words(self, words: str) -> str:
        """Return running text."""
        return EMOJI.sub(_emoji, text(words).replace("&#039;", "'"))

    def quote(self, quoted: Quoted, inner: str) -> str:
        """Return a quotation: who, which post, when."""
        software = self._software
        name = text(quoted.author)
        if quoted.post is None:
            cite = f"<cite>{name} {software.says['wrote']}</cite>"
            return f"<blockquote><div>{cite}{inner}</div></blockquote>"
        who = name
        if quoted.author in software.account_numbers:
            link = f"/memberlist.php?mode=viewprofile&u={software.account_numbers[quoted.author]}"
            who = f'<a href="{software.href(link)}">{name}</a>'
        when = software.date(software.post_times[quoted.post])
        tag = "div" if software.version == "3.2" else "span"
        at = software.href(f"/viewtopic.php?p={quoted.post}#p{quoted.post}")
        return f"""<blockquote><div><cite>{who} {software.says["wrote"]} <a href="{at}"
 data-post-id="{quoted.post}" onclick="if(document.getElementById(hash.substr(1)))href=hash">↑</a>
<{tag} class="responsive-hide">{when}</{tag}></cite>{inner}</div></blockquote>"""

    def code(self, lines: str) -> str:
        """Return code."""
        return (
            '<div class="codebox"><p>Code: <a href="#" onclick="selectCode(this); return false;">'
            f"Select all</a></p><pre><code>{text(lines)}</code></pre></div>"
        )

    def picture(self, address: str) -> str:
        """Return a picture."""
        return f'<img src="{text(address)}" class="postimage" alt="Image">'

    def link(self, label: str, address: str) -> str:
        """Return a link."""
        return f'<a href="{text(address)}" class="postlink">{text(label)}</a>'


def _emoji(found: re.Match[str]) -> str:
    sign = found.group()
    code = "-".join(f"{ord(letter):x}" for letter in sign)
    return (
        f'<img alt="{sign}" class="emoji" draggable="false" src="//cdn.example/svgz/{code}.svgz">'
    )

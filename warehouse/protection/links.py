"""Web addresses that lead to a person, a post or a private document become `[url]`.

An organisation's plain page stays: that people point to it is part of what they say.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from warehouse.protection.rules import Reading, Region, Rule

_I = re.IGNORECASE
_PEOPLE_HOSTS = (
    *("facebook.com", "fb.com", "instagram.com", "twitter.com", "x.com", "t.co", "tiktok.com"),
    *("youtube.com", "youtu.be", "linkedin.com", "t.me", "github.com", "linktr.ee", "bit.ly"),
    *("reddit.com", "redd.it", "bsky.app", "threads.net", "pinterest.com", "flickr.com"),
    *("discord.gg", "discord.com", "snapchat.com", "wa.me", "spotify.com", "soundcloud.com"),
    *("gofundme.com", "justgiving.com", "change.org", "medium.com", "patreon.com", "ko-fi.com"),
)
_PERSONAL_SITES = re.compile(
    r"\.(?:wordpress|blogspot|tumblr|substack|wixsite|weebly|livejournal|typepad|github|neocities)\."
    r"[\w.]+$",
    _I,
)
# their pages are law, guidance and statistics, whose addresses bear years and numbers
_PUBLIC_BODIES = re.compile(
    r"(?:^|\.)(?:(?:gov|nhs|parliament|police)\.uk|gov\.(?:scot|wales)|nice\.org\.uk|cqc\.org\.uk)$"
)
_SCHEMELESS = "|".join(re.escape(host) for host in _PEOPLE_HOSTS)
_USER_SEGMENT = re.compile(
    r"(?:users?|u|members?|profiles?|people|person|author|in|accounts?|threads?|topics?|posts?|"
    r"comments?|status(?:es)?|messages?|t|p|d|forms?|invite)",
    _I,
)
_FIRST_PERSON = re.compile(r"(?:.*[-_])?(?:my|me|our)(?:[-_].*)?", _I)
_DATE_PART = re.compile(r"(?:19|20)\d{2}|\d{1,2}")
_THREE_DIGITS = re.compile(r"\d.*\d.*\d")
_OPAQUE = re.compile(r"(?=.*\d)(?=.*[a-z])(?=.*[A-Z]).{10,}")
_LONGEST_SEGMENT = 60
_SIGN = re.compile(r"/|[wW]{3}\.")
_ENDS = frozenset('<>"“”[]')
_REST = re.compile(r"[^\s<>\"“”\[\]]*")
_TRAILING = ".,;:!?'\"*_~"


def _link(match: re.Match[str]) -> str | None:
    address = _trimmed(match["span"])
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
    except ValueError:
        return address  # malformed, so nobody can say that it is harmless
    return address if _leads_to_somebody(parts) else None


def _trimmed(address: str) -> str:
    """Leave the sentence's punctuation out of the address."""
    while address:
        shorter = address.rstrip(_TRAILING)
        if shorter.endswith(")") and shorter.count("(") < shorter.count(")"):
            shorter = shorter[:-1]
        if shorter == address:
            break
        address = shorter
    return address


def _leads_to_somebody(parts: SplitResult) -> bool:
    host = parts.netloc.lower().removeprefix("www.").removeprefix("m.")
    segments = [segment for segment in parts.path.split("/") if segment]
    if parts.query or parts.fragment or "@" in parts.netloc or _PERSONAL_SITES.search(host):
        return True
    if segments and any(host == site or host.endswith(f".{site}") for site in _PEOPLE_HOSTS):
        return True
    if _PUBLIC_BODIES.search(host):
        return False
    return any(_tells(segment) for segment in segments)


def _tells(segment: str) -> bool:
    if segment[0] in "@~" or _USER_SEGMENT.fullmatch(segment) or len(segment) > _LONGEST_SEGMENT:
        return True
    if _DATE_PART.fullmatch(segment):
        return False
    if _FIRST_PERSON.fullmatch(segment):
        return True
    return bool(_THREE_DIGITS.search(segment) or _OPAQUE.fullmatch(segment))


@dataclass(frozen=True, slots=True)
class _Links(Rule):
    """Looks for addresses only in those stretches without a blank that have what an address has."""

    def spans(self, reading: Reading) -> Iterator[Region]:
        text = reading.text
        for start, end in _stretches(text):
            if "." in text[start:end] or "://" in text[start:end]:
                yield from self.spans_within(text, start, end)


def _stretches(text: str) -> Iterator[Region]:
    """Yield the stretches that hold a slash or `www.`, in order."""
    behind = 0
    while (sign := _SIGN.search(text, behind)) is not None:
        start = sign.start()
        while start > behind and text[start - 1] not in _ENDS and not text[start - 1].isspace():
            start -= 1
        ended = _REST.match(text, sign.end())
        behind = ended.end() if ended else sign.end()
        yield start, behind


RULES = (
    _Links(
        "url",
        re.compile(
            r"(?<![\w@.-])(?P<span>(?:[a-z][a-z0-9+.-]{1,12}://|www\.)[^\s<>\"“”\[\]]+"
            rf"|(?:[\w-]+\.)?(?:{_SCHEMELESS})/[^\s<>\"“”\[\]]+"
            r"|[\w-]+(?:\.[\w-]+){0,3}\.[a-z]{2,12}/[^\s<>\"“”\[\]]+)",
            _I,
        ),
        _link,
        signs=("/", "www."),
    ),
)

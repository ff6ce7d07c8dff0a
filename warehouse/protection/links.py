"""Web addresses that lead to a person, a post or a private document become `[url]`.

An organisation's plain page stays: that people point to it is part of what they say.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from warehouse.protection.rules import Reading, Region, Rule

_I = re.IGNORECASE
_PEOPLE_HOSTS = frozenset(
    (
        *("facebook.com", "fb.com", "instagram.com", "twitter.com", "x.com", "t.co", "tiktok.com"),
        *("youtube.com", "youtu.be", "linkedin.com", "t.me", "github.com", "linktr.ee", "bit.ly"),
        *("reddit.com", "redd.it", "bsky.app", "threads.net", "pinterest.com", "flickr.com"),
        *("discord.gg", "discord.com", "snapchat.com", "wa.me", "spotify.com", "soundcloud.com"),
        *("gofundme.com", "justgiving.com", "change.org", "medium.com", "patreon.com", "ko-fi.com"),
    )
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
_SCHEMELESS = "|".join(re.escape(host) for host in sorted(_PEOPLE_HOSTS))
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
_ADDRESS = re.compile(
    r"(?:[^/?#]*?://)?(?P<host>[^/?#]*)(?P<path>[^?#]*)(?P<rest>[?#](?=.).*)?", re.DOTALL
)
_WWW = re.compile(r"www\.|WWW\.|Www\.")
_ENDS = re.compile(r"[\s<>\"“”\[\]]")
_REST = re.compile(r"[^\s<>\"“”\[\]]*")
_TRAILING = ".,;:!?'\"*_~"


def _link(match: re.Match[str]) -> str | None:
    address = _trimmed(match["span"])
    split = _ADDRESS.match(address)
    return address if split is None or _leads_to_somebody(split) else None


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


def _leads_to_somebody(address: re.Match[str]) -> bool:
    host = address["host"].lower().removeprefix("www.").removeprefix("m.")
    segments = [segment for segment in address["path"].split("/") if segment]
    if address["rest"] or "@" in host or _PERSONAL_SITES.search(host):
        return True
    if segments and _is_people_host(host):
        return True
    if _PUBLIC_BODIES.search(host):
        return False
    return any(_tells(segment) for segment in segments)


def _is_people_host(host: str) -> bool:
    """Look the host up, and what is left of it without its first, second, ... label."""
    while host:
        if host in _PEOPLE_HOSTS:
            return True
        host = host.partition(".")[2]
    return False


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
    has_www = _WWW.search(text) is not None
    while (sign := _next_sign(text, behind, has_www=has_www)) >= 0:
        start = max(behind, text.rfind(" ", behind, sign) + 1)
        for ended in _ENDS.finditer(text, start, sign):
            start = ended.end()
        rest = _REST.match(text, sign)
        behind = max(sign + 1, rest.end() if rest else 0)
        yield start, behind


def _next_sign(text: str, position: int, *, has_www: bool) -> int:
    slash = text.find("/", position)
    www = _WWW.search(text, position) if has_www else None
    return slash if www is None else min(www.start(), slash if slash >= 0 else www.start())


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

"""Web addresses that lead to a person, a post or a private document become `[url]`.

An organisation's plain page stays: that people point to it is part of what they say.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from warehouse.protection.rules import Reading, Region, Rule, Screen

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
_PAGE = re.compile(r"://|\.[a-z]{2,12}/", _I)
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
    address = address.rstrip(_TRAILING)
    while address.endswith(")") and address.count("(") < address.count(")"):
        address = address[:-1].rstrip(_TRAILING)
    return address


def _leads_to_somebody(address: re.Match[str]) -> bool:
    if address["rest"]:
        return True
    kind = _kind_of(address["host"])
    segments = [segment for segment in address["path"].split("/") if segment]
    if kind == "personal" or (segments and kind == "people"):
        return True
    return kind != "public" and any(_tells(segment) for segment in segments)


@lru_cache(maxsize=4096)
def _kind_of(host: str) -> Literal["personal", "people", "public", "other"]:
    """Tell a person's own host, one of many people's pages, and one of public bodies."""
    host = host.lower().removeprefix("www.").removeprefix("m.")
    if "@" in host or _PERSONAL_SITES.search(host):
        return "personal"
    if _is_people_host(host):
        return "people"
    return "public" if _PUBLIC_BODIES.search(host) else "other"


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
        for start, end in _stretches(reading.text, has_www="www." in reading.low):
            yield from self.spans_within(reading.text, start, end)

    def _matches(self) -> Screen:
        return lambda reading: "www." in reading.low or _PAGE.search(reading.text) is not None


def _stretches(text: str, *, has_www: bool) -> Iterator[Region]:
    """Yield the stretches that hold what every address has, in order."""
    behind = 0
    sign, www = _PAGE.search(text), _WWW.search(text) if has_www else None
    while sign or www:
        place = len(text)
        if sign:
            place = sign.start()
        if www:
            place = min(place, www.start())
        start = max(behind, text.rfind(" ", behind, place) + 1)
        for ended in _ENDS.finditer(text, start, place):
            start = ended.end()
        rest = _REST.match(text, place)
        behind = max(place + 1, rest.end() if rest else 0)
        yield start, behind
        if sign and sign.start() < behind:
            sign = _PAGE.search(text, behind)
        if www and www.start() < behind:
            www = _WWW.search(text, behind)


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

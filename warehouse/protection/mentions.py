"""Mentions of accounts in running text become the pseudonyms of those accounts.

`@name`, `@name@host`, `u/name`, links to profiles and the lines over quotations that say who wrote
them become `author_` and the author's key, one word for a tokeniser, equal to the key that the
account's own posts carry. What knows a whole name, blanks and all, marks it by `whole_name`.
"""

import re
from dataclasses import dataclass

from warehouse.protection import quotations
from warehouse.protection.keys import FEDERATED, KeyRing
from warehouse.protection.redaction import Redacted

MENTIONS_VERSION = 2
AUTHOR_TOKEN = re.compile(r"\bauthor_[a-z2-7]{24}\b")

_OPENS, _CLOSES = "\ufdd0", "\ufdd1"  # no text may hold these, says Unicode
_WHOLE = re.compile(rf"@{_OPENS}(?P<name>[0-9a-f]*)(?P<whole>{_CLOSES})?")
_PROFILE_SIGN = re.compile("/(?:@|user|u/|profile/|member|author/)")
_PROFILE = re.compile(
    r"(?:https?://)?(?<![\w.@-])(?P<host>[\w-]+(?:\.[\w-]+)+(?::\d+)?)"
    r"/(?:@|(?P<kind>users?|u|profile|members?|author)/)"
    r"(?P<name>[\w.-]*\w(?:@[\w-]+(?:\.[\w-]+)+)?)/?"
    r"(?![\w/?#=&%@-])",
    re.IGNORECASE,
)
_MEMBER_NUMBER = re.compile(r"\.\d+$")  # XenForo's /members/ann.123/
_AT = re.compile(
    r"@(?<![\w/.@+=-]@)(?P<name>\w(?:[\w.-]*\w)?)(?:@(?P<host>[\w-]+(?:\.[\w-]+)+(?::\d+)?))?"
)
_REDDIT_SIGN = re.compile(r"u/(?<![\w.:]u/)[\w-]{3}")
_REDDIT = re.compile(r"(?<![\w/.:])(?:/u/|u/|/user/)(?P<name>[\w-]{3,20})(?![\w/-])", re.IGNORECASE)
_NO_NAME = re.compile(
    r"\d+(?:[.:]\d+)?(?:am|pm)?|home|work|night|school|least|all|here|everyone|the|a|my",
    re.IGNORECASE,
)
_REDDIT_HOSTS = re.compile(r"(?:(?:www|old|new|np|m)\.)?reddit\.com", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Reader:
    platform: str
    host: str
    keys: KeyRing

    def token(self, platform: str, host: str, name: str) -> str:
        return f"author_{self.keys.author_key(platform, host, name)}"

    def at(self, match: re.Match[str]) -> str:
        name, host = match["name"], match["host"]
        if host is None:
            if _NO_NAME.fullmatch(name):
                return match[0]
            return self.here(name)
        return self.on_host(host, name)

    def whole(self, match: re.Match[str]) -> str:
        if match["whole"] is None or not match["name"]:
            return ""  # a text was cut within it
        return self.here(bytes.fromhex(match["name"]).decode(errors="replace"))

    def here(self, name: str) -> str:
        """Name an account of this very site."""
        return self.token(self.platform, self.host, name)

    def on_host(self, host: str, name: str) -> str:
        """Name an account of another host: of the fediverse, unless it is this site's own."""
        if host.lower() == self.host.lower() or self.platform in FEDERATED:
            return self.token(self.platform, host, name)
        return self.token("mastodon", host, name)

    def reddit(self, match: re.Match[str]) -> str:
        host = self.host if self.platform == "reddit" else "reddit.com"
        return self.token("reddit", host, match["name"])

    def profile(self, match: re.Match[str]) -> str:
        host, kind = match["host"], (match["kind"] or "users").lower()
        if _REDDIT_HOSTS.fullmatch(host):
            return self.reddit(match)
        own = host.lower() == self.host.lower()
        if not own and kind != "users":
            return match[0]  # a profile of a platform that we do not know: left to the URL rule
        if kind.startswith("member"):
            name = _MEMBER_NUMBER.sub("", match["name"])
            # a hyphen may stand for a blank, and a number may be all there is
            return match[0] if "-" in name or name.isdecimal() else self.on_host(host, name)
        return self.on_host(host, match["name"])


def whole_name(name: str) -> str:
    """Return the mention of an account whose name may be of several words and any signs.

    The name is spelt in figures, so that no cleaning of the text changes it on the way.
    """
    return f"@{_OPENS}{name.encode(errors='replace').hex()}{_CLOSES}"


def replace_mentions(text: str, *, platform: str, host: str, keys: KeyRing) -> Redacted:
    """Return `text` with mentions as seen on `host` replaced by author tokens, and their count."""
    original, low = text, text.lower()
    has_slash, has_quote = "/" in low, quotations.may_hold(low)
    if not (has_slash or has_quote or "@" in low):
        return Redacted(original)
    reader = _Reader(platform, host, keys)
    if _OPENS in low:
        text = _WHOLE.sub(reader.whole, text)
    if has_quote:
        text = quotations.replace_quoted(text, reader.here)
    if has_slash:
        if _PROFILE_SIGN.search(low):
            text = _PROFILE.sub(reader.profile, text)
        if "/user/" in low or _REDDIT_SIGN.search(low):
            text = _REDDIT.sub(reader.reddit, text)
    if "@" in text:
        text = _AT.sub(reader.at, text)
    if text is original or text == original:
        return Redacted(original)
    found = len(AUTHOR_TOKEN.findall(text)) - len(AUTHOR_TOKEN.findall(original))
    return Redacted(text, {"mention": found} if found else {})


def advance_mentions(text: str, keys: KeyRing, *, since: int) -> str:
    """Return `text` with author tokens made under `since` links as they are under all of them."""
    if "author_" not in text:
        return text
    mark = len("author_")
    return AUTHOR_TOKEN.sub(lambda m: f"author_{keys.advanced(m[0][mark:], since=since)}", text)

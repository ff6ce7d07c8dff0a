"""Who wrote a quotation, where a line or a tag of the text itself says it.

Forums put the quoted account's name over a quotation, and what was pasted, mailed or exported keeps
it as plain text: `ann wrote:`, `Originally Posted by ann`, `[quote=ann]`. A line that speaks of a
person in words (`My doctor said:`) names no account and stays.
"""

import re
from collections.abc import Callable

from warehouse.protection.lexicon import NEVER_NAMES, ORDINARY_WORDS

_QUOTING_MARKS = ("quote from", "[quote", "quoting ")
_ACCOUNT = r"[^\s\[\]<>\"',;:]+(?:[ ][^\s\[\]<>\"',;:]+){0,3}?"
_TAGGED = re.compile(
    r"\[quote(?:=|[ ]author=|[ ]name=)(?:&quot;|[\"'])?"
    r"(?P<name>[^\s\[\]\"',;][^\[\]\"',;\n]{0,60}?)"
    r"(?=[\],;\"']|[ ]+(?:pid|post|link|date|dateline)=|&quot;)",
    re.IGNORECASE,
)
_SAID_BY = re.compile(
    r"^[ >*_]*(?:quote:?[ ]*)?(?:originally[ ]posted[ ]by|quote[ ]from:|quoting)[ ]+"
    rf"(?P<name>{_ACCOUNT})"
    r"(?=[ ]*(?:$|:|[ ]on[ ]|[ ]»|[ ]View[ ]Post|\[))",
    re.IGNORECASE | re.MULTILINE,
)
_SAYS = re.compile(
    rf"^[ >*_]*(?P<name>{_ACCOUNT})[*_]*[ ](?:wrote|said):[*_]*[ ]*(?P<arrow>\u2191[^\n]*)?$",
    re.MULTILINE,
)
_TELLING = re.compile(r"[\d_]|[a-z][A-Z]")


def may_hold(low: str) -> bool:
    """Tell whether a text, in lower case, has any word by which quotations are attributed."""
    if "wrote:" in low or " said:" in low or "posted by" in low:
        return True
    return "quot" in low and any(mark in low for mark in _QUOTING_MARKS)


def replace_quoted(text: str, pseudonym: Callable[[str], str]) -> str:
    """Return `text` with the accounts that its quotations are attributed to replaced."""

    def tagged(match: re.Match[str]) -> str:
        return _with_pseudonym(match, pseudonym)

    def says(match: re.Match[str]) -> str:
        named = match["arrow"] is not None or _is_account(match["name"])
        return _with_pseudonym(match, pseudonym) if named else match[0]

    text = _TAGGED.sub(tagged, text)
    text = _SAID_BY.sub(tagged, text)
    return _SAYS.sub(says, text)


def _with_pseudonym(match: re.Match[str], pseudonym: Callable[[str], str]) -> str:
    name = match["name"].removeprefix("@")
    if name.startswith("author_"):
        return match[0]
    start, end = match.span("name")
    offset = match.start()
    return match[0][: start - offset] + pseudonym(name) + match[0][end - offset :]


def _is_account(name: str) -> bool:
    """Tell an account's name from words such as `My doctor` or `The letter`."""
    words = name.removeprefix("@").split(" ")
    if any(map(_TELLING.search, words)):
        return True
    return not any(
        word.lower() in ORDINARY_WORDS or word.lower() in NEVER_NAMES or word.endswith("'s")
        for word in words
    )

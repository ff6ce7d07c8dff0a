"""What of a mail's plain text its author wrote: habits of mail that no other platform has.

Lines that a mail program folded are joined again (RFC 3676), and what the list added is dropped.
What was taken over from another mail, marked or not, becomes lines that start with `>`, which
`markup.plain_to_text` then keeps apart. A line that says who wrote a quotation names a person and
goes, and so does the author's own name.
"""

import re
from collections.abc import Iterator, Sequence

LONGEST_BODY = 400_000  # characters: twice what a post may hold, since most of a mail may be quoted
_MOST_HEAD_LINES = 12
_FOOTER_LINES = 8
_SIGN_OFF_LINES = 6
_SHORTEST_NAME = 2
_SHORTEST_HEAD = 3  # lines: who, when and about what; no sentence looks like it
_AROUND_NAMES = " \t,.-\u2013\u2014*_[]"
_QUOTE = re.compile(r"^(?:>[ \t]?)+")
_RULE = re.compile(r"^[ \t>]*[_=-]{20,}[ \t]*$")
_LIST_WORDS = re.compile(
    r"mailing list|unsubscribe|listinfo|mailman|to post to this (?:group|list)|list archives?\b",
    re.IGNORECASE,
)
_SCRUBBED = re.compile(r"^-{10,} next part -{10,}[ \t]*$")
_SCRUBBED_LINE = re.compile(
    r"^(?:An? .{1,60} was scrubbed\.\.\.|A non-text attachment was scrubbed\.\.\.|Name: |Type: |"
    r"Size: |Desc: |URL: |Skipped content of type |[ \t]*$)"
)
_ORIGINAL = re.compile(
    r"^[ \t]*-{2,}[ \t]*(?:original message|original-?nachricht|ursprüngliche nachricht|"
    r"message d'origine|forwarded message|oprindelig meddelelse|reply message)[ \t]*-{2,}[ \t]*$|"
    r"^[ \t]*(?:begin forwarded message):[ \t]*$",
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"^[ \t]*\*?(?:from|sent|to|cc|bcc|date|subject|reply-to|von|gesendet|an|betreff|fra|til|emne|"
    r"de|envoyé|à|objet)[ \t]*:\*?[ \t]?.{0,998}$",
    re.IGNORECASE,
)
_FROM = re.compile(r"^[ \t]*\*?(?:from|von|fra|de)[ \t]*:", re.IGNORECASE)
_NAMES_A_PERSON = re.compile(r"[@<]|\bwrote\b|\bschrieb\b|\bskrev\b|\ba écrit\b|\u5199\u9053")
_ATTRIBUTION_BEGINS = re.compile(r"^(?:on|am|le|den|el)\b.*\d", re.IGNORECASE)
_ANNOUNCES = re.compile(r"[:\uff1a][ \t]*$")
_ANNOUNCES_IN_TEXT = re.compile(
    r"^(?=.{0,300}:[ \t]*$)(?:on|am|le|den|el)\b.*\b(?:wrote|schrieb|skrev|a écrit)\b",
    re.IGNORECASE,
)


def unflowed(text: str, *, delete_space: bool) -> str:
    """Join the lines that `format=flowed` had folded; each depth of quotation by itself."""
    joined: list[str] = []
    open_depth: int | None = None
    for line in text.split("\n"):
        depth, content = _quoted_depth(line)
        content = content.removeprefix(" ")  # space-stuffing
        flows = content.endswith(" ") and content != "-- "
        shown = content[:-1] if flows and delete_space else content
        if open_depth == depth and content != "-- ":
            joined[-1] += shown
        else:
            joined.append(f"{'>' * depth} {shown}" if depth else shown)
        open_depth = depth if flows else None
    return "\n".join(joined)


def without_additions(text: str) -> str:
    """Return a text without what the list and its archive added: footers, notes on attachments."""
    kept: list[str] = []
    lines = text.split("\n")
    place = 0
    while place < len(lines):
        skipped = _footer_length(lines, place) or _scrubbed_length(lines, place)
        if not skipped:
            kept.append(lines[place])
        place += skipped or 1
    return "\n".join(kept)


def quotes_marked(text: str) -> str:
    """Return a text in which whatever is taken over from another mail starts with `>`.

    What a reply carries below its own text, with a copy of the old mail's head, is such a quotation
    to its end. Heads and attributions are dropped.
    """
    lines = text.split("\n")
    cut = next((place for place in range(len(lines)) if _begins_old_mail(lines, place)), None)
    if cut is not None:
        old = [line for line in _old_mail(lines[cut:]) if line.strip()]
        lines = lines[:cut] + [f"> {line}" for line in old]
    return "\n".join(_without_attributions(_without_quoted_heads(lines)))


def without_signature(text: str) -> str:
    """Return a text without the signature that stands before a quotation or at its end."""
    lines = text.split("\n")
    for place, line in enumerate(lines):
        if line.rstrip() != "--":
            continue
        end = next(
            (n for n in range(place + 1, len(lines)) if lines[n].startswith(">")), len(lines)
        )
        if sum(bool(line.strip()) for line in lines[place:end]) <= _FOOTER_LINES:
            return "\n".join(lines[:place] + lines[end:])
    return text


def without_author(text: str, name: str) -> str:
    """Return a text without the author's own name: in full anywhere, alone where it ends a mail."""
    family, _, given = name.partition(",")  # as some address books have it
    words = f"{given} {family}".split()
    if not words or len(name) < _SHORTEST_NAME:
        return text
    if len(words) > 1:
        spelled = r"\s+".join(map(re.escape, words))
        text = re.sub(rf"(?<!\w){spelled}(?!\w)", "[name]", text, flags=re.IGNORECASE)
    return "\n".join(
        _without_sign_off(text.split("\n"), {" ".join(words).lower(), words[0].lower()})
    )


def without_announcements(text: str) -> str:
    """Return the text of an HTML mail without lines that say who wrote what is quoted."""
    return "\n".join(line for line in text.split("\n") if not _ANNOUNCES_IN_TEXT.match(line))


def _quoted_depth(line: str) -> tuple[int, str]:
    content = line.lstrip(">")
    return len(line) - len(content), content


def _footer_length(lines: Sequence[str], place: int) -> int:
    """Return how many lines a list's footer has that starts here; 0 where none does."""
    if not _RULE.match(lines[place]):
        return 0
    block = lines[place + 1 : place + 1 + _FOOTER_LINES]
    length = next(
        (n for n, line in enumerate(block) if not _QUOTE.sub("", line).strip()), len(block)
    )
    words = " ".join(block[:length])
    if not _LIST_WORDS.search(words):
        return 0
    closing = length < len(block) and _RULE.match(block[length]) is not None
    return 1 + length + closing


def _scrubbed_length(lines: Sequence[str], place: int) -> int:
    if not _SCRUBBED.match(lines[place]):
        return 0
    block = lines[place + 1 : place + 1 + _FOOTER_LINES]
    return 1 + next(
        (n for n, line in enumerate(block) if not _SCRUBBED_LINE.match(line)), len(block)
    )


def _begins_old_mail(lines: Sequence[str], place: int) -> bool:
    """Tell whether here begins what was carried over of another mail, with or without a mark."""
    line = lines[place]
    if _ORIGINAL.match(line):
        return True
    if not _FROM.match(line):
        return False
    head = list(_head_lines(lines[place : place + _MOST_HEAD_LINES]))
    return len(head) >= _SHORTEST_HEAD


def _head_lines(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        if not _HEAD.match(line):
            return
        yield line


def _old_mail(lines: Sequence[str]) -> Sequence[str]:
    """Return an old mail without the mark above it and without its head."""
    place = 1 if _ORIGINAL.match(lines[0]) else 0
    while place < len(lines) and not lines[place].strip():
        place += 1
    while place < len(lines) and _HEAD.match(lines[place]):
        place += 1
    return lines[place:]


def _without_quoted_heads(lines: Sequence[str]) -> list[str]:
    """Leave out the heads of old mails that stand within a quotation."""
    kept: list[str] = []
    place = 0
    while place < len(lines):
        head = _quoted_head_length(lines, place)
        if head < _SHORTEST_HEAD:
            kept.append(lines[place])
        place += head if head >= _SHORTEST_HEAD else 1
    return kept


def _quoted_head_length(lines: Sequence[str], place: int) -> int:
    if not lines[place].startswith(">") or not _FROM.match(_QUOTE.sub("", lines[place])):
        return 0
    block = [_QUOTE.sub("", line) for line in lines[place : place + _MOST_HEAD_LINES]]
    return len(list(_head_lines(block)))


def _without_attributions(lines: Sequence[str]) -> Iterator[str]:
    """Leave out lines that name a person right above a quotation; some are broken in two."""
    below = False  # whether the next line that says anything is quoted
    broken = False  # whether the line below ended an attribution that began further up
    kept: list[str] = []
    for line in reversed(lines):
        content = _QUOTE.sub("", line).strip()
        quoted = line.startswith(">")
        begins = _ATTRIBUTION_BEGINS.match(content) is not None
        if broken and begins:
            broken = False
            continue
        broken = False
        if content and below and _ANNOUNCES.search(content) and _NAMES_A_PERSON.search(content):
            broken = not begins
            continue
        kept.append(line)
        if content or quoted:
            below = quoted
    yield from reversed(kept)


def _without_sign_off(lines: Sequence[str], names: set[str]) -> Iterator[str]:
    spoken = [n for n, line in enumerate(lines) if line.strip() and not line.startswith(">")]
    last = set(spoken[-_SIGN_OFF_LINES:]) if len(spoken) > 1 else set()
    for place, line in enumerate(lines):
        if place not in last or line.strip(_AROUND_NAMES).lower() not in names | {"name"}:
            yield line

"""From Markdown, as Reddit and Lemmy write it, to clean text and to what of it is no quotation.

Marks of emphasis, headings, lists and tables go, links leave their words, escapes and entities are
resolved, spoilers are uncovered. Lines that begin with `>` are quotations: they stay in the text
and leave the author's own. A line below a quotation without a mark of its own is the author's,
although some renderers take it into the quotation: people forget the empty line between the two.

Every pattern stops at its own mark, so that no text, however it is made, takes longer than its
length allows.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from html import unescape

from harvesters.markup import Markup, clean

_MARKED = re.compile(r"[*_~`^\[\]\\>#|&<=]|^[ \t]*(?:[-+]|\d{1,3}\.)(?:\s|$)|--", re.MULTILINE)
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})[^`]*$")
_QUOTE = re.compile(r"\s{0,3}(?:>(?!!)[ \t]?)+")
_HEADING = re.compile(r"\s{0,3}(?:#{1,6}(?:[ \t]+|$)|#{2,6}(?!#))")
_HEADING_END = re.compile(r"[ \t]+#+[ \t]*$")
_BULLET = re.compile(r"\s*(?:[-*+]|\d{1,3}\.)[ \t]+(?=\S)")
_INDENTED = re.compile(r"(?: {4}|\t)\s*\S")
_RULE = re.compile(r"\s*(?:(?:\*[ \t]*){3,}|(?:-[ \t]*)+|(?:_[ \t]*){3,}|=+[ \t]*)$")
_TABLE_RULE = re.compile(r"(?=.*\|)[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_CELL_END = re.compile(r"(?<!\\)\|")
_DEFINITION = re.compile(r"\s{0,3}\[([^\[\]]+)\]:\s*<?(?:https?://|/)\S*(?:\s+[\"'(].*)?$")

_SPOILER = re.compile(r">!((?:[^!>]|!(?!<)|>(?!!))*)!<")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_CODE = re.compile(r"(?<!`)(`+)(?!`)([^`]+)\1(?!`)")
_IMAGE = re.compile(r"!\[[^\[\]]*\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_LINK = re.compile(
    r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]"
    r"(?:\([ \t]*(?:<[^<>]*>|(?:[^\s()]|\([^\s()]*\))*)(?:\s+(?:\"[^\"]*\"|'[^']*'))?[ \t]*\)"
    r"| ?\((?:https?://|/)[^()\n]*(?:\([^()\n]*\)[^()\n]*)*\))"
)
_REFERENCE = re.compile(r"\[([^\[\]]+)\](?:\[([^\[\]]*)\])?")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]+)>")
_STARS = re.compile(r"\*{1,3}(?=\S)([^*]+)(?<=\S)\*{1,3}")
_LOW_LINES = re.compile(r"(?<!\w)_{1,3}(?=\S)((?:[^_]|(?<=[^\W_])_(?=[^\W_]))+)(?<=\S)_{1,3}(?!\w)")
_STRUCK = re.compile(r"~~(?=\S)([^~]+)(?<=\S)~~")
_RAISED = re.compile(r"(?<!\^)\^+\(([^()]*)\)|(?<![\d^])\^+(?![\s^])|(?<=\d)\^+(?![\s^\d-])")
_NESTED = 3  # how deep emphasis in emphasis is taken off
_SHIFT = 0xE000  # where literal signs are kept from being read as marks
_HIDE = {sign: sign + _SHIFT for sign in range(0x21, 0x7F) if not chr(sign).isalnum()}
_SHOW = {hidden: sign for sign, hidden in _HIDE.items()}
_PRIVATE = re.compile(f"[{chr(_SHIFT + 0x21)}-{chr(_SHIFT + 0x7E)}]")


@dataclass(slots=True)
class _Piece:
    """A run of lines that are read together: one paragraph, quoted or not."""

    lines: list[str]
    quoted: bool


def markdown_to_text(source: str) -> Markup:
    """Read the Markdown of one post."""
    if not _MARKED.search(source):
        text = clean(source)
        return Markup(text, text)
    every: list[str] = []
    own: list[str] = []
    lines = _PRIVATE.sub("", _BREAKS.sub("\n", source)).split("\n")
    named = {found[1].lower() for line in lines if (found := _DEFINITION.match(line))}
    for piece in _pieces(lines):
        text = _inline("\n".join(piece.lines), named)
        every.append(text)
        if not piece.quoted:
            own.append(text)
    text = clean("\n".join(every))
    return Markup(text, text if len(every) == len(own) else clean("\n".join(own)))


def _pieces(lines: list[str]) -> Iterator[_Piece]:
    """Cut a post into paragraphs, taking off what marks its blocks."""
    held = _Piece([], quoted=False)
    fence = ""
    tables = _table_lines(lines)
    code = _indented_lines(lines)
    for place, line in enumerate(lines):
        content, quoted = _unquoted(line)
        marked = _FENCE.match(content)
        if marked and (not fence or content.strip().startswith(fence)):
            fence = "" if fence else marked[1]
            content = ""
        elif fence or place in code:
            content = content.translate(_HIDE)
        elif place in tables:
            content = _CELL_END.sub("\n", "" if _TABLE_RULE.match(content) else content)
        else:
            content = _without_block_marks(content)
        if held.lines and (quoted != held.quoted or not content.strip()):
            yield held
            held = _Piece([], quoted=quoted)
        if content.strip():
            held.quoted = quoted
            held.lines.append(content)
    if held.lines:
        yield held


def _unquoted(line: str) -> tuple[str, bool]:
    mark = _QUOTE.match(line)
    return (line[mark.end() :], True) if mark else (line, False)


def _table_lines(lines: list[str]) -> set[int]:
    """Return the places of lines that belong to a table: around its rule, until an empty line."""
    places: set[int] = set()
    inside = False
    for place, line in enumerate(lines):
        begins = place > 0 and "|" in line and "|" in lines[place - 1]
        if begins and not inside and _TABLE_RULE.match(_unquoted(line)[0]):
            inside = True
            places.add(place - 1)
        inside = inside and "|" in line
        if inside:
            places.add(place)
    return places


def _indented_lines(lines: list[str]) -> set[int]:
    """Return the places of lines that are code: indented after an empty line, outside of lists."""
    places: set[int] = set()
    after_empty, listed = True, False
    for place, line in enumerate(lines):
        if not line.strip():
            after_empty = True
            continue
        indented = _INDENTED.match(line) is not None
        if indented and not listed and (after_empty or place - 1 in places):
            places.add(place)
        elif not indented:
            listed = _BULLET.match(line) is not None
        after_empty = False
    return places


def _without_block_marks(line: str) -> str:
    if _RULE.match(line) or _DEFINITION.match(line):
        return ""
    heading = _HEADING.match(line)
    if heading:
        return _HEADING_END.sub("", line[heading.end() :])
    bullet = _BULLET.match(line)
    return line[bullet.end() :] if bullet else line


def _inline(text: str, named: Collection[str]) -> str:
    """Take off the marks inside a paragraph; `named` links are defined elsewhere in the post."""
    if ">!" in text:
        text = _SPOILER.sub(r"\1", text)
    if "`" in text:
        text = _CODE.sub(lambda code: code[2].translate(_HIDE), text)
    if "\\" in text:
        text = _ESCAPE.sub(lambda escaped: escaped[1].translate(_HIDE), text)
    if "[" in text:
        text = _LINK.sub(r"\1", _IMAGE.sub(" ", text))
    if named and "[" in text:
        text = _REFERENCE.sub(lambda found: _referred(found, named), text)
    if "<" in text:
        text = _AUTOLINK.sub(lambda link: link[1].translate(_HIDE), text)
    text = _without_emphasis(text)
    if "&" in text:
        text = unescape(text)
    return text.translate(_SHOW)


def _referred(found: re.Match[str], named: Collection[str]) -> str:
    return found[1] if (found[2] or found[1]).lower() in named else found[0]


def _without_emphasis(text: str) -> str:
    for _ in range(_NESTED):
        before = text
        if "*" in text:
            text = _STARS.sub(r"\1", text)
        if "_" in text:
            text = _LOW_LINES.sub(r"\1", text)
        if "~" in text:
            text = _STRUCK.sub(r"\1", text)
        if text == before:
            break
    return _RAISED.sub(r"\1", text) if "^" in text else text

"""Turns the pieces of a post into HTML; each software says how its elements look."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from html import escape
from typing import ClassVar

from harvesters.simulation.forums.model import (
    Code,
    Items,
    Link,
    Picture,
    Piece,
    Quoted,
    Words,
)

EMOJI = re.compile(
    "[\U0001f000-\U0001faff](?:[\ufe0f\U0001f3fb-\U0001f3ff]|\u200d[\U0001f000-\U0001faff])*"
)


def text(words: str) -> str:
    """Escape words for an element or an attribute, with the apostrophe as PHP writes it."""
    return escape(words, quote=False).replace('"', "&quot;").replace("'", "&#039;")


class BodyMarkup(ABC):
    """How a software writes a post's body.

    Softwares of BBCode keep line breaks (`breaks`); those with a rich editor or Markdown write
    paragraphs.
    """

    breaks: ClassVar[bool] = True
    line_break: ClassVar[str] = "<br />\n"

    def body(self, pieces: Sequence[Piece]) -> str:
        """Return the HTML of a post's body."""
        if not self.breaks:
            return "\n".join(self._element(piece) for piece in pieces)
        html, before = "", None
        for piece in pieces:
            if before is not None:
                flowing = not _is_block(before) and not _is_block(piece)
                html += self.line_break * (2 if flowing else 1)
            html += self._element(piece)
            before = piece
        return html

    def _element(self, piece: Piece) -> str:
        if isinstance(piece, Quoted):
            return self.quote(piece, self.body(piece.pieces))
        if isinstance(piece, Code):
            return self.code(piece.text)
        if isinstance(piece, Items):
            return self.listing(piece.items)
        if isinstance(piece, Words):
            inner = self.words(piece.text)
        elif isinstance(piece, Picture):
            inner = self.picture(piece.address)
        else:
            inner = self._sentence(piece)
        return inner if self.breaks else self.paragraph(inner)

    def _sentence(self, link: Link) -> str:
        before, after = self.words(link.before), self.words(link.after)
        return f"{before}{self.link(link.label, link.address)}{after}"

    def words(self, words: str) -> str:
        """Return running text."""
        return text(words)

    def paragraph(self, inner: str) -> str:
        """Return a paragraph, where there are paragraphs."""
        return f"<p>{inner}</p>"

    def picture(self, address: str) -> str:
        """Return a picture."""
        return f'<img src="{text(address)}" alt="" />'

    def link(self, label: str, address: str) -> str:
        """Return a link to another site."""
        return f'<a href="{text(address)}" rel="nofollow">{text(label)}</a>'

    def listing(self, items: Sequence[str]) -> str:
        """Return a list."""
        return "<ul>" + "".join(f"<li>{self.words(item)}</li>" for item in items) + "</ul>"

    @abstractmethod
    def code(self, lines: str) -> str:
        """Return code."""

    @abstractmethod
    def quote(self, quoted: Quoted, inner: str) -> str:
        """Return a quotation around the HTML of what is quoted."""


def _is_block(piece: Piece) -> bool:
    return isinstance(piece, Quoted | Code | Items)

"""Writes the posts of one simulated thread: what is said, what is quoted, what is edited."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from harvesters.simulation.draws import Draws
from harvesters.simulation.forums.curiosities import WORDS, only_a_quote, quotes_in_quotes
from harvesters.simulation.forums.model import (
    BoardPost,
    BoardVersion,
    Piece,
    Quoted,
    Words,
)
from harvesters.simulation.grammar import load_grammar
from harvesters.simulation.writing import Writer

QUOTE_SHARE = 0.3
MARK_SHARE = 0.75  # of edits are marked below the post
NESTING = 3  # quotations in quotations that people leave standing
_ADDED = ("PS: sorted now, thank you.", "Edit: spelling.", "Update: they rang back.")


class Poster:
    """Writes the posts of a thread, one after another.

    Parameters
    ----------
    writer : Writer
        Where sentences come from.
    draws : Draws
        Where chance comes from.
    curious : bool
        Whether the thread is the one of the hand-written curiosities.
    """

    def __init__(self, writer: Writer, draws: Draws, *, curious: bool) -> None:
        grammar = load_grammar()
        self._writer = writer
        self._draws = draws
        self._topic = draws.pick(sorted(grammar.topics))
        self._frames = sorted(grammar.frames)
        self._curious = curious

    def title(self) -> str:
        """Write a title."""
        return self._writer.title(self._topic)

    def versions(
        self, post: BoardPost, before: Sequence[BoardPost], *, edited: timedelta | None
    ) -> tuple[BoardVersion, ...]:
        """Return the versions of a post that follows the posts `before`."""
        pieces = self._curiosity(before) if self._curious else None
        first = BoardVersion(
            post.written_at, self._said(post, before) if pieces is None else pieces
        )
        if edited is None:
            return (first,)
        marked = self._draws.chance(MARK_SHARE)
        second = BoardVersion(post.written_at + edited, self._changed(first.pieces), marked)
        if not self._draws.chance(0.15):
            return first, second
        return first, second, replace(first, at=second.at + timedelta(hours=3), marked=marked)

    def _said(self, post: BoardPost, before: Sequence[BoardPost]) -> tuple[Piece, ...]:
        words: tuple[Piece, ...] = tuple(Words(text) for text in self._paragraphs(not before))
        there = [other for other in before if other.gone_at(post.written_at) is None]
        if not there or not self._draws.chance(QUOTE_SHARE):
            return words
        other = self._draws.pick(there[-12:])
        return (_quoted(other, post), *words)

    def _paragraphs(self, opens_thread: bool) -> list[str]:
        frames = [self._draws.pick(self._frames)] if self._draws.chance(0.5) else []
        while True:
            writing = self._writer.write(
                topic=self._topic, frames=frames, opens_thread=opens_thread
            )
            if not writing.identifiers:  # they are replaced when read, so nothing equals them
                return writing.paragraphs

    def _changed(self, pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
        return (*pieces, Words(self._draws.pick(_ADDED)))

    def _curiosity(self, before: Sequence[BoardPost]) -> tuple[Piece, ...] | None:
        place = len(before)
        if place == 0:
            return (Words("A thread for all that does not fit elsewhere."),)
        if place <= len(WORDS):
            return WORDS[place - 1]
        if place == len(WORDS) + 1:
            return only_a_quote(_quote_of(before[2]))
        if place == len(WORDS) + 2:
            return quotes_in_quotes(
                _quote_of(before[3]), author=before[4].shown_name, post=before[4].number
            )
        if place == len(WORDS) + 3:  # a table of code, quoted
            return (_quote_of(before[9]), Words("Does it run on a phone?"))
        return None


def _quote_of(post: BoardPost) -> Quoted:
    return Quoted(post.shown_name, post.number, post.versions[0].pieces)


def _quoted(other: BoardPost, post: BoardPost) -> Quoted:
    version = other.version_at(post.written_at)
    return Quoted(other.shown_name, other.number, _cut(version.pieces, NESTING))


def _cut(pieces: tuple[Piece, ...], depth: int) -> tuple[Piece, ...]:
    kept: list[Piece] = []
    for piece in pieces:
        if not isinstance(piece, Quoted):
            kept.append(piece)
        elif depth > 1:
            kept.append(replace(piece, pieces=_cut(piece.pieces, depth - 1)))
    return tuple(kept)

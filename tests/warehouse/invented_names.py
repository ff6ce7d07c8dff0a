"""A stand-in for the model of names, whose scores a test gives."""

import re
from collections.abc import Mapping, Sequence

from warehouse.protection.names_model import Pieces


class StandIn:
    """Cuts words into pieces of three characters and scores those that it was told.

    A piece within `blind` places of a window's edge gets no score, as a name without its context.
    """

    def __init__(self, told: Mapping[str, float], *, blind: int = 0) -> None:
        self.told = told
        self.blind = blind
        self.known: list[str] = []
        self.windows: list[Sequence[int]] = []

    def pieces(self, text: str) -> Pieces:
        places = [
            (start, min(start + 3, word.end()))
            for word in re.finditer(r"\S+", text)
            for start in range(word.start(), word.end(), 3)
        ]
        first = len(self.known)
        self.known += [text[start:end] for start, end in places]
        return Pieces(range(first, len(self.known)), places)

    def scores(self, windows: Sequence[Sequence[int]]) -> list[Sequence[float]]:
        self.windows += windows
        return [
            [
                self.told.get(self.known[number], 0.0)
                if self.blind <= place < len(window) - self.blind
                else 0.0
                for place, number in enumerate(window)
            ]
            for window in windows
        ]

"""Writes the words of a simulated post from its topic and frames."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from harvesters.simulation.catalogue import IDENTIFIER_SHARE, Habits
from harvesters.simulation.draws import Draws
from harvesters.simulation.grammar import Grammar, Template, Voices

POPULARITY_FALL = 0.9  # of Zipf's law: some templates are everywhere, many are met rarely
DECOY_SHARE = 0.45  # of sentences without topic and frame use the words of a frame
SECOND_SENTENCE_SHARE = 0.2  # of frames in a longer post are said twice
CURLY_SHARE = 0.3  # of posts come from a keyboard with typographic quotes
_ENDED = re.compile(r"[.!?…,:]$|[^\w\s\"'\u2019\u201d)]$")
_QUOTED = re.compile(r"\"([^\"]*)\"")
_WORD_START = re.compile(r"[^\W\d_]")
_NHS_WEIGHTS = tuple(range(10, 1, -1))

Weighted = tuple[tuple[Template, ...], list[float]]


@dataclass(slots=True)
class Writing:
    """The words of one version: a title (empty for comments) and paragraphs of plain text."""

    title: str
    paragraphs: list[str]
    identifiers: tuple[str, ...] = ()


class Phrasebook:
    """How common each template is in one world; another seed has another taste."""

    def __init__(self, grammar: Grammar, *, seed: int) -> None:
        self.grammar = grammar
        generator = np.random.default_rng((seed, 101))
        self.frames = _weigh_all(grammar.frames, generator)
        self.topics = _weigh_all(
            {name: words.sentences for name, words in grammar.topics.items()}, generator
        )
        self.talk: Mapping[str, Weighted] = {
            name: _weigh(templates, generator) for name, templates in grammar.talk.items()
        }


class Writer:
    """Writes for one community.

    Parameters
    ----------
    book : Phrasebook
        Templates and how common they are.
    draws : Draws
        Where chance comes from.
    habits : Habits
        How people of the community write.
    """

    def __init__(self, book: Phrasebook, *, draws: Draws, habits: Habits) -> None:
        self._book = book
        self._draws = draws
        self._habits = habits
        self._news = habits.personal == 0.0
        self._short = habits.longest <= 3  # noqa: PLR2004 # sentences of a micro-blog's post

    def write(self, *, topic: str, frames: Sequence[str], opens_thread: bool) -> Writing:
        """Write one post about a topic that expresses exactly these frames."""
        draws = self._draws
        middle = self._topic_sentences(topic, opens_thread=opens_thread, n_frames=len(frames))
        for frame in frames:
            middle.append(self._frame_sentence(frame, topic))
            if not self._short and draws.chance(SECOND_SENTENCE_SHARE):
                middle.append(self._frame_sentence(frame, topic))
        middle.extend(self._filler(topic, n_said=len(middle)))
        beginning = self._beginning(topic, opens_thread=opens_thread)
        if not middle and (len(beginning) < 2 or opens_thread):  # noqa: PLR2004 # a bare greeting
            middle.append(self._say("neutral", topic))
        sentences = [*beginning, *draws.shuffled(middle), *self._ending(topic)]
        identifiers: tuple[str, ...] = ()
        if not self._news and draws.chance(IDENTIFIER_SHARE):
            aside, identifiers = self._aside()
            sentences.append(aside)
        title = self.title(topic) if opens_thread and not self._short else ""
        return self._finished(title, sentences, identifiers)

    def title(self, topic: str) -> str:
        """Write a title of a thread, an article or a news item."""
        words = self._book.grammar.topics[topic]
        titles = words.headlines if self._news else words.titles
        if not self._news and self._habits.personal < 0.6 and self._draws.chance(0.5):  # noqa: PLR2004
            titles = words.headlines
        return _capitalised(self._fill(self._draws.pick(titles), topic))

    def edited(self, writing: Writing, *, topic: str) -> Writing:
        """Return a later version of a text that says no more and no less."""
        paragraphs = list(writing.paragraphs)
        if self._news:
            paragraphs.append(self._say("reports", topic))
        elif self._draws.chance(0.5) or len(paragraphs[0]) < 30:  # noqa: PLR2004 # characters
            paragraphs.append(self._say("edits", topic))
        else:
            paragraphs[0] = f"{self._say('openings', topic)} {paragraphs[0]}"
        title = writing.title
        if title and self._draws.chance(0.3):
            title = f"{title} (updated)"
        return Writing(title, paragraphs, writing.identifiers)

    def digest(self, topic: str) -> Writing:
        """Write what a bot posts."""
        return Writing("", [self._say("digests", topic)])

    def _topic_sentences(self, topic: str, *, opens_thread: bool, n_frames: int) -> list[str]:
        draws = self._draws
        if self._short:
            count = 1 if n_frames == 0 or draws.chance(0.5) else 0
        elif opens_thread:
            count = 1 + draws.below(3)
        else:
            count = draws.weighted((0.35, 0.8, 1.0))
        voices = self._book.topics[topic]
        return [self._finish(self._fill(self._choose(voices), topic)) for _ in range(count)]

    def _frame_sentence(self, frame: str, topic: str) -> str:
        return self._finish(self._fill(self._choose(self._book.frames[frame]), topic))

    def _filler(self, topic: str, *, n_said: int) -> list[str]:
        draws = self._draws
        most = max(0, self._habits.longest - n_said)
        count = min(most, draws.weighted((0.3, 0.75, 1.0)))
        if self._news:
            return [self._say("reports", topic) for _ in range(max(1, count))]
        return [
            self._say("decoys" if draws.chance(DECOY_SHARE) else "neutral", topic)
            for _ in range(count)
        ]

    def _beginning(self, topic: str, *, opens_thread: bool) -> list[str]:
        draws, sentences = self._draws, []
        if draws.chance(self._habits.greeting):
            sentences.append(self._say("greetings", topic))
        if opens_thread and not self._news and not self._short and draws.chance(0.4):
            sentences.append(self._say("openings", topic))
        if not opens_thread and draws.chance(0.35):
            sentences.append(self._say("replies", topic))
        return sentences

    def _ending(self, topic: str) -> list[str]:
        if self._news or not self._draws.chance(0.5 * self._habits.greeting + 0.03):
            return []
        return [self._say("closings", topic)]

    def _choose(self, voices: tuple[Weighted, Weighted]) -> Template:
        personal, general = voices
        templates, weights = personal if self._draws.chance(self._habits.personal) else general
        return templates[self._draws.weighted(weights)]

    def _say(self, what: str, topic: str) -> str:
        templates, weights = self._book.talk[what]
        return self._finish(self._fill(templates[self._draws.weighted(weights)], topic))

    def _fill(self, template: Template, topic: str) -> str:
        parts = [template.literals[0]]
        fillers: dict[str, str] = {}
        for slot, literal in zip(template.slots, template.literals[1:], strict=True):
            if slot not in fillers:
                fillers[slot] = self._draws.pick(self._fillers(slot, topic))
            parts += (fillers[slot], literal)
        return "".join(parts)

    def _fillers(self, slot: str, topic: str) -> tuple[str, ...]:
        grammar = self._book.grammar
        return grammar.topics[topic].things if slot == "thing" else grammar.slots[slot]

    def _finish(self, sentence: str) -> str:
        if self._news or self._draws.chance(0.92):
            sentence = _capitalised(sentence)
        if _ENDED.search(sentence):
            return sentence
        return sentence + ("!" if not self._news and self._draws.chance(0.04) else ".")

    def _aside(self) -> tuple[str, tuple[str, ...]]:
        template = self._draws.pick(self._book.grammar.talk["asides"])
        made = {"email": self._email, "phone": self._phone, "nhs": self._nhs_number}
        values = [made[slot]() for slot in template.slots]
        parts = [template.literals[0]]
        for value, literal in zip(values, template.literals[1:], strict=True):
            parts += (value, literal)
        return self._finish("".join(parts)), tuple(values)

    def _email(self) -> str:
        first, last = (_plain(self._draws.pick(names)) for names in self._book.grammar.names)
        return f"{first}.{last}{self._draws.below(90) + 10}@example.org"

    def _phone(self) -> str:
        return f"07700 900{self._draws.below(1000):03d}"  # a range that is kept for drama

    def _nhs_number(self) -> str:
        """Return a number of the test range 999, with its check digit."""
        while True:
            nine = f"999{self._draws.below(1_000_000):06d}"
            total = sum(int(d) * w for d, w in zip(nine, _NHS_WEIGHTS, strict=True))
            check = (11 - total % 11) % 11
            if check < 10:  # noqa: PLR2004 # ten has no digit: such numbers are never given out
                return f"{nine[:3]} {nine[3:6]} {nine[6:]}{check}"

    def _finished(self, title: str, sentences: list[str], identifiers: tuple[str, ...]) -> Writing:
        if self._draws.chance(CURLY_SHARE):
            title = _curly(title)
            sentences = [_curly(sentence) for sentence in sentences]
        if self._short or len(sentences) <= 3:  # noqa: PLR2004 # fits one paragraph
            return Writing(title, [" ".join(sentences)], identifiers)
        cut = 2 + self._draws.below(len(sentences) - 2)
        paragraphs = [" ".join(sentences[:cut]), " ".join(sentences[cut:])]
        return Writing(title, [text for text in paragraphs if text], identifiers)


def _capitalised(sentence: str) -> str:
    found = _WORD_START.search(sentence[:2])
    if found is None:
        return sentence
    return sentence[: found.start()] + found.group().upper() + sentence[found.end() :]


def _curly(text: str) -> str:
    return _QUOTED.sub("\u201c\\1\u201d", text).replace("'", "\u2019")


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.replace("Ø", "O").replace("ø", "o"))
    return letters.encode("ascii", "ignore").decode().lower()


def _weigh(templates: tuple[Template, ...], generator: np.random.Generator) -> Weighted:
    ranks = generator.permutation(len(templates))
    return templates, list(accumulate((1 / (ranks + 3.0) ** POPULARITY_FALL).tolist()))


def _weigh_all(
    voices: Mapping[str, Voices], generator: np.random.Generator
) -> Mapping[str, tuple[Weighted, Weighted]]:
    return {
        name: (_weigh(entry.personal, generator), _weigh(entry.general, generator))
        for name, entry in voices.items()
    }

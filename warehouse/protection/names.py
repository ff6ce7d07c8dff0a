"""Takes out people's names that no context tells, of texts that leave as a file: the extra `names`.

A model scores how likely each piece of a word is part of a name (`names_model`). Pieces are put
back together to words, and a word goes whole or not at all. How sure the model must be depends on
the word: one that is ordinary elsewhere (will, hope, mark) needs nearly all of the score. What
carries the discourse (abbreviations, medicines) never goes, nor do the tokens of authors and of
earlier redaction. Only names of people are asked for; organisations and places stay.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

from warehouse.protection.lexicon import (
    COMMON_NAMES,
    GENERIC_IN_PLACES,
    NEVER_NAMES,
    ORDINARY_WORDS,
    word_set,
)
from warehouse.protection.mentions import AUTHOR_TOKEN
from warehouse.protection.names_model import Pieces, RampartModel
from warehouse.protection.redaction import Redacted
from warehouse.protection.rules import Region

NAMES_VERSION = 1
TAKEN_FROM = 0.6  # the score from which a word is a name
ORDINARY_TAKEN_FROM = 0.99  # the same for a word that is an ordinary one elsewhere
WINDOW = 32  # pieces read at once; in longer windows more names are missed
OVERLAP = 16  # pieces that two windows share
_TEXTS_AT_ONCE = 256

_TOKEN = re.compile(rf"\[[a-z]+(?:-[a-z]+)*\]|{AUTHOR_TOKEN.pattern}")
_LETTERS = r"(?:[^\W\d_][\u0300-\u036f]*)+"  # an accent may stand behind its letter
_WORD = re.compile(rf"(?<!\w){_LETTERS}(?:['\u2019-]{_LETTERS})*(?!\w)")
_POSSESSIVE = re.compile(r"['\u2019]s$", re.IGNORECASE)
_BETWEEN = re.compile(r"(?:\.?[ \t]+)?")  # what may stand between two words of one name
_LONGEST_ACRONYM = 6
_ALSO_WORDS = word_set("bill black brown drew frank gene green king mark pat rob")
_ORDINARY = (ORDINARY_WORDS | NEVER_NAMES | _ALSO_WORDS) - COMMON_NAMES
_KEPT = (
    GENERIC_IN_PLACES
    | word_set(
        """
        act aot bpd bma camhs cat cbt ccg cft chc cmht cpa cpn cqc crhtt cto dbt dla dols dsm dwp
        ehcp eip emdr esa eupd fnp gdpr gp hee hmo htt iapt icb icd imca imha jsa lcwra mca mdt mh
        mha mhra mind nhs nice nos ocd odpc ofsted ot pals phso picu pip ppi ptsd rcn rethink ssri
        snri stp tms uc unison
        """
    )
    | word_set(
        """
        abilify acamprosate agomelatine amisulpride amitriptyline aripiprazole asenapine
        atomoxetine buprenorphine bupropion buspirone carbamazepine cariprazine chlorpromazine
        cipralex circadin citalopram clomipramine clonazepam clopixol clozapine clozaril concerta
        cymbalta depakote depixol diazepam donepezil dosulepin duloxetine efexor elvanse
        escitalopram esketamine fluoxetine flupentixol fluphenazine gabapentin haldol haloperidol
        imipramine invega isocarboxazid ketamine lamictal lamotrigine librium lisdexamfetamine
        lithium lofepramine lorazepam loxapine lurasidone lyrica melatonin memantine methadone
        methylphenidate mirtazapine moclobemide modecate naltrexone nitrazepam nortriptyline
        olanzapine oxazepam paliperidone paroxetine phenelzine pregabalin priadel procyclidine
        promethazine propranolol prozac quetiapine reboxetine risperdal risperidone ritalin
        sertraline seroquel seroxat stelazine sulpiride temazepam thorazine topiramate
        tranylcypromine trazodone trifluoperazine trimipramine valium valproate venlafaxine
        vortioxetine xanax zispin zolpidem zopiclone zuclopenthixol zyprexa
        """
    )
)


class NameModel(Protocol):
    """What a model of names must be able to do."""

    def pieces(self, text: str) -> Pieces:
        """Cut a text into pieces of words."""

    def scores(self, windows: Sequence[Sequence[int]]) -> list[Sequence[float]]:
        """Return for every piece of each window how likely it is part of a person's name."""


class NameRedactor:
    """Takes people's names out of texts.

    Parameters
    ----------
    model : NameModel, optional
        What scores the pieces of words; the model of the extra `names` where nothing is said,
        loaded when the first text is read.
    """

    def __init__(self, model: NameModel | None = None) -> None:
        self._model = model

    def redact(self, texts: Sequence[str]) -> list[Redacted]:
        """Return each text with names replaced by `[name]`, and how many there were.

        Raises
        ------
        NamesUnavailable
            If the extra `names` is not installed, or its model is not the one that was measured.
        """
        return [parts[0] for parts in self.redact_lines([(text,) for text in texts])]

    def redact_lines(self, lines: Sequence[Sequence[str]]) -> list[list[Redacted]]:
        """As `redact`, of lines that lie in several parts: each is read as one text.

        A word in its context is such a line; a part alone would lack what tells a name.
        """
        done: list[list[Redacted]] = []
        for start in range(0, len(lines), _TEXTS_AT_ONCE):
            some = lines[start : start + _TEXTS_AT_ONCE]
            spans = self._spans([" ".join(parts) for parts in some])
            done += [_parted(*each) for each in zip(some, spans, strict=True)]
        return done

    def _spans(self, texts: Sequence[str]) -> list[list[Region]]:
        read = [self._loaded().pieces(text) for text in texts] if any(texts) else []
        if not read:
            return [[] for _ in texts]
        windows = [
            (number, start, pieces.numbers[start:end])
            for number, pieces in enumerate(read)
            for start, end in windows_of(len(pieces.numbers))
        ]
        scored = self._loaded().scores([numbers for _, _, numbers in windows])
        best = [[0.0] * len(pieces.numbers) for pieces in read]
        for (number, start, _), scores in zip(windows, scored, strict=True):
            for place, score in enumerate(scores, start):
                best[number][place] = max(best[number][place], score)
        return [
            name_spans(text, pieces.places, scores)
            for text, pieces, scores in zip(texts, read, best, strict=True)
        ]

    def _loaded(self) -> NameModel:
        if self._model is None:
            self._model = RampartModel.load()
        return self._model


def redact_names(texts: Sequence[str]) -> list[Redacted]:
    """Return each text with people's names replaced by `[name]`, as `NameRedactor` does."""
    return NameRedactor().redact(texts)


def windows_of(n_pieces: int) -> Iterator[Region]:
    """Yield where the windows of so many pieces start and end, each sharing some with the next."""
    start = 0
    while start + WINDOW < n_pieces:
        yield start, start + WINDOW
        start += WINDOW - OVERLAP
    if n_pieces:
        yield start, n_pieces


def name_spans(text: str, places: Sequence[Region], scores: Sequence[float]) -> list[Region]:
    """Return where names stand in a text, from the scores of its pieces at their places."""
    tokens = [match.span() for match in _TOKEN.finditer(text)]
    has_case = text != text.upper()
    spans: list[Region] = []
    piece = token = 0
    for match in _WORD.finditer(text):
        start, end = match.span()
        while piece < len(places) and places[piece][1] <= start:
            piece += 1
        while token < len(tokens) and tokens[token][1] <= start:
            token += 1
        if token < len(tokens) and tokens[token][0] < end:
            continue
        word = _POSSESSIVE.sub("", match[0])
        score = _best(places, scores, piece, end)
        if score < _taken_from(word, has_case=has_case):
            continue
        end = start + len(word)
        if spans and _BETWEEN.fullmatch(text, spans[-1][1], start):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _best(places: Sequence[Region], scores: Sequence[float], first: int, end: int) -> float:
    """Return the highest score of the pieces of a word that ends at `end`."""
    best = 0.0
    while first < len(places) and places[first][0] < end:
        best = max(best, scores[first])
        first += 1
    return best


def _taken_from(word: str, *, has_case: bool) -> float:
    """Return the score from which a word is taken for a name; none is high enough for some."""
    low = word.lower()
    is_acronym = has_case and word.isupper() and 1 < len(word) <= _LONGEST_ACRONYM
    if low in _KEPT or (is_acronym and low not in COMMON_NAMES):
        return float("inf")
    return ORDINARY_TAKEN_FROM if low in _ORDINARY else TAKEN_FROM


def _parted(parts: Sequence[str], spans: Sequence[Region]) -> list[Redacted]:
    """Take the spans, which are places in the joined parts, out of each part that they touch."""
    done, begins = [], 0
    for part in parts:
        ends = begins + len(part)
        within = [
            (max(start, begins) - begins, min(end, ends) - begins)
            for start, end in spans
            if start < ends and begins < end
        ]
        done.append(_without(part, within))
        begins = ends + 1
    return done


def _without(text: str, spans: Sequence[Region]) -> Redacted:
    kept: list[str] = []
    copied = 0
    for start, end in spans:
        kept += (text[copied:start], "[name]")
        copied = end
    return Redacted("".join((*kept, text[copied:])), {"name": len(spans)} if spans else {})

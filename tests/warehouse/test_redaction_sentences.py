"""Recall and precision of redaction on sentences older than the rules."""

from collections.abc import Callable
from itertools import chain

from tests.warehouse.redaction_scoring import (
    CONTEXT_KINDS,
    Score,
    Sentence,
    Span,
    protect,
    score,
    sentences,
)

ALL: tuple[Sentence, ...] = tuple(
    chain.from_iterable(sentences(name) for name in ("structured", "names", "innocent"))
)


def _is_structured(kind: str) -> bool:
    return kind not in CONTEXT_KINDS


def _shown(name: str, figures: Score) -> str:
    return (
        f"{name}: recall {figures.found}/{figures.marked} = {figures.recall:.3f}, "
        f"precision {figures.right}/{figures.hidden} = {figures.precision:.3f}, "
        f"as their own kind {figures.found_as_kind}"
    )


def test_the_sentences_are_as_many_and_as_mixed_as_a_measure_needs() -> None:
    kinds = [span.kind for sentence in ALL for span in sentence.spans]
    assert len(ALL) >= 300
    assert sum(map(_is_structured, kinds)) >= 150
    assert kinds.count("name") >= 60
    assert len(sentences("innocent")) >= 100
    assert not any(sentence.spans for sentence in sentences("innocent"))
    assert len({sentence.text for sentence in ALL}) == len(ALL)


def test_structured_identifiers_meet_the_bars(tell: Callable[[str], None]) -> None:
    figures = score(ALL, _is_structured, protect)
    tell(_shown("structured identifiers", figures))
    assert figures.recall >= 0.99, figures.missed
    assert figures.precision >= 0.98, figures.false
    assert figures.found_as_kind / figures.marked >= 0.95


def test_names_and_places_told_by_their_context_meet_the_bars(
    tell: Callable[[str], None],
) -> None:
    figures = score(ALL, CONTEXT_KINDS.__contains__, protect)
    low = score([sentence.lowered() for sentence in ALL], CONTEXT_KINDS.__contains__, protect)
    tell(_shown("names and places", figures))
    tell(_shown("names and places, all in lower case", low))
    assert figures.recall >= 0.88, figures.missed
    assert figures.precision >= 0.95, figures.false
    assert low.precision >= 0.95, low.false


def test_hardly_an_innocent_sentence_is_changed(tell: Callable[[str], None]) -> None:
    changed = [s.text for s in sentences("innocent") if protect(s.text) != s.text]
    tell(f"innocent sentences changed: {len(changed)} of {len(sentences('innocent'))}")
    assert len(changed) <= 0.02 * len(sentences("innocent")), changed


def test_the_measure_itself_tells_a_half_hidden_identifier_and_one_too_many() -> None:
    marked = Sentence("ring 07700 900123 now", (Span("phone", 5, 17),))
    assert score([marked], _is_structured, lambda _: "ring [phone] now").found == 1
    missed = score([marked], _is_structured, lambda _: "ring [phone]123 now")
    assert (missed.found, missed.right, missed.hidden) == (0, 1, 1)
    greedy = score([marked], _is_structured, lambda _: "[phone] now")
    assert (greedy.found, greedy.right, greedy.hidden) == (1, 0, 1)

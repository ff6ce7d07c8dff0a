"""What redaction does not look for to save time is nowhere to be found: the plain way agrees.

The plain way asks every rule that a text has the words, signs and digits of, and lets each search
all of its places.
"""

from collections import Counter
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.warehouse.redaction_scoring import sentences
from warehouse.protection.redaction import RULES, Redacted, redact
from warehouse.protection.rules import Reading, Rule, lowered, number_stretches, words_of

SENTENCES = [
    sentence.text
    for sentence in chain.from_iterable(
        sentences(name) for name in ("structured", "names", "innocent", "bare_names")
    )
]
PIECES = (
    *("Dr", "dr", "Mrs.", "Nurse", "Sister", "my name is", "his name's", "name:", "I'm", "I am"),
    *("called", "call me", "my", "her", "brother", "key worker", "is", "hi", "Hello all", "thanks"),
    *("regards,\n", "love", "told", "spoke to", "with", "from the", "said", "here", "rang"),
    *("Okoro", "okoro", "Sarah", "sarah", "SMITH", "O'Brien", "o'brien's", "José", "Anne-Marie"),
    *("john2", "Sarah2", "Time War", "with Time War", "Tim", "told", "mr"),
    *("Will", "Hope", "Welsh", "NHS", "CBT", "J.", "van", "and", "Ward", "ward", "Oak Hospital"),
    *("St. Anne's Clinic", "Recovery College", "University of", "Elm Lodge", "on rowan ward"),
    *("12 Elm Street", "High Street", "close", "Close", "flat 2, 7 oak road", "at 9 elm lane"),
    *("SW1A 1AA", "sw1a1aa", "GIR 0AA", "AB12 CDE", "reg", "driving licence", "MORGA753116SM9IJ"),
    *("07700 900123", "07700900123john", "+44 20 7946 0018", "943 476 5919", "QQ 12 34 56 C"),
    *("4111 1111 1111 1111", "20-00-00 55779911", "sort code", "account number", "GB82 WEST 1234"),
    *("5698 7654 32", "d.o.b.", "born on", "1/2/1980", "3rd of May 1980", "my birthday is"),
    *("case ref", "hospital number", "AB12345", "1998-1999", "a@b.example", "ann at home.example"),
    *("ann @ home.example", "ann (at) home dot example", "(look at that)", "that at- me", "co.uk"),
    *("http://forum.example/t/12", "see www.nhs.uk/x", "Www.x.example", "wWw.x.example/user/ann"),
    *("facebook.com/ann.b", "x/y", "and/or", "t.me/ann1", "(https://a.example/u/ann).", "insta"),
    *(
        "instagram: ann_b",
        "discord name is",
        "ann#1234",
        "[name]",
        "[url]",
        "\n",
        "\n- ",
        "\u2019s",
    ),
    *("I\u2019m", "\u2013", "\u0130", "\u212aevin said", "\u017f", "\u0663", "x", "2", "14", "100"),
)
TEXTS = st.lists(
    st.tuples(st.sampled_from(PIECES), st.sampled_from((" ", " ", " ", "", ", ", ".\n", "("))),
    min_size=1,
    max_size=14,
).map(lambda parts: "".join(chain.from_iterable(parts)))


def plainly(text: str) -> Redacted:
    """Redact without any screen of words that stand apart, capitals, names or first matches."""
    words = frozenset(word.decode() for word in words_of(text.encode(errors="replace")))
    longest = max((end - start for start, end in number_stretches(text)), default=0)
    counts: Counter[str] = Counter()
    for rule in RULES:
        wanted = (not rule.words or rule.words & words) and rule.number <= longest
        reading = Reading(text, words)
        if wanted and has_signs(rule, reading):
            text, hits = rule.apply(reading)
            counts.update({rule.kind: hits} if hits else {})
    return Redacted(text, dict(counts))


def has_signs(rule: Rule, reading: Reading) -> bool:
    low = lowered(reading.text)
    if rule.signs and not any(sign in low for sign in rule.signs):
        return False
    return rule.trigger is None or rule.trigger.search(low) is not None


def test_the_marked_sentences_are_redacted_as_plainly() -> None:
    assert len(SENTENCES) > 500
    together = [" ".join(SENTENCES[n : n + 5]) for n in range(len(SENTENCES))]
    lower = [sentence.lower() for sentence in SENTENCES]
    for text in (*SENTENCES, *together, *lower):
        assert redact(text) == plainly(text)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_whatever_is_put_together_is_redacted_as_plainly(text: str) -> None:
    assert redact(text) == plainly(text)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(TEXTS)
def test_very_much_that_is_put_together_is_redacted_as_plainly(text: str) -> None:
    assert redact(text) == plainly(text)


@pytest.mark.parametrize("letter", "\u0130\u0131\u017f\u212a")
def test_letters_that_are_latin_but_for_their_case_end_no_reading(letter: str) -> None:
    account = f"GB82 WE{letter}T 1234 5698 7654 32"
    for text in (
        f"AB12345 AB12345{letter}evin said ",
        account,
        f"{letter}A 12 34 56 B, {letter}1 2AB",
    ):
        assert redact(text) == plainly(text)

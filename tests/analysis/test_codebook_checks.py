"""What is doubtful about a codebook, and what a change of it means for codings."""

from dataclasses import replace

import pytest

from analysis.codebook import Codebook, CodebookError, Frame, load_codebook
from analysis.codebook_checks import (
    change_between,
    check_version,
    counts_from,
    doubts_of,
    likeness,
)


def frame(key: str, definition: str = "", **other: object) -> Frame:
    parts: dict[str, object] = {
        "key": key,
        "name": key.capitalize(),
        "family": "value",
        "definition": definition or " ".join(f"{key}{number}" for number in range(6)),
        "include": (f"talk of {key}",),
        "exclude": (f"a word of {key} in passing",),
        "sources": (),
        "plain": f"It is about {key}.",
        "examples": (f"We spoke of {key}.",),
    }
    return Frame(**{**parts, **other})  # type: ignore[arg-type]


def book(*frames: Frame, version: int = 1, **other: object) -> Codebook:
    parts: dict[str, object] = {"name": "test", "language": "en", "notes": (), "frames": frames}
    return Codebook(version=version, **{**parts, **other})  # type: ignore[arg-type]


def test_a_sound_codebook_raises_no_doubt() -> None:
    assert doubts_of(load_codebook()) == []


@pytest.mark.parametrize(
    ("frames", "where", "advice"),
    [
        ([frame("cost", exclude=())], "frames[0] (cost).exclude", "is missing"),
        ([frame("cost", plain="")], "frames[0] (cost).plain", "no researchers"),
        ([frame("cost", examples=())], "frames[0] (cost).examples", "invent a post"),
        (
            [frame("cost", include=("fees",), exclude=("fees",))],
            "frames[0] (cost).exclude",
            "says 'fees', which is included too",
        ),
        (
            [frame("cost", exclude=("praise of staff (service_worth)",))],
            "frames[0] (cost)",
            "names service_worth, which is no frame",
        ),
        (
            [frame("cost"), frame("price", name="cost")],
            "frames[0] and frames[1] (cost, price)",
            "are both called 'Cost'",
        ),
        (
            [
                frame("cost", "Worth is put in money, such as costs and savings."),
                frame("price", "Worth is put in money, such as prices and savings."),
            ],
            "frames[0] and frames[1] (cost, price)",
            "nearly the same words",
        ),
    ],
)
def test_each_doubt_names_its_place_and_what_to_do(
    frames: list[Frame], where: str, advice: str
) -> None:
    (doubt,) = doubts_of(book(*frames))
    assert doubt.where == where
    assert advice in doubt.advice


def test_likeness_is_twice_the_shared_words_over_all_words() -> None:
    assert likeness("one two three four", "one two four") == pytest.approx(2 * 3 / 7)
    assert likeness("one two four", "one two three four") == pytest.approx(2 * 3 / 7)
    assert likeness("one", "other") == 0


def test_a_change_is_told_from_a_rename_and_a_new_wording() -> None:
    before = book(frame("cost", "Worth is put in money of any kind."), frame("hope"), frame("fair"))
    after = book(
        frame("money", "Worth is put in money of every kind."),
        frame("hope", include=("talk of hope", "talk of despair")),
        replace(frame("fair"), name="Fairness"),
        version=2,
    )
    change = change_between(before, after)
    assert (change.added, change.removed) == (("money",), ("cost",))
    assert change.renamed == {"cost": "money"}
    assert (change.redefined, change.reworded) == (("hope",), ("fair",))


def test_a_change_without_a_raised_version_is_refused_and_names_what_changed() -> None:
    stored = [book(frame("cost")), book(frame("cost"), frame("hope"), version=2)]
    check_version(stored[1], stored)
    check_version(stored[0], stored)
    check_version(book(frame("hope"), version=3), stored)
    check_version(book(replace(frame("cost"), since=1)), stored)
    with pytest.raises(
        CodebookError, match=r"changed \(hope\) and is still version 2.* version: 3"
    ):
        check_version(book(frame("cost"), version=2), stored)
    with pytest.raises(CodebookError, match="it was test"):
        check_version(book(frame("cost"), version=2, name="other"), stored)
    with pytest.raises(CodebookError, match="its notes"):
        check_version(book(frame("cost"), notes=("code gently",)), stored)
    with pytest.raises(CodebookError, match=r"is version 1, and version 2 was in use already"):
        check_version(book(frame("cost")), stored[1:])


def test_codings_count_as_long_as_the_meaning_of_a_frame_stays() -> None:
    stored = [
        book(frame("cost"), frame("hope")),
        book(frame("cost"), frame("hope", "Something else."), frame("fair"), version=2),
    ]
    hope = frame("hope", "Something else.", name="Hopes")
    now = book(frame("cost"), hope, frame("fair", "Quite another meaning."), version=3)
    assert counts_from(now, stored) == {"cost": 1, "hope": 2, "fair": 3}
    assert counts_from(book(replace(hope, since=1), version=3), stored) == {"hope": 1}
    back = book(frame("hope"), version=3)  # as in version 1, and version 2 meant something else
    assert counts_from(back, stored) == {"hope": 3}

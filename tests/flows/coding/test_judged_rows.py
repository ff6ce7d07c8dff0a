"""Each row has one outcome, by rules that are written down here by hand."""

from dataclasses import replace

import pytest

from analysis.codebook import load_codebook
from flows.coding import importing_judging as judging
from flows.coding.importing_judging import Handed, HandedOut, Judged, judge_file
from flows.coding.importing_rows import ReturnedFile, ReturnedRow, SheetUnreadable

BOOK = load_codebook()
ALL = dict.fromkeys(BOOK.keys, "0")
HANDED = Handed(
    sheet="s1",
    coder="A",
    codebook_version=BOOK.version,
    frames=BOOK.keys,
    post_id=5,
    wave=1,
    is_edited=False,
)
OUT = HandedOut(items={"bcdf": HANDED}, erased={"gone"}, sheets={"s1"})


def judge(
    *rows: ReturnedRow, kind: str = "csv", out: HandedOut = OUT, coder: str | None = None
) -> list[Judged]:
    sheet = "s1" if kind == "page" else None
    returned = ReturnedFile(name="back", kind=kind, rows=rows, sheet=sheet)
    return judge_file(returned, out, BOOK, coder=coder)


def row(item: str = "bcdf", line: int = 1, **said: object) -> ReturnedRow:
    return ReturnedRow(line=line, item=item, **said)  # type: ignore[arg-type] # fields of a row


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"cells": ALL}, "coded"),
        ({"cells": {**ALL, "public_value": "1"}}, "coded"),
        ({"cells": {**ALL, "public_value": "TRUE"}}, "coded"),
        ({"state": "coded"}, "coded"),
        ({"state": "coded", "cells": {"public_value": "1"}}, "coded"),
        ({}, "untouched"),
        ({"note": "later"}, "untouched"),
        ({"state": "skipped"}, "skipped"),
        ({"reason": "distressing"}, "skipped"),
        ({"state": "skipped", "cells": ALL}, "skipped"),
        ({"labels": (), "state": "coded"}, "coded"),
        ({"labels": ("Justice and EQUALITY", "public_value"), "state": "coded"}, "coded"),
    ],
)
def test_what_is_taken(said: dict[str, object], outcome: str) -> None:
    (judged,) = judge(row(**said))
    assert (judged.outcome, judged.why) == (outcome, "")
    if outcome == "coded":
        assert set(judged.values) == set(BOOK.keys)
        assert set(judged.values.values()) <= {0.0, 1.0}


def test_labels_are_frames_by_key_or_name_and_all_others_are_absent() -> None:
    (judged,) = judge(row(labels=("Justice and equality", "public_value"), state="coded"))
    assert {f for f, v in judged.values.items() if v} == {"justice_value", "public_value"}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"item": ""}, judging.NO_ITEM),
        ({"item": "nobody"}, judging.UNKNOWN),
        ({"item": "gone", "cells": ALL}, judging.ERASED),
        ({"state": "perhaps"}, judging.BAD_STATE),
        ({"cells": {**ALL, "public_value": "2"}}, judging.BAD_VALUE),
        ({"cells": {**ALL, "public_value": "yes"}}, judging.BAD_VALUE),
        ({"cells": {"public_value": "1"}}, judging.INCOMPLETE),
        ({"state": "skipped", "cells": {"public_value": "1"}}, judging.BOTH),
    ],
)
def test_what_is_refused(said: dict[str, object], why: str) -> None:
    (judged,) = judge(row(**{"item": "bcdf", **said}))  # type: ignore[arg-type] # as above
    assert (judged.outcome, judged.why, judged.values) == ("refused", why, {})


def test_a_page_says_every_frame_or_is_refused() -> None:
    (judged,) = judge(row(state="coded", cells={"public_value": "1"}), kind="page")
    assert judged.why == judging.INCOMPLETE


def test_a_page_of_another_study_is_refused_whole_and_an_item_of_another_sheet_alone() -> None:
    with pytest.raises(SheetUnreadable, match="no sheet that this study handed out"):
        judge(row(), kind="page", out=replace(OUT, sheets=set()))
    other = replace(OUT, items={"bcdf": replace(HANDED, sheet="s2")})
    (judged,) = judge(row(cells=ALL), kind="page", out=other)
    assert judged.why == judging.UNKNOWN


def test_unknown_and_removed_frames_are_counted_and_the_rest_is_taken() -> None:
    older = replace(HANDED, frames=(*BOOK.keys[1:], "hope"), codebook_version=0)
    cells = {**dict.fromkeys(BOOK.keys[1:], "0"), "hope": "1", "my own thoughts": "nice"}
    (judged,) = judge(row(cells=cells), out=replace(OUT, items={"bcdf": older}))
    assert judged.outcome == "coded"
    assert set(judged.values) == set(BOOK.keys[1:])
    assert judged.refused_values == {judging.REMOVED_FRAME: 1, judging.UNKNOWN_FRAME: 1}
    assert judging.OTHER_VERSION in judged.remarks


def test_remarks() -> None:
    edited = replace(OUT, items={"bcdf": replace(HANDED, is_edited=True)})
    (judged,) = judge(row(cells=ALL), out=edited, coder="B")
    assert judged.coder == "B"
    assert set(judged.remarks) == {judging.EDITED, judging.OTHER_CODER}


def test_said_twice_is_taken_once_and_twice_differently_not_at_all() -> None:
    same = judge(row(cells=ALL), row(cells=ALL, line=2))
    assert [one.outcome for one in same] == ["coded", "repeated"]
    differ = judge(row(cells=ALL), row(cells={**ALL, "public_value": "1"}, line=2), row(line=3))
    assert [(one.outcome, one.why) for one in differ] == [
        ("refused", judging.REPEATED),
        ("refused", judging.REPEATED),
        ("untouched", ""),
    ]


def test_nobody_has_to_say_why() -> None:
    (judged,) = judge(row(state="skipped"))
    assert (judged.outcome, judged.reason, judged.note) == ("skipped", "unsaid", "")


def test_a_reason_in_other_words_is_kept_in_the_note() -> None:
    (judged,) = judge(row(state="skipped", reason="too close to home", note="sorry"))
    assert (judged.reason, judged.note) == ("other", "too close to home; sorry")

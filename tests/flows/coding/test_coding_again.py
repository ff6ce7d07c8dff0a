"""Posts are coded again after a frame was redefined, and codings by every version are kept."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.flows.coding.coded import read, use
from tests.flows.coding.coded_study import draw, hand_out, items, run, saved_page, stored, take_back
from tests.flows.topics.nights import Forum
from warehouse.corpus.index import index_posts

TEXTS = ("The choir met again.", "They shut the drop-in.", "Nobody rang back.")


@pytest.fixture
def drawn(forum: Forum) -> list[int]:
    """Three drawn posts of a study with two frames; every coder gets them."""
    text = forum.home.settings_file.read_text()
    forum.home.settings_file.write_text(text.replace("shared_part = 0.2", "shared_part = 1.0"))
    redefine(forum, version=1, hope="Better days.", fear="Worse days.")
    return draw(forum, TEXTS)


def redefine(forum: Forum, *, version: int, **frames: str) -> None:
    with forum.opened() as warehouse:
        use(forum, warehouse, version=version, **frames)


def filled_in(
    forum: Forum, path: Path, said: Mapping[int, Mapping[str, Any]], *, coder: str = "A"
) -> str:
    """Hand out a sheet, and write what a coder says of some of its posts."""
    sheet = hand_out(coder=coder)["sheet"]
    given = {post_id: item for item, post_id in items(forum, sheet).items()}
    assert set(given) == set(said)
    entries = [{"item": given[post_id], "state": "open"} | dict(said[post_id]) for post_id in said]
    path.write_text(saved_page(sheet, entries))
    return str(path)


def coded(*, note: str = "", **values: int) -> dict[str, Any]:
    return {"state": "coded", "codes": values, "note": note}


def values_of(forum: Forum) -> set[tuple[Any, ...]]:
    """Return post, frame, value and version of every coding."""
    return {(row[0], row[1], row[3], row[4]) for row in stored(forum)["codings"]}


def waiting(forum: Forum) -> int:
    assert forum.home.root.is_dir()
    return sum(
        row["n_posts"] for row in json.loads(run("status", "--json").stdout)["to_code_again"]
    )


def test_a_redefined_frame_is_coded_again_and_both_codings_are_kept(
    forum: Forum, drawn: list[int], tmp_path: Path
) -> None:
    one, two, three = drawn
    skip = {"state": "skipped", "reason": "unclear"}
    said = {one: coded(hope=1, fear=0, note="a choir"), two: coded(hope=0, fear=1), three: skip}
    first = filled_in(forum, tmp_path / "first.json", said)
    take_back(first)
    assert waiting(forum) == 0
    hand_out(code=2)
    redefine(forum, version=2, hope="Quite other.", fear="Worse days.")
    assert waiting(forum) == 2
    assert "To be coded again by version 2" in run("status").stdout
    before = values_of(forum)
    second = filled_in(
        forum, tmp_path / "second.json", {one: coded(hope=0, fear=0), two: coded(hope=1, fear=0)}
    )
    hand_out(code=2)  # they wait on the sheet
    (told,) = take_back(second)
    assert (told["new"], told["replaced"], told["unchanged"]) == (2, 0, 0)
    later = {(one, "hope", 0, 2), (one, "fear", 0, 2), (two, "hope", 1, 2), (two, "fear", 0, 2)}
    assert values_of(forum) == before | later
    assert waiting(forum) == 0
    hand_out(code=2)
    kept = stored(forum)
    assert [row[:3] for row in kept["coding_notes"]] == [(one, "A", "a choir")]
    assert [row[:3] for row in kept["skips"]] == [(three, "A", "unclear")]
    for file in (first, second):
        (again,) = take_back(file)
        assert (again["new"], again["replaced"]) == (0, 0)
    assert stored(forum) == kept
    with forum.opened() as warehouse:
        index_posts(warehouse.connection)
        book = use(forum, warehouse, version=2, hope="Quite other.", fear="Worse days.")
        counted = read(forum, warehouse, book)
    assert counted.values.tolist() == [[0, 0], [1, 0]]
    assert counted.coders == ("A",)


def test_a_version_that_means_the_same_asks_for_nothing(
    forum: Forum, drawn: list[int], tmp_path: Path
) -> None:
    take_back(filled_in(forum, tmp_path / "1.json", dict.fromkeys(drawn, coded(hope=1, fear=0))))
    redefine(forum, version=2, hope="Better days.", fear="Worse days.")
    assert waiting(forum) == 0
    hand_out(code=2)
    redefine(forum, version=3, hope="Better days.", fear="Worse days.", joy="A good day.")
    assert waiting(forum) == 3
    assert hand_out()["posts"] == 3


@pytest.mark.slow
def test_an_earlier_sheet_that_comes_back_late_replaces_nothing(
    forum: Forum, drawn: list[int], tmp_path: Path
) -> None:
    one, two, three = drawn
    skip = {"state": "skipped", "reason": "unclear"}
    said = {one: coded(hope=1, fear=0, note="early"), two: skip, three: coded(hope=1, fear=1)}
    first = filled_in(forum, tmp_path / "first.json", said)
    redefine(forum, version=2, hope="Quite other.", fear="Worse days.")
    said = {post: coded(hope=0, fear=0, note="late") for post in (one, two)} | {three: skip}
    second = filled_in(forum, tmp_path / "second.json", said)
    take_back(second)
    before = stored(forum)
    (told,) = take_back(first)
    assert told["remarks"] == {"by another version of the codebook": 3}
    after = stored(forum)
    assert after["coding_notes"] == before["coding_notes"]
    assert [row[0] for row in after["coding_notes"]] == [one, two]
    assert set(before["codings"]) < set(after["codings"])
    assert {row for row in values_of(forum) if row[3] == 1} == {
        (one, "hope", 1, 1),
        (one, "fear", 0, 1),
        (three, "hope", 1, 1),
        (three, "fear", 1, 1),
    }
    assert waiting(forum) == 1  # of the third, what is said does not count


@pytest.mark.slow
def test_a_skip_by_a_later_version_keeps_what_was_coded_before(
    forum: Forum, drawn: list[int], tmp_path: Path
) -> None:
    first = filled_in(forum, tmp_path / "1.json", dict.fromkeys(drawn, coded(hope=1, fear=0)))
    take_back(first)
    before = values_of(forum)
    redefine(forum, version=2, hope="Quite other.", fear="Worse days.")
    skips = {post: {"state": "skipped", "reason": "distressing"} for post in drawn}
    take_back(filled_in(forum, tmp_path / "2.json", skips))
    kept = stored(forum)
    assert values_of(forum) == before
    assert {row[0] for row in kept["skips"]} == set(drawn)
    assert dict(kept["draws"]) == dict.fromkeys(drawn, "coded")
    hand_out(code=2)
    (again,) = take_back(first)
    assert (again["new"], again["replaced"], again["unchanged"]) == (0, 0, 3)
    assert stored(forum) == kept


@pytest.mark.slow
def test_codings_of_a_frame_that_left_outlive_their_sheet_coming_again(
    forum: Forum, drawn: list[int], tmp_path: Path
) -> None:
    first = filled_in(forum, tmp_path / "1.json", dict.fromkeys(drawn, coded(hope=1, fear=1)))
    take_back(first)
    kept = stored(forum)
    redefine(forum, version=2, hope="Better days.")
    (again,) = take_back(first, code=3)
    assert again["refusals"] == {"frame removed from the codebook": 3}
    assert again["unchanged"] == 3
    assert stored(forum) == kept

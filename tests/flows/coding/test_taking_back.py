"""Sheets come back into a study: each format there and back, twice, changed, broken and erased."""

import json
from io import BytesIO
from pathlib import Path

import pytest
from xlsxwriter import Workbook

from flows.coding.workbook import read_workbook
from tests.flows.coding.coded_study import (
    FRAMES,
    codes,
    codes_of,
    draw,
    hand_out,
    items,
    read_csv,
    run,
    saved_page,
    stored,
    take_back,
    write_csv,
)
from tests.flows.topics.nights import Forum, change, rows_of

GIVEN = ("public_value", "contestation")


def share_all(forum: Forum) -> None:
    text = forum.home.settings_file.read_text()
    forum.home.settings_file.write_text(text.replace("shared_part = 0.2", "shared_part = 1.0"))


@pytest.fixture
def page(forum: Forum, tmp_path: Path) -> tuple[Path, dict[str, int]]:
    """A saved page with a coding, a coding of no frame, a skip and an untouched post."""
    draw(forum, ["we waited", "they cut it", "nothing here", "for later"])
    told = hand_out()
    given = items(forum, told["sheet"])
    one, two, three, four = given
    said = [
        {"item": one, "state": "coded", "codes": codes(*GIVEN), "note": "ask sam@work.example"},
        {"item": two, "state": "coded", "codes": codes()},
        {"item": three, "state": "skipped", "reason": "distressing"},
        {"item": four, "state": "open", "at": ""},
    ]
    path = tmp_path / "coding-A.json"
    path.write_text(saved_page(told["sheet"], said))
    return path, given


def test_a_saved_page_is_stored_and_once_more_changes_nothing(
    forum: Forum, page: tuple[Path, dict[str, int]]
) -> None:
    path, given = page
    one, two, three, four = given.values()
    before = stored(forum)
    (dry,) = take_back(str(path), "--dry-run")
    assert stored(forum) == before
    (told,) = take_back(str(path))
    assert dry == told
    counts = {name: told[name] for name in ("coded", "skipped", "untouched", "refused", "new")}
    assert counts == {"coded": 2, "skipped": 1, "untouched": 1, "refused": 0, "new": 3}
    assert codes_of(forum, one) == set(GIVEN)
    assert codes_of(forum, two) == set()
    kept = stored(forum)
    assert {row[0] for row in kept["codings"]} == {one, two}
    assert {row[6].isoformat() for row in kept["codings"]} == {"2026-03-02T09:00:00+00:00"}
    assert [row[:3] for row in kept["skips"]] == [(three, "A", "distressing")]
    assert [row[2] for row in kept["coding_notes"]] == ["ask [email]"]
    assert dict(kept["draws"]) == {one: "coded", two: "coded", three: "skipped", four: "drawn"}
    (again,) = take_back(str(path))
    assert (again["new"], again["replaced"], again["unchanged"]) == (0, 0, 3)
    assert stored(forum) == kept


@pytest.mark.slow
def test_what_is_said_later_replaces_and_is_counted(
    forum: Forum, page: tuple[Path, dict[str, int]]
) -> None:
    path, given = page
    take_back(str(path))
    saved = json.loads(path.read_text())
    first, second, third, _ = saved["items"]
    first["codes"]["public_value"] = 0
    second.update(state="skipped", reason="unclear", codes={})
    third.update(state="coded", codes=codes("lived_experience"))
    path.write_text(json.dumps(saved))
    (told,) = take_back(str(path))
    assert (told["new"], told["replaced"], told["unchanged"]) == (0, 3, 0)
    one, two, three, four = given.values()
    assert codes_of(forum, one) == {"contestation"}
    assert codes_of(forum, two) is None
    assert codes_of(forum, three) == {"lived_experience"}
    kept = stored(forum)
    assert [row[:3] for row in kept["skips"]] == [(two, "A", "unclear")]
    assert dict(kept["draws"]) == {one: "coded", two: "skipped", three: "coded", four: "drawn"}


@pytest.mark.slow
def test_a_table_there_and_back(forum: Forum, tmp_path: Path) -> None:
    draw(forum)
    told = hand_out("--format", "csv")
    rows = read_csv(Path(told["file"]))
    rows[0] |= {"economic_value": "1", "state": "coded"}
    rows[1] |= dict.fromkeys(FRAMES, "0") | {"note": "=1+1, they say"}
    rows[2] |= {"state": "skipped", "skip_reason": "known"}
    rows[3] |= {"economic_value": "1"}
    rows[4] |= {"economic_value": "perhaps", "state": "coded"}
    path = write_csv(tmp_path / "back.csv", rows, delimiter=";")
    (told_back,) = take_back(str(path), code=3)
    assert (told_back["coded"], told_back["skipped"], told_back["untouched"]) == (2, 1, 1)
    assert [(row["row"], row["why"]) for row in told_back["refused_rows"]] == [
        (4, "some frames are empty and the state is not coded"),
        (5, "a value is neither 0 nor 1"),
    ]
    given = list(items(forum, told["sheet"]).values())
    assert codes_of(forum, given[0]) == {"economic_value"}
    assert codes_of(forum, given[1]) == set()
    assert codes_of(forum, given[3]) is None
    said = run("import", str(path), code=3)
    assert "2 rows or values were refused and the rest was taken" in said.stderr
    assert "1 refused: a value is neither 0 nor 1 (rows 5)" in said.stdout


@pytest.mark.slow
def test_a_workbook_there_and_back(forum: Forum, tmp_path: Path) -> None:
    draw(forum)
    told = hand_out("--format", "xlsx")
    table = read_workbook(Path(told["file"]).read_bytes())
    at = {name: table[0].index(name) for name in (*FRAMES, "state", "skip_reason")}
    for frame in FRAMES:
        table[1][at[frame]] = "1" if frame in GIVEN else "0"
    table[2][at["state"]] = "coded"
    table[3][at["skip_reason"]] = "language"
    content = BytesIO()
    with Workbook(content, {"strings_to_numbers": True, "strings_to_formulas": False}) as book:
        page = book.add_worksheet("posts")
        for number, row in enumerate(table):
            page.write_row(number, 0, row)
    path = tmp_path / "back.xlsx"
    path.write_bytes(content.getvalue())
    (told_back,) = take_back(str(path))
    assert (told_back["coded"], told_back["skipped"], told_back["untouched"]) == (2, 1, 3)
    given = list(items(forum, told["sheet"]).values())
    assert codes_of(forum, given[0]) == set(GIVEN)
    assert codes_of(forum, given[1]) == set()


@pytest.mark.slow
def test_what_labelling_tools_export(forum: Forum, tmp_path: Path) -> None:
    draw(forum)
    told = hand_out("--format", "csv")
    given = items(forum, told["sheet"])
    one, two, three, *_ = given
    lines = [
        {"id": 1, "item": one, "text": "a", "label": ["Contestation", "public_value"]},
        {"id": 2, "item": two, "text": "a", "label": ["none"]},
        {"id": 3, "item": three, "text": "a", "label": []},
    ]
    doccano = tmp_path / "doccano.jsonl"
    doccano.write_text("\n".join(json.dumps(line) for line in lines))
    studio = tmp_path / "studio.json"
    entry = {"item": three, "frames": {"choices": ["public_value", "joy"]}, "annotation_id": 1}
    studio.write_text(json.dumps([entry]))
    first, second = take_back(str(doccano), str(studio), "--coder", "B", code=3)
    assert (first["kind"], first["coded"], first["untouched"]) == ("doccano", 2, 1)
    assert (second["kind"], second["coded"]) == ("label studio", 1)
    assert second["refusals"] == {"unknown frame": 1}
    assert second["remarks"] == {"by another coder than it was given to": 1}
    assert codes_of(forum, given[one], "B") == set(GIVEN)
    assert codes_of(forum, given[two], "B") == set()
    assert codes_of(forum, given[three], "B") == {"public_value"}


@pytest.mark.slow
def test_erased_posts_are_refused_and_gone_from_every_sheet(forum: Forum, tmp_path: Path) -> None:
    share_all(forum)
    post_id, other = draw(forum, ["we waited", "they cut it"])
    told = {form: hand_out("--format", form, coder=form) for form in ("html", "xlsx", "csv")}
    given = {form: items(forum, said["sheet"]) for form, said in told.items()}
    path = tmp_path / "back.json"
    said = [{"item": item, "state": "coded", "codes": codes()} for item in given["html"]]
    path.write_text(saved_page(told["html"]["sheet"], said))
    (forum.home.coding / "back.json").write_text(path.read_text())
    with forum.opened() as warehouse:
        at = forum.clock.now()
        change(warehouse, "INSERT INTO post_revisions VALUES (?, 1, ?, 'h', 9, NULL)", post_id, at)
        change(
            warehouse,
            "INSERT INTO locators (post_id, source, native_id, native_thread_id, native_key)"
            " VALUES (?, 'forum', 'n1', 't1', 0)",
            post_id,
        )
        assert warehouse.forget("post", "forum", "n1") == 1
        assert len(warehouse.exports_concerned()) == 3
    (before,) = take_back(str(path), "--dry-run", code=3)
    assert before["refusals"] == {"post erased meanwhile": 1}
    with forum.opened() as warehouse:
        warehouse.erase_confirmed()
        assert warehouse.exports_concerned() == []
    (after,) = take_back(str(path), code=3)
    assert after["refusals"] == {"post erased meanwhile": 1}
    assert (codes_of(forum, post_id, "html"), codes_of(forum, other, "html")) == (None, set())
    (table,) = forum.home.sheets.iterdir()  # it lost a row; page and workbook went as they were
    assert [row["text"] for row in read_csv(table)] == ["they cut it"]
    (kept,) = take_back(str(forum.home.coding / "back.json"))
    assert (kept["rows"], kept["unchanged"]) == (1, 1)


def test_a_broken_sheet_is_one_sentence_and_the_others_are_taken(
    forum: Forum, page: tuple[Path, dict[str, int]], tmp_path: Path
) -> None:
    path, _ = page
    broken = tmp_path / "broken.json"
    broken.write_text(path.read_text()[:-30])
    before = stored(forum)
    said = run("import", str(broken), code=1)
    assert said.stderr.count("\n") == 1
    assert "broken.json is broken or cut off" in said.stderr
    assert stored(forum) == before
    said = run("import", str(broken), str(path), code=3)
    assert "broken.json is broken or cut off" in said.stderr
    assert len(stored(forum)["codings"]) == 2 * len(FRAMES)


@pytest.mark.slow
def test_a_sheet_of_another_study_is_refused(forum: Forum, tmp_path: Path) -> None:
    draw(forum)
    path = tmp_path / "other.json"
    path.write_text(saved_page("qqqqqqqq", [{"item": "bcdfghjkmnpq", "state": "coded"}]))
    said = run("import", str(path), code=1)
    assert "belongs to no sheet that this study handed out" in said.stderr


@pytest.mark.slow
def test_a_crash_while_storing_stores_nothing(
    forum: Forum, page: tuple[Path, dict[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = page
    before = stored(forum)
    monkeypatch.setattr("flows.coding.importing._STATES", "SELECT no_such_column FROM draws")
    assert run("import", str(path), code=1)
    assert stored(forum) == before


@pytest.mark.slow
def test_codings_of_an_older_codebook_keep_their_version(
    forum: Forum, page: tuple[Path, dict[str, int]]
) -> None:
    path, given = page
    with forum.opened() as warehouse:
        change(
            warehouse,
            "UPDATE sheets SET codebook_version = 0, frames = list_append(frames, 'hope')",
        )
    saved = json.loads(path.read_text())
    saved["items"][0]["codes"]["hope"] = 1
    path.write_text(json.dumps(saved))
    (told,) = take_back(str(path), code=3)
    assert told["remarks"] == {"by another version of the codebook": 3}
    assert told["refusals"] == {"frame removed from the codebook": 1}
    with forum.opened() as warehouse:
        assert rows_of(warehouse, "SELECT DISTINCT codebook_version FROM codings") == [(0,)]
    assert codes_of(forum, next(iter(given.values()))) == set(GIVEN)


@pytest.mark.slow
def test_two_coders_of_one_post_stand_beside_each_other(forum: Forum, tmp_path: Path) -> None:
    share_all(forum)
    (post_id,) = draw(forum, ["we waited"])
    for coder, frames in (("A", GIVEN), ("B", ())):
        sheet = hand_out(coder=coder)["sheet"]
        (item,) = items(forum, sheet)
        path = tmp_path / f"{coder}.json"
        said = [{"item": item, "state": "coded", "codes": codes(*frames)}]
        path.write_text(saved_page(sheet, said))
        take_back(str(path))
    assert codes_of(forum, post_id, "A") == set(GIVEN)
    assert codes_of(forum, post_id, "B") == set()

"""Sheets go out: which posts, in which order, to whom, and what a file holds of them."""

import hashlib
import html
import json
import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from analysis.codebook import load_codebook
from flows.coding.page import build_coding_page
from flows.coding.sheet import choose_posts
from flows.coding.sheet_contents import LETTERS, Sheet, SheetPost, new_word
from flows.coding.sheet_notes import content_note
from flows.coding.sheet_table import csv_sheet
from flows.coding.workbook import read_workbook
from tests.flows.coding.coded_study import (
    FRAMES,
    PSEUDONYM,
    TEXTS,
    draw,
    hand_out,
    items,
    read_csv,
    run,
)
from tests.flows.topics.nights import Forum, change, rows_of
from tests.warehouse.invented_names import StandIn
from warehouse.protection import names_model
from warehouse.protection.names import NAMES_VERSION


def test_a_table_holds_community_month_and_text_and_nothing_that_leads_further(
    forum: Forum,
) -> None:
    ids = draw(forum, [*TEXTS, f"Then {PSEUDONYM} wrote to us"])
    told = hand_out("--format", "csv")
    rows = read_csv(Path(told["file"]))
    assert list(rows[0])[:5] == ["item", "community", "month", "content_note", "text"]
    assert list(rows[0])[5:] == [*FRAMES, "state", "skip_reason", "note"]
    assert {row["month"] for row in rows} <= {"February 2026", "March 2026"}
    texts = {row["text"] for row in rows}
    assert TEXTS[0] in texts
    assert f"'{TEXTS[1].replace('https://sheet.example', '[link to sheet.example]')}" in texts
    assert any("See [link to news.example] for it." in text for text in texts)
    assert "Then @somebody wrote to us" in texts
    assert set(items(forum, told["sheet"])) == {row["item"] for row in rows}
    assert sorted(items(forum, told["sheet"]).values()) == ids
    whole = Path(told["file"]).read_text(encoding="utf-8")
    assert "author_" not in whole
    assert "https://" not in whole


@pytest.mark.slow
def test_items_tell_nothing_and_are_new_on_every_sheet(forum: Forum) -> None:
    draw(forum)
    first = hand_out("--format", "csv", coder="A")
    with forum.opened() as warehouse:
        change(warehouse, "UPDATE assignments SET assigned_on = assigned_on - 40")
    second = hand_out("--format", "csv", coder="A")
    one, two = items(forum, first["sheet"]), items(forum, second["sheet"])
    assert sorted(one.values()) == sorted(two.values())
    assert set(one).isdisjoint(two)
    assert all(re.fullmatch(f"[{LETTERS}]{{12}}", item) for item in one)
    assert len({new_word(12) for _ in range(1000)}) == 1000


def test_every_sheet_is_recorded_and_lies_under_controlled(forum: Forum) -> None:
    draw(forum)
    told = hand_out("--n", "4")
    path = Path(told["file"])
    assert path.parent == forum.home.sheets
    assert path.stat().st_mode & 0o777 == 0o600
    with forum.opened() as warehouse:
        ((who, what, n, sha),) = rows_of(warehouse, "SELECT who, what, n_rows, sha256 FROM exports")
        ((coder, frames, kept),) = rows_of(warehouse, "SELECT coder, frames, sha256 FROM sheets")
        given = rows_of(warehouse, "SELECT coder, sheet, wave FROM assignments")
    assert (who, n, coder, tuple(frames)) == ("Sam, office", 4, "A", FRAMES)
    assert what.startswith("code sheet --coder A --pool measure")
    assert sha == kept == hashlib.sha256(path.read_bytes()).hexdigest()
    assert given == [("A", told["sheet"], 1)] * 4


@pytest.mark.slow
def test_nobody_is_given_more_than_the_day_has_room_for(forum: Forum) -> None:
    text = forum.home.settings_file.read_text()
    text = re.sub(r"posts_per_day = \d+", "posts_per_day = 5", text)
    forum.home.settings_file.write_text(re.sub(r"shared_part = [\d.]+", "shared_part = 1.0", text))
    draw(forum, [f"we waited {number} weeks" for number in range(12)])
    assert hand_out("--n", "3")["room_left_today"] == 2
    assert hand_out("--n", "30")["posts"] == 2
    hand_out(code=2)
    assert hand_out("--n", "4", coder="B")["posts"] == 4
    with forum.opened() as warehouse:
        change(warehouse, "UPDATE assignments SET assigned_on = assigned_on - 1")
    assert hand_out("--n", "30")["posts"] == 5


@pytest.mark.slow
def test_shared_posts_go_to_every_coder_and_the_others_to_one(forum: Forum) -> None:
    draw(forum, [f"we waited {number} weeks" for number in range(100)])
    given = {}
    for coder in ("A", "B", "C"):
        told = hand_out("--n", "30", "--format", "csv", coder=coder)
        assert told["shared"] == 6
        given[coder] = set(items(forum, told["sheet"]).values())
    times = Counter(post for posts in given.values() for post in posts)
    assert Counter(times.values()) == {3: 6, 1: 72}


def test_what_is_chosen_does_not_depend_on_the_coder_but_on_what_is_taken() -> None:
    ids = np.arange(1, 2001)
    nobody = np.zeros(2000, dtype=bool)
    chosen, shared = choose_posts(ids, nobody, n=50, shared_part=0.2, seed=7)
    assert len(set(chosen)) == 50
    assert shared.sum() == 10
    taken = nobody.copy()
    taken[chosen] = True
    again, shared_again = choose_posts(ids, taken, n=50, shared_part=0.2, seed=7)
    assert set(again[shared_again]) == set(chosen[shared])
    assert not set(again[~shared_again]) & set(chosen)
    other, _ = choose_posts(ids, nobody, n=50, shared_part=0.2, seed=8)
    assert set(other) != set(chosen)
    everything, all_shared = choose_posts(ids, nobody, n=5000, shared_part=0.2, seed=7)
    assert len(everything) == 2000
    assert 0.17 < all_shared.mean() < 0.23  # six standard errors would be 0.05
    few, _ = choose_posts(ids[taken], taken[taken], n=50, shared_part=0.2, seed=7)
    assert len(few) == 10


@pytest.mark.slow
def test_withheld_and_said_posts_are_not_handed_out(forum: Forum) -> None:
    hidden, coded, skipped, blank, left = draw(forum, ["we", "you", "they", " ", "somebody"])
    with forum.opened() as warehouse:
        change(warehouse, "UPDATE posts SET withheld = true WHERE post_id = ?", hidden)
        for frame in FRAMES:
            said = "INSERT INTO codings VALUES (?, ?, 'A', 1, 1, 1, now())"
            change(warehouse, said, coded, frame)
        change(warehouse, "INSERT INTO skips VALUES (?, 'A', 1, 'other', now())", skipped)
    told = hand_out()
    assert list(items(forum, told["sheet"]).values()) == [left]
    assert blank not in items(forum, told["sheet"]).values()
    hand_out(code=2)  # nothing is left
    hand_out("--pool", "train", code=2)


@pytest.mark.slow
def test_a_sheet_that_did_not_come_back_gives_its_posts_back(forum: Forum) -> None:
    draw(forum)
    assert hand_out()["posts"] == len(TEXTS)
    with forum.opened() as warehouse:
        change(
            warehouse,
            "UPDATE assignments SET assigned_on = ?",
            forum.clock.now().date() - timedelta(days=400),
        )
    assert hand_out(coder="B")["posts"] == len(TEXTS)


def test_wrong_use_is_refused(forum: Forum) -> None:
    assert forum.home.root.is_dir()
    for arguments in (
        ("--coder", "sam@university.example"),
        ("--coder", "Sam Example Person"),
        ("--format", "pdf"),
        ("--pool", "all"),
        ("--out", "sheet.csv"),
    ):
        hand_out(*arguments, code=2)


@pytest.mark.slow
def test_people_s_names_leave_where_the_model_is_installed(
    forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names_model, "is_installed", lambda: True)
    told = StandIn({"Mag": 0.9, "mag": 0.9})
    monkeypatch.setattr(names_model.RampartModel, "load", lambda: told)
    draw(forum, ["the group that Magda began met again"])
    given = ("--coder", "A", "--to", "Sam, office", "--format", "csv", "--json")
    (said,) = json.loads(run("sheet", *given).stdout)
    (row,) = read_csv(Path(said["file"]))
    assert "Magda" not in row["text"]
    assert row["text"].startswith("the group that ")
    with forum.opened() as warehouse:
        ((what,),) = rows_of(warehouse, "SELECT what FROM exports")
    assert what.endswith(f"1 posts (names taken out, version {NAMES_VERSION})")


@pytest.mark.slow
def test_a_copy_is_written_where_it_is_asked_for(forum: Forum, tmp_path: Path) -> None:
    draw(forum)
    copy = tmp_path / "sheet-A.html"
    told = hand_out("--out", str(copy))
    assert told["file"] == str(copy)
    (kept,) = forum.home.sheets.iterdir()
    assert kept.read_bytes() == copy.read_bytes()
    assert copy.stat().st_mode & 0o777 == 0o600
    hand_out("--out", str(copy), coder="B", code=2)


@pytest.mark.slow
def test_a_workbook_has_the_posts_and_the_codebook(forum: Forum) -> None:
    draw(forum)
    told = hand_out("--format", "xlsx")
    rows = read_workbook(Path(told["file"]).read_bytes())
    assert rows[0][:5] == ["item", "community", "month", "content_note", "text"]
    assert {row[0] for row in rows[1:]} == set(items(forum, told["sheet"]))
    assert any(row[4].startswith("=HYPERLINK") for row in rows[1:])


def invented_sheet(*texts: str) -> Sheet:
    posts = tuple(
        SheetPost(item=new_word(12), community="<b>Kite</b>", month="March 2026", text=text)
        for text in texts
    )
    return Sheet(
        sheet="bcdfghjk",
        coder="A",
        study="Value & talk </script>",
        made_on=date(2026, 3, 2),
        codebook=load_codebook(),
        posts=posts,
    )


def test_no_cell_of_a_table_is_a_formula(tmp_path: Path) -> None:
    texts = ("=1+1", "+44 is a number", "-we said no", "@all", "\t=2", "  =3", "\n=4", "plain\x07")
    (tmp_path / "sheet.csv").write_bytes(csv_sheet(invented_sheet(*texts)))
    rows = read_csv(tmp_path / "sheet.csv")
    assert [row["text"].lstrip()[0] in "=+-@" for row in rows] == [False] * len(texts)
    assert (rows[0]["text"], rows[-1]["text"]) == ("'=1+1", "plain")


def test_a_page_is_closed_by_no_text_and_allows_its_own_parts_alone() -> None:
    page = build_coding_page(invented_sheet("</script><script>alert(1)</script>", "]]>"))
    assert "<script>alert" not in page
    assert html.escape("Coding: Value & talk </script>") in page
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in policy
    assert not re.search("https?:|//[a-z]", page)
    embedded = re.search(r'id="sheet">(.*?)</script>', page)
    assert embedded
    posts = json.loads(embedded[1])["posts"]
    assert posts[0]["text"] == "</script><script>alert(1)</script>"
    assert set(posts[0]) == {"item", "community", "month", "text", "content_note"}


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("I wanted to end my life that spring", ["suicide or self-harm"]),
        ("Self-harming again. I\N{RIGHT SINGLE QUOTATION MARK}m tired", ["suicide or self-harm"]),
        ("We met on Tuesday and made a rota", []),
        ("therapist, grape and drape are ordinary words", []),
        ("He hit me, then I overdosed", ["suicide or self-harm", "abuse or violence"]),
        ("my RESTRAINT  on the ward", ["restraint or force in care"]),
    ],
)
def test_content_notes(text: str, kinds: list[str]) -> None:
    assert list(content_note(text)) == kinds

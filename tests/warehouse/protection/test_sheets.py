"""Coding sheets lose the rows of erased posts; a file that cannot lose rows goes."""

import json
import zipfile
from pathlib import Path

import pytest

from warehouse.protection.sheets import remove_posts

SHEET = "post_id,text,value\n7,we waited,1\n71,we waited too,0\n8,a short answer,1\n"


def test_a_table_loses_the_rows_and_keeps_the_others_work(tmp_path: Path) -> None:
    (tmp_path / "wave1.csv").write_text(SHEET, encoding="utf-8-sig")
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "wave1.tsv").write_text(
        "value\tpost_id\n1\t 7 \n0\t71\n", encoding="utf-8"
    )
    assert remove_posts(tmp_path, [7, 9]) == 2
    left = "post_id,text,value\n71,we waited too,0\n8,a short answer,1\n"
    assert (tmp_path / "wave1.csv").read_text() == left
    assert (tmp_path / "wave1.csv").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "back" / "wave1.tsv").read_text() == "value\tpost_id\n0\t71\n"


@pytest.mark.parametrize("name", ["wave1.xlsx", "project.qdpx"])
def test_what_is_packed_goes_where_it_names_a_post(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / name, "w") as packed:
        packed.writestr("sheet.xml", "<v>71</v><v>1.7</v><v>x7</v>")
    assert remove_posts(tmp_path, [7]) == 0
    assert remove_posts(tmp_path, [71]) == 1
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize(
    ("name", "content", "goes"),
    [
        ("notes.txt", b"post 7 is a good example", True),
        ("notes.txt", b"17 posts, 7.5 % of them, of 2026", False),
        ("broken.csv", b'post_id,text\n7,"never closed', True),
        ("latin.csv", b"post_id,text\n7,caf\xe9", True),
        ("other.csv", b"name,value\nseven,7", True),
        ("other.csv", b"name,value\nseven,77", False),
        ("broken.xlsx", b"PK\x05\x06" + bytes(18), False),
        ("empty.csv", b"", False),
    ],
)
def test_another_file_goes_if_a_post_s_number_stands_in_it(
    tmp_path: Path, name: str, content: bytes, goes: bool
) -> None:
    (tmp_path / name).write_bytes(content)
    assert remove_posts(tmp_path, [7]) == goes
    assert (tmp_path / name).exists() != goes


def test_nothing_changes_where_nothing_is_erased(tmp_path: Path) -> None:
    (tmp_path / "wave1.csv").write_text(SHEET)
    assert remove_posts(tmp_path, []) == 0
    assert remove_posts(tmp_path / "nowhere", [7]) == 0
    assert remove_posts(tmp_path, [9]) == 0
    assert (tmp_path / "wave1.csv").read_text() == SHEET


def test_items_of_sheets_go_as_numbers_of_posts_do(tmp_path: Path) -> None:
    table = "item,text,note\nbcdfghjkmnpq,we waited,\nqqqqghjkmnpq,7,bcdf\n"
    (tmp_path / "sheet.csv").write_text(table)
    (tmp_path / "page.html").write_text('{"item":"bcdfghjkmnpq","text":"we waited"}')
    (tmp_path / "other.html").write_text('{"item":"xbcdfghjkmnpq","text":"7 weeks"}')
    with zipfile.ZipFile(tmp_path / "sheet.xlsx", "w") as packed:
        packed.writestr("xl/sharedStrings.xml", "<t>bcdfghjkmnpq</t>")
    assert remove_posts(tmp_path, items=["bcdfghjkmnpq"]) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.html", "sheet.csv"]
    assert (tmp_path / "sheet.csv").read_text() == "item,text,note\nqqqqghjkmnpq,7,bcdf\n"


def test_what_a_coding_page_saved_loses_entries_and_no_work(tmp_path: Path) -> None:
    items = [{"item": "bcdf", "codes": {"hope": 1}}, {"item": "ghjk", "codes": {"hope": 0}}]
    saved = {"format": "valuetalk-coding", "n_items": 2, "items": items, "saved_at": "2026"}
    path = tmp_path / "coding-A.json"
    path.write_text(json.dumps(saved))
    assert remove_posts(tmp_path, [1, 2026]) == 0  # a code or a year is no number of a post
    assert remove_posts(tmp_path, [1], items=["bcdf"]) == 1
    assert json.loads(path.read_text()) == saved | {"n_items": 1, "items": items[1:]}
    assert path.stat().st_mode & 0o777 == 0o600

"""Files that come back are read as they are, or refused as a whole; no warehouse is needed."""

import json
from datetime import UTC, datetime
from io import BytesIO

import pytest
from xlsxwriter import Workbook

from flows.coding.importing_files import read_returned
from flows.coding.importing_rows import ReturnedRow, SheetUnreadable
from tests.flows.coding.coded_study import FRAMES, codes, saved_page

HEADER = ("item", "text", *FRAMES, "state", "skip_reason", "note")


def table(*rows: dict[str, str], delimiter: str = ",", header: tuple[str, ...] = HEADER) -> str:
    lines = [header, *([row.get(name, "") for name in header] for row in rows)]
    return "\n".join(delimiter.join(line) for line in lines) + "\n"


def read(text: str, encoding: str = "utf-8", name: str = "back.csv") -> list[ReturnedRow]:
    return list(read_returned(name, text.encode(encoding)).rows)


def test_what_a_page_saved() -> None:
    said = [
        {"item": "bcdf", "state": "coded", "codes": codes("public_value"), "note": "unsure"},
        {"item": "ghjk", "state": "skipped", "reason": "distressing"},
        {"item": "mnpq", "state": "open", "at": ""},
    ]
    returned = read_returned("back.json", saved_page("sheetone", said).encode())
    assert (returned.kind, returned.sheet) == ("page", "sheetone")
    coded, skipped, untouched = returned.rows
    assert coded.state == "coded"
    assert coded.cells == {frame: "1" if frame == "public_value" else "0" for frame in FRAMES}
    assert coded.note == "unsure"
    assert coded.said_at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert (skipped.state, skipped.reason) == ("skipped", "distressing")
    assert (untouched.state, untouched.cells, untouched.said_at) == ("", {}, None)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_table_whatever_program_saved_it(delimiter: str, encoding: str) -> None:
    text = table(
        {"item": "bcdf", "economic_value": "1", "state": " Coded ", "note": "café £5"},
        {},
        {"item": "ghjk", "skip_reason": "other"},
        delimiter=delimiter,
    )
    first, second = read(text, encoding)
    assert first == ReturnedRow(
        line=1, item="bcdf", state="coded", cells={"economic_value": "1"}, note="café £5"
    )
    assert (second.line, second.item, second.reason) == (3, "ghjk", "other")


def test_a_workbook_that_another_program_changed() -> None:
    content = BytesIO()
    with Workbook(content) as book:
        book.add_worksheet("notes of mine").write("A1", "item")
        page = book.add_worksheet("posts")
        page.write_row(0, 0, ["item", "economic_value", "public_value", "state", "note"])
        page.write_row(1, 0, ["bcdf", 1, 0.0, "coded", "=1+1 is what they said"])
        page.write_row(2, 0, ["ghjk", True, "0", "", ""])
        page.write_formula(3, 1, "=1+0", None, 1)
        page.write(3, 0, "mnpq")
    returned = read_returned("back.xlsx", content.getvalue())
    assert returned.kind == "xlsx"
    assert [row.cells for row in returned.rows] == [
        {"economic_value": "1", "public_value": "0"},
        {"economic_value": "1", "public_value": "0"},
        {"economic_value": "1"},
    ]


STUDIO_TASKS = [
    {
        "id": 7,
        "data": {"item": "bcdf", "text": "we waited"},
        "annotations": [
            {
                "id": 70,
                "completed_by": 1,
                "was_cancelled": False,
                "updated_at": "2026-03-02T10:00:00.000000Z",
                "result": [
                    {
                        "from_name": "frames",
                        "to_name": "text",
                        "type": "choices",
                        "value": {"choices": ["service_value", "Justice and equality"]},
                    }
                ],
            }
        ],
        "predictions": [],
    },
    {
        "id": 8,
        "data": {"item": "ghjk"},
        "annotations": [{"id": 80, "was_cancelled": True, "result": []}],
    },
    {"id": 9, "data": {"item": "mnpq"}, "annotations": [{"id": 90, "result": []}]},
    {"id": 10, "data": {"item": "rstv"}, "annotations": []},
]
STUDIO_MIN = [
    {
        "item": "bcdf",
        "text": "we waited",
        "id": 7,
        "frames": {"choices": ["service_value", "Justice and equality"]},
        "annotator": 1,
        "annotation_id": 70,
        "created_at": "2026-03-02T09:00:00Z",
        "updated_at": "2026-03-02T10:00:00Z",
        "lead_time": 4.2,
    },
    {"item": "ghjk", "id": 8, "frames": "skip", "annotator": 1, "annotation_id": 80},
    {"item": "mnpq", "id": 9, "annotator": 1, "annotation_id": 90},
    {"item": "rstv", "id": 10, "annotator": None, "annotation_id": None},
]


def outline(rows: list[ReturnedRow]) -> list[tuple[object, ...]]:
    return [(row.item, row.state, row.labels) for row in rows]


EXPECTED = [
    ("bcdf", "coded", ("service_value", "Justice and equality")),
    ("ghjk", "skipped", ()),
    ("mnpq", "coded", ()),
]


def test_label_studio_tasks() -> None:
    returned = read_returned("export.json", json.dumps(STUDIO_TASKS).encode())
    assert returned.kind == "label studio"
    assert outline(list(returned.rows)) == [*EXPECTED, ("rstv", "", None)]
    assert returned.rows[0].said_at == datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_label_studio_min() -> None:
    assert outline(read(json.dumps(STUDIO_MIN))) == [*EXPECTED, ("rstv", "", None)]


def test_label_studio_table() -> None:
    text = (
        "annotation_id,annotator,created_at,frames,id,item,lead_time,text,updated_at,note\n"
        '70,1,2026-03-02T09:00:00Z,"{""choices"": [""service_value"", ""Justice and equality""]}"'
        ",7,bcdf,4.2,we waited,2026-03-02T10:00:00Z,\n"
        "80,1,,skip,8,ghjk,1.1,a text,,\n"
        "90,1,,,9,mnpq,1.1,a text,,\n"
        ",,,,10,rstv,,a text,,\n"
    )
    returned = read_returned("export.csv", text.encode())
    assert returned.kind == "label studio"
    assert outline(list(returned.rows)) == [*EXPECTED, ("rstv", "", None)]


DOCCANO_LINES = """
{"id": 1, "item": "bcdf", "label": ["service_value", "Justice and equality"], "Comments": ["no"]}
{"id": 2, "item": "ghjk", "text": "a", "label": ["skip"], "Comments": []}
{"id": 3, "item": "mnpq", "text": "a", "label": ["none"]}
{"id": 4, "meta": {"item": "rstv"}, "text": "a", "labels": []}
"""
DOCCANO_TABLE = """\
id,text,label,item,Comments
1,we,service_value#Justice and equality,bcdf,no
2,a,skip,ghjk,
3,a,none,mnpq,
4,a,,rstv,
"""


@pytest.mark.parametrize("text", [DOCCANO_LINES, DOCCANO_TABLE], ids=["jsonl", "csv"])
def test_doccano(text: str) -> None:
    returned = read_returned("export", text.encode())
    assert returned.kind == "doccano"
    assert outline(list(returned.rows)) == [*EXPECTED, ("rstv", "", None)]
    assert returned.rows[0].note == "no"


BROKEN = {
    "cut page": saved_page("s", [{"item": "b", "state": "open"}] * 9).encode()[:-40],
    "page without its end": saved_page("s", [{"item": "b"}])
    .replace('"n_items": 1', '"n_items": 2')
    .encode(),
    "page of later": saved_page("s", [])
    .replace('"format_version": 1', '"format_version": 9')
    .encode(),
    "page of numbers": saved_page("s", [])
    .replace('"items": []', '"items": [7]')
    .replace('"n_items": 0', '"n_items": 1')
    .encode(),
    "other json": b'{"posts": []}',
    "list of numbers": b"[1, 2]",
    "deep json": b"[" * 100_000,
    "cut workbook": b"PK\x03\x04" + bytes(300),
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(64),
    "no items": b"text,economic_value\nwe,1\n",
    "two columns of one name": b"item,note,note\nbcdf,a,b\n",
    "longer row": b"item,economic_value\nbcdf,1,0\n",
    "open quotation": b'item,note\nbcdf,"never closed\n',
    "empty": b"",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_as_a_whole_in_one_sentence(name: str) -> None:
    with pytest.raises(SheetUnreadable) as refused:
        read_returned("sheet.back", BROKEN[name])
    said = str(refused.value)
    assert said.startswith("sheet.back ")
    assert "\n" not in said

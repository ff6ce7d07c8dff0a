"""A sheet as a workbook: XLSX out, and the cells of one that comes back.

Texts are cells of strings, which no program runs; a second sheet has the codebook, a third says how
to fill in the first. Written by XlsxWriter and read by calamine, which read no entities and run
nothing.
"""

import io
from collections.abc import Sequence
from typing import Any, Final

from python_calamine import CalamineError, CalamineWorkbook, ZipError
from xlsxwriter import Workbook

from flows.coding.sheet_contents import SKIP_REASONS, Sheet
from flows.coding.sheet_table import NOTE, REASON, STATE, cells_of, columns_of, plain_text

POSTS: Final = "posts"
LONGEST_CELL: Final = 32_767  # characters; a program would refuse the whole file for one more
_CUT: Final = " [cut: the sheet cannot hold more]"
_WIDTHS: Final = {
    "item": 15,
    "community": 22,
    "month": 12,
    "content_note": 18,
    "text": 80,
    NOTE: 40,
}
_OPTIONS: Final = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
_HOW = (
    "Read a post, then write 1 under each frame that it expresses and 0 under the others.",
    "If you write only the ones, put 'coded' under state: empty cells then count as 0.",
    "A post that expresses no frame: 'coded' under state is enough.",
    "A post that you would rather not code: 'skipped' under state, and a reason.",
    "A row that you leave empty stays for another day. Leave the column 'item' as it is.",
    "The column content_note warns of what a post may speak of; you need not read it.",
)


class WorkbookUnreadable(ValueError):
    """A file is no workbook that can be read."""


def build_workbook(sheet: Sheet) -> bytes:
    """Return a sheet as XLSX: frozen header, drop-downs of 0 and 1, the codebook beside it."""
    content = io.BytesIO()
    with Workbook(content, {**_OPTIONS, "default_date_format": "yyyy-mm-dd"}) as book:
        # without a date of its own a workbook tells when it was made to the second
        book.set_properties({"title": f"Coding sheet {sheet.sheet}", "comments": ""})
        _write_posts(book, sheet)
        _write_codebook(book, sheet)
        _write_how(book)
    return content.getvalue()


def _write_posts(book: Any, sheet: Sheet) -> None:
    page = book.add_worksheet(POSTS)
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    read = book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True})
    filled = book.add_format({"valign": "top", "text_wrap": True})
    columns = columns_of(sheet)
    for at, name in enumerate(columns):
        page.set_column(at, at, _WIDTHS.get(name, 13))
        page.write_string(0, at, name, head)
    for row, post in enumerate(sheet.posts, start=1):
        for at, cell in enumerate(cells_of(sheet, post)):
            if cell:
                page.write_string(row, at, _held(cell), read)
            else:
                page.write_blank(row, at, None, filled)
    page.freeze_panes(1, 1)
    last = len(sheet.posts)
    for frame in sheet.codebook.keys:
        _choose(page, columns.index(frame), last, ["1", "0"])
    _choose(page, columns.index(STATE), last, ["coded", "skipped"])
    _choose(page, columns.index(REASON), last, list(SKIP_REASONS))


def _choose(page: Any, column: int, last: int, values: list[str]) -> None:
    page.data_validation(
        1,
        column,
        max(last, 1),
        column,
        {
            "validate": "list",
            "source": values,
            "error_title": "Not one of these",
            "error_message": f"Choose {' or '.join(values)}, or leave it empty.",
        },
    )


def _write_codebook(book: Any, sheet: Sheet) -> None:
    page = book.add_worksheet("codebook")
    head = book.add_format({"bold": True, "valign": "top", "bottom": 1})
    text = book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True})
    names = ("frame", "name", "definition", "code it for", "do not code it for")
    for at, (name, width) in enumerate(zip(names, (22, 26, 60, 60, 60), strict=True)):
        page.set_column(at, at, width)
        page.write_string(0, at, name, head)
    for row, frame in enumerate(sheet.codebook.frames, start=1):
        cells = (frame.key, frame.name, frame.definition, frame.include, frame.exclude)
        for at, cell in enumerate(cells):
            page.write_string(row, at, cell if isinstance(cell, str) else "\n".join(cell), text)
    below = len(sheet.codebook.frames) + 2
    for row, note in enumerate(sheet.codebook.notes, start=below):
        page.write_string(row, 2, note, text)
    page.freeze_panes(1, 1)


def _write_how(book: Any) -> None:
    page = book.add_worksheet("how to")
    page.set_column(0, 0, 100)
    for row, line in enumerate((*_HOW, *(f"{key}: {said}" for key, said in SKIP_REASONS.items()))):
        page.write_string(row, 0, line, book.add_format({"text_wrap": True, "valign": "top"}))


def _held(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - len(_CUT)] + _CUT


def read_workbook(content: bytes) -> list[list[str]]:
    """Return the cells of the posts of a workbook as texts, with the header first.

    Whole numbers are written without a point, as people write 0 and 1.

    Raises
    ------
    WorkbookUnreadable
        If it is no workbook, or one that ends too early.
    """
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = book.sheet_names
        page = book.get_sheet_by_name(POSTS if POSTS in names else names[0])
        rows: Sequence[Sequence[object]] = page.to_python(skip_empty_area=False)
    except (CalamineError, ZipError, IndexError, OSError) as error:
        raise WorkbookUnreadable(str(error)) from error
    return [[_text(cell) for cell in row] for row in rows]


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return str(int(cell))
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return plain_text(str(cell))

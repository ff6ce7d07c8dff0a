"""The codebook of a study: versions that are recorded, what lint says, pages in plain words."""

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from analysis.codebook import CodebookError, load_codebook
from flows.coding.codebooks import OWN_FILE, record_codebook, recorded_versions, study_codebook
from flows.coding.linting import lint, read_recorded
from flows.commands import app
from flows.settings import load_settings
from tests.flows.topics.nights import Forum, rows_of
from warehouse.gateway import Warehouse

DAY = date(2026, 3, 2)
BOOK = """\
codebook: our_frames
version: {version}
language: en
frames:
  - key: hope
    name: Hope
    family: value
    definition: {definition}
    include: [things that might get better]
    exclude: [a wish for good weather]
    plain: It is about things that might get better.
    examples: ["Perhaps in spring I shall join the choir again."]
"""


def run(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, ["code", *arguments])
    assert done.exit_code == code, done.output
    return done


def own_book(forum: Forum, *, version: int, definition: str = "Better days are to come.") -> Path:
    """Give the study a codebook of its own."""
    path = forum.home.root / OWN_FILE
    path.write_text(BOOK.format(version=version, definition=definition), encoding="utf-8")
    settings = forum.home.settings_file
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('codebook = ""', f'codebook = "{OWN_FILE}"'), encoding="utf-8")
    return path


def record(forum: Forum, warehouse: Warehouse) -> None:
    book = study_codebook(forum.home, load_settings(forum.home, {}).coding)
    record_codebook(warehouse, book, day=DAY)


def test_a_study_codes_by_the_shipped_codebook_until_it_names_its_own(forum: Forum) -> None:
    coding = load_settings(forum.home, {}).coding
    assert study_codebook(forum.home, coding) == load_codebook()
    own_book(forum, version=1)
    assert study_codebook(forum.home, load_settings(forum.home, {}).coding).keys == ("hope",)


def test_every_version_is_recorded_as_it_was_read(forum: Forum) -> None:
    with forum.opened() as warehouse:
        record(forum, warehouse)
        own_book(forum, version=2)
        record(forum, warehouse)
        record(forum, warehouse)
        own_book(forum, version=3, definition="The future is open.")
        record(forum, warehouse)
        first, second, third = recorded_versions(warehouse.connection)
        assert first == load_codebook()
        assert (second.name, second.frames[0].examples) == (
            "our_frames",
            ("Perhaps in spring I shall join the choir again.",),
        )
        assert third.frames[0].definition == "The future is open."
        stored = rows_of(
            warehouse, "SELECT codebook_version, digest, recorded_on FROM codebooks ORDER BY 1"
        )
        assert stored == [(b.version, b.digest, DAY) for b in (first, second, third)]
        counted = "SELECT codebook_version, counts_from FROM frame_guides WHERE frame = 'hope'"
        assert rows_of(warehouse, counted + " ORDER BY 1") == [(2, 2), (3, 3)]


def test_a_change_under_the_same_version_is_refused_and_nothing_is_stored(forum: Forum) -> None:
    own_book(forum, version=1)
    with forum.opened() as warehouse:
        record(forum, warehouse)
        own_book(forum, version=1, definition="Something quite different.")
        with pytest.raises(CodebookError, match=r"changed \(hope\).*version: 2"):
            record(forum, warehouse)
        (known,) = recorded_versions(warehouse.connection)
        assert known.frames[0].definition == "Better days are to come."


def test_lint_lists_every_error_with_file_place_and_advice(tmp_path: Path, forum: Forum) -> None:
    path = tmp_path / "mine.yaml"
    text = BOOK.format(version=0, definition="Hope.").replace("family: value", "family: My Values")
    path.write_text(text, encoding="utf-8")
    done = run("lint", str(path), code=1)
    assert "error: mine.yaml: version must be a whole number from 1" in done.stdout
    assert "error: mine.yaml: frames[0].family is 'My Values'" in done.stdout
    assert "2 errors stand above" in done.stderr
    assert forum.home.root.is_dir()


def test_lint_warns_and_ends_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALUETALK_HOME", str(tmp_path / "none"))  # a file needs no study
    path = tmp_path / "mine.yaml"
    text = BOOK.format(version=1, definition="Hope.")
    path.write_text(text.replace("    exclude: [a wish for good weather]\n", ""), encoding="utf-8")
    (row,) = json.loads(run("lint", str(path), "--json").stdout)
    assert (row["level"], row["file"]) == ("warning", "mine.yaml")
    assert row["said"].startswith("frames[0] (hope).exclude is missing")
    path.write_text(text, encoding="utf-8")
    assert run("lint", str(path)).stdout == "mine.yaml: nothing to mend.\n"


def test_lint_tells_what_a_version_does_to_earlier_codings(forum: Forum) -> None:
    path = own_book(forum, version=1)
    with forum.opened() as warehouse:
        record(forum, warehouse)
        warehouse.connection.execute(
            "INSERT INTO codings SELECT 1, 'hope', unnest(['A', 'B']), 1, 1, 1, now()"
        )
        recorded = read_recorded(warehouse.connection)
    own_book(forum, version=1, definition="Something quite different.")
    (refused,) = lint(path, recorded)
    assert refused.level == "error"
    assert "version: 2" in refused.said
    own_book(forum, version=2, definition="Something quite different.")
    (redefined,) = lint(path, recorded)
    assert redefined.level == "warning"
    assert "hope means something else than in version 1, so 2 codings" in redefined.said
    assert "write since: 1 into it" in redefined.said
    path.write_text(path.read_text(encoding="utf-8") + "    since: 1\n", encoding="utf-8")
    assert lint(path, recorded) == []
    text = BOOK.format(version=2, definition="Better days are to come.")
    path.write_text(text.replace("key: hope", "key: hopes"), encoding="utf-8")
    (renamed,) = lint(path, recorded)
    assert "hope seems to be called hopes now; its 2 codings stay under hope" in renamed.said
    path.write_text(
        text.replace("key: hope", "key: fear").replace("Better days are", "Worse is"),
        encoding="utf-8",
    )
    (removed,) = lint(path, recorded)
    assert (removed.level, removed.said) == (
        "note",
        "hope is no frame any more; its 2 codings are kept",
    )


def test_lint_warns_of_a_codebook_in_another_language(forum: Forum) -> None:
    path = own_book(forum, version=1)
    path.write_text(path.read_text(encoding="utf-8").replace("language: en", "language: cy"))
    assert "language is cy, and the study counts posts in en" in run("lint").stdout


def test_the_shipped_codebook_is_copied_once(forum: Forum) -> None:
    assert OWN_FILE in run("begin").stdout
    assert load_codebook(forum.home.root / OWN_FILE) == load_codebook()
    assert "is there already" in run("begin", code=1).stderr


def test_a_page_says_a_frame_in_plain_words_without_keys_or_sources(forum: Forum) -> None:
    own_book(forum, version=4)
    page = run("explain", "hope").stdout
    assert page == (
        "# Hope\n\nIt is about things that might get better.\n\n"
        "## Say yes when\n\n- things that might get better\n\n"
        "## Say no when\n\n- a wish for good weather\n\n"
        "## An invented example\n\n> Perhaps in spring I shall join the choir again.\n\n"
        "*From the codebook our_frames, version 4. No real post stands on this page.*\n"
    )
    assert "its frames are hope" in run("explain", "despair", code=2).stderr


def test_pages_of_all_frames_are_written_for_print(tmp_path: Path, forum: Forum) -> None:
    folder = tmp_path / "pages"
    run("explain", "--folder", str(folder))
    book = load_codebook()
    assert {path.stem for path in folder.iterdir()} == set(book.keys)
    for frame in book.frames:
        page = (folder / f"{frame.key}.html").read_text(encoding="utf-8")
        assert frame.name in page
        assert not [key for key in book.keys if key in page]
        assert not [source for source in frame.sources if source in page]
        assert "<script" not in page
        assert "http:" not in page
    assert (
        "neither html nor md"
        in run("explain", "--folder", str(folder), "--format", "pdf", code=2).stderr
    )
    assert "or a --folder" in run("explain", code=2).stderr
    assert forum.home.root.is_dir()

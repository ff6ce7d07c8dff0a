"""An erasure says who was given what it concerns, and takes the home's own copies out."""

from datetime import date, timedelta

import pyarrow as pa
import pytest

from warehouse.protection.exported import export_file
from warehouse.release.refi_qda import Code, CodedPost, project_file

SHA = "ab" * 32
CODES = [Code(key="service_value", name="Service value", family="value", description="")]


@pytest.fixture
def exporting(loaded):
    """Return a function that records an export, and writes its file where it has lines."""
    study = loaded.study

    def export(who, lines, *, hours=1):
        at = study.clock.now() + timedelta(hours=hours)
        row = {"who": who, "what": "kwic wait", "n_rows": 1, "sha256": SHA, "exported_at": at}
        loaded.warehouse.replace("exports", pa.Table.from_pylist([row]), keys=("who",))
        path = export_file(study.home.exports, exported_at=at, sha256=SHA)
        path.parent.mkdir(parents=True, exist_ok=True)
        if lines is not None:
            path.write_text("\n".join(lines), encoding="utf-8")
        return path

    loaded.load(study.post("1"), study.post("2"))
    return export


def test_who_was_given_the_post_is_named_and_the_file_goes(loaded, exporting):
    files = {
        "before it was read": exporting("before it was read", ["word"], hours=-5),
        "holds it": exporting("holds it", ["post_id,text", "1,we waited"], hours=1),
        "does not hold it": exporting("does not hold it", ["post_id,text", "2,we"], hours=2),
        "cannot tell": exporting("cannot tell", ["left,word", "a,b"], hours=3),
        "broken": exporting("broken", ["post_id", '"' + "x" * 200_000], hours=4),
        "not there": exporting("not there", None, hours=5),
    }
    assert loaded.warehouse.exports_concerned() == []
    loaded.warehouse.forget("post", "forum", "1")
    concerned = [export.who for export in loaded.warehouse.exports_concerned()]
    assert concerned == ["holds it", "cannot tell", "broken", "not there"]
    loaded.warehouse.erase_confirmed()
    there = {who for who, file in files.items() if file.exists()}
    assert there == {"before it was read", "does not hold it"}
    assert loaded.one("SELECT count(*) FROM exports") == len(files)
    assert loaded.warehouse.exports_concerned() == []


@pytest.mark.parametrize(("post_ids", "goes"), [((1, 2), True), ((2, 12), False)])
def test_a_project_tells_which_posts_it_holds(loaded, exporting, post_ids, goes):
    project = exporting("a program", None).with_suffix(".qdpx")
    posts = [
        CodedPost(
            post_id=post_id,
            source="forum",
            community="carers",
            thread_id=1,
            kind="post",
            day=date(2026, 1, 1),
            text="we waited",
        )
        for post_id in post_ids
    ]
    project.write_bytes(project_file("A sample", CODES, posts))
    loaded.warehouse.forget("post", "forum", "1")
    assert bool(loaded.warehouse.exports_concerned()) is goes
    loaded.warehouse.erase_confirmed()
    assert project.exists() is not goes


@pytest.mark.parametrize("content", [b"no zip", b""])
def test_a_project_that_cannot_be_read_is_taken_to_hold_it(loaded, exporting, content):
    project = exporting("a program", None).with_suffix(".qdpx")
    project.write_bytes(content)
    loaded.warehouse.forget("post", "forum", "1")
    assert [export.who for export in loaded.warehouse.exports_concerned()] == ["a program"]
    loaded.warehouse.erase_confirmed()
    assert not project.exists()

"""Agreement of coders and adjudication, at the terminal and in the tables."""

import csv
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from analysis.agreement import krippendorff_alpha
from flows.coding.adjudication import COLUMNS, take_decisions
from flows.coding.labels import CodingError
from flows.commands import app
from tests.flows.coding.coded import AT, drew, posts, read, said, use
from tests.flows.topics.nights import Forum, rows_of


def run(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, ["code", *arguments])
    assert done.exit_code == code, done.output
    return done


def asked(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


A = dict(enumerate((1, 1, 0, 0, 1, 0, 0, 1), start=1))
B = dict(enumerate((1, 0, 0, 0, 1, 0, 1, 1), start=1))


def test_alpha_is_told_and_stored_by_frame_and_version(forum: Forum) -> None:
    with forum.opened() as warehouse:
        posts(forum, warehouse, 12)
        use(forum, warehouse, version=1, hope="Better days.", doom="The end.")
        drew(warehouse, dict.fromkeys(range(1, 9), 0.5))
        for coder, values in (("A", A), ("B", B)):
            said(warehouse, coder, values)
            said(warehouse, coder, {1: 1, 2: 1}, frame="doom")
        use(forum, warehouse, version=2, hope="Quite other.")
        said(warehouse, "A", {1: 1, 2: 0}, version=2, wave=2)
        said(warehouse, "C", {3: 1}, version=2, wave=2)
        said(warehouse, "A", {77: 1, 12: 1}, version=2, wave=2)
    found = asked("agreement")
    rows = {(row["codebook_version"], row["frame"]): row for row in found["agreement"]}
    expected = krippendorff_alpha([list(A.values()), list(B.values())], random_state=20260101)
    hope = rows[1, "hope"]
    assert (hope["alpha"], hope["lower"], hope["upper"]) == pytest.approx(
        (expected.alpha, expected.lower, expected.upper)
    )
    assert (hope["n_posts"], hope["n_coders"], hope["undefined_because"]) == (8, 2, None)
    assert rows[1, "doom"]["undefined_because"] == "all said the same of every post"
    assert rows[2, "hope"]["alpha"] is None
    assert rows[2, "hope"]["undefined_because"] == "no post was coded by two coders"
    assert not rows[1, "doom"]["in_codebook"]
    nothing = ": nothing is trained on or measured with them"
    assert found["notes"] == [
        "Coders A and C coded no post both by version 2: how far they agree cannot be told",
        f"doom is no frame of version 2: its codings are kept, and {nothing[2:]}",
        f"1 codings are of posts that the study does not have (1){nothing}",
        f"1 codings are of posts that were never drawn (1){nothing}",
    ]
    (confusion,) = [row for row in found["confusion"] if row["frame"] == "hope"]
    assert [confusion[name] for name in ("first", "second")] == ["A", "B"]
    counts = [confusion[name] for name in ("both", "only_first", "only_second", "neither")]
    assert counts == [3, 1, 1, 3]
    with forum.opened() as warehouse:
        stored = rows_of(
            warehouse,
            "SELECT e.version, frame, value, n, status FROM evaluations e JOIN runs USING (run_id)"
            " WHERE kind = 'agreement' ORDER BY 1, 2",
        )
    assert [(version, frame) for version, frame, *_ in stored] == [
        *(("codebook 1", "doom"), ("codebook 1", "hope"), ("codebook 2", "hope")),
    ]
    assert stored[1][2:] == (pytest.approx(expected.alpha), 8, "complete")
    assert "no post was coded by two coders" in " ".join(run("agreement").stdout.split())


def test_drift_is_told_by_wave_and_by_month(forum: Forum) -> None:
    with forum.opened() as warehouse:
        posts(forum, warehouse, 12)
        use(forum, warehouse, version=1, hope="Better days.")
        drew(warehouse, dict.fromkeys(range(1, 13), 0.5))
        early, late = range(1, 7), range(7, 13)
        for coder, turn in (("A", 0), ("B", 1)):
            said(warehouse, coder, {i: i % 2 for i in early})
            at = AT + timedelta(days=40)
            said(warehouse, coder, {i: (i + turn) % 2 for i in late}, wave=10, at=at)
    found = asked("agreement")
    alphas = {row["when"]: row["alpha"] for row in found["drift"]}
    assert list(alphas) == ["1", "10"]
    assert alphas["1"] == 1
    assert alphas["10"] < 0
    rates = {(row["coder"], row["when"]): row for row in found["rates"]}
    assert rates["A", "1"]["rate"] == 0.5
    assert rates["B", "10"]["n_posts"] == 6
    assert (rates["A", "1"]["lower"], rates["A", "1"]["upper"]) == pytest.approx(
        (0.1876, 0.8124),
        abs=0.0001,  # Wilson's interval of 3 in 6
    )
    months = asked("agreement", "--over", "month")["drift"]
    assert [row["when"] for row in months] == ["2026-03", "2026-04"]
    assert "neither wave nor month" in run("agreement", "--over", "year", code=2).stderr


def test_without_codings_it_is_said(forum: Forum) -> None:
    done = run("agreement")
    assert "Nothing is coded yet" in done.stderr
    assert asked("agreement")["agreement"] == []
    assert "Coders differ nowhere" in run("adjudicate").stdout
    assert forum.home.root.is_dir()


def test_disagreements_are_handed_out_decided_and_taken_back(forum: Forum, tmp_path: Path) -> None:
    with forum.opened() as warehouse:
        posts(forum, warehouse, 12)
        book = use(forum, warehouse, version=1, hope="Better days.")
        drew(warehouse, dict.fromkeys(range(1, 9), 0.5))
        said(warehouse, "A", A)
        said(warehouse, "B", B)
        warehouse.connection.execute(
            "UPDATE posts SET own_text = own_text || ' said author_' || repeat('a', 24)"
            " WHERE post_id = 2"
        )
    assert asked("adjudicate") == [{"frame": "hope", "n_posts": 2}]
    run("adjudicate", "--to", "the coding group", "--no-names")
    (file,) = forum.home.exports.glob("*.csv")
    with file.open(encoding="utf-8", newline="") as opened:
        rows = [*csv.DictReader(opened)]
    assert [row["post_id"] for row in rows] == ["2", "7"]
    assert [row["said"] for row in rows] == ["A: 1, B: 0", "A: 0, B: 1"]
    assert tuple(rows[0]) == COLUMNS
    with forum.opened() as warehouse:
        (export,) = rows_of(warehouse, "SELECT who, what, n_rows FROM exports")
        (text,) = rows_of(warehouse, "SELECT own_text FROM posts WHERE post_id = 2")
    assert export == ("the coding group", "code adjudicate", 2)
    assert "author_" in text[0]
    assert rows[0]["text"] == text[0].replace("author_" + "a" * 24, "@somebody")
    filled = tmp_path / "decided.csv"
    lines = [{**rows[0], "value": "0"}, rows[1]]
    lines += [{**rows[1], "post_id": "99", "value": "1"}, {**rows[1], "value": "maybe"}]
    with filled.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, COLUMNS, delimiter=";")
        writer.writeheader()
        writer.writerows(lines)
    done = run("adjudicate", "--take", str(filled), "--by", "C", code=3)
    assert "1 decisions were taken; 1 rows were left open." in done.stdout
    assert "1 rows were refused: no such post was drawn, or it was erased" in done.stdout
    assert "1 rows were refused: a value is neither 0 nor 1" in done.stdout
    with forum.opened() as warehouse:
        stored = "SELECT post_id, frame, value, decided_by, codebook_version FROM adjudications"
        assert rows_of(warehouse, stored) == [(2, "hope", 0.0, "C", 1)]
        assert read(forum, warehouse, book).values[:, 0].tolist() == [1, 0, 0, 0, 1, 0, 0.5, 1]
    assert asked("adjudicate") == [{"frame": "hope", "n_posts": 1}]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("1,hope,1,1", None),
        ("1,hope,1,", None),
        ("1,gloom,1,1", "no frame of the codebook"),
        ("9,hope,1,1", "nobody coded the post for the frame"),
        ("1,hope,7,1", "no version of the codebook"),
        ("one,hope,1,1", "no such post was drawn, or it was erased meanwhile"),
    ],
)
def test_each_row_is_taken_left_open_or_refused(
    forum: Forum, tmp_path: Path, row: str, why: str | None
) -> None:
    with forum.opened() as warehouse:
        posts(forum, warehouse, 12)
        book = use(forum, warehouse, version=1, hope="Better days.")
        drew(warehouse, {1: 0.5, 9: 0.5})
        said(warehouse, "A", {1: 1})
        file = tmp_path / "list.csv"
        file.write_text(f"post_id,frame,codebook_version,value\n{row}\n", encoding="utf-8")
        taken = take_decisions(warehouse, file, book, by="C", now=AT)
        assert taken.refused == ({why: 1} if why else {})
        assert taken.decided + taken.empty + sum(taken.refused.values()) == 1


def test_a_list_that_cannot_be_taken_is_refused_as_a_whole(forum: Forum, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    with forum.opened() as warehouse:
        posts(forum, warehouse, 3)
        book = use(forum, warehouse, version=1, hope="Better days.")
        drew(warehouse, {1: 0.5})
        said(warehouse, "A", {1: 1})

        def refusal(content: bytes, by: str | None = "C") -> str:
            file.write_bytes(content)
            with pytest.raises(CodingError) as caught:
                take_decisions(warehouse, file, book, by=by, now=AT)
            return str(caught.value)

        assert "has no column frame, value" in refusal(b"post_id\n1\n")
        assert "has no column" in refusal(b"")
        assert "save the list as CSV" in refusal(b"post_id,frame,value\n1,hope,\xff\n")
        assert "say who decided" in refusal(b"post_id,frame,value\n1,hope,1\n", by=None)
        named = refusal(b"post_id,frame,value\n1,hope,1\n", by="sam.o@example.org")
        assert "never a name or an address" in named
        assert "sam.o" not in named
        assert rows_of(warehouse, "FROM adjudications") == []
    assert "one at a time" in run("adjudicate", "--take", str(file), "--to", "x", code=2).stderr
    assert "no such file" in run("adjudicate", "--take", str(tmp_path / "no.csv"), code=2).stderr

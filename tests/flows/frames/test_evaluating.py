"""The classifier judged on files: what is read, what is refused, what is not learned."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from flows.commands import app
from flows.frames.coded_file import CodedFileError, frames_in, read_coded_file, shares
from flows.frames.evaluating import Settings, evaluate_files
from flows.frames.texts import count_words

ABOUT = {
    "economic_value": ["budget", "cuts", "savings", "funding", "cheaper"],
    "personal_value": ["hope", "confidence", "recovery", "wellbeing", "heard"],
}


def coded(n: int, seed: int) -> list[dict[str, object]]:
    """Invented texts that two of three coders code by what they are about."""
    draw = np.random.default_rng(seed)
    lines = []
    for _ in range(n):
        frames = [frame for frame in ABOUT if draw.random() < 0.4]
        said = [word for frame in frames for word in draw.choice(ABOUT[frame], 3)]
        around = draw.choice(["group", "ward", "week", "people", "meeting"], 3)
        text = " ".join([*said, *around])
        lines.append({"text": text, "codes": {"A": frames, "B": frames, "C": []}, "frames": frames})
    return lines


def written(path: Path, lines: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_shares_of_coders_and_frames_in_the_order_of_the_codebook(tmp_path: Path) -> None:
    lines = [
        {"text": "one", "codes": {"A": ["b", "a"], "B": ["b"]}, "frames": ["b"]},
        {"text": "two", "frames": ["c"], "id": "left alone"},
    ]
    read = read_coded_file(written(tmp_path / "coded.jsonl", lines))
    assert frames_in(read, ["c", "z"]) == ["c", "a", "b"]
    assert shares(read, ["a", "b", "c"]).tolist() == [[0.5, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "line 1 is no JSON"),
        ('["text"]', "line 1 has no `text`"),
        ('{"text": "a", "codes": []}', "a list of frames for each coder"),
        ('{"text": "a", "codes": {"A": "b"}}', "must be a list of their keys"),
        ('{"text": "a"}', "must be a list of their keys"),
        ("", "has no line"),
    ],
)
def test_a_line_that_is_no_coded_text_is_refused(tmp_path: Path, line: str, says: str) -> None:
    file = tmp_path / "coded.jsonl"
    file.write_text(line, encoding="utf-8")
    with pytest.raises(CodedFileError, match=says):
        read_coded_file(file)


def test_texts_are_counted_as_the_index_cuts_them_without_people() -> None:
    found = count_words(
        ["We don\u2019t wait, we wait!", "", "author_" + "a" * 24 + " [phone] waits"]
    )
    counts = dict(zip(found.words, found.counts.toarray().T.tolist(), strict=True))
    assert counts == {"we": [2, 0, 0], "don't": [1, 0, 0], "wait": [2, 0, 0], "waits": [0, 0, 1]}


def test_frames_that_are_there_are_found_in_texts_of_another_file(tmp_path: Path) -> None:
    train = written(tmp_path / "train.jsonl", coded(120, 0))
    test = written(tmp_path / "test.jsonl", coded(60, 1))
    asked = ["frames", "evaluate", "--train", str(train), "--test", str(test), "--no-embed"]
    done = CliRunner().invoke(app, [*asked, "--json"], prog_name="valuetalk")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["macro_f1"] > 0.9
    assert [row["frame"] for row in report["frames"]] == ["economic_value", "personal_value"]
    assert report["macro_f1"] == pytest.approx(np.mean([row["f1"] for row in report["frames"]]))
    assert (report["n_train"], report["n_test"], report["folds"]) == (120, 60, None)
    turned = written(tmp_path / "turned.jsonl", coded(60, 1)[::-1])
    again = evaluate_files(train, turned, Settings(embed=False))
    assert again["macro_f1"] == pytest.approx(report["macro_f1"])


def test_without_a_test_the_file_is_judged_across_folds(tmp_path: Path) -> None:
    lines = coded(100, 2)
    codes = [line["codes"] for line in lines]
    order = np.random.default_rng(0).permutation(100)
    shuffled = [{**line, "codes": codes[n]} for line, n in zip(lines, order, strict=True)]
    settings = Settings(embed=False, repeats=2)
    sensible = evaluate_files(written(tmp_path / "a.jsonl", lines), None, settings)
    nonsense = evaluate_files(written(tmp_path / "b.jsonl", shuffled), None, settings)
    assert sensible["mean_average_precision"] > 0.9
    assert nonsense["mean_average_precision"] < 0.6
    assert (sensible["folds"], sensible["repeats"]) == (5, 2)
    assert sensible["macro_f1_sd"] >= 0


def test_too_few_texts_are_refused_in_one_sentence(tmp_path: Path) -> None:
    train = written(tmp_path / "train.jsonl", coded(5, 0))
    asked = ["frames", "evaluate", "--train", str(train)]
    done = CliRunner().invoke(app, asked, prog_name="valuetalk")
    assert done.exit_code == 2
    assert "has 5 coded texts; 20 are needed" in done.stderr
    assert done.stderr.count("\n") == 1

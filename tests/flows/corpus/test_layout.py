"""How answers stand on a terminal."""

import re
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from flows.commands import selections
from flows.commands.layout import print_answer

STYLE = re.compile(r"\x1b\[[0-9;]*m")
MEASURES = {"word": "value", "n_target": 12, "n_posts_target": 7, "log_ratio": 1.23456, "z": 4.0}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Print rows as on a terminal of some width; return its lines."""

    def show(rows: list[dict[str, Any]], width: int) -> list[str]:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", str(width))
        print_answer(rows, columns=list(rows[0]))
        return STYLE.sub("", capsys.readouterr().out).splitlines()

    return show


def line(post_id: int, left: str, right: str, **more: Any) -> dict[str, Any]:
    return {
        "post_id": post_id,
        "source": "forum",
        "community": "carers",
        "created_at": datetime(2026, 2, 3, 4, 5, tzinfo=UTC),
        "left_context": left,
        "node": "value",
        "right_context": right,
        **more,
    }


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_nodes_of_a_concordance_stand_below_each_other(shown: Any, width: int) -> None:
    rows = [
        line(7, "what we", "most of all is that somebody answers when we call them at night"),
        line(12345, "a long sentence that goes on and on before it comes to the", "of care"),
        line(8, "", "", node="[email]", community="a community with quite a long name"),
    ]
    lines = shown(rows, width)
    assert len(lines) == 3
    assert max(map(len, lines)) <= width
    assert lines[0].index("value") == lines[1].index("value") == lines[2].index("[email]")
    assert "comes to the value" in lines[1]
    assert "2026-02-03" in lines[2]


def test_columns_that_do_not_fit_are_named_and_left_out(shown: Any) -> None:
    wide = shown([MEASURES], 120)
    assert wide[0].split() == ["word", "n", "target", "n", "posts", "target", "log", "ratio", "z"]
    assert wide[2].split() == ["value", "12", "7", "1.23", "4"]
    narrow = shown([MEASURES], 30)
    assert max(map(len, narrow[:-1])) <= 30
    assert re.sub(r"\s+", " ", " ".join(narrow)).endswith(
        "Too wide to be shown here: log_ratio, z."
    )


def test_long_texts_are_folded_rather_than_left_out(shown: Any) -> None:
    lines = shown([{"name": "carers", "definition": "role = 'carers' AND " * 9, "n": 3}], 60)
    assert max(map(len, lines)) <= 60
    assert "".join(lines).count("carers'") == 9
    assert len(lines) > 4


def test_whole_posts_are_read_as_texts_with_answers_to_the_right(shown: Any) -> None:
    post = {"post_id": 1, "depth": 0, "voice": "A", "title": "Who answers?", "text": "We\n\nwait."}
    answer = {"post_id": 2, "depth": 1, "voice": None, "title": "", "text": "So do we [email]" * 9}
    times = {"created_at": datetime(2026, 2, 3, 4, 5, tzinfo=UTC)}
    lines = [each.rstrip() for each in shown([post | times, answer | times], 60)]
    assert lines[:6] == ["post 1  2026-02-03 04:05  A", "Who answers?", "We", "", "wait.", ""]
    assert lines[6] == "  post 2  2026-02-03 04:05  unknown"
    assert all(each.startswith("  ") for each in lines[7:-1])
    assert max(map(len, lines)) <= 60


def test_a_pipe_has_all_columns_with_short_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    print_answer(
        [{**MEASURES, "per_million": 1234.5678, "upper": float("inf")}],
        columns=[*MEASURES, "per_million", "upper"],
    )
    header, _, row = capsys.readouterr().out.splitlines()
    assert header.split() == [*MEASURES, "per_million", "upper"]
    assert row.split() == ["value", "12", "7", "1.23", "4", "1235", "inf"]


def test_what_takes_long_is_said_on_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = threading.Event()
    monkeypatch.setattr("rich.status.Status.start", lambda _: shown.set())
    monkeypatch.setattr(selections, "_LONG_SECONDS", 0.0)
    with selections.patiently("Counting"):
        assert not shown.wait(0.05)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with selections.patiently("Counting"):
        assert shown.wait(60)
    assert capsys.readouterr().out == ""

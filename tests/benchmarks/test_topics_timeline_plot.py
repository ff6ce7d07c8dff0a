"""The drawing of a timeline of invented topics: it shows what was given, and can be read."""

import re
from datetime import date
from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from tests.benchmarks.topics_timeline_plot import (
    LEFT,
    MARKS,
    RIGHT,
    SCALED_FROM,
    WIDTH,
    Drawing,
    Row,
    summary,
    svg,
)

SVG = "{http://www.w3.org/2000/svg}"
N_POSTS = [40, 60, 0, 150, 200, 0, 300, 250]


def row(label: str = "waiting, list, referral", **changed: object) -> Row:
    share = np.array([0.1, 0.2, np.nan, 0.04, 0.02, np.nan, 0.06, 0.03])
    given = {
        "label": label,
        "note": "",
        "share": share,
        "lower": share / 2,
        "upper": share * 2,
        "known_from": 0,
        "known_until": 7,
        "events": [(3, "born"), (6, "drifted"), (7, "retired")],
    }
    return Row(**{**given, **changed})  # type: ignore[arg-type]


def drawing(*rows: Row) -> Drawing:
    return Drawing(
        title="Invented topics",
        n_events={"born": 1, "drifted": 1, "retired": 1},
        months=[date(2019, 10 + n, 1) if n < 3 else date(2020, n - 2, 1) for n in range(8)],
        groups=[("There from the start", rows), ("Ended", [])],
        n_posts=N_POSTS,
        last_is_part=True,
        years=[2019, 2020],
        by_community=[("Carers", (100, 700)), ("Night shifts", (0, 200))],
    )


def parts(drawn: Drawing, kind: str, style: str) -> list[ET.Element]:
    found = ET.fromstring(svg(drawn)).iter(f"{SVG}{kind}")
    return [each for each in found if each.get("class") == style]


def points(path: ET.Element) -> list[tuple[float, float]]:
    found = re.findall(r"([ML])?([\d.]+),([\d.]+)", path.get("d", ""))
    return [(float(x), float(y)) for _, x, y in found]


def test_months_with_few_posts_are_dots_and_months_without_posts_are_gaps() -> None:
    drawn = drawing(row())
    (_, dots) = parts(drawn, "path", "dots")  # the first is the legend's
    (_, before, after) = parts(drawn, "path", "line")
    bands = parts(drawn, "polygon", "band")
    assert len(points(dots)) == 2
    assert [len(points(before)), len(points(after))] == [2, 2]
    assert [len(each.get("points", "").split()) for each in bands] == [4, 4, 4]


def test_a_row_is_as_high_as_its_greatest_share_of_months_with_posts_enough() -> None:
    drawn = drawing(row())
    said = [each.text for each in parts(drawn, "text", "muted end")]
    assert "6.0 %" in said  # the 20 % of a month of 60 posts set no scale
    heights = {x: y for path in parts(drawn, "path", "line")[1:] for x, y in points(path)}
    (baseline,) = [each.get("d", "") for each in parts(drawn, "path", "base")]
    base = float(re.findall(r",([\d.]+)", baseline)[0])
    tall = [base - heights[x] for x in sorted(heights)]
    assert np.array(tall) / tall[2] == pytest.approx(np.array([4, 2, 6, 3]) / 6, abs=0.01)


def test_what_the_last_model_reads_back_is_drawn_apart() -> None:
    drawn = drawing(row(known_from=6))
    assert len(parts(drawn, "path", "before")) == 2  # one of them the legend's
    assert len(parts(drawn, "path", "before-dots")) == 1
    assert len(parts(drawn, "path", "line")) == 2


def test_every_event_is_marked_in_its_month_and_none_hides_another() -> None:
    events = [(3, kind) for kind in MARKS] + [(4, "split")]
    marks = [
        (kind, float(str(mark.get("transform")).removeprefix("translate(").split(",")[0]))
        for kind in MARKS
        for mark in parts(drawing(row(events=events)), "path", kind)[1:]
    ]
    assert sorted(kind for kind, _ in marks) == sorted(kind for _, kind in events)
    of_month = sorted(x for _, x in marks)[: len(MARKS)]
    assert all(second - first >= 10 for first, second in pairwise(of_month))
    wide = (WIDTH - LEFT - RIGHT) / len(N_POSTS)
    assert np.mean(of_month) == pytest.approx(LEFT + 3.5 * wide, abs=0.1)


def test_labels_stay_apart_and_inside() -> None:
    rows = [
        row(label=f"{'appointments'[:n]}, waiting, crisis", note="at first: " + "m" * 80)
        for n in range(12)
    ]
    boxes = []
    for text in ET.fromstring(svg(drawing(*rows))).iter(f"{SVG}text"):
        style = str(text.get("class"))
        size = 16 if "title" in style else 9.5 if "note" in style else 12
        width, x, y = 0.56 * size * len(text.text or ""), float(text.get("x", 0)), text.get("y", 0)
        left = x - width if "end" in style else x - width / 2 if "middle" in style else x
        assert left >= 0, text.text
        assert left + width <= WIDTH, text.text
        boxes.append((float(y) - 0.72 * size, float(y), left, left + width, text.text))
    boxes.sort()
    for number, (top, bottom, left, right, text) in enumerate(boxes):
        for other in boxes[number + 1 :]:
            apart = other[0] >= bottom or other[1] <= top or other[2] >= right or other[3] <= left
            assert apart, (text, other[4])


def test_the_drawing_says_in_words_what_it_shows() -> None:
    said = summary(drawing(row(label="care & <crisis>")))
    assert "1 topics: 1 born, none split, none merged, 1 times drifted, 1 ended." in said
    assert (
        "care & <crisis>: born in January 2020, drifted in April 2020, ended in May 2020,"
        " highest 6.0% in April 2020." in said
    )
    read = ET.fromstring(svg(drawing(row(label="care & <crisis>"))))
    assert read.findtext(f"{SVG}desc") == said
    assert "prefers-color-scheme:dark" in str(read.findtext(f"{SVG}style"))


def test_posts_of_each_community_and_year_are_written_down() -> None:
    numbers = [each.text for each in parts(drawing(row()), "text", "number middle")]
    assert numbers == ["100", "700", "0", "200"]
    shades = [float(each.get("opacity", 0)) for each in parts(drawing(row()), "rect", "cell")]
    assert shades == pytest.approx([0.5 / 7, 0.5, 0, 1 / 7], abs=0.006)


def test_months_with_few_posts_are_shaded() -> None:
    shaded = parts(drawing(row()), "rect", "few")
    wide = (WIDTH - LEFT - RIGHT) / len(N_POSTS)
    assert [float(each.get("width", 0)) for each in shaded] == pytest.approx(
        [3 * wide, wide], abs=0.1
    )
    assert all(n < SCALED_FROM for n in N_POSTS[:3])

"""Figures beside a timeline, against sums by hand, and the page against what the command prints."""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from tests.benchmarks import topics_timeline
from tests.benchmarks.topics_posts import Posts
from tests.benchmarks.topics_timeline_figures import (
    Birth,
    WorldEvent,
    decompose,
    echo_lines,
    echoes,
    posts_by_year,
    shares_by_month,
    weeks_after,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "methods-topics.md"
DRAWN = PAGE.with_name("topics-timeline.svg")


def test_a_change_of_mix_is_told_from_a_change_within_communities() -> None:
    # Two communities; the first leads the topic in 1 of 2 posts, the second in 1 of 10.
    led = np.array([1, 0] * 10 + [1] + [0] * 9 + [1, 0] * 20 + [1] + [0] * 9, dtype=bool)
    community = np.array([0] * 20 + [1] * 10 + [0] * 40 + [1] * 10)
    early = np.arange(80) < 30
    found = decompose(led, community, ~early, early)
    assert (found.early, found.late) == pytest.approx((11 / 30, 21 / 50))
    assert found.by_mix == pytest.approx(21 / 50 - 11 / 30)
    assert found.within == pytest.approx(0, abs=1e-12)
    # Now the first community's rate goes from 1/2 to 1/4, with the same numbers of posts.
    led = np.array([1, 0] * 20 + [0] * 20 + [1, 0, 0, 0] * 10 + [0] * 20, dtype=bool)
    community = np.array([0] * 40 + [1] * 20 + [0] * 40 + [1] * 20)
    early = np.arange(120) < 60
    found = decompose(led, community, ~early, early)
    assert (found.by_mix, found.within) == pytest.approx((0, -1 / 4 * 2 / 3))
    error = 2 / 3 * np.sqrt(0.5 * 0.5 / 40 + 0.25 * 0.75 / 40)
    assert found.within_error == pytest.approx(error)
    assert (found.rising, found.falling) == (0, 1)


def test_a_community_that_began_later_changes_the_mix_alone() -> None:
    led = np.array([0] * 30 + [0] * 30 + [1] * 10, dtype=bool)
    community = np.array([0] * 60 + [1] * 10)
    early = np.arange(70) < 30
    found = decompose(led, community, ~early, early)
    assert (found.by_mix, found.within) == pytest.approx((10 / 40, 0))


def test_months_without_posts_have_no_share() -> None:
    found = shares_by_month(np.array([7, 7, -1, 9, -1]), np.array([0, 0, 0, 2, 2]), [7, 9])
    assert found["share"][:, 0] == pytest.approx([2 / 3, 0])
    assert np.isnan(found["share"][:, 1]).all()
    assert found["share"][:, 2] == pytest.approx([0, 1 / 2])
    assert (found["lower"][:, 0] <= found["share"][:, 0]).all()


def test_posts_are_counted_by_community_and_year() -> None:
    counted = posts_by_year(np.array([0, 0, 2, 2, 2]), np.array([0, 1, 1, 1, 0]), n_labels=3)
    assert counted.tolist() == [[1, 1], [0, 0], [1, 2]]


def test_weeks_begin_on_mondays() -> None:
    friday = date(2021, 3, 5)
    days = [date(2021, 2, 28), date(2021, 3, 1), date(2021, 3, 7), date(2021, 3, 8)]
    assert [weeks_after(day, friday) for day in days] == [-1, 0, 0, 1]


def test_events_of_the_world_are_held_against_births_and_posts() -> None:
    event = WorldEvent(date(2021, 3, 5), "strike of carers", ("strike", "picket"))
    other = WorldEvent(date(2021, 3, 6), "a quiet day", ("silence",))
    days = ["2021-01-31", "2021-02-01", "2021-02-28", "2021-03-01", "2021-03-28", "2021-03-29"]
    posts = Posts(
        counts=csr_array(np.array([[1, 0], [2, 0], [0, 1], [1, 0], [0, 1], [1, 0]])),
        words=["strike", "tea"],
        label=np.zeros(6, dtype=np.int64),
        labels=["carers"],
        day=np.array(days, dtype="datetime64[D]"),
    )
    births = [
        Birth(3, date(2021, 3, 29), "strike, pay", ("strike", "pay")),  # four weeks later
        Birth(4, date(2021, 4, 5), "picket, rain", ("picket", "rain")),  # five
        Birth(5, date(2021, 3, 8), "tea, rain", ("tea", "rain")),  # of something else
    ]
    found, quiet = echoes(posts, births, world=(event, other))
    assert (found.before, found.after, found.share) == (1, 1, 1 / 2)
    assert [birth.topic for birth in found.births] == [3]
    assert quiet.births == ()
    *_, row, silent, tally = echo_lines([found, quiet], births)
    assert row == (
        "| strike of carers | 5 Mar 2021 | 1 → 1 (50.0%) | 3 *strike, pay* 4 weeks later |"
    )
    assert silent == "Without a topic: a quiet day (6 Mar 2021: 0 → 0, 0.0%)."
    assert tally == (
        "Of 2 events 1 have a topic born of them; of 3 births 1 are of an event, and not"
        " 4 *picket, rain* (5 Apr 2021); 5 *tea, rain* (8 Mar 2021)."
    )


def section() -> str:
    return (
        PAGE.read_text(encoding="utf-8").split("\n## What a timeline shows\n")[1].split("\n## ")[0]
    )


def spaced(text: str) -> str:
    return " ".join(text.split())


def quoted(lines: Sequence[str]) -> list[str]:
    """Return the sentences, or what an ellipsis leaves of them, that the page has from a run."""
    quotes = " ".join(line[1:].strip() if line.startswith(">") else "…" for line in lines)
    pieces = [each.strip(" ;") for each in re.split(r"(?<=\.) (?=[A-Z])|…", quotes)]
    return [each for each in pieces if each]


def unsaid(lines: Sequence[str], printed: str) -> list[str]:
    """Return the rows, quotations and numbers of a page that were not printed."""
    rows = [line for line in lines if line.startswith("|") and not line.startswith("|---")]
    prose = " ".join(line for line in lines if not line.startswith(("|", ">", "!")))
    numbers = re.findall(r"\d[\d,.]*(?= %)|\d{3,}", re.sub(r"\b20\d\d\b|\b95 %", "", prose))
    assert min(len(rows), len(quoted(lines)), len(numbers)) > 3
    missing = [each for each in (*rows, *quoted(lines)) if each not in printed]
    return missing + [n for n in numbers if not re.search(rf"\b{re.escape(n)}\b", printed)]


def test_a_page_that_says_something_else_is_found() -> None:
    page = [
        *(f"| {n} | waiting | {n}.5% |" for n in range(5)),
        *("", "> Of 5 topics 2 ended. The mix makes", "> much; … two are left.", "> Nothing else."),
        *("In 120 posts of 2019, 7 %, 18 % or 400 of 31 % at a level of 95 %.", ""),
    ]
    said = (
        "Of 5 topics 2 ended. The mix makes much; one went; two are left. Nothing else. 120 7% 18%"
    )
    printed = f"{' '.join(page[:5])} {said} 31.0% 400"
    assert unsaid(page, printed) == []
    assert unsaid(page, printed.replace("| 3.5% |", "| 3.6% |")) == ["| 3 | waiting | 3.5% |"]
    assert unsaid(page, printed.replace("2 ended", "3 ended")) == ["Of 5 topics 2 ended."]
    assert unsaid(page, printed.replace("two are", "one is")) == ["two are left."]
    assert unsaid(page, printed.replace("400", "401")) == ["400"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_page_and_the_drawing_say_what_the_command_prints(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not (data_dir / "reddit_communities.parquet").is_file():
        pytest.skip("the archive of communities is not here")
    drawn = tmp_path / "timeline.svg"
    printed = ""
    for options in topics_timeline.TOLD:
        asked = [*options.split(), *(["--plot", str(drawn)] if not options else [])]
        topics_timeline.main(asked)
        printed += spaced(capsys.readouterr().out) + " "
    assert unsaid(section().splitlines(), printed) == []
    descriptions = [
        re.findall("<desc[^>]*>(.*)</desc>", each.read_text(encoding="utf-8"))
        for each in (DRAWN, drawn)
    ]
    assert descriptions[0] == descriptions[1]

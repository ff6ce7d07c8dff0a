"""A recheck gives every post one sighting, whatever the host does."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from harvesters.base import Blocked, HarvestError, ParseError, RateLimited
from harvesters.json_fields import MalformedItem
from harvesters.reading import Dropped
from harvesters.rechecking import (
    NO_CONTROL,
    gone,
    grouped,
    look_at,
    present,
    recheck_groups,
    unknown,
)
from warehouse.records import Post, PostRef, Sighting, VirtualClock

AT = datetime(2025, 3, 1, tzinfo=UTC)


def ref(native_id: str) -> PostRef:
    return PostRef(
        source="s",
        community="c",
        native_id=native_id,
        native_thread_id="t",
        kind="post",
        url=None,
        content_hash="h",
        created_at=AT,
    )


@pytest.mark.parametrize(
    ("failure", "outcomes"),
    [
        (ParseError("x"), ["present", "present", "unknown", "unknown", "present"]),
        (RateLimited("x"), ["present", "present", "unknown", "unknown", "unknown"]),
        (Blocked("x"), ["present", "present", "unknown", "unknown", "unknown"]),
    ],
)
def test_a_broken_answer_costs_its_group_and_a_failing_host_all_that_is_left(
    clock: VirtualClock, failure: HarvestError, outcomes: list[str]
) -> None:
    asked: list[str] = []

    def ask(group: Sequence[PostRef]) -> Iterator[Sighting]:
        asked.append(group[0].native_id)
        yield present(group[0], seen_at=AT)
        if group[0].native_id == "2":
            raise failure
        yield from (present(one, seen_at=AT) for one in group[1:])

    seen: list[Sighting] = []
    groups = grouped([ref(str(number)) for number in range(5)], 2)
    with pytest.raises(type(failure)):
        seen.extend(recheck_groups(groups, ask, clock=clock, site_answers=lambda: True))

    assert [sighting.outcome for sighting in seen] == outcomes
    assert [sighting.native_id for sighting in seen] == [str(number) for number in range(5)]
    reasons = {sighting.reason for sighting in seen if sighting.outcome == "unknown"}
    assert reasons == {"blocked" if isinstance(failure, Blocked) else "error"}
    assert asked == (["0", "2", "4"] if isinstance(failure, ParseError) else ["0", "2"])


@pytest.mark.parametrize(
    ("raised", "seen"),
    [
        (Dropped("hidden"), ("gone", "removed")),
        (Dropped("no_date"), ("unknown", "error")),
        (MalformedItem("x"), ("unknown", "error")),
    ],
)
def test_an_item_that_cannot_be_kept_is_gone_only_where_that_is_its_reason(
    raised: Exception, seen: tuple[str, str]
) -> None:
    def build() -> Post:
        raise raised

    sighting = look_at(ref("1"), build, seen_at=AT, reasons={"hidden": "removed"})

    assert (sighting.outcome, sighting.reason) == seen


def test_nothing_to_recheck_asks_nothing(clock: VirtualClock) -> None:
    def ask(_: Any) -> Iterator[Sighting]:
        pytest.fail("nobody was to be asked")

    assert list(recheck_groups(grouped([], 2), ask, clock=clock, site_answers=lambda: True)) == []


def passed(
    clock: VirtualClock, outcomes: str, *, answers: bool, fails: bool = False
) -> list[tuple[str, str | None]]:
    """Recheck posts of which each is present (p), gone (g) or unknown (u); one post a group."""

    def ask(group: Sequence[PostRef]) -> Iterator[Sighting]:
        seen = {"p": present, "g": lost, "u": unseen}[outcomes[int(group[0].native_id)]]
        if fails and group[0].native_id == str(len(outcomes) - 1):
            raise RateLimited("x")
        yield seen(group[0], seen_at=AT)

    groups = grouped([ref(str(number)) for number in range(len(outcomes))], 1)
    seen: list[Sighting] = []
    try:
        seen.extend(recheck_groups(groups, ask, clock=clock, site_answers=lambda: answers))
    except RateLimited:
        assert fails
    assert sorted(s.native_id for s in seen) == sorted(str(n) for n in range(len(outcomes)))
    in_order = sorted(seen, key=lambda sighting: int(sighting.native_id))
    return [(sighting.outcome, sighting.reason) for sighting in in_order]


lost = partial(gone, reason="not_found")
unseen = partial(unknown, reason="error")
GONE, PRESENT = ("gone", "not_found"), ("present", None)


def test_a_post_is_gone_beside_one_that_is_there(clock: VirtualClock) -> None:
    assert passed(clock, "ggpg", answers=False) == [GONE, GONE, PRESENT, GONE]


def test_without_one_that_is_there_the_front_page_speaks_for_a_few(clock: VirtualClock) -> None:
    assert passed(clock, "gug", answers=True) == [GONE, ("unknown", "error"), GONE]
    assert passed(clock, "g", answers=False) == [("unknown", NO_CONTROL)]


def test_a_site_that_shows_nothing_any_more_loses_nothing(clock: VirtualClock) -> None:
    assert passed(clock, "g" * 6, answers=True) == [("unknown", NO_CONTROL)] * 6


def test_a_host_that_fails_takes_no_post_with_it(clock: VirtualClock) -> None:
    assert passed(clock, "ggg", answers=True, fails=True) == [
        ("unknown", NO_CONTROL),
        ("unknown", NO_CONTROL),
        ("unknown", "error"),
    ]

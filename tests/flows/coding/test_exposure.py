"""Nobody is given more posts a day than the study allows."""

from datetime import date

import duckdb
import pytest

from flows.coding.exposure import assign, given_on, room_left
from flows.coding.labels import CodingError, coder_label
from tests.flows.topics.nights import Forum

DAY = date(2026, 3, 2)


def test_what_was_given_counts_against_the_day_whatever_the_sheet(forum: Forum) -> None:
    with forum.opened() as warehouse:
        connection = warehouse.connection
        assert room_left(connection, "A", day=DAY, posts_per_day=5) == 5
        assign(warehouse, "A", {1: 1, 2: 1, 3: 2}, sheet="first", day=DAY)
        assign(warehouse, "A", {3: 2}, sheet="first", day=DAY)
        assign(warehouse, "B", {1: 1}, sheet="other", day=DAY)
        assert room_left(connection, "A", day=DAY, posts_per_day=5) == 2
        assert given_on(connection, "A", day=date(2026, 3, 3)) == 0
        assign(warehouse, "A", {4: 1, 5: 1}, sheet="second", day=DAY)
        with pytest.raises(CodingError, match="A was given 5 posts on 2026-03-02, and 5 a day"):
            room_left(connection, "A", day=DAY, posts_per_day=5)


def test_a_coder_is_a_label_and_never_a_name(forum: Forum) -> None:
    for label in ("A", "coder-2", "simulated-1", "x" * 16):
        assert coder_label(label) == label
    for name in ("sam@example.org", "Sam O", "", "-a", "x" * 17, "Zoë"):
        with pytest.raises(CodingError, match="a coder is a label") as caught:
            coder_label(name)
        assert not name or name not in str(caught.value)
    with forum.opened() as warehouse, pytest.raises(duckdb.ConstraintException):
        warehouse.connection.execute(
            "INSERT INTO skips VALUES (1, 'sam@example.org', 1, 'known', now())"
        )

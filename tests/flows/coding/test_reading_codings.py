"""Codings as arrays: versions that count, decisions that stand, chances by response."""

import numpy as np
import pytest

from tests.flows.coding.coded import AT, drew, posts, read, said, use
from tests.flows.topics.nights import Forum


def test_codings_are_averaged_over_coders_and_what_was_decided_stands(forum: Forum) -> None:
    with forum.opened() as warehouse:
        posts(forum, warehouse, 4)
        book = use(forum, warehouse, version=1, hope="Better days.", fear="Worse days.")
        drew(warehouse, {1: 0.5, 2: 0.5, 3: 0.25})
        said(warehouse, "A", {1: 1, 2: 1, 3: 0})
        said(warehouse, "B", {1: 0, 2: 1})
        said(warehouse, "B", {1: 1}, frame="fear")
        said(warehouse, "A", {4: 1})  # was never drawn
        said(warehouse, "A", {1: 1}, frame="joy")  # is no frame
        coded = read(forum, warehouse, book)
        assert coded.coders == ("A", "B")
        assert coded.rows.tolist() == [0, 1, 2]
        assert coded.values[:, 0].tolist() == [0.5, 1, 0]
        assert coded.values[0, 1] == 1
        assert np.isnan(coded.values[1:, 1]).all()
        assert coded.probability.tolist() == [0.5, 0.5, 0.25]
        warehouse.connection.execute(
            "INSERT INTO adjudications VALUES (1, 'hope', 0, 'C', 1, ?)", [AT]
        )
        assert read(forum, warehouse, book).values[:, 0].tolist() == [0, 1, 0]
        assert not len(read(forum, warehouse, book, "train").rows)


def test_codings_by_a_version_that_meant_something_else_do_not_count(forum: Forum) -> None:
    with forum.opened() as warehouse:
        posts(forum, warehouse, 3)
        use(forum, warehouse, version=1, hope="Better days.", fear="Worse days.")
        drew(warehouse, {1: 0.5, 2: 0.5, 3: 0.5})
        said(warehouse, "A", {1: 1, 2: 1, 3: 1})
        said(warehouse, "A", {1: 1, 2: 1}, frame="fear")
        book = use(forum, warehouse, version=2, hope="Quite other.", fear="Worse days.")
        said(warehouse, "A", {1: 0}, version=2)
        coded = read(forum, warehouse, book)
        assert coded.rows.tolist() == [0, 1]  # of post 3 nothing is said that counts
        assert coded.values[0].tolist() == [0, 1]
        assert np.isnan(coded.values[1, 0])
        assert coded.values[1, 1] == 1
        assert coded.probability == pytest.approx([0.5 * 2 / 3] * 2)


def test_skipped_and_waiting_posts_lower_the_chance_within_their_stratum(forum: Forum) -> None:
    with forum.opened() as warehouse:
        posts(forum, warehouse, 40)
        book = use(forum, warehouse, version=1, hope="Better days.")
        users, carers = "forum/users/2026-03-01", "forum/carers/2026-03-01"
        drew(warehouse, dict.fromkeys(range(1, 9), 0.5), stratum=f"{users}/low")
        drew(warehouse, dict.fromkeys(range(9, 11), 0.5), stratum=f"{users}/low", state="skipped")
        drew(warehouse, dict.fromkeys(range(11, 17), 0.2), stratum=carers)
        drew(warehouse, dict.fromkeys(range(17, 23), 0.2), stratum=carers, state="drawn")
        said(warehouse, "A", dict.fromkeys((*range(1, 9), *range(11, 17)), 1.0))
        coded = read(forum, warehouse, book)
        assert coded.probability == pytest.approx([0.5 * 8 / 10] * 8 + [0.2 * 6 / 12] * 6)
        # A withheld post leaves the sample as it leaves what is measured: nobody stands for it.
        warehouse.connection.execute("UPDATE posts SET withheld = true WHERE post_id IN (10, 1)")
        left = read(forum, warehouse, book)
        assert left.probability[:7] == pytest.approx([0.5 * 7 / 8] * 7)
        assert len(left.rows) == 13


def test_a_small_stratum_shares_the_rate_of_its_community(forum: Forum) -> None:
    with forum.opened() as warehouse:
        posts(forum, warehouse, 40)
        book = use(forum, warehouse, version=1, hope="Better days.")
        months = [f"forum/users/2026-0{month}-01" for month in (1, 2, 3)]
        drew(warehouse, dict.fromkeys(range(1, 11), 0.5), stratum=months[0])
        drew(warehouse, {11: 0.5, 12: 0.5, 13: 0.5}, stratum=months[1])
        drew(warehouse, {14: 0.5, 15: 0.5, 16: 0.5}, stratum=months[2])
        drew(warehouse, {17: 0.5, 18: 0.5}, stratum=months[2], state="skipped")
        said(warehouse, "A", dict.fromkeys(range(1, 17), 1.0))
        coded = read(forum, warehouse, book)
        assert coded.probability == pytest.approx([0.5] * 10 + [0.5 * 6 / 8] * 6)


def test_nothing_coded_gives_empty_arrays(forum: Forum) -> None:
    with forum.opened() as warehouse:
        posts(forum, warehouse, 3)
        book = use(forum, warehouse, version=1, hope="Better days.")
        drew(warehouse, {1: 0.5}, state="drawn")
        coded = read(forum, warehouse, book)
        assert coded.values.shape == (0, 1)
        assert coded.codings.shape == (0, 0, 1)
        assert coded.probability.tolist() == []

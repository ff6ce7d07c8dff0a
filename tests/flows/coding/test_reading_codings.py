"""Codings as arrays: versions that count, decisions that stand, chances by response."""

import numpy as np
import pytest

from flows.corpus_arrays import read_corpus
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


CARERS, USERS = range(3, 90, 3), range(1, 90, 3)  # in which community the forum puts a post


def test_skipped_and_waiting_posts_lower_the_chance_within_their_cell(forum: Forum) -> None:
    with forum.opened() as warehouse:
        posts(forum, warehouse, 40)
        book = use(forum, warehouse, version=1, hope="Better days.")
        drew(warehouse, dict.fromkeys(USERS[:8], 0.5))
        drew(warehouse, dict.fromkeys(USERS[8:10], 0.5), state="skipped")
        drew(warehouse, dict.fromkeys(CARERS[:6], 0.2))
        drew(warehouse, dict.fromkeys(CARERS[6:12], 0.2), state="drawn")
        said(warehouse, "A", dict.fromkeys((*USERS[:8], *CARERS[:6]), 1.0))

        def chances() -> dict[int, float]:
            coded = read(forum, warehouse, book)
            ids = read_corpus(warehouse, forum.night()).post_ids[coded.rows].tolist()
            return dict(zip(ids, coded.probability.tolist(), strict=True))

        assert chances() == pytest.approx(
            {**dict.fromkeys(USERS[:8], 0.5 * 8 / 10), **dict.fromkeys(CARERS[:6], 0.2 * 6 / 12)}
        )
        # A withheld post leaves the sample as it leaves what is measured: nobody stands for it.
        gone = [USERS[0], USERS[9]]
        warehouse.connection.execute(
            "UPDATE posts SET withheld = true WHERE post_id IN (SELECT unnest(?))", [gone]
        )
        assert chances() == pytest.approx(
            {**dict.fromkeys(USERS[1:8], 0.5 * 7 / 8), **dict.fromkeys(CARERS[:6], 0.2 * 6 / 12)}
        )


def test_small_strata_of_a_cell_share_a_rate_and_a_wave_that_waits_is_stood_for(
    forum: Forum,
) -> None:
    with forum.opened() as warehouse:
        posts(forum, warehouse, 60)
        book = use(forum, warehouse, version=1, hope="Better days.")
        drew(warehouse, dict.fromkeys(USERS[:6], 0.5), stratum="high")
        drew(warehouse, dict.fromkeys(USERS[6:9], 0.5), stratum="low")
        drew(warehouse, dict.fromkeys(USERS[9:12], 0.5), stratum="rare")
        drew(warehouse, dict.fromkeys(USERS[12:14], 0.5), stratum="rare", state="skipped")
        said(warehouse, "A", dict.fromkeys(USERS[:12], 1.0))
        coded = read(forum, warehouse, book)
        assert coded.probability == pytest.approx([0.5] * 6 + [0.5 * 6 / 8] * 6)
        drew(warehouse, dict.fromkeys(CARERS[:10], 0.4), stratum="all")
        drew(warehouse, dict.fromkeys(CARERS[10:15], 0.4), stratum="all/low", state="drawn")
        said(warehouse, "A", dict.fromkeys(CARERS[:10], 1.0))
        both = read(forum, warehouse, book).probability
        assert sorted(both) == pytest.approx([0.4 * 10 / 15] * 10 + [0.5 * 6 / 8] * 6 + [0.5] * 6)


def test_while_a_wave_waits_the_chances_of_the_waves_before_hold(forum: Forum) -> None:
    with forum.opened() as warehouse:
        posts(forum, warehouse, 60)
        book = use(forum, warehouse, version=1, hope="Better days.")
        early, late = USERS[:6], USERS[6:16]
        drew(warehouse, dict.fromkeys(early, 0.5))
        drew(warehouse, dict.fromkeys(late, 0.5), wave=2, stratum="low", state="drawn")
        warehouse.connection.execute(
            "INSERT INTO draw_chances SELECT unnest($early::BIGINT[]), 1, 0.2 UNION ALL"
            " SELECT post_id, 2, 0.5 FROM draws",
            {"early": list(early)},
        )
        said(warehouse, "A", dict.fromkeys(early, 1.0))
        assert read(forum, warehouse, book).probability == pytest.approx([0.2] * 6)
        said(warehouse, "A", dict.fromkeys(late[:5], 1.0), wave=2)
        warehouse.connection.execute(
            "UPDATE draws SET state = 'coded' WHERE post_id IN (SELECT post_id FROM codings)"
        )
        both = read(forum, warehouse, book)
        assert both.probability == pytest.approx([0.5] * 6 + [0.5 * 5 / 10] * 5)


def test_nothing_coded_gives_empty_arrays(forum: Forum) -> None:
    with forum.opened() as warehouse:
        posts(forum, warehouse, 3)
        book = use(forum, warehouse, version=1, hope="Better days.")
        drew(warehouse, {1: 0.5}, state="drawn")
        coded = read(forum, warehouse, book)
        assert coded.values.shape == (0, 1)
        assert coded.codings.shape == (0, 0, 1)
        assert coded.probability.tolist() == []

"""Waves of draws: what each adds, that pools never mix, and that nothing is drawn by codings."""

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from analysis.codebook import load_codebook
from analysis.sampling import MEASURE_LIMIT, permanent_numbers
from flows.coding.drawing import (
    Ground,
    next_measure_wave,
    store_waves,
    survey,
    train_wave,
)
from flows.coding.labels import CodingError
from flows.coding.standing import lost_to_others, standing
from flows.commands import app
from tests.flows.topics.nights import Forum, rows_of
from warehouse.corpus.index import index_posts
from warehouse.gateway import Warehouse

SEED = 20260101
FRAMES = load_codebook().keys


def run(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, ["code", *arguments])
    assert done.exit_code == code, done.output
    return done


def ground_of(forum: Forum, warehouse: Warehouse, *, scored: bool = False) -> Ground:
    return survey(warehouse, forum.night(), load_codebook() if scored else None)


def draw(forum: Forum, warehouse: Warehouse, *, n: int, pool: str = "measure") -> int:
    ground = ground_of(forum, warehouse)
    wave = (
        next_measure_wave(ground, n=n)
        if pool == "measure"
        else train_wave(ground, warehouse, forum.night(), n=n)
    )
    return store_waves(warehouse, [wave], day=forum.clock.now().date())


def score(warehouse: Warehouse) -> None:
    """Score every post: the more, the greater its number; half of a frame's posts have none."""
    warehouse.connection.execute(
        "INSERT INTO frame_scores SELECT 'r', post_id, f.frame,"
        " 0.02 + 0.96 * (post_id % 50) / 50, 'c'"
        " FROM posts, (SELECT unnest($frames::VARCHAR[]) AS frame) AS f WHERE post_id % 2 = 0",
        {"frames": list(FRAMES)},
    )


def drawn(warehouse: Warehouse) -> dict[int, Any]:
    rows = rows_of(
        warehouse, "SELECT post_id, pool, wave, inclusion_probability, stratum FROM draws"
    )
    return {post_id: rest for post_id, *rest in rows}


def test_each_wave_adds_about_what_was_asked_for_and_raises_probabilities(forum: Forum) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 900)
        index_posts(warehouse.connection)
        assert draw(forum, warehouse, n=120) == pytest.approx(120, abs=35)  # 3 standard deviations
        first = drawn(warehouse)
        assert [chance for _, _, chance, _ in first.values()] == pytest.approx(
            [120 / 900] * len(first)
        )
        assert draw(forum, warehouse, n=90) == pytest.approx(90, abs=30)
        both = drawn(warehouse)
        numbers = permanent_numbers(np.arange(1, 901), seed=SEED)
        assert {wave for _, wave, *_ in both.values()} == {1, 2}
        chances = {chance for _, _, chance, _ in both.values()}
        assert max(chances) == pytest.approx(min(chances)) == pytest.approx(210 / 900, rel=0.01)
        assert set(both) == set(np.flatnonzero(numbers < min(chances)) + 1)
        kept = rows_of(
            warehouse,
            "SELECT wave, count(*), max(inclusion_probability) FROM draw_chances"
            " GROUP BY wave ORDER BY wave",
        )
        assert kept == [
            (1, len(first), pytest.approx(120 / 900)),
            (2, len(both), pytest.approx(max(chances))),
        ]


def test_posts_of_later_nights_are_drawn_from_and_earlier_cells_are_left(forum: Forum) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 600)
        index_posts(warehouse.connection)
        draw(forum, warehouse, n=150)
        forum.next_night(days=35)
        later = forum.write(warehouse, 600)
        index_posts(warehouse.connection)
        before = set(drawn(warehouse))
        added = draw(forum, warehouse, n=60)
        assert added == pytest.approx(60, abs=24)
        new = set(drawn(warehouse)) - before
        assert new <= set(later)  # earlier cells have more than an even share of 210 already
        counts = rows_of(
            warehouse, "SELECT wave, sum(n_drawn), max(seed) FROM draw_counts GROUP BY 1 ORDER BY 1"
        )
        assert counts == [(1, len(before), SEED), (2, added, SEED)]


def test_the_pools_never_mix_whatever_is_asked_for(forum: Forum) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 240)
        index_posts(warehouse.connection)
        draw(forum, warehouse, n=5000)  # all that may ever measure
        draw(forum, warehouse, n=5000, pool="train")
        numbers = dict(
            zip(range(1, 241), permanent_numbers(np.arange(1, 241), seed=SEED), strict=True)
        )
        pools = {post_id: pool for post_id, (pool, *_) in drawn(warehouse).items()}
        assert pools == {
            i: "measure" if number < MEASURE_LIMIT else "train" for i, number in numbers.items()
        }
        assert draw(forum, warehouse, n=50) == 0
        assert draw(forum, warehouse, n=50, pool="train") == 0


def test_strata_are_cells_and_bands_of_scores_and_posts_without_get_the_mean(forum: Forum) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 300)
        index_posts(warehouse.connection)
        score(warehouse)
        ground = ground_of(forum, warehouse, scored=True)
        assert ground.scores is not None
        scored = ground.corpus.post_ids % 2 == 0
        mean = ground.scores[scored].mean(axis=0)
        assert ground.scores[~scored] == pytest.approx(np.tile(mean, ((~scored).sum(), 1)))
        names = Counter(ground.strata().tolist())
        assert {name.rpartition("/")[0] for name in names} == {
            f"forum/{community}/2026-03-01" for community in ("allies", "carers", "users")
        }
        high = sum(n for name, n in names.items() if name.endswith("/high"))
        assert high == (ground.scores.max(axis=1) >= 0.8).sum() > 0
        wave = next_measure_wave(ground, n=60)
        assert sum(row["n_expected"] for row in wave.by_stratum()) == pytest.approx(60, abs=0.5)


def test_training_takes_what_is_doubtful_and_differs_in_words(forum: Forum) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 800)
        index_posts(warehouse.connection)
        score(warehouse)
        ground = ground_of(forum, warehouse, scored=True)
        assert ground.scores is not None
        wave = train_wave(ground, warehouse, forum.night(), n=40)
        assert len(set(wave.rows.tolist())) == 40
        doubt = (ground.scores * (1 - ground.scores)).sum(axis=1)
        chosen = wave.rows[20:]
        numbers = permanent_numbers(ground.corpus.post_ids, seed=SEED)
        assert (numbers[wave.rows] >= MEASURE_LIMIT).all()
        reserved = np.flatnonzero(numbers >= MEASURE_LIMIT)
        others = reserved[~np.isin(reserved, wave.rows[:20])]
        assert doubt[chosen].min() >= np.sort(doubt[others])[::-1][79]
        assert (
            wave.rows.tolist() == train_wave(ground, warehouse, forum.night(), n=40).rows.tolist()
        )


def test_another_seed_is_refused_once_posts_were_drawn(forum: Forum) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 60)
        index_posts(warehouse.connection)
        assert survey(warehouse, forum.night(), None, seed=5).seed == 5
        draw(forum, warehouse, n=20)
        with pytest.raises(CodingError, match=f"drawn by the seed {SEED}"):
            survey(warehouse, forum.night(), None, seed=5)
        forum.settings = {"seed": 6}
        assert ground_of(forum, warehouse).seed == SEED


def test_erased_and_withheld_posts_drop_out_and_are_counted(forum: Forum) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 200)
        index_posts(warehouse.connection)
        n = draw(forum, warehouse, n=100)
        ids = sorted(drawn(warehouse))
        sql = warehouse.connection.execute
        sql("DELETE FROM draws WHERE post_id IN (?, ?)", ids[:2])
        sql("DELETE FROM posts WHERE post_id IN (?, ?)", ids[:2])
        sql("UPDATE posts SET withheld = true WHERE post_id = ?", ids[2:3])
        sql("UPDATE posts SET automated = true WHERE post_id = ?", ids[3:4])
        sql("UPDATE draws SET state = 'coded' WHERE post_id = ?", ids[4:5])
        sql("UPDATE draws SET state = 'skipped' WHERE post_id = ?", ids[5:6])
        (row,) = standing(warehouse, ground_of(forum, warehouse).corpus)
        assert row == {
            "pool": "measure",
            "wave": 1,
            "drawn": n,
            **dict.fromkeys(("coded", "skipped", "withheld", "not_counted"), 1),
            "waiting": n - 6,
            "erased": 2,
        }
        assert lost_to_others([row]) == (
            "Of the posts drawn before, 2 were erased, 1 are withheld, 1 no longer count."
        )
        again = next_measure_wave(ground_of(forum, warehouse), n=50)
        assert not {*again.ground.corpus.post_ids[again.rows].tolist()} & {*ids}


def test_a_dry_run_shows_each_stratum_and_draws_nothing(forum: Forum) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 90)
        index_posts(warehouse.connection)
    asked = ("sample", "--pool", "measure", "--n", "30")
    shown = run(*asked, "--dry-run").stdout
    assert "would add" in shown
    assert "forum/carers/2026-03-01" in shown
    planned = json.loads(run(*asked, "--dry-run", "--json").stdout)
    assert planned["drawn"] == 0
    assert [row["n_expected"] for row in planned["strata"]] == pytest.approx([10] * 3, abs=0.2)
    done = json.loads(run(*asked, "--json").stdout)
    assert done["drawn"] == planned["would_be_drawn"] > 0
    assert sum(row["n_drawn"] for row in done["source_and_period"]) == done["drawn"]
    (wave,) = json.loads(run("status", "--json").stdout)["waves"]
    assert (wave["drawn"], wave["waiting"], wave["erased"]) == (done["drawn"], done["drawn"], 0)


def test_what_cannot_be_drawn_is_said(forum: Forum) -> None:
    assert "neither measure nor train" in run("sample", "--pool", "both", code=2).stderr
    done = run("sample", "--pool", "measure", "--n", "10")
    assert "added 0 posts to the measure pool" in done.stdout
    assert "Nothing is left to be drawn" in done.stderr
    assert "Nothing was drawn yet" in run("status").stderr
    assert forum.home.root.is_dir()

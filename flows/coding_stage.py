"""Draw posts for coding, and, in a simulated home only, let simulated coders code them.

`analysis.sampling` has the rules: posts keep permanent random numbers, a post's inclusion
probability is the greatest over all waves, and the two pools never meet.
"""

import numpy as np
from numpy.typing import NDArray

from analysis.codebook import load_codebook
from analysis.sampling import draw_measure, draw_train, measure_probabilities, over_waves
from flows.arrow_rows import (
    arrow_rows,
    days,
    list_of,
    nullable,
    repeated,
    small,
    values_of,
    with_column,
)
from flows.corpus_arrays import CorpusArrays, read_corpus
from flows.night import Night
from flows.simulated_home import read_simulation
from harvesters.simulation.coders import simulated_codings
from warehouse.gateway import Warehouse

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def code_simulated(warehouse: Warehouse, night: Night) -> str:
    """Draw a wave from tonight's corpus and let simulated coders code it; returns counts."""
    drawn = draw_wave(warehouse, night)
    coded = _code(warehouse, night)
    return f"drew {drawn} posts for coding; simulated coders gave {coded} codings"


def draw_wave(warehouse: Warehouse, night: Night) -> int:
    """Draw one more wave of both pools; returns how many posts are new to them."""
    corpus = read_corpus(warehouse, night)
    if not len(corpus.post_ids):
        return 0
    settings = night.settings.analysis
    earlier = warehouse.query("SELECT * FROM draws")
    wave = 1 + max(list_of(earlier, "wave"), default=0)
    known = list_of(earlier, "post_id")
    cells = corpus.group * (int(corpus.period.max()) + 1) + corpus.period
    pi = measure_probabilities(None, cells, wanted=wave * settings.measure_codings)
    measure = draw_measure(corpus.post_ids, pi, already_drawn=known, seed=settings.seed)
    train = draw_train(
        corpus.post_ids,
        None,
        wanted=settings.train_codings,
        already_drawn=known,
        seed=settings.seed,
    )
    _raise_probabilities(warehouse, corpus, pi)
    for pool, rows, chance in (
        ("measure", measure, pi[measure]),
        ("train", train, np.full(len(train), np.nan)),
    ):
        _store(warehouse, night, corpus, wave=wave, pool=pool, rows=rows, chance=chance)
    return len(measure) + len(train)


def _raise_probabilities(warehouse: Warehouse, corpus: CorpusArrays, pi: Floats) -> None:
    """Raise the stored probability of posts drawn earlier to this wave's where that is greater."""
    drawn = warehouse.query("SELECT * FROM draws WHERE pool = 'measure' ORDER BY post_id")
    rows = corpus.positions(values_of(drawn, "post_id"))
    now = np.where(rows >= 0, pi[rows], 0.0)
    raised = over_waves(values_of(drawn, "inclusion_probability"), now)
    changed = with_column(drawn, "inclusion_probability", nullable(raised))
    warehouse.replace("draws", changed, keys=["post_id"])


def _store(
    warehouse: Warehouse,
    night: Night,
    corpus: CorpusArrays,
    *,
    wave: int,
    pool: str,
    rows: Integers,
    chance: Floats,
) -> None:
    names = [
        "/".join((*corpus.groups[group], corpus.periods[period].isoformat()))
        for group, period in zip(
            corpus.group[rows].tolist(), corpus.period[rows].tolist(), strict=True
        )
    ]
    n = len(rows)
    drawn = arrow_rows(
        {
            "post_id": corpus.post_ids[rows],
            "wave": small([wave] * n),
            "pool": repeated(pool, n),
            "stratum": names,
            "inclusion_probability": nullable(chance),
            "drawn_on": days([night.clock.now().date()] * n),
            "state": repeated("drawn", n),
        }
    )
    if n:
        warehouse.replace("draws", drawn, keys=["post_id"])


def _code(warehouse: Warehouse, night: Night) -> int:
    """Store what the simulated coders say of every drawn post that is not coded yet."""
    waiting = warehouse.query(
        "SELECT d.post_id, d.wave, l.source, l.native_id"
        " FROM draws d JOIN locators l USING (post_id)"
        " WHERE d.state = 'drawn' ORDER BY d.post_id"
    ).to_pylist()
    world = read_simulation(night.home).world()
    rows = [
        (post["post_id"], frame, coder, value, post["wave"])
        for post in waiting
        for coder, frame, value in simulated_codings(world.post(post["source"], post["native_id"]))
    ]
    if not rows:
        return 0
    post_id, frame, coder, value, wave = zip(*rows, strict=True)
    codings = arrow_rows(
        {
            "post_id": post_id,
            "frame": frame,
            "coder": coder,
            "value": nullable(value),
            "codebook_version": small([load_codebook().version] * len(rows)),
            "wave": small(wave),
            "coded_at": [night.clock.now()] * len(rows),
        }
    )
    stored = warehouse.replace("codings", codings, keys=["post_id", "frame", "coder"])
    draws = warehouse.query("SELECT * FROM draws WHERE state = 'drawn'")
    coded = with_column(draws, "state", repeated("coded", draws.num_rows))
    warehouse.replace("draws", coded, keys=["post_id"])
    return stored

"""Draw posts for coding, in waves of two pools that never mix.

`analysis.sampling` has the rules: posts keep permanent random numbers, a post's inclusion
probability is the greatest over all waves, and a post stays in the pool of its first draw. The
numbers come from one seed for ever, since with another one the pools would overlap.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.codebook import Codebook
from analysis.diversity import farthest_first, unit_rows
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
from flows.coding.labels import CodingError
from flows.corpus_arrays import CorpusArrays, read_corpus, read_terms
from flows.night import Night
from warehouse.gateway import Warehouse
from warehouse.results import replace_rows

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]
Names = NDArray[Any]
Pool = Literal["measure", "train"]

CANDIDATES = 4
"""Doubtful posts that are looked at for each one that is taken to train with."""
BANDS = (0.2, 0.5, 0.8)
"""Greatest score of a post from which on it belongs to the next band."""
BAND_NAMES = ("rare", "low", "middle", "high")
_STEPS = 30
_NEAR = 0.25  # posts
_SCORES = "SELECT post_id, probability FROM frame_scores WHERE frame = ?"
# A stratum is a cell, or a cell and a band; both are told apart by what they end with.
_PROMISED = f"""
SELECT cell, max(n_expected) AS n_expected FROM (
    SELECT wave, regexp_replace(stratum, '/({"|".join(BAND_NAMES)})$', '') AS cell,
        sum(n_expected) AS n_expected
    FROM draw_counts WHERE pool = 'measure' GROUP BY ALL
) GROUP BY cell
"""
_KEEP_CHANCES = """
INSERT INTO draw_chances
SELECT post_id, $wave, inclusion_probability FROM draws WHERE pool = 'measure' ORDER BY post_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a wave is drawn from.

    Attributes
    ----------
    corpus : CorpusArrays
        The n posts that count.
    scores : (n, F) floats, or None
        What the classifier makes of them; None where there is none, or it is not to be looked at.
    drawn_by : mapping from pool to list of int
        Posts of earlier waves.
    promised : mapping from stratum without band to number
        Posts that earlier waves promised to measure with.
    wave, seed : int
        Number of the wave, and seed of the posts' own random numbers.
    """

    corpus: CorpusArrays
    scores: Floats | None
    drawn_by: Mapping[str, list[int]]
    promised: Mapping[str, float]
    wave: int
    seed: int

    @property
    def cells(self) -> Integers:
        """(n,) numbers of community and period."""
        width = max(self.corpus.periods, default=0) + 1
        return np.asarray(self.corpus.group * width + self.corpus.period, dtype=np.int64)

    @property
    def drawn(self) -> list[int]:
        """Posts of earlier waves, of either pool."""
        return [post_id for posts in self.drawn_by.values() for post_id in posts]

    def drawn_for(self, pool: Pool) -> Truths:
        """Return (n,) whether a post was drawn before for this pool."""
        earlier = np.array(self.drawn_by.get(pool, []), dtype=np.int64)
        return np.isin(self.corpus.post_ids, earlier)

    def cell_names(self) -> Names:
        """Return (n,) names of the cells: source, community and first day of the period."""
        cells, place = np.unique(self.cells, return_inverse=True)
        width = max(self.corpus.periods, default=0) + 1
        names = [
            "/".join((*self.corpus.groups[cell // width], str(self.corpus.periods[cell % width])))
            for cell in cells.tolist()
        ]
        listed: Names = np.array(names, dtype=object)
        return listed[place]

    def strata(self) -> Names:
        """Return (n,) names of the strata: the cell and, with scores, the band of the greatest."""
        names = self.cell_names()
        if self.scores is None or not len(names):
            return names
        band = np.digitize(self.scores.max(axis=1), BANDS)
        named: Names = names + "/" + np.array(BAND_NAMES, dtype=object)[band]
        return named


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedWave:
    """A wave before it is stored.

    Attributes
    ----------
    ground : Ground
        What is drawn from.
    pool : {"measure", "train"}
    rows : (m,) positions of the posts that are added
    probability : (n,) inclusion probabilities of this wave; NaN in the train pool
    """

    ground: Ground
    pool: Pool
    rows: Integers
    probability: Floats

    def by_stratum(self) -> list[dict[str, object]]:
        """Return what is drawn of each stratum, as rows of a table."""
        return self._counted(self.ground.strata())

    def by_cell(self) -> list[dict[str, object]]:
        """Return what is drawn of each community and period, as rows of a table."""
        return self._counted(self.ground.cell_names())

    def _counted(self, labels: Names) -> list[dict[str, object]]:
        names, place = np.unique(labels.astype(str), return_inverse=True)
        counts = {
            "n_posts": np.bincount(place, minlength=len(names)),
            "n_before": np.bincount(place[self.ground.drawn_for(self.pool)], minlength=len(names)),
            "n_drawn": np.bincount(place[self.rows], minlength=len(names)),
        }
        expected = np.bincount(place, weights=self.probability, minlength=len(names))
        return [
            {
                "stratum": name,
                **{key: int(values[number]) for key, values in counts.items()},
                "n_expected": None if self.pool == "train" else float(expected[number]),
            }
            for number, name in enumerate(names.tolist())
        ]


def survey(
    warehouse: Warehouse, night: Night, codebook: Codebook | None, *, seed: int | None = None
) -> Ground:
    """Return what the next wave is drawn from.

    Parameters
    ----------
    warehouse, night
        The study.
    codebook : Codebook, optional
        Its frames' scores are looked at.
    seed : int, optional
        Of the first wave; the study's where nothing is said.

    Raises
    ------
    CodingError
        If earlier waves were drawn by another seed.
    """
    corpus = read_corpus(warehouse, night)
    earlier = warehouse.query(
        "SELECT pool, list(post_id ORDER BY post_id) AS posts, max(wave) AS wave FROM draws"
        " GROUP BY pool ORDER BY pool"
    )
    counted = warehouse.query("SELECT DISTINCT wave FROM draw_counts")
    return Ground(
        corpus=corpus,
        scores=None if codebook is None else known_scores(warehouse, corpus, codebook),
        drawn_by=dict(zip(list_of(earlier, "pool"), list_of(earlier, "posts"), strict=True)),
        promised={row["cell"]: row["n_expected"] for row in warehouse.query(_PROMISED).to_pylist()},
        wave=1 + max([*list_of(earlier, "wave"), *list_of(counted, "wave")], default=0),
        seed=_seed_for(warehouse, night, seed),
    )


def known_scores(warehouse: Warehouse, corpus: CorpusArrays, codebook: Codebook) -> Floats | None:
    """Return the (n, F) scores of the posts that count, None where there are none.

    A post without a score, such as one of last night, gets the mean of the others.
    """
    scores = np.full((len(corpus.post_ids), len(codebook.frames)), np.nan)
    for number, frame in enumerate(codebook.frames):
        stored = warehouse.query(_SCORES, [frame.key])
        at = corpus.positions(values_of(stored, "post_id"))
        scores[at[at >= 0], number] = values_of(stored, "probability")[at >= 0]
    has = ~np.isnan(scores)
    if not has.any():
        return None
    means = np.where(has, scores, 0.0).sum(axis=0) / np.maximum(has.sum(axis=0), 1)
    return np.where(has, scores, means)


def measure_wave(ground: Ground, *, wanted: float) -> PlannedWave:
    """Return a wave of the measure pool, `wanted` codings over all waves together."""
    pi = measure_probabilities(ground.scores, ground.cells, wanted=wanted)
    rows = draw_measure(ground.corpus.post_ids, pi, already_drawn=ground.drawn, seed=ground.seed)
    return PlannedWave(ground=ground, pool="measure", rows=rows, probability=pi)


def next_measure_wave(ground: Ground, *, n: int) -> PlannedWave:
    """Return a wave that adds about `n` posts to the measure pool.

    How many codings are to be wanted over all waves is found from what earlier waves promised to
    each cell, never from what was drawn: else posts would not be drawn independently.
    """
    names, place = np.unique(ground.cell_names().astype(str), return_inverse=True)
    before = np.array([ground.promised.get(name, 0.0) for name in names.tolist()])

    def added(wanted: float) -> float:
        pi = measure_probabilities(ground.scores, ground.cells, wanted=wanted)
        promised = np.bincount(place, weights=pi, minlength=len(names))
        return float(np.maximum(promised - before, 0).sum())

    low, high = 0.0, float(before.sum()) + n
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if added(middle) < n else (low, middle)
        if high - low < _NEAR:
            break
    return measure_wave(ground, wanted=high)


def train_wave(ground: Ground, warehouse: Warehouse, night: Night, *, n: int) -> PlannedWave:
    """Return a wave that adds at most `n` posts to the train pool.

    Half are random; the others are those that the classifier is least sure of, chosen among
    `CANDIDATES` times as many so that they differ in words. Without scores all are random.
    """
    ids = ground.corpus.post_ids
    if ground.scores is None:
        rows = draw_train(ids, None, wanted=n, already_drawn=ground.drawn, seed=ground.seed)
        return _train(ground, rows)
    at_random = draw_train(
        ids, None, wanted=(n + 1) // 2, already_drawn=ground.drawn, seed=ground.seed
    )
    doubtful = draw_train(
        ids,
        ground.scores,
        wanted=CANDIDATES * (n // 2),
        already_drawn=[*ground.drawn, *ids[at_random].tolist()],
        seed=ground.seed,
        random_part=0,
    )
    counts = read_terms(warehouse, night, np.sort(ids[doubtful])).counts
    order = np.argsort(np.argsort(ids[doubtful]))
    spread = farthest_first(unit_rows(counts)[order], wanted=n // 2)
    return _train(ground, np.concatenate([at_random, doubtful[spread]]))


def _train(ground: Ground, rows: Integers) -> PlannedWave:
    unknown = np.full(len(ground.corpus.post_ids), np.nan)
    return PlannedWave(ground=ground, pool="train", rows=rows, probability=unknown)


def store_waves(warehouse: Warehouse, waves: Sequence[PlannedWave], *, day: date) -> int:
    """Store waves that were planned on the same ground, all or nothing; return how many posts."""
    with warehouse.transaction() as connection:
        for wave in waves:
            if wave.pool == "measure":
                _raise_probabilities(connection, wave)
            replace_rows(connection, "draws", _drawn_rows(wave, day), keys=["post_id"])
            if wave.pool == "measure":
                connection.execute(_KEEP_CHANCES, {"wave": wave.ground.wave})
            counts = _count_rows(wave, day)
            replace_rows(connection, "draw_counts", counts, keys=["wave", "pool", "stratum"])
    return sum(len(wave.rows) for wave in waves)


def _raise_probabilities(connection: duckdb.DuckDBPyConnection, wave: PlannedWave) -> None:
    """Raise the stored probability of posts drawn earlier to this wave's where that is greater."""
    drawn = connection.execute(
        "SELECT * FROM draws WHERE pool = 'measure' ORDER BY post_id"
    ).to_arrow_table()
    if not drawn.num_rows:
        return
    rows = wave.ground.corpus.positions(values_of(drawn, "post_id"))
    now = np.where(rows >= 0, wave.probability[rows], 0.0)
    raised = over_waves(values_of(drawn, "inclusion_probability"), now)
    changed = with_column(drawn, "inclusion_probability", nullable(raised))
    replace_rows(connection, "draws", changed, keys=["post_id"])


def _drawn_rows(wave: PlannedWave, day: date) -> pa.Table:
    n = len(wave.rows)
    return arrow_rows(
        {
            "post_id": wave.ground.corpus.post_ids[wave.rows],
            "wave": small([wave.ground.wave] * n),
            "pool": repeated(wave.pool, n),
            "stratum": pa.array(wave.ground.strata()[wave.rows].tolist(), pa.string()),
            "inclusion_probability": nullable(wave.probability[wave.rows]),
            "drawn_on": days([day] * n),
            "state": repeated("drawn", n),
        }
    )


def _count_rows(wave: PlannedWave, day: date) -> pa.Table:
    counted = wave.by_stratum()
    n = len(counted)
    return arrow_rows(
        {
            "wave": small([wave.ground.wave] * n),
            "pool": repeated(wave.pool, n),
            "stratum": pa.array([row["stratum"] for row in counted], pa.string()),
            "drawn_on": days([day] * n),
            "n_posts": pa.array([row["n_posts"] for row in counted], pa.int64()),
            "n_expected": pa.array([row["n_expected"] for row in counted], pa.float64()),
            "n_drawn": pa.array([row["n_drawn"] for row in counted], pa.int64()),
            "seed": pa.array([wave.ground.seed] * n, pa.int64()),
        }
    )


def _seed_for(warehouse: Warehouse, night: Night, asked: int | None) -> int:
    """Return the seed of all waves: that of the first one, once there was one."""
    used = list_of(warehouse.query("SELECT DISTINCT seed FROM draw_counts"), "seed")
    if not used:
        return night.settings.analysis.seed if asked is None else asked
    if asked not in (None, used[0]):
        raise CodingError(
            f"earlier waves were drawn by the seed {used[0]}, and with another one the pools would"
            " overlap; leave --seed out"
        )
    return int(used[0])

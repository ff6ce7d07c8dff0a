"""The codings of a pool as arrays: what coders said of posts that count, and what was decided.

Codings keep the version of the codebook by which they were made. Those of an earlier version count
for a frame as long as its meaning stayed (`analysis.codebook_checks.counts_from`); where a coder
coded a post by several, the latest counts. What was adjudicated stands for what all coders said.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.codebook import Codebook
from analysis.codebook_checks import counts_from
from analysis.response import response_rates
from flows.arrow_rows import list_of, values_of
from flows.coding.codebooks import recorded_versions
from flows.coding.drawing import Pool
from flows.corpus_arrays import CorpusArrays
from warehouse.gateway import Warehouse

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

# While no post of the latest waves is coded, chances are those of the waves before.
_DRAWN = """
WITH latest AS (
    SELECT max(wave) AS wave FROM draws JOIN usable USING (post_id) WHERE pool = ?
), chances AS (
    SELECT post_id, max(inclusion_probability) AS chance FROM draw_chances
    WHERE wave <= (SELECT wave FROM latest) GROUP BY post_id
)
SELECT post_id, draws.wave, stratum, coalesce(chance, inclusion_probability) AS chance
FROM draws LEFT JOIN chances USING (post_id)
WHERE pool = ? AND draws.wave <= (SELECT wave FROM latest) ORDER BY post_id
"""
_CODINGS = """
SELECT post_id, coder, frame, value FROM draws JOIN codings USING (post_id)
JOIN counting USING (frame)
WHERE pool = ? AND state = 'coded' AND codebook_version BETWEEN since AND ?
QUALIFY row_number() OVER (
    PARTITION BY post_id, coder, frame ORDER BY codebook_version DESC, coded_at DESC
) = 1
ORDER BY ALL
"""
_DECIDED = """
SELECT post_id, frame, value FROM draws JOIN adjudications USING (post_id)
JOIN counting USING (frame)
WHERE pool = ? AND state = 'coded' AND codebook_version BETWEEN since AND ?
QUALIFY row_number() OVER (
    PARTITION BY post_id, frame ORDER BY codebook_version DESC, decided_at DESC
) = 1
ORDER BY ALL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedPosts:
    """The coded posts of a pool that count.

    Attributes
    ----------
    rows : (m,) positions in the corpus
    codings : (coders, m, F) floats, NaN where a coder did not code a frame of a post
    decided : (m, F) floats, NaN where nothing was adjudicated
    probability : (m,) chances to be drawn, over all waves, and coded; NaN in the train pool
    coders : labels of the coders, in the order of `codings`
    """

    rows: Integers
    codings: Floats
    decided: Floats
    probability: Floats
    coders: tuple[str, ...]

    @property
    def values(self) -> Floats:
        """(m, F) what was decided, else codings averaged over coders; NaN where nobody coded."""
        has = ~np.isnan(self.codings)
        n = has.sum(axis=0)
        total = np.where(has, self.codings, 0.0).sum(axis=0)
        mean = np.where(n > 0, total / np.maximum(n, 1), np.nan)
        return np.asarray(np.where(np.isnan(self.decided), mean, self.decided), dtype=np.float64)

    @property
    def sample(self) -> dict[str, Any]:
        """The coded posts as arguments of the estimators of `analysis.prevalence`."""
        return {
            "coded_index": self.rows,
            "coded_values": self.values,
            "inclusion_probability": self.probability,
        }


def read_codings(
    warehouse: Warehouse, corpus: CorpusArrays, codebook: Codebook, pool: Pool
) -> CodedPosts:
    """Return what was coded in a pool; frames that the codebook lacks are left out."""
    said, decided = _said(warehouse, codebook, pool)
    posts = np.unique(np.concatenate([values_of(said, "post_id"), values_of(decided, "post_id")]))
    posts = posts[corpus.positions(posts) >= 0]
    coders = tuple(sorted(set(list_of(said, "coder"))))
    codings = np.full((len(coders), len(posts), len(codebook.frames)), np.nan)
    known, at = _places(said, posts, codebook)
    coder = np.searchsorted(np.array(coders, dtype=str), list_of(said, "coder"))
    codings[coder[known], *at] = values_of(said, "value")[known]
    settled = np.full((len(posts), len(codebook.frames)), np.nan)
    known, at = _places(decided, posts, codebook)
    settled[at] = values_of(decided, "value")[known]
    return CodedPosts(
        rows=corpus.positions(posts),
        codings=codings,
        decided=settled,
        probability=_probabilities(warehouse, corpus, pool, posts),
        coders=coders,
    )


def _said(warehouse: Warehouse, codebook: Codebook, pool: Pool) -> tuple[pa.Table, pa.Table]:
    """Return codings and decisions that count for the codebook."""
    since = counts_from(codebook, recorded_versions(warehouse.connection))
    counting = pa.table(
        {
            "frame": pa.array(list(since), pa.string()),
            "since": pa.array(list(since.values()), pa.int32()),
        }
    )
    warehouse.connection.register("counting", counting)
    try:
        asked = [pool, codebook.version]
        return warehouse.query(_CODINGS, asked), warehouse.query(_DECIDED, asked)
    finally:
        warehouse.connection.unregister("counting")


def _places(
    rows: pa.Table, posts: Integers, codebook: Codebook
) -> tuple[Truths, tuple[Integers, Integers]]:
    """Return which rows are of the posts, and where these belong: post and frame."""
    ids = values_of(rows, "post_id").astype(np.int64)
    known = np.isin(ids, posts)
    columns = {key: number for number, key in enumerate(codebook.keys)}
    frame = np.array([columns[key] for key in list_of(rows, "frame")], dtype=np.int64)
    return known, (np.searchsorted(posts, ids[known]), frame[known])


def _probabilities(
    warehouse: Warehouse, corpus: CorpusArrays, pool: Pool, posts: Integers
) -> Floats:
    """Return each coded post's chance to be drawn and coded, as its stratum was coded."""
    if pool == "train":
        return np.full(len(posts), np.nan)
    warehouse.connection.register("usable", pa.table({"post_id": posts}))
    try:
        drawn = warehouse.query(_DRAWN, [pool, pool])
    finally:
        warehouse.connection.unregister("usable")
    rows = corpus.positions(values_of(drawn, "post_id").astype(np.int64))
    counted = rows >= 0
    coded = np.isin(corpus.post_ids[rows[counted]], posts)
    wave = values_of(drawn, "wave")[counted].astype(np.int64)
    names = np.array(list_of(drawn, "stratum"), dtype=str)[counted]
    stratum = np.unique(names, return_inverse=True)[1]
    rates = response_rates(coded, [stratum, wave], _cells(corpus, rows[counted]))
    chances = values_of(drawn, "chance")[counted] * rates
    return np.asarray(chances[coded], dtype=np.float64)


def _cells(corpus: CorpusArrays, rows: Integers) -> list[Integers]:
    """Return numbers of the cells that posts are in: period, community, source."""
    group, period = corpus.group[rows], corpus.period[rows]
    sources = sorted({source for source, _ in corpus.groups})
    source = np.array([sources.index(name) for name, _ in corpus.groups], dtype=np.int64)
    width = max(corpus.periods, default=0) + 1
    return [group * width + period, group, source[group]]

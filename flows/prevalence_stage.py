"""Prevalence: how much of the talk expresses each frame, never from raw counts."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.codebook import Codebook
from analysis.prevalence import METHOD, PrevalenceTable, estimate_prevalence
from analysis.series import frame_topic_shares
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
from flows.coding.agreement import read_said, save_agreement
from flows.coding.codebooks import record_codebook, study_codebook
from flows.coding.codings import CodedPosts, read_codings
from flows.corpus_arrays import CorpusArrays, read_corpus
from flows.night import Night
from flows.series_stage import save_series
from warehouse.gateway import Warehouse

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def run_prevalence(warehouse: Warehouse, night: Night) -> str:
    """Estimate every frame in every community and period, and frames within topics."""
    codebook = study_codebook(night.home, night.settings.coding)
    record_codebook(warehouse, codebook, day=night.clock.now().date())
    corpus = read_corpus(warehouse, night)
    measured = read_codings(warehouse, corpus, codebook, "measure")
    if not len(measured.rows):
        return "no prevalence: no post of the measure pool is coded yet"
    scores, classifier = read_scores(warehouse, corpus, codebook)
    table = estimate_prevalence(
        scores,
        corpus.period,
        group=corpus.group,
        **measured.sample,
        clusters=(corpus.author, corpus.thread),
        parent=sources_of(corpus),
    )
    rows = _prevalence_rows(table, corpus, codebook, night, classifier)
    warehouse.replace("frame_prevalence", rows, keys=["run_id"])
    _save_frame_topics(warehouse, night, corpus, codebook, measured, scores)
    said = read_said(warehouse, codebook, over="wave")
    seed = night.settings.analysis.seed
    save_agreement(warehouse, said, run_id=night.run.run_id, seed=seed)
    save_coverage(warehouse, night)
    save_series(warehouse, night)
    refused = sum(reason is not None for reason in table.refused_because)
    of_parents = int((table.borrowed == 1).sum())
    return (
        f"prevalence of {len(table) - refused} cells, {of_parents} of them with the figure of their"
        f" source or of all, {refused} refused for want of codings"
    )


def sources_of(corpus: CorpusArrays) -> Integers:
    """Return the number of each post's source, which is the parent of its community."""
    names = [source for source, _ in corpus.groups]
    number = {name: place for place, name in enumerate(sorted(set(names)))}
    return np.array([number[name] for name in names], dtype=np.int64)[corpus.group]


def read_scores(
    warehouse: Warehouse, corpus: CorpusArrays, codebook: Codebook
) -> tuple[Floats, str]:
    """Return the (n, F) scores of the counted posts and the classifier's name.

    Without scores all are 0 and the estimate stands on the codings alone.
    """
    scores = np.zeros((len(corpus.post_ids), len(codebook.frames)))
    classifier = "none"
    for number, frame in enumerate(codebook.frames):
        stored = warehouse.query(
            "SELECT post_id, probability, classifier FROM frame_scores WHERE frame = ?", [frame.key]
        )
        if not stored.num_rows:
            continue
        classifier = list_of(stored, "classifier")[0]
        positions = corpus.positions(values_of(stored, "post_id"))
        known = positions >= 0
        scores[positions[known], number] = values_of(stored, "probability")[known]
    return scores, classifier


def _prevalence_rows(
    table: PrevalenceTable,
    corpus: CorpusArrays,
    codebook: Codebook,
    night: Night,
    classifier: str,
) -> pa.Table:
    n = len(table)
    method = METHOD + (", coded by simulated coders" if night.home.is_simulated else "")
    keys = {
        "run_id": repeated(night.run.run_id, n),
        "frame": pa.array([codebook.frames[number].key for number in table.frame]),
        "source": pa.array([corpus.groups[number][0] for number in table.group]),
        "community": pa.array([corpus.groups[number][1] for number in table.group]),
        "bin": repeated(night.settings.study.bin, n),
        "period": days([corpus.periods[number] for number in table.period]),
        "method": repeated(method, n),
        "classifier": repeated(classifier, n),
        "codebook_version": small([codebook.version] * n),
    }
    figures = table.to_arrow().drop_columns(["frame", "group", "period"])
    for name, values in keys.items():
        figures = with_column(figures, name, values)
    return figures


def _save_frame_topics(
    warehouse: Warehouse,
    night: Night,
    corpus: CorpusArrays,
    codebook: Codebook,
    measured: CodedPosts,
    scores: Floats,
) -> None:
    leading = warehouse.query(
        "SELECT model, post_id, arg_max(topic_id, weight) AS topic_id FROM post_topics GROUP BY ALL"
    )
    if not leading.num_rows:
        return
    topic = np.full(len(corpus.post_ids), -1, dtype=np.int64)
    positions = corpus.positions(values_of(leading, "post_id"))
    topic[positions[positions >= 0]] = values_of(leading, "topic_id")[positions >= 0]
    table = frame_topic_shares(
        scores,
        corpus.period,
        topic,
        **measured.sample,
        clusters=(corpus.author,),
    )
    model = list_of(leading, "model")[0]
    n = len(table)
    rows = arrow_rows(
        {
            "run_id": repeated(night.run.run_id, n),
            "model": repeated(model, n),
            "topic_id": small(table.group),
            "frame": [codebook.frames[number].key for number in table.frame],
            "bin": repeated(night.settings.study.bin, n),
            "period": days([corpus.periods[p] for p in table.period]),
            "share": nullable(table.estimate),
            "lower": nullable(table.lower),
            "upper": nullable(table.upper),
            "n_posts": table.n_posts,
        }
    )
    warehouse.replace("frame_topics", rows, keys=["run_id"])


def save_coverage(warehouse: Warehouse, night: Night) -> None:
    """Store how much of each period was harvested completely."""
    bin_ = night.settings.study.bin
    rows = warehouse.query(
        f"""
        WITH days AS (
            SELECT source, community, status, date_trunc('{bin_}', day)::DATE AS period
            FROM coverage
        )
        SELECT source, community, '{bin_}' AS bin, period,
            count(*) FILTER (WHERE status = 'complete')
                / date_diff('day', period, period + INTERVAL 1 {bin_}) AS share_complete,
            count(*) FILTER (WHERE status <> 'complete') AS gaps
        FROM days GROUP BY source, community, period ORDER BY ALL
        """
    )
    warehouse.replace("coverage_by_period", rows, keys=["source", "community", "bin", "period"])

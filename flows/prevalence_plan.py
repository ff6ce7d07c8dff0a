"""How many more codings each frame needs in each community, from what is coded so far."""

import math

from analysis.prevalence import plan_prevalence
from flows.coding.codebooks import study_codebook
from flows.coding.codings import read_codings
from flows.corpus_arrays import read_corpus
from flows.night import Night
from flows.prevalence_stage import read_scores
from warehouse.gateway import Warehouse


def plan_rows(
    warehouse: Warehouse, night: Night, *, wanted_width: float
) -> list[dict[str, object]]:
    """Return a row for each frame and community, with counts of codings to add.

    A count is missing where nobody has coded there yet, or where sixteen times the codings would
    not do: then widen the wanted width, or code more evenly over time.
    """
    codebook = study_codebook(night.home, night.settings.coding)
    corpus = read_corpus(warehouse, night)
    measured = read_codings(warehouse, corpus, codebook, "measure")
    if not len(measured.rows):
        return []
    scores, _ = read_scores(warehouse, corpus, codebook)
    found = plan_prevalence(
        scores,
        corpus.period,
        group=corpus.group,
        **measured.sample,
        clusters=(corpus.author, corpus.thread),
        wanted_width=wanted_width,
    )
    return [
        {
            "frame": frame.key,
            "source": corpus.groups[group][0],
            "community": corpus.groups[group][1],
            "n_coded": int(found.n_coded[row, place]),
            "width": _known(found.width[row, place]),
            "more_for_width": _count(found.more_for_width[row, place]),
            "more_to_halve": _count(found.more_to_halve[row, place]),
        }
        for row, frame in enumerate(codebook.frames)
        for place, group in enumerate(found.groups.tolist())
    ]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 4)


def _count(value: float) -> int | None:
    return None if math.isnan(value) else int(value)

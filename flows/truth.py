"""What was planted in a simulated home, beside what was measured there.

A pool that coders code can estimate one thing: what the same coders would have said of every post
of a cell. That is the target of the intervals. The planted share stands beside it, and the
difference between the two is what coder error makes.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analysis.codebook import load_codebook
from flows.arrow_rows import list_of, values_of
from flows.corpus_arrays import CorpusArrays, read_corpus
from flows.night import Night
from flows.simulated_home import read_simulation
from harvesters.simulation.coders import TEAM
from harvesters.simulation.entities import SimPost
from warehouse.gateway import Warehouse

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One frame in one community and period: planted, codable and measured.

    `planted` and `codable` are shares of the counted posts; the measured figures are None where
    the estimate was refused, or was that of a parent.
    """

    frame: str
    source: str
    community: str
    period: date
    n_posts: int
    planted: float
    codable: float
    estimate: float | None
    lower: float | None
    upper: float | None

    @property
    def covered(self) -> bool | None:
        """Whether the interval holds what the coders would have said; None where refused."""
        if self.lower is None or self.upper is None:
            return None
        return self.lower <= self.codable <= self.upper


def compare_with_truth(warehouse: Warehouse, night: Night) -> list[Cell]:
    """Return every cell of the latest prevalence of a simulated home beside its truth."""
    corpus = read_corpus(warehouse, night)
    posts = _simulated_posts(warehouse, night, corpus)
    frames = [frame.key for frame in load_codebook().frames]
    planted = np.array([[frame in post.frames for frame in frames] for post in posts], dtype=float)
    codable = np.array([[TEAM.expected_value(post, frame) for frame in frames] for post in posts])
    group = {pair: number for number, pair in enumerate(corpus.groups)}
    period = {day: number for number, day in corpus.periods.items()}
    rows = warehouse.query(
        """
        SELECT frame, source, community, period, n_posts,
            if(borrowed < 1, estimate, NULL) AS estimate,
            if(borrowed < 1, lower, NULL) AS lower, if(borrowed < 1, upper, NULL) AS upper
        FROM frame_prevalence WHERE run_id = (SELECT max(run_id) FROM frame_prevalence)
        ORDER BY ALL
        """
    ).to_pylist()
    cells = []
    for row in rows:
        number = group[row["source"], row["community"]]
        inside = (corpus.group == number) & (corpus.period == period[row["period"]])
        column = frames.index(row["frame"])
        cells.append(
            Cell(
                **row,
                planted=float(planted[inside, column].mean()),
                codable=float(codable[inside, column].mean()),
            )
        )
    return cells


def modelled_topic(warehouse: Warehouse, night: Night, planted: str) -> int | None:
    """Return the id of the model's topic that leads most posts of a planted topic."""
    corpus = read_corpus(warehouse, night)
    posts = _simulated_posts(warehouse, night, corpus)
    about = {
        int(post_id)
        for post_id, post in zip(corpus.post_ids, posts, strict=True)
        if post.topic == planted
    }
    leading = warehouse.query(
        "SELECT post_id, arg_max(topic_id, weight) AS topic_id FROM post_topics GROUP BY post_id"
    )
    pairs = zip(list_of(leading, "post_id"), list_of(leading, "topic_id"), strict=True)
    found = Counter(topic for post_id, topic in pairs if post_id in about)
    return found.most_common(1)[0][0] if found else None


def _simulated_posts(warehouse: Warehouse, night: Night, corpus: CorpusArrays) -> Sequence[SimPost]:
    world = read_simulation(night.home).world()
    located = warehouse.query("SELECT post_id, source, native_id FROM locators ORDER BY post_id")
    positions = corpus.positions(values_of(located, "post_id"))
    names = zip(list_of(located, "source"), list_of(located, "native_id"), strict=True)
    found = {
        position: world.post(source, native_id)
        for position, (source, native_id) in zip(positions.tolist(), names, strict=True)
        if position >= 0
    }
    return [found[position] for position in range(len(corpus.post_ids))]

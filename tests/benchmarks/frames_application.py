"""Frames in an archive of 33 communities, by group and year, from coded posts of a known sample.

    python -m tests.benchmarks.frames_application

Posts whose title and body together have 120 to 1,400 characters. Codings of the second wave
measure, with its inclusion probabilities; those of the first wave train the classifier and are left
out of the posts that are measured, since the second wave was drawn without them. A year of a group
has no figure with fewer than ten codings, or fewer than ten effective ones. Nothing of a text is
printed.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from analysis.codebook import load_codebook
from analysis.frames.classifier import FrameClassifier
from analysis.prevalence import MIN_CODINGS, PrevalenceTable, estimate_prevalence
from flows.frames.texts import count_words
from flows.topics.word_vectors import static_word_vectors
from tests.benchmarks.frames_corpora import DATA

SHORTEST, LONGEST = 120, 1_400
GROUPS = ("mental_health", "movements_and_services")
BEGINNING = 40
"""Letters and digits by which a coded post is known again, with its community and day."""
Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Archive:
    """Posts in the order of the file: text, group, year; and coded lines by place, a wave each."""

    texts: list[str]
    group: NDArray[np.int64]
    year: NDArray[np.int64]
    coded: tuple[dict[int, Line], dict[int, Line]]
    not_found: int


def read_archive() -> Archive:
    """Return the posts of the right length, with the codings of those that were coded."""
    table = pq.read_table(DATA / "reddit_communities.parquet").to_pylist()
    posts = [
        (row, "\n".join(part for part in (row["title"], row["body"]) if part)) for row in table
    ]
    posts = [(row, text) for row, text in posts if SHORTEST <= len(text) <= LONGEST]
    place = {
        (row["community"], row["created_at"].date().isoformat(), _beginning(text)): number
        for number, (row, text) in enumerate(posts)
    }
    with (DATA / "coded" / "value_frames_coded.jsonl").open(encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    waves: tuple[dict[int, Line], dict[int, Line]] = ({}, {})
    for line in lines:
        found = place.get((line["community"], line["date"], _beginning(line["text"])))
        if found is not None:
            waves[line["wave"] - 1][found] = line
    return Archive(
        [text for _, text in posts],
        np.array([GROUPS.index(row["grp"]) for row, _ in posts]),
        np.array([row["created_at"].year for row, _ in posts]),
        waves,
        len(lines) - sum(map(len, waves)),
    )


def _beginning(text: str) -> str:
    # codings hold the texts with other spaces and marks than the archive
    return re.sub(r"[\W_]+", "", text).lower()[:BEGINNING]


def shares(lines: Sequence[Line], frames: Sequence[str]) -> NDArray[np.float64]:
    """Return the share of coders (n, F) who saw each frame."""
    return np.array(
        [
            [np.mean([f in codes for codes in line["codes"].values()]) for f in frames]
            for line in lines
        ]
    )


def estimated(archive: Archive, frames: Sequence[str]) -> PrevalenceTable:
    """Train on the first wave, score all other posts, and estimate from the second wave."""
    words = count_words(archive.texts)
    vectors = static_word_vectors()(words.words)
    training, measuring = archive.coded
    trained = np.array(sorted(training))
    classifier = FrameClassifier().fit(
        words.counts[trained],
        shares([training[place] for place in trained.tolist()], frames),
        words.words,
        word_vectors=vectors,
    )
    measured = np.setdiff1d(np.arange(len(archive.texts)), trained)
    scores = classifier.predict_proba(words.counts[measured], words.words, word_vectors=vectors)
    drawn = np.array(sorted(measuring))
    return estimate_prevalence(
        scores,
        archive.year[measured],
        group=archive.group[measured],
        coded_index=np.searchsorted(measured, drawn),
        coded_values=shares([measuring[place] for place in drawn.tolist()], frames),
        inclusion_probability=[
            measuring[place]["inclusion_probability"] for place in drawn.tolist()
        ],
    )


def told(archive: Archive, table: PrevalenceTable, frames: Sequence[str]) -> Iterator[str]:
    """Yield the report, line by line."""
    training, measuring = archive.coded
    n_all = len(archive.texts)
    yield f"{n_all:,} posts of {SHORTEST} to {LONGEST:,} characters: {len(training)} are coded to"
    yield f"train, {len(measuring)} to measure the {n_all - len(training):,} others;"
    yield f"{archive.not_found} codings are of texts that are not among these posts."
    yield ""
    years = sorted({int(year) for year in table.period})
    yield "| frame | group | " + " | ".join(map(str, years)) + " |"
    yield "|---" * (len(years) + 2) + "|"
    cells = {
        key: row
        for row, key in enumerate(
            zip(table.frame.tolist(), table.group.tolist(), table.period.tolist(), strict=True)
        )
    }
    for number, frame in enumerate(frames):
        for place, group in enumerate(GROUPS):
            shown = [_cell(table, cells.get((number, place, year))) for year in years]
            yield f"| {frame} | {group} | " + " | ".join(shown) + " |"
    yield ""
    yield from _weights(archive)
    of_first = table.frame == 0
    yield ""
    yield "| codings | group | " + " | ".join(map(str, years)) + " |"
    yield "|---" * (len(years) + 2) + "|"
    for place, group in enumerate(GROUPS):
        counts = dict(
            zip(
                table.period[of_first & (table.group == place)].tolist(),
                table.n_coded[of_first & (table.group == place)].tolist(),
                strict=True,
            )
        )
        yield f"| | {group} | " + " | ".join(str(counts.get(year, "")) for year in years) + " |"


def _weights(archive: Archive) -> Iterator[str]:
    """Yield how far the codings' weights are from the posts that they stand for."""
    training, measuring = archive.coded
    for place, group in enumerate(GROUPS):
        posts = int((archive.group == place).sum() - sum(archive.group[[*training]] == place))
        chance = np.array(
            [
                line["inclusion_probability"]
                for number, line in measuring.items()
                if archive.group[number] == place
            ]
        )
        error = float(np.sqrt(((1 - chance) / chance**2).sum()))
        total = float((1 / chance).sum())
        off = (total - posts) / error
        yield f"weights of {group} sum to {total:,.0f}, of {posts:,} posts: {off:+.1f} SD"


def _cell(table: PrevalenceTable, row: int | None) -> str:
    if row is None:
        return ""
    few = table.n_coded[row] < MIN_CODINGS or table.borrowed[row] >= 1
    if few or table.refused_because[row] is not None:
        return "refused"
    low, high = table.lower[row] * 100, table.upper[row] * 100
    return f"{table.estimate[row] * 100:.0f} ({low:.0f} to {high:.0f})"


def main() -> None:
    """Print the tables."""
    frames = list(load_codebook().keys)
    archive = read_archive()
    sys.stdout.write("\n".join(told(archive, estimated(archive, frames), frames)) + "\n")


if __name__ == "__main__":
    main()

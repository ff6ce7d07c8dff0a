"""Frames: train the classifier when the train pool has grown, and score every counted post."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.codebook import Codebook
from analysis.frames.classifier import FrameClassifier
from analysis.frames.evaluation import cross_validate, evaluate
from analysis.frames.storage import load_classifier, save_classifier
from flows.arrow_rows import arrow_rows, repeated, small, with_column
from flows.coding.codebooks import record_codebook, study_codebook
from flows.coding.codings import CodedPosts, read_codings
from flows.corpus_arrays import CorpusArrays, CorpusTerms, read_corpus, read_terms
from flows.frames.word_vectors import vectors_of_words
from flows.night import Night
from warehouse.gateway import Warehouse

Floats = NDArray[np.float64]

LEAST_CODED_POSTS = 50
"""Under so many coded posts no classifier is trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pool:
    """What a night can train on: the codebook, the posts that count, and those coded to train."""

    codebook: Codebook
    corpus: CorpusArrays
    coded: CodedPosts

    @property
    def classifier(self) -> str:
        """Return the name of the classifier that these codings train."""
        return f"ridge_{self.codebook.version}_{len(self.coded.rows)}"


def run_frames(warehouse: Warehouse, night: Night) -> str:
    """Train where the train pool has grown since the last classifier, and score the corpus."""
    pool = _read_pool(warehouse, night)
    if len(pool.coded.rows) < LEAST_CODED_POSTS:
        return _too_few(pool.coded)
    terms = read_terms(warehouse, night, pool.corpus.post_ids)
    name = pool.classifier
    file = night.home.models / name
    if file.with_name(f"{name}.json").is_file():
        classifier = load_classifier(file)
    else:
        classifier = _train(night, terms, pool.coded, pool.codebook, file)
        _evaluate(warehouse, night, terms, pool.coded, pool.codebook, name)
    vectors = vectors_of_words(terms.words) if "static" in classifier.dense_ else None
    scores = classifier.predict_proba(terms.counts, terms.words, word_vectors=vectors)
    _store_scores(warehouse, night, pool.corpus, pool.codebook, scores, name)
    return f"frame scores of {len(pool.corpus.post_ids)} posts by the classifier {name}"


def train_frames(warehouse: Warehouse, night: Night) -> str:
    """Train the classifier on what is coded, whether or not it was before, and evaluate it."""
    pool = _read_pool(warehouse, night)
    if len(pool.coded.rows) < LEAST_CODED_POSTS:
        return _too_few(pool.coded)
    terms = read_terms(warehouse, night, pool.corpus.post_ids)
    name = pool.classifier
    _train(night, terms, pool.coded, pool.codebook, night.home.models / name)
    _evaluate(warehouse, night, terms, pool.coded, pool.codebook, name)
    return f"the classifier {name} learned {len(pool.codebook.frames)} frames; see `evaluations`"


def _read_pool(warehouse: Warehouse, night: Night) -> _Pool:
    codebook = study_codebook(night.home, night.settings.coding)
    record_codebook(warehouse, codebook, day=night.clock.now().date())
    corpus = read_corpus(warehouse, night)
    coded = read_codings(warehouse, corpus, codebook, "train")
    return _Pool(codebook=codebook, corpus=corpus, coded=coded)


def _too_few(coded: CodedPosts) -> str:
    return (
        f"no frame scores: {len(coded.rows)} posts are coded for training, "
        f"and {LEAST_CODED_POSTS} are needed"
    )


def _train(
    night: Night, terms: CorpusTerms, coded: CodedPosts, codebook: Codebook, file: Path
) -> FrameClassifier:
    classifier = FrameClassifier(random_state=night.settings.analysis.seed)
    classifier.fit(
        terms.counts[coded.rows],
        coded.values,
        words=terms.words,
        frames=[frame.key for frame in codebook.frames],
        word_vectors=vectors_of_words(terms.words),
    )
    save_classifier(classifier, file)
    return classifier


def _evaluate(
    warehouse: Warehouse,
    night: Night,
    terms: CorpusTerms,
    coded: CodedPosts,
    codebook: Codebook,
    name: str,
) -> None:
    seed = night.settings.analysis.seed
    found = cross_validate(
        FrameClassifier(random_state=seed),
        terms.counts[coded.rows],
        coded.values,
        terms.words,
        word_vectors=vectors_of_words(terms.words),
        random_state=seed,
    )
    rows = evaluate(
        found,
        coded.values,
        [frame.key for frame in codebook.frames],
        version=name,
        random_state=seed,
    )
    rows = with_column(rows, "run_id", repeated(night.run.run_id, rows.num_rows))
    warehouse.replace("evaluations", rows, keys=["run_id", "kind"])


def _store_scores(
    warehouse: Warehouse,
    night: Night,
    corpus: CorpusArrays,
    codebook: Codebook,
    scores: Floats,
    name: str,
) -> None:
    """Store the scores of the latest classifier alone."""
    n, n_frames = scores.shape
    keys = pa.array([frame.key for frame in codebook.frames])
    rows = arrow_rows(
        {
            "run_id": repeated(night.run.run_id, n * n_frames),
            "post_id": np.repeat(corpus.post_ids, n_frames),
            "frame": keys.take(small(np.tile(np.arange(n_frames), n))),
            "probability": scores.ravel(),
            "classifier": repeated(name, n * n_frames),
        }
    )
    warehouse.replace("frame_scores", rows, keys=[])

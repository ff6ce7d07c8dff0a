"""A word that no post holds any more is in no stored model and in no topic's terms."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_array

from analysis.frames.classifier import FrameClassifier
from analysis.frames.storage import KIND as FRAMES
from analysis.frames.storage import load_classifier, save_classifier
from analysis.topics.model import TopicModel
from analysis.topics.storage import KIND as TOPICS
from analysis.topics.storage import load_topic_model, save_topic_model
from flows import model_words
from flows.model_words import forget_unused_words
from warehouse.gateway import Warehouse
from warehouse.home import Home
from warehouse.protection.keys import KeyRing
from warehouse.records import VirtualClock

WORDS = ["biscuits", "budget", "cuts", "marzipan", "peer", "recovery", "waiting"]
GONE = "marzipan"
Row = dict[str, object]


@pytest.fixture
def counts() -> csr_array:
    """Counts of the words in 40 posts; only the first four hold the word that goes."""
    drawn = np.random.default_rng(3).poisson(0.6, size=(40, len(WORDS))).astype(float)
    drawn[:, WORDS.index(GONE)] = 0
    drawn[:4, WORDS.index(GONE)] = 1
    return csr_array(drawn)


@pytest.fixture
def warehouse(tmp_path: Path, clock: VirtualClock) -> Iterator[Warehouse]:
    """A warehouse whose vocabulary has lost one word."""
    home = Home(tmp_path / "home")
    home.create()
    keys = KeyRing.create(tmp_path / "study.key")
    with Warehouse.open(home, keys=keys, clock=clock) as opened:
        words = [word for word in WORDS if word != GONE]
        rows = {"word_id": pa.array(range(len(words)), pa.int32()), "word": words}
        opened.replace("words", pa.table({**rows, "n": [9] * len(words)}), keys=[])
        yield opened


def topics_of(counts: csr_array) -> TopicModel:
    model = TopicModel(n_topics=2, min_posts=2, max_share=1.0, stop_words=frozenset({"a"}))
    return model.fit(counts, WORDS)


def classifier_of(counts: csr_array) -> FrameClassifier:
    coded = (np.arange(40) % 2).reshape(-1, 1).astype(float)
    return FrameClassifier(n_folds=2).fit(counts, coded, WORDS)


def test_models_forget_the_word_and_say_the_same_of_all_other_posts(
    warehouse: Warehouse, counts: csr_array
) -> None:
    models = warehouse.home.models
    topics, classifier = topics_of(counts), classifier_of(counts)
    save_topic_model(topics, models / "nmf")
    save_classifier(classifier, models / "tfidf")
    others = counts[4:]
    said, weighed = classifier.predict_proba(others, WORDS), topics.transform(others, WORDS)
    (models / "nmf-0123456789abcdef.npz").write_bytes(b"what an interrupted save leaves")
    assert forget_unused_words(warehouse) == 1
    assert GONE not in load_topic_model(models / "nmf").vocabulary_
    back = load_classifier(models / "tfidf")
    assert GONE not in back.features_.words_.vocabulary_
    np.testing.assert_allclose(back.predict_proba(others, WORDS), said)
    moved = load_topic_model(models / "nmf").transform(others, WORDS) - weighed
    assert np.abs(moved).max() < 0.1
    assert len([*models.glob("*.npz")]) == 2
    assert forget_unused_words(warehouse) == 0


def test_a_classifier_of_an_earlier_schema_goes_with_its_words(
    warehouse: Warehouse, counts: csr_array
) -> None:
    models = warehouse.home.models
    save_classifier(classifier_of(counts), models / "earlier")
    header = json.loads((models / "earlier.json").read_text(encoding="utf-8"))
    (models / "earlier.json").write_text(json.dumps({**header, "schema": 1}), encoding="utf-8")
    assert forget_unused_words(warehouse) == 0
    assert [*models.iterdir()] == []


def topic(model: str, number: int, label: str, terms: list[str], **columns: object) -> Row:
    day = date(2026, 1, 5)
    row = {"model": model, "topic_id": number, "label": label, "terms": terms, "born_on": day}
    rest = {"retired_on": None, "n_posts": 9, "coherence": 0.5, "distinctive_terms": None}
    return {**row, **rest, **columns}


def stored(warehouse: Warehouse, table: str, rows: Sequence[Row]) -> None:
    warehouse.replace(table, pa.Table.from_pylist(rows), keys=[])


def test_topics_lose_the_word_from_terms_and_labels(warehouse: Warehouse) -> None:
    distinctive = ["marzipan cuts", "budget", "peer support"]
    rows = [
        topic("old", 0, "marzipan, cuts", [GONE, "cuts", "budget"], retired_on=date(2026, 1, 6)),
        topic("new", 1, "marzipan (1)", [GONE]),
        topic("new", 2, "peer, recovery", ["peer", "recovery"]),
        topic("new", 3, "marzipan cuts, budget", ["budget"], distinctive_terms=distinctive),
    ]
    stored(warehouse, "topics", rows)
    assert forget_unused_words(warehouse) == 2  # and support, which is no word here
    found = warehouse.query(
        "SELECT label, terms, distinctive_terms FROM topics ORDER BY model DESC, topic_id"
    )
    assert [(*row.values(),) for row in found.to_pylist()] == [
        ("cuts, budget", ["cuts", "budget"], None),
        ("no terms", [], None),
        ("peer, recovery", ["peer", "recovery"], None),
        ("budget", ["budget"], ["budget"]),
    ]


def test_earlier_versions_of_topics_lose_the_word_with_its_weight(warehouse: Warehouse) -> None:
    terms = ["peer", "marzipan cuts", "cuts", GONE, "budget"]
    row = {"model": "m", "version": 3, "topic_id": 0, "terms": terms, "weights": [5, 4, 3, 2, 1.0]}
    stored(warehouse, "topic_terms", [row])
    assert forget_unused_words(warehouse) == 1
    (left,) = warehouse.query("SELECT terms, weights FROM topic_terms").to_pylist()
    assert left == {"terms": ["peer", "cuts", "budget"], "weights": [5, 3, 1]}


def test_names_of_a_person_lose_the_word_alone(warehouse: Warehouse) -> None:
    names = [
        (7, "Money and Marzipan cuts", "after a talk on marzipan, not marzipans"),
        (8, "Peers", ""),
    ]
    columns = ("topic_id", "label", "note")
    named = [dict(zip(columns, row, strict=True), named_on=date(2026, 1, 5)) for row in names]
    stored(warehouse, "topic_names", named)
    stored(warehouse, "topics", [topic("new", 7, "Money and Marzipan cuts", [GONE, "cuts"])])
    forget_unused_words(warehouse)
    found = warehouse.query("SELECT label, note FROM topic_names ORDER BY topic_id").to_pylist()
    assert [tuple(row.values()) for row in found] == [
        ("Money and [erased] cuts", "after a talk on [erased], not marzipans"),
        ("Peers", ""),
    ]
    assert warehouse.query("SELECT label FROM topics").to_pylist() == [
        {"label": "Money and [erased] cuts"}
    ]


def test_every_kind_of_model_that_is_stored_is_known_here() -> None:
    root = Path(__file__).resolve().parents[2] / "analysis"
    kinds = {
        line.partition('"')[2].rstrip('"\n')
        for file in root.rglob("*.py")
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith("KIND = ")
    }
    assert kinds == {TOPICS, FRAMES}


def test_a_phrase_leaves_when_no_post_holds_its_words_side_by_side(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_words, "TOKENS_AT_FIRST", 4)
    posts = [
        ["peer", "budget"],
        ["waiting", "cuts", "recovery"],
        ["budget", "cuts", "peer"],
        ["biscuits"],
    ]
    numbers = {row["word"]: row["word_id"] for row in warehouse.query("FROM words").to_pylist()}
    tokens = [(post, numbers[word]) for post, words in enumerate(posts) for word in words]
    stream = {
        "g": range(len(tokens)),
        "post_id": pa.array([post for post, _ in tokens], pa.int64()),
        "word_id": pa.array([word for _, word in tokens], pa.int32()),
    }
    warehouse.replace("token_stream", pa.table(stream), keys=[])
    runs = pa.table({"run": pa.array([0], pa.int32()), "first_g": [0], "next_g": [len(tokens)]})
    warehouse.replace("token_runs", runs, keys=[])
    # Words that follow each other in two posts, stand apart, or stand the other way round.
    unsaid = ["budget waiting", "waiting recovery", "peer cuts", "recovery budget cuts"]
    said = ["waiting cuts", "budget cuts", "cuts peer", "waiting cuts recovery"]
    drawn = np.random.default_rng(5).poisson(0.7, size=(40, len(said + unsaid) + 1)).astype(float)
    model = TopicModel(n_topics=2, min_posts=2, max_share=1.0).fit(
        csr_array(drawn), [*said, *unsaid, "cuts"]
    )
    save_topic_model(model, warehouse.home.models / "nmf")
    stored(warehouse, "topics", [topic("m", 0, "peer cuts, cuts", ["peer cuts", "budget cuts"])])
    row = {"model": "m", "version": 1, "topic_id": 0, "terms": [*unsaid, "cuts"]}
    stored(warehouse, "topic_terms", [{**row, "weights": [5, 4, 3, 2, 1.0]}])
    assert forget_unused_words(warehouse) == len(unsaid)
    left = load_topic_model(warehouse.home.models / "nmf").vocabulary_
    assert sorted(left) == sorted([*said, "cuts"])
    assert warehouse.query("SELECT label, terms FROM topics").to_pylist() == [
        {"label": "budget cuts", "terms": ["budget cuts"]}
    ]
    assert warehouse.query("SELECT terms, weights FROM topic_terms").to_pylist() == [
        {"terms": ["cuts"], "weights": [1]}
    ]
    assert forget_unused_words(warehouse) == 0

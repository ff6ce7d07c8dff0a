import json
from pathlib import Path

import numpy as np
import pytest

from analysis.saved_arrays import SavedModelError
from analysis.topics.model import TopicModel
from analysis.topics.storage import load_topic_model, save_topic_model


@pytest.fixture
def model(corpus) -> TopicModel:
    return TopicModel(n_topics=3, max_share=0.5, stop_words=frozenset({"today"})).fit(
        corpus.counts, corpus.words
    )


def test_a_model_comes_back_as_it_was(corpus, model: TopicModel, tmp_path: Path) -> None:
    save_topic_model(model, tmp_path / "topics")
    back = load_topic_model(tmp_path / "topics")
    assert back.get_params() == model.get_params()
    assert back.vocabulary_ == model.vocabulary_
    np.testing.assert_array_equal(
        back.transform(corpus.counts, corpus.words), model.transform(corpus.counts, corpus.words)
    )


def test_the_checksum_is_the_models_identity(corpus, model: TopicModel, tmp_path: Path) -> None:
    first = save_topic_model(model, tmp_path / "topics")
    assert save_topic_model(model, tmp_path / "again") == first
    other = TopicModel(n_topics=2, max_share=0.5).fit(corpus.counts, corpus.words)
    assert save_topic_model(other, tmp_path / "topics") != first


def test_only_its_owner_reads_it_and_an_earlier_one_is_removed(
    corpus, model: TopicModel, tmp_path: Path
) -> None:
    save_topic_model(model, tmp_path / "topics")
    save_topic_model(
        TopicModel(n_topics=2, max_share=0.5).fit(corpus.counts, corpus.words), tmp_path / "topics"
    )
    files = sorted(tmp_path.iterdir())
    assert [file.suffix for file in files] == [".npz", ".json"]
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    assert load_topic_model(tmp_path / "topics").n_topics == 2


@pytest.mark.parametrize("damage", ["cut", "flip", "gone", "header", "parameter", "list"])
def test_a_damaged_model_is_refused(model: TopicModel, tmp_path: Path, damage: str) -> None:
    save_topic_model(model, tmp_path / "topics")
    archive = next(tmp_path.glob("*.npz"))
    header = tmp_path / "topics.json"
    content = archive.read_bytes()
    if damage == "cut":
        archive.write_bytes(content[: len(content) // 2])
    elif damage == "flip":
        archive.write_bytes(content[:200] + bytes([content[200] ^ 1]) + content[201:])
    elif damage == "gone":
        archive.unlink()
    elif damage == "header":
        header.write_text(header.read_text()[:40])
    elif damage == "list":
        header.write_text("[]")
    else:
        header.write_text(header.read_text().replace('"strongest": 20', '"strongest": 30'))
    with pytest.raises(SavedModelError, match="damaged or not what was saved"):
        load_topic_model(tmp_path / "topics")


def test_a_model_of_another_kind_or_schema_is_refused(model: TopicModel, tmp_path: Path) -> None:
    save_topic_model(model, tmp_path / "topics")
    header = tmp_path / "topics.json"
    for change in ({"schema": 99}, {"kind": "frame classifier"}):
        header.write_text(json.dumps({**json.loads(header.read_text()), **change}))
        with pytest.raises(SavedModelError, match="fit it again"):
            load_topic_model(tmp_path / "topics")


def test_where_no_model_is_saved_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(SavedModelError, match="no topic model is saved"):
        load_topic_model(tmp_path / "topics")


def test_an_archive_outside_of_the_models_folder_is_never_read(
    model: TopicModel, tmp_path: Path
) -> None:
    save_topic_model(model, tmp_path / "topics")
    header = tmp_path / "topics.json"
    content = json.loads(header.read_text())
    header.write_text(json.dumps({**content, "arrays": "../" + content["arrays"] + ".other"}))
    with pytest.raises(SavedModelError, match="damaged"):
        load_topic_model(tmp_path / "topics")

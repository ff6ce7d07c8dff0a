import json
from pathlib import Path

import numpy as np
import pytest

from analysis.saved_arrays import SavedModelError, save_arrays
from analysis.topics.factorise import Statistics, improve_basis, non_negative_loadings
from analysis.topics.model import TopicModel
from analysis.topics.storage import KIND, load_topic_model, save_topic_model
from analysis.topics.terms.topic_terms import TopicTerms
from analysis.vectorise import TermWeighting


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


def test_a_saved_model_goes_on_as_if_it_had_not_been_saved(
    corpus, model: TopicModel, tmp_path: Path
) -> None:
    model.seeds = {"waiting": ["clinic"]}
    save_topic_model(model.partial_fit(corpus.counts[:50], corpus.words), tmp_path / "topics")
    back = load_topic_model(tmp_path / "topics")
    for one in (model, back):
        one.partial_fit(corpus.counts[50:90], corpus.words).refit(corpus.counts, corpus.words)
    for name in ("components_", "topic_ids_", "gram_", "cross_", "posts_"):
        np.testing.assert_array_equal(getattr(back, name), getattr(model, name))
    assert back.version_ == model.version_ == 4
    assert save_topic_model(back, tmp_path / "one") == save_topic_model(model, tmp_path / "other")


def test_terms_of_its_own_come_back_with_a_model(corpus, tmp_path: Path) -> None:
    terms = TopicTerms(max_share=0.5, related=0.0, stop_words=frozenset({"today"}))
    model = TopicModel(n_topics=3, terms=terms).fit(corpus.counts, corpus.words)
    save_topic_model(model, tmp_path / "topics")
    back = load_topic_model(tmp_path / "topics")
    assert back.terms.get_params() == terms.get_params()
    np.testing.assert_array_equal(
        back.refit(corpus.counts, corpus.words, new_terms=True).components_,
        model.refit(corpus.counts, corpus.words, new_terms=True).components_,
    )


def test_a_forgotten_term_is_in_no_array_of_the_file(
    corpus, model: TopicModel, tmp_path: Path
) -> None:
    save_topic_model(model.forget_terms({"clinic"}), tmp_path / "topics")
    back = load_topic_model(tmp_path / "topics")
    n_terms = len(back.vocabulary_)
    assert "clinic" not in back.vocabulary_
    assert back.cross_.shape == back.components_.shape == (3, n_terms)
    assert back.terms_.related_.shape == (n_terms, n_terms)
    with np.load(next(tmp_path.glob("*.npz"))) as stored:
        assert all(
            "clinic" not in values.tolist()
            for values in stored.values()
            if values.dtype.kind == "U"
        )
    back.partial_fit(corpus.counts, corpus.words)
    assert "clinic" not in back.vocabulary_


def test_a_model_of_the_first_schema_is_read_and_stands_still_until_it_learns(
    corpus, tmp_path: Path
) -> None:
    weighting = TermWeighting(max_share=0.5).fit(corpus.counts, corpus.words)
    components = np.random.default_rng(0).random((3, len(weighting.vocabulary_)))
    components /= np.linalg.norm(components, axis=1, keepdims=True)
    parameters = {"n_topics": 3, "strongest": 20, "min_posts": 5, "max_share": 0.5}
    save_arrays(
        tmp_path / "old",
        {
            "components": components,
            "idf": weighting.idf_,
            "vocabulary": np.array(weighting.vocabulary_),
        },
        {
            "parameters": {**parameters, "stop_words": None, "random_state": 0, "max_iter": 200},
            "converged": True,
        },
        kind=KIND,
        schema=1,
    )
    model = load_topic_model(tmp_path / "old")
    rows = weighting.transform(corpus.counts, corpus.words)
    np.testing.assert_allclose(
        model.loadings(corpus.counts, corpus.words), non_negative_loadings(rows, components)
    )
    still = improve_basis(components, Statistics(model.gram_, model.cross_), sweeps=3)
    np.testing.assert_allclose(still, components, atol=1e-12)
    moved = model.partial_fit(corpus.counts[:30], corpus.words)
    assert ((moved.components_ * components).sum(axis=1) > 0.9).all()

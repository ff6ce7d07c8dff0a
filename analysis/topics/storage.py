"""Saving and loading the topic model, with all that the next night needs."""

from pathlib import Path
from typing import Any

import numpy as np

from analysis.saved_arrays import Saved, SavedModelError, load_arrays, save_arrays
from analysis.topics.model import TopicModel
from analysis.topics.weighing import CutTerms

KIND = "topic model"
SCHEMA = 2
SCHEMA_WITHOUT_STATISTICS = 1
_LEARNED = ("components", "topic_ids", "gram", "cross", "posts")
_TYPICAL_WEIGHT = 0.05
"""About what a post adds to its topic's statistics: the square of its loading."""


def save_topic_model(model: TopicModel, path: Path) -> str:
    """Save a fitted model under `path` (a name without ending); return its checksum."""
    parameters: dict[str, Any] = model.get_params(deep=False)
    if parameters["stop_words"] is not None:
        parameters["stop_words"] = sorted(parameters["stop_words"])
    if parameters["seeds"] is not None:
        parameters["seeds"] = {name: list(words) for name, words in parameters["seeds"].items()}
    if parameters.pop("terms") is not None:
        raise TypeError("a topic model with terms of another kind cannot be saved; leave terms out")
    arrays = {name: getattr(model, f"{name}_") for name in _LEARNED}
    return save_arrays(
        path,
        {**arrays, "idf": model.idf_, "vocabulary": np.array(model.vocabulary_, dtype=np.str_)},
        {
            "parameters": parameters,
            "converged": model.converged_,
            "version": model.version_,
            "seed_names": model.seed_names_,
            "unknown_words": model.n_unknown_words_,
        },
        kind=KIND,
        schema=SCHEMA,
    )


def load_topic_model(path: Path) -> TopicModel:
    """Return the model saved under `path`.

    One that was saved before statistics were kept counts as learned from as many posts as it may
    remember, all of which its basis fits.

    Raises
    ------
    analysis.saved_arrays.SavedModelError
        Where there is none, or it is damaged or of another version.
    """
    try:
        saved = load_arrays(path, kind=KIND, schema=SCHEMA)
    except SavedModelError as refused:
        try:
            earlier = load_arrays(path, kind=KIND, schema=SCHEMA_WITHOUT_STATISTICS)
        except SavedModelError:
            raise refused from None
        saved = _with_statistics(earlier)
    parameters = dict(saved.description["parameters"])
    if parameters["stop_words"] is not None:
        parameters["stop_words"] = frozenset(parameters["stop_words"])
    model = TopicModel(**parameters)
    for name in _LEARNED:
        setattr(model, f"{name}_", saved.arrays[name])
    model.terms_ = _terms(model, saved)
    model.vocabulary_, model.idf_ = model.terms_.vocabulary_, model.terms_.idf_
    model.converged_ = bool(saved.description["converged"])
    model.version_ = int(saved.description["version"])
    model.seed_names_ = list(saved.description["seed_names"])
    model.n_unknown_words_ = int(saved.description["unknown_words"])
    return model


def _terms(model: TopicModel, saved: Saved) -> CutTerms:
    terms = model.unfitted_terms()
    terms.vocabulary_ = saved.arrays["vocabulary"].tolist()
    terms.idf_ = saved.arrays["idf"]
    return terms  # type: ignore[return-value] # terms of another kind are never saved


def _with_statistics(earlier: Saved) -> Saved:
    parameters = dict(earlier.description["parameters"])
    components = earlier.arrays["components"]
    k = len(components)
    posts = np.full(k, TopicModel(**parameters).memory)
    gram = np.diag(posts * _TYPICAL_WEIGHT)
    arrays = {
        **earlier.arrays,
        "topic_ids": np.arange(k, dtype=np.int64),
        "gram": gram,
        "cross": gram @ components,
        "posts": posts,
    }
    description = {
        **earlier.description,
        "version": 1,
        "seed_names": [""] * k,
        "unknown_words": 0,
    }
    return Saved(arrays, description)

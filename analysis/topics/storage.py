"""Saving and loading the topic model, with all that the next night needs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from analysis.saved_arrays import Saved, SavedModelError, load_arrays, save_arrays
from analysis.topics.model import TopicModel
from analysis.topics.terms.topic_terms import TopicTerms

KIND = "topic model"
SCHEMA = 2
SCHEMA_WITHOUT_STATISTICS = 1
_LEARNED = ("components", "topic_ids", "gram", "cross", "posts")
_TYPICAL_WEIGHT = 0.05
"""About what a post adds to its topic's statistics: the square of its loading."""


def save_topic_model(model: TopicModel, path: Path) -> str:
    """Save a fitted model under `path` (a name without ending); return its checksum."""
    parameters: dict[str, Any] = model.get_params(deep=False)
    if parameters["seeds"] is not None:
        parameters["seeds"] = {name: list(words) for name, words in parameters["seeds"].items()}
    if parameters["terms"] is not None:
        parameters["terms"] = _plain(parameters["terms"].get_params())
    learned = {f"terms_{name}": values for name, values in model.terms_.learned().items()}
    return save_arrays(
        path,
        {**{name: getattr(model, f"{name}_") for name in _LEARNED}, **learned},
        {
            "parameters": _plain(parameters),
            "terms": _plain(model.terms_.get_params()),
            "converged": model.converged_,
            "version": model.version_,
            "seed_names": model.seed_names_,
            "unknown_words": model.n_unknown_words_,
        },
        kind=KIND,
        schema=SCHEMA,
    )


def load_topic_model(path: Path) -> TopicModel:
    """Return the model saved under `path`, ready for the next night.

    One that was saved before statistics were kept counts as learned from as many posts as it may
    remember, all of which its basis fits.

    Raises
    ------
    analysis.saved_arrays.SavedModelError
        Where there is none, or it is damaged or of another version.
    """
    saved = _saved(path)
    parameters = _unplain(saved.description["parameters"])
    if parameters["terms"] is not None:
        parameters["terms"] = TopicTerms(**_unplain(parameters["terms"]))
    model = TopicModel(**parameters)
    for name in _LEARNED:
        setattr(model, f"{name}_", saved.arrays[name])
    learned = {
        name.removeprefix("terms_"): values
        for name, values in saved.arrays.items()
        if name.startswith("terms_")
    }
    model.terms_ = TopicTerms(**_unplain(saved.description["terms"])).restore(learned)
    model.vocabulary_, model.idf_ = model.terms_.vocabulary_, model.terms_.idf_
    model.converged_ = bool(saved.description["converged"])
    model.version_ = int(saved.description["version"])
    model.seed_names_ = list(saved.description["seed_names"])
    model.n_unknown_words_ = int(saved.description["unknown_words"])
    return model


def _saved(path: Path) -> Saved:
    try:
        return load_arrays(path, kind=KIND, schema=SCHEMA)
    except SavedModelError as refused:
        try:
            return _with_statistics(load_arrays(path, kind=KIND, schema=SCHEMA_WITHOUT_STATISTICS))
        except SavedModelError:
            raise refused from None


def _with_statistics(earlier: Saved) -> Saved:
    """Return what was saved by the first schema as the present one would hold it."""
    components, idf = earlier.arrays["components"], earlier.arrays["idf"]
    parameters = earlier.description["parameters"]
    posts = np.full(len(components), TopicModel(**parameters).memory)
    gram = np.diag(posts * _TYPICAL_WEIGHT)
    shared = ("min_posts", "max_share", "stop_words", "strongest")
    terms = TopicTerms(
        **{name: parameters[name] for name in shared}, sublinear=False, related=0.0
    ).get_params()
    arrays = {
        "components": components,
        "topic_ids": np.arange(len(components), dtype=np.int64),
        "gram": gram,
        "cross": gram @ components,
        "posts": posts,
        "terms_vocabulary": earlier.arrays["vocabulary"],
        "terms_idf": idf,
        "terms_background": np.ones(len(idf)),
        "terms_related": np.empty(0),
        "terms_related_columns": np.empty(0, dtype=np.int32),
        "terms_related_starts": np.zeros(len(idf) + 1, dtype=np.int32),
    }
    described = {
        "parameters": {**parameters, "seeds": None, "terms": terms},
        "terms": terms,
        "converged": earlier.description["converged"],
        "version": 1,
        "seed_names": [""] * len(components),
        "unknown_words": 0,
    }
    return Saved(arrays, described)


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters as JSON can hold them."""
    stop_words = parameters["stop_words"]
    return {**parameters, "stop_words": None if stop_words is None else sorted(stop_words)}


def _unplain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    stop_words = parameters["stop_words"]
    return {**parameters, "stop_words": None if stop_words is None else frozenset(stop_words)}

"""Saving and loading the topic model."""

from pathlib import Path
from typing import Any

import numpy as np

from analysis.saved_arrays import load_arrays, save_arrays
from analysis.topics.model import TopicModel

KIND = "topic model"
SCHEMA = 1


def save_topic_model(model: TopicModel, path: Path) -> str:
    """Save a fitted model under `path` (a name without ending); return its checksum."""
    parameters: dict[str, Any] = model.get_params()
    if parameters["stop_words"] is not None:
        parameters["stop_words"] = sorted(parameters["stop_words"])
    return save_arrays(
        path,
        {
            "components": model.components_,
            "idf": model.idf_,
            "vocabulary": np.array(model.vocabulary_, dtype=np.str_),
        },
        {"parameters": parameters, "converged": model.converged_},
        kind=KIND,
        schema=SCHEMA,
    )


def load_topic_model(path: Path) -> TopicModel:
    """Return the model saved under `path`.

    Raises
    ------
    analysis.saved_arrays.SavedModelError
        Where there is none, or it is damaged or of another version.
    """
    saved = load_arrays(path, kind=KIND, schema=SCHEMA)
    parameters = dict(saved.description["parameters"])
    if parameters["stop_words"] is not None:
        parameters["stop_words"] = frozenset(parameters["stop_words"])
    model = TopicModel(**parameters)
    model.components_ = saved.arrays["components"]
    model.vocabulary_ = saved.arrays["vocabulary"].tolist()
    model.idf_ = saved.arrays["idf"]
    model.converged_ = bool(saved.description["converged"])
    model.weighting_ = model.weighting()
    model.weighting_.vocabulary_ = model.vocabulary_
    model.weighting_.idf_ = model.idf_
    return model

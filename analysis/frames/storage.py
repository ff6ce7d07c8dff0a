"""Saving and loading the frame classifier."""

from pathlib import Path

import numpy as np

from analysis.frames.classifier import Dense, FrameClassifier
from analysis.frames.dense import DenseFeatures
from analysis.frames.features import FrameFeatures
from analysis.saved_arrays import load_arrays, save_arrays
from analysis.vectorise import TermWeighting

KIND = "frame classifier"
SCHEMA = 2

_LEARNED = (
    *("coef_", "intercept_", "calibration_", "thresholds_", "abstained_", "base_rates_"),
    "penalties_",
)


def save_classifier(model: FrameClassifier, path: Path) -> str:
    """Save a fitted classifier under `path` (a name without ending); return its checksum.

    What the training posts scored (`cross_fitted_`) is not part of the model and is not saved.
    """
    arrays = {name.rstrip("_"): getattr(model, name) for name in _LEARNED}
    for name, weighting in _weightings(model.features_).items():
        arrays[f"{name}_idf"] = weighting.idf_
        arrays[f"{name}_vocabulary"] = np.array(weighting.vocabulary_, dtype=np.str_)
    for name, dense in model.dense_.items():
        arrays[f"{name}_mean"] = dense.features.mean_
        arrays[f"{name}_linear"], arrays[f"{name}_pairs"] = dense.linear, dense.pairs
    description = {
        "parameters": {**model.get_params(), "penalties": list(model.penalties)},
        "features": model.features_.get_params(),
        "dense": {name: dense.features.get_params() for name, dense in model.dense_.items()},
        "frames": model.classes_,
    }
    return save_arrays(path, arrays, description, kind=KIND, schema=SCHEMA)


def load_classifier(path: Path) -> FrameClassifier:
    """Return the classifier saved under `path`.

    Raises
    ------
    analysis.saved_arrays.SavedModelError
        Where there is none, or it is damaged or of another version.
    """
    saved = load_arrays(path, kind=KIND, schema=SCHEMA)
    parameters = saved.description["parameters"]
    model = FrameClassifier(**{**parameters, "penalties": tuple(parameters["penalties"])})
    model.classes_ = list(saved.description["frames"])
    for name in _LEARNED:
        setattr(model, name, saved.arrays[name.rstrip("_")])
    features = FrameFeatures(**saved.description["features"])
    features.words_ = features.word_weighting()
    features.pieces_ = features.piece_weighting()
    for name, weighting in _weightings(features).items():
        weighting.idf_ = saved.arrays[f"{name}_idf"]
        weighting.vocabulary_ = saved.arrays[f"{name}_vocabulary"].tolist()
    model.features_ = features
    model.dense_ = {}
    for name, chosen in saved.description["dense"].items():
        dense = DenseFeatures(**chosen)
        dense.mean_ = saved.arrays[f"{name}_mean"]
        learned = saved.arrays[f"{name}_linear"], saved.arrays[f"{name}_pairs"]
        model.dense_[name] = Dense(dense, *learned)
    return model


def _weightings(features: FrameFeatures) -> dict[str, TermWeighting]:
    return {"word": features.words_, "piece": features.pieces_}

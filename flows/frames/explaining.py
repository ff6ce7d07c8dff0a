"""Why the study's classifier scores a text as it does: what its words add, frame by frame."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from analysis.frames.classifier import FrameClassifier
from analysis.frames.explain import explain, strongest_span
from analysis.frames.storage import KIND, load_classifier
from analysis.saved_arrays import SavedModelError, saved_models
from flows.frames.texts import count_words, tokens_in
from flows.frames.word_vectors import vectors_of_words

N_WORDS = 6
Row = dict[str, object]


def latest_classifier(models: Path) -> FrameClassifier:
    """Return the frame classifier that was saved last.

    Raises
    ------
    analysis.saved_arrays.SavedModelError
        Where there is none.
    """
    found = [path for path, kind in saved_models(models).items() if kind == KIND]
    if not found:
        raise SavedModelError(
            f"no frame classifier is saved in {models}; code posts for training, then run "
            "`valuetalk frames train`"
        )
    times = [path.with_name(f"{path.name}.json").stat().st_mtime_ns for path in found]
    return load_classifier(found[int(np.argmax(times))])


def explain_text(model: FrameClassifier, text: str) -> list[Row]:
    """Return a row a frame: its probability, the words and the stretch of the text that made it.

    Raises
    ------
    ValueError
        Where the text has no word.
    """
    tokens = tokens_in(text)
    words = count_words([text])
    if not words.words:
        raise ValueError("the text has no word; give a sentence or more")
    vectors = vectors_of_words(words.words) if "static" in model.dense_ else None
    given = (words.counts, words.words)
    found = explain(model, *given, word_vectors=vectors)
    probabilities = model.predict_proba(*given, word_vectors=vectors)
    expressed = model.expressed(probabilities)[0]
    place = {word: row for row, word in enumerate(words.words)}
    times = np.asarray(words.counts.sum(axis=0)).ravel()

    def rows() -> Iterator[Row]:
        for frame, name in enumerate(model.classes_):
            each = [
                found.added[place[token], frame] / times[place[token]] if token in place else 0.0
                for token in tokens
            ]
            start, end = strongest_span(each)
            strongest = found.strongest(words.words, frame, n=N_WORDS)
            yield {
                "frame": name,
                "probability": float(probabilities[0, frame]),
                "expressed": bool(expressed[frame]),
                "words": ", ".join(f"{word} {added:+.2f}" for word, added in strongest),
                "stretch": " ".join(tokens[start:end]),
            }

    return sorted(rows(), key=lambda row: -float(str(row["probability"])))

"""What stored models know of words: no word stays in one that no post holds any more.

A vocabulary is a list of what people wrote. A word that only erased posts held, a name perhaps,
leaves the index with them, and after that every stored model and the terms of every topic.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from analysis.frames import storage as frames
from analysis.saved_arrays import saved_models
from analysis.topics import storage as topics
from warehouse.gateway import Warehouse
from warehouse.protection.terms import forget_terms, terms_of_topics

_UNUSED = """
SELECT word FROM (SELECT DISTINCT unnest($1::VARCHAR[]) AS word) ANTI JOIN words USING (word)
"""


@dataclass(frozen=True, slots=True)
class _Stored:
    """A stored model: its words, and how it is stored again without some of them."""

    words: Collection[str]
    forget: Callable[[Collection[str]], object]


def forget_unused_words(warehouse: Warehouse) -> int:
    """Drop words that no post holds from stored models and topics; return how many words.

    Call it when every post is indexed, since the index says which words are held. Models go last:
    ended in between, they still say which words have to go.
    """
    stored = [
        model
        for path, kind in saved_models(warehouse.home.models).items()
        if (model := _opened(path, kind)) is not None
    ]
    words = {word for model in stored for word in model.words}
    gone = _unused(warehouse, words | terms_of_topics(warehouse.connection))
    if gone:
        with warehouse.transaction() as connection:
            forget_terms(connection, gone)
        for model in stored:
            if not gone.isdisjoint(model.words):
                model.forget(gone)
    return len(gone)


def _opened(path: Path, kind: str) -> _Stored | None:
    if kind == topics.KIND:
        model = topics.load_topic_model(path)
        return _Stored(
            model.vocabulary_,
            lambda gone: topics.save_topic_model(model.forget_terms(gone), path),
        )
    if kind == frames.KIND:
        classifier = frames.load_classifier(path)
        return _Stored(
            classifier.features_.words_.vocabulary_,
            lambda gone: frames.save_classifier(classifier.forget_words(gone), path),
        )
    return None


def _unused(warehouse: Warehouse, words: Collection[str]) -> set[str]:
    rows = warehouse.query(_UNUSED, [list(words)]).to_pylist()
    return {row["word"] for row in rows}

"""What stored models know of posts and words: nothing stays in one that no post holds any more.

A vocabulary is a list of what people wrote. A word that only erased posts held, a name perhaps,
leaves the index with them, and after that every stored model, what grows beside it, the terms of
every topic and what people called topics. A phrase goes with any of its words, and where no post
holds them side by side any more. Posts that are gone, or withheld, leave the pool that new topics
grow from.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from analysis.frames import storage as frames
from analysis.saved_arrays import OtherSchemaError, remove_saved, saved_models
from analysis.topics import storage as topics
from analysis.topics.nights.pool import holds_any
from analysis.topics.terms.phrases import BETWEEN, LONGEST
from flows.arrow_rows import values_of
from flows.topics import keeping
from warehouse.gateway import Warehouse
from warehouse.protection.terms import forget_terms, terms_of_topics

_UNUSED = """
SELECT word FROM known_words ANTI JOIN words USING (word)
"""
_LAST = "SELECT coalesce(max(next_g), 0) FROM token_runs"
_SAID = """
WITH placed AS (
    SELECT phrase, len(said) AS length, unnest(said) AS word, generate_subscripts(said, 1) AS place
    FROM (SELECT phrase, string_split(phrase, ' ') AS said FROM known_phrases)
)
SELECT DISTINCT phrase FROM (
    SELECT phrase FROM placed JOIN words USING (word) JOIN token_stream USING (word_id)
    WHERE g >= $first AND g < $end
    GROUP BY phrase, length, post_id, g - place HAVING count(*) = length
)
"""
TOKENS_AT_FIRST = 2_000_000
"""Newest tokens in which all phrases are looked for; those that are not there, in ever more."""
_GONE_POSTS = """
SELECT post_id FROM pooled_posts
WHERE post_id NOT IN (SELECT post_id FROM posts WHERE NOT withheld)
"""


@dataclass(frozen=True, slots=True)
class _Stored:
    """A stored model: its terms, and how it is stored again without some of them."""

    terms: Collection[str]
    forget: Callable[[Collection[str]], object]


def forget_unused_words(warehouse: Warehouse) -> int:
    """Drop terms that no post holds from stored models and topics; return how many went.

    A word of a phrase that went counts, and the phrase with it does not.

    Call it when every post is indexed, since the index says which words are held. Models go last:
    ended in between, they still say which words have to go.
    """
    stored = [
        model
        for path, kind in saved_models(warehouse.home.models).items()
        if (model := _opened(warehouse, path, kind)) is not None
    ]
    terms = terms_of_topics(warehouse.connection).union(*(model.terms for model in stored))
    gone = _unused(warehouse, {word for term in terms for word in term.split(BETWEEN)})
    phrases = {t for t in terms if BETWEEN in t and gone.isdisjoint(t.split(BETWEEN))}
    gone |= _unsaid(warehouse, phrases)
    if gone:
        with warehouse.transaction() as connection:
            forget_terms(connection, gone)
        for model in stored:
            if left := [term for term in model.terms if holds_any(term, gone)]:
                model.forget(left)
    return len(gone)


def _opened(warehouse: Warehouse, path: Path, kind: str) -> _Stored | None:
    if kind == topics.KIND and not keeping.is_kept(path):
        model = topics.load_topic_model(path)
        return _Stored(
            model.vocabulary_,
            lambda gone: topics.save_topic_model(model.forget_terms(gone), path),
        )
    if kind == keeping.KIND:
        return _opened_keeper(warehouse, keeping.kept_model(path))
    return _opened_classifier(path) if kind == frames.KIND else None


def _opened_classifier(path: Path) -> _Stored | None:
    """Return a frame classifier; one of another schema is removed.

    Nothing reads it and no word can be taken out of it; the codings train another.
    """
    try:
        classifier = frames.load_classifier(path)
    except OtherSchemaError:
        remove_saved(path)
        return None
    return _Stored(
        classifier.features_.words_.vocabulary_,
        lambda gone: frames.save_classifier(classifier.forget_words(gone), path),
    )


def _opened_keeper(warehouse: Warehouse, path: Path) -> _Stored:
    """Return a line of topic models with all that is kept beside it, without posts that went."""
    keeper = keeping.load_keeper(path)
    gone_posts = _gone_posts(warehouse, pa.table({"post_id": keeper.pool_post_ids}))
    if gone_posts:
        keeper.forget_posts(gone_posts)
        keeping.save_keeper(keeper, path)
    return _Stored(
        keeper.words(), lambda gone: keeping.save_keeper(keeper.forget_terms(gone), path)
    )


def _gone_posts(warehouse: Warehouse, pooled: pa.Table) -> list[int]:
    warehouse.connection.register("pooled_posts", pooled)
    try:
        found = warehouse.connection.execute(_GONE_POSTS).to_arrow_table()
    finally:
        warehouse.connection.unregister("pooled_posts")
    gone: list[int] = values_of(found, "post_id").tolist()
    return gone


def _unsaid(warehouse: Warehouse, phrases: Collection[str]) -> set[str]:
    """Return the phrases whose words stand side by side in no post.

    The newest tokens hold most phrases, so that only few are looked for in all of them.
    """
    unseen = set(phrases)
    ((end,),) = warehouse.connection.execute(_LAST).fetchall()
    n_tokens = TOKENS_AT_FIRST
    while unseen and end > 0:
        first = max(end - n_tokens, 0)
        known = pa.table({"phrase": pa.array(sorted(unseen), pa.string())})
        warehouse.connection.register("known_phrases", known)
        try:
            found = warehouse.connection.execute(_SAID, {"first": first, "end": end + LONGEST})
            unseen -= {phrase for (phrase,) in found.fetchall()}
        finally:
            warehouse.connection.unregister("known_phrases")
        end, n_tokens = first, 4 * n_tokens
    return unseen


def _unused(warehouse: Warehouse, words: Collection[str]) -> set[str]:
    # a list given as a value costs far more than a table
    known = pa.table({"word": pa.array(list(words), pa.string())})
    warehouse.connection.register("known_words", known)
    try:
        return {word for (word,) in warehouse.connection.execute(_UNUSED).fetchall()}
    finally:
        warehouse.connection.unregister("known_words")

"""Which topics each post has, as rows: weights, the leading topic, and how much topics explain."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.topics.factorise import non_negative_loadings
from analysis.topics.model import TopicModel, leading_ids
from analysis.topics.reading.badly_explained import explained_share, leading_where_explained
from analysis.topics.terms.phrases import phrases_of_terms
from flows.arrow_rows import arrow_rows, repeated, small
from flows.corpus_arrays import CorpusTerms
from flows.topics.posts import PostsToRead
from flows.topics.terms import read_terms
from warehouse.gateway import Warehouse

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_WEIGHT = 0.05
"""Weights under this share of a post are not stored."""

_FORGET = """
DELETE FROM post_topics WHERE post_id IN (SELECT post_id FROM assigned_posts);
DELETE FROM topic_posts WHERE post_id IN (SELECT post_id FROM assigned_posts)
"""
_ENTER = """
INSERT INTO post_topics BY NAME FROM assigned_topics;
INSERT INTO topic_posts BY NAME FROM assigned_posts
"""
_MOVES = """
INSERT INTO topic_moves
SELECT now.model, $version, before.model, before.topic_id, now.topic_id, count(*)
FROM assigned_posts AS now JOIN topic_posts AS before USING (post_id)
WHERE before.is_counted GROUP BY ALL ORDER BY ALL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """Rows of `post_topics` and of `topic_posts`."""

    topics: pa.Table
    posts: pa.Table

    def led_by(self, topic_ids: set[int]) -> "Assigned":
        """Return the rows of the posts that some topics lead."""
        led = pa.array(sorted(topic_ids), pa.int32())
        posts = self.posts.filter(pa.compute.is_in(self.posts["topic_id"], led))
        kept = pa.compute.is_in(self.topics["post_id"], posts["post_id"].combine_chunks())
        return Assigned(topics=self.topics.filter(kept), posts=posts)


def assign_posts(
    warehouse: Warehouse,
    model: TopicModel,
    posts: PostsToRead,
    *,
    line: str,
    terms: CorpusTerms | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Assigned:
    """Return the topics of posts by a model; a post that none explains has none.

    Parameters
    ----------
    terms : CorpusTerms, optional
        The posts' terms, where they are held; they are read block by block if not.
    say : callable
        Is told how far it is.
    """
    phrases = phrases_of_terms(model.vocabulary_)
    parts: list[Assigned] = []
    done = 0
    for block in posts.blocks():
        if terms is None:
            held = read_terms(warehouse, block, phrases)
        else:
            held = terms.only(np.arange(done, done + len(block)))
        parts.append(_assigned(model, held, block, line=line))
        done += len(block)
        say(f"topics of {done:,} of {len(posts):,} posts")
    parts = parts or [_assigned(model, read_terms(warehouse, posts, phrases), posts, line=line)]
    return Assigned(
        topics=pa.concat_tables([part.topics for part in parts]),
        posts=pa.concat_tables([part.posts for part in parts]),
    )


def _assigned(model: TopicModel, terms: CorpusTerms, posts: PostsToRead, *, line: str) -> Assigned:
    weighed = model.terms_.transform(terms.counts, terms.words)
    loadings = non_negative_loadings(weighed, model.components_)
    explained = explained_share(weighed, model.components_, loadings)
    weights = model.shares(weighed)
    leading = leading_where_explained(leading_ids(weights, model.topic_ids_), explained)
    weights[leading < 0] = 0.0
    row, column = np.nonzero(weights >= LEAST_WEIGHT)
    post_ids, n = posts.post_ids, len(posts)
    return Assigned(
        topics=arrow_rows(
            {
                "model": repeated(line, len(row)),
                "post_id": post_ids[row],
                "topic_id": small(model.topic_ids_[column]),
                "weight": weights[row, column],
            }
        ),
        posts=arrow_rows(
            {
                "model": repeated(line, n),
                "post_id": post_ids,
                "topic_id": pa.array(leading.astype(np.int32), mask=leading < 0),
                "explained": explained,
                "first_g": posts.first_g,
                "is_counted": np.ones(n, dtype=np.bool_),
            }
        ),
    )


def store_assigned(
    warehouse: Warehouse, assigned: Assigned, *, version: int | None = None, all_posts: bool = False
) -> None:
    """Put rows of posts in place of those that they had; part of the caller's transaction.

    Parameters
    ----------
    version : int, optional
        Enter in `topic_moves` how many posts this version moved from topic to topic.
    all_posts : bool
        Posts that are not assigned lose their rows, too.
    """
    connection = warehouse.connection
    connection.register("assigned_topics", assigned.topics)
    connection.register("assigned_posts", assigned.posts)
    try:
        if version is not None:
            connection.execute(_MOVES, {"version": version})
        connection.execute(
            "DELETE FROM post_topics; DELETE FROM topic_posts" if all_posts else _FORGET
        )
        connection.execute(_ENTER)
    finally:
        connection.unregister("assigned_topics")
        connection.unregister("assigned_posts")

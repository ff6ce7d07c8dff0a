"""Which posts the topic stage has to read: what is new, edited or back since it ran last.

`topic_posts` says which posts the model in use has read, and where their text stood in the token
index. An edited text stands elsewhere. Telling what changed reads narrow columns; tokens are read
of changed posts alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.topics.model import drawn_posts
from flows.arrow_rows import values_of
from warehouse.counted import IS_COUNTED
from warehouse.gateway import Warehouse

Integers = NDArray[np.int64]

POSTS_TO_LEARN_FROM = 100_000
"""Of more posts, topics are learned from so many, drawn by the study's seed: memory and time are
bounded, and all posts are given their topics, block by block."""
POSTS_AT_ONCE = 20_000
"""Posts whose tokens are held at once."""

_COUNTED = f"""
SELECT posts.post_id, indexed.first_g, indexed.n_tokens
FROM posts JOIN indexed USING (post_id) WHERE {IS_COUNTED}
"""
_ALL = f"SELECT *, true AS is_new FROM ({_COUNTED}) ORDER BY first_g"
_CHANGED = f"""
SELECT counted.*, held.post_id IS NULL AS is_new
FROM ({_COUNTED}) AS counted
LEFT JOIN (FROM topic_posts WHERE model = $model) AS held USING (post_id)
WHERE held.post_id IS NULL OR held.first_g <> counted.first_g OR NOT held.is_counted
ORDER BY first_g
"""
_LEFT = f"""
SELECT post_id FROM topic_posts WHERE model = $model AND is_counted
    AND post_id NOT IN (SELECT post_id FROM ({_COUNTED}))
"""
_LEAVE = """
UPDATE topic_posts SET is_counted = false WHERE post_id IN (SELECT post_id FROM left_posts);
DELETE FROM post_topics WHERE post_id IN (SELECT post_id FROM left_posts)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostsToRead:
    """Counted posts in the order of their tokens' running position, arrays (n,).

    Attributes
    ----------
    post_ids, first_g, n_tokens : integers
    is_new : booleans
        Whether the model has not read the post before, in no version of its text.
    """

    post_ids: Integers
    first_g: Integers
    n_tokens: Integers
    is_new: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return how many posts there are."""
        return len(self.post_ids)

    def only(self, chosen: NDArray[np.bool_] | Integers) -> "PostsToRead":
        """Return some of the posts, told by a boolean for each or by ascending row numbers."""
        return PostsToRead(
            post_ids=self.post_ids[chosen],
            first_g=self.first_g[chosen],
            n_tokens=self.n_tokens[chosen],
            is_new=self.is_new[chosen],
        )

    def drawn(self, *, seed: int) -> "PostsToRead":
        """Return the posts that topics are learned from: all of them, or a draw of many."""
        if len(self) <= POSTS_TO_LEARN_FROM:
            return self
        return self.only(drawn_posts(len(self), POSTS_TO_LEARN_FROM, random_state=seed))

    def blocks(self) -> Iterator["PostsToRead"]:
        """Yield the posts, as many at once as are read together."""
        for start in range(0, len(self), POSTS_AT_ONCE):
            yield self.only(np.arange(start, min(start + POSTS_AT_ONCE, len(self))))


def all_posts(warehouse: Warehouse, language: str) -> PostsToRead:
    """Return every counted post."""
    return _posts(warehouse.connection.execute(_ALL, {"language": language}).to_arrow_table())


def changed_posts(warehouse: Warehouse, model: str, language: str) -> PostsToRead:
    """Return the counted posts that are new to a model, were edited, or count again."""
    values = {"language": language, "model": model}
    return _posts(warehouse.connection.execute(_CHANGED, values).to_arrow_table())


def left_posts(warehouse: Warehouse, model: str, language: str) -> Integers:
    """Return the posts that counted when the model was applied last, and do no more."""
    values = {"language": language, "model": model}
    found = warehouse.connection.execute(_LEFT, values).to_arrow_table()
    return np.asarray(values_of(found, "post_id"), dtype=np.int64)


def let_leave(warehouse: Warehouse, post_ids: Integers) -> None:
    """Take the topics of posts that count no more; part of the caller's transaction."""
    warehouse.connection.register("left_posts", pa.table({"post_id": post_ids}))
    try:
        warehouse.connection.execute(_LEAVE)
    finally:
        warehouse.connection.unregister("left_posts")


def chosen_posts(
    warehouse: Warehouse, sql: str, *, pooled: Integers, **values: object
) -> PostsToRead:
    """Return the counted posts among those that a query names by `post_id`.

    The query finds `pooled` as the table pooled_posts: a list given as a value costs far more.
    """
    query = f"SELECT *, false AS is_new FROM ({_COUNTED}) SEMI JOIN ({sql}) USING (post_id)"
    warehouse.connection.register("pooled_posts", pa.table({"post_id": pooled}))
    try:
        found = warehouse.connection.execute(f"{query} ORDER BY first_g", values)
        return _posts(found.to_arrow_table())
    finally:
        warehouse.connection.unregister("pooled_posts")


def _posts(table: pa.Table) -> PostsToRead:
    return PostsToRead(
        post_ids=values_of(table, "post_id").astype(np.int64),
        first_g=values_of(table, "first_g").astype(np.int64),
        n_tokens=values_of(table, "n_tokens").astype(np.int64),
        is_new=values_of(table, "is_new").astype(np.bool_),
    )

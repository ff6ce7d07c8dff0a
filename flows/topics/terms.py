"""What posts are counted in for topics: words, and phrases of words, from the token index.

Tokens are read block by block in the order of the index, so that besides one block only counts are
held. The tokens of mentioned people are left out: a model must not learn who somebody is.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from analysis.vectorise import document_term_counts
from flows.arrow_rows import list_of, values_of
from flows.corpus_arrays import CorpusTerms
from flows.topics.posts import PostsToRead
from warehouse.gateway import Warehouse
from warehouse.protection.mentions import AUTHOR_TOKEN

Integers = NDArray[np.int64]
WordIds = NDArray[np.int32]

POSTS_AT_ONCE = 50_000
_FEW_POSTS = 2_000
_WORDS = "SELECT word_id, word FROM words SEMI JOIN used_words USING (word_id) ORDER BY word_id"


def read_terms(warehouse: Warehouse, posts: PostsToRead) -> CorpusTerms:
    """Return how often each word stands in posts, in their order."""
    blocks = [
        document_term_counts(block.post_ids, token_posts, token_words)
        for block, token_posts, token_words in _blocks(warehouse, posts)
    ]
    used = np.unique(np.concatenate([block.word_ids for block in blocks] or [np.empty(0, int)]))
    words = _texts(warehouse, used)
    spoken = np.array([not AUTHOR_TOKEN.fullmatch(word) for word in words], dtype=bool)
    column = np.cumsum(spoken) - 1
    parts = []
    for block in blocks:
        place = np.searchsorted(used, block.word_ids)
        kept = block.counts[:, spoken[place]]
        indices = column[place[spoken[place]]][kept.indices].astype(np.int32)
        shape = (kept.shape[0], int(spoken.sum()))
        parts.append(csr_array((kept.data, indices, kept.indptr), shape=shape))
    empty = csr_array((0, int(spoken.sum())), dtype=np.float64)
    counts = csr_array(vstack(parts, format="csr")) if parts else empty
    return CorpusTerms(
        counts=counts,
        words=[word for word, is_spoken in zip(words, spoken, strict=True) if is_spoken],
    )


def _blocks(
    warehouse: Warehouse, posts: PostsToRead
) -> Iterator[tuple[PostsToRead, Integers, WordIds]]:
    """Yield posts with the post and word of each of their tokens, in reading order."""
    for start in range(0, len(posts), POSTS_AT_ONCE):
        rows = np.zeros(len(posts), dtype=np.bool_)
        rows[start : start + POSTS_AT_ONCE] = True
        block = posts.only(rows)
        yield block, *_tokens(warehouse, block)


def _tokens(warehouse: Warehouse, posts: PostsToRead) -> tuple[Integers, WordIds]:
    """Return post and word of each token; posts lie together, so their places bound the scan."""
    if len(posts) <= _FEW_POSTS:
        chosen = f"post_id IN ({', '.join(map(str, posts.post_ids.tolist()))})"
    else:
        chosen = "post_id IN (SELECT post_id FROM read_posts)"
    warehouse.connection.register("read_posts", pa.table({"post_id": posts.post_ids}))
    try:
        found = warehouse.connection.execute(
            f"SELECT post_id, word_id FROM token_stream WHERE g >= $first AND g < $end AND {chosen}"
            " ORDER BY g",
            {
                "first": int(posts.first_g.min()),
                "end": int((posts.first_g + posts.n_tokens).max()),
            },
        ).to_arrow_table()
    finally:
        warehouse.connection.unregister("read_posts")
    return values_of(found, "post_id"), values_of(found, "word_id")


def _texts(warehouse: Warehouse, word_ids: Integers) -> list[str]:
    warehouse.connection.register("used_words", pa.table({"word_id": word_ids.astype(np.int32)}))
    try:
        found = warehouse.connection.execute(_WORDS).to_arrow_table()
    finally:
        warehouse.connection.unregister("used_words")
    return [str(word) for word in list_of(found, "word")]

"""What posts are counted in for topics: words, and phrases of words, from the token index.

Tokens are read block by block in the order of the index, so that besides one block only counts are
held. Pseudonyms of mentioned people and redactions are left out, and no phrase goes across one: a
model must not learn who somebody is, and nobody wrote *[name]*.
"""

import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from analysis.topics.terms.phrases import Phrases, find_phrases, merge_phrases
from analysis.vectorise import document_term_counts
from flows.arrow_rows import list_of, values_of
from flows.corpus_arrays import CorpusTerms
from flows.topics.posts import PostsToRead
from warehouse.gateway import Warehouse
from warehouse.tokeniser import STAND_IN

Integers = NDArray[np.int64]

POSTS_FOR_PHRASES = 50_000
"""Posts in which phrases are looked for, evenly over all of them."""
_FEW_POSTS = 2_000
_STAND_IN = re.compile(STAND_IN)
_NOBODY = ""  # in place of a mention or a redaction: no letter, so no part of a phrase
_WORDS = "SELECT word_id, word FROM words SEMI JOIN used_words USING (word_id) ORDER BY word_id"
_TOKENS = """
SELECT post_id, word_id FROM token_stream WHERE g >= $first AND g < $end AND {chosen} ORDER BY g
"""


class _Tokens:
    """The tokens of posts in reading order: their post, and their word as a number into texts."""

    def __init__(self, warehouse: Warehouse, posts: PostsToRead) -> None:
        self.posts, word_ids = _read(warehouse, posts)
        used, numbers = np.unique(word_ids, return_inverse=True)
        self.words: Integers = numbers.astype(np.int64)
        said = _texts(warehouse, used)
        self.texts = [_NOBODY if _STAND_IN.fullmatch(word) else word for word in said]


def phrases_in(warehouse: Warehouse, posts: PostsToRead) -> Phrases:
    """Return the phrases of posts, looked for in some of them where there are many."""
    if not len(posts):
        return Phrases()
    n_chosen = min(len(posts), POSTS_FOR_PHRASES)
    tokens = _Tokens(warehouse, posts.only(np.arange(n_chosen) * len(posts) // n_chosen))
    return find_phrases(tokens.posts, tokens.words, tokens.texts)


def read_terms(warehouse: Warehouse, posts: PostsToRead, phrases: Phrases) -> CorpusTerms:
    """Return how often each term stands in posts, in their order.

    The words of a phrase count as the phrase alone.
    """
    column: dict[str, int] = {}
    blocks = [
        _counted(_Tokens(warehouse, block), block, phrases, column) for block in posts.blocks()
    ]
    shaped = [
        csr_array((b.data, b.indices, b.indptr), shape=(b.shape[0], len(column))) for b in blocks
    ]
    none = csr_array((0, len(column)), dtype=np.float64)
    counts = csr_array(vstack(shaped, format="csr")) if shaped else none
    return CorpusTerms(counts=counts, words=list(column))


def _counted(
    tokens: _Tokens, posts: PostsToRead, phrases: Phrases, column: dict[str, int]
) -> csr_array:
    """Return the counts of a block; columns that are new are entered in `column`."""
    merged = merge_phrases(tokens.posts, tokens.words, tokens.texts, phrases)
    terms = document_term_counts(posts.post_ids, merged.posts, merged.words)
    texts = [merged.texts[number] for number in terms.word_ids.tolist()]
    spoken = np.array([text != _NOBODY for text in texts], dtype=np.bool_)
    counts = csr_array(terms.counts[:, spoken])
    of_spoken = [text for text in texts if text != _NOBODY]
    place = np.array([column.setdefault(text, len(column)) for text in of_spoken], dtype=np.int32)
    counts.indices = place[counts.indices]
    counts.has_sorted_indices = False
    counts.sort_indices()
    return counts


def _read(warehouse: Warehouse, posts: PostsToRead) -> tuple[Integers, Integers]:
    """Return post and word of each token; posts lie together, so their places bound the scan."""
    if len(posts) <= _FEW_POSTS:
        chosen = f"post_id IN ({', '.join(map(str, posts.post_ids.tolist()))})"
    else:
        chosen = "post_id IN (SELECT post_id FROM read_posts)"
    warehouse.connection.register("read_posts", pa.table({"post_id": posts.post_ids}))
    try:
        found = warehouse.connection.execute(
            _TOKENS.format(chosen=chosen),
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

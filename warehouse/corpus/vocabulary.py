"""The vocabulary: words that are written almost like another, and those that stand for people."""

import duckdb
import numpy as np
from numpy.typing import NDArray

from warehouse.tokeniser import MENTION, normalised

_FURTHEST = 2
_MOST_LOOKED_AT = (
    100_000  # words, most frequent first; of a large corpus the rest stand once or twice
)
_NEAR = f"""
SELECT word FROM (
    SELECT word, n, damerau_levenshtein(word, wanted) AS distance
    FROM (FROM words ORDER BY n DESC LIMIT {_MOST_LOOKED_AT}),
         (SELECT {normalised("$word")} AS wanted)
    WHERE abs(length(word) - length(wanted)) <= {_FURTHEST} AND word <> wanted
          AND NOT starts_with(word, 'author_')
)
WHERE distance <= least({_FURTHEST}, length($word) // 3)
ORDER BY distance, n DESC, word LIMIT $most
"""
_MENTIONS = f"""
SELECT word_id FROM words
WHERE starts_with(word, 'author_') AND regexp_full_match(word, '{MENTION}') ORDER BY word_id
"""


def mention_ids(connection: duckdb.DuckDBPyConnection) -> NDArray[np.int64]:
    """Return the numbers of the words that are pseudonyms, in rising order."""
    found = connection.execute(_MENTIONS).fetchnumpy()
    return np.asarray(found["word_id"], dtype=np.int64)


def near_spellings(connection: duckdb.DuckDBPyConnection, word: str, *, most: int = 5) -> list[str]:
    """Return words of the corpus that differ from `word` by a sign or two, nearest first.

    A short word has fewer: one sign in three may differ. Frequent words go before rare ones.
    """
    rows = connection.execute(_NEAR, {"word": word.strip(), "most": most}).fetchall()
    return [found for (found,) in rows]

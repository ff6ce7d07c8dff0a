"""The vocabulary: words that are written almost like another."""

import duckdb

from warehouse.tokeniser import normalised

_FURTHEST = 2
_NEAR = f"""
SELECT word FROM (
    SELECT word, n, damerau_levenshtein(word, wanted) AS distance
    FROM words, (SELECT {normalised("$word")} AS wanted)
    WHERE abs(length(word) - length(wanted)) <= {_FURTHEST} AND word <> wanted
)
WHERE distance <= least({_FURTHEST}, length($word) // 3)
ORDER BY distance, n DESC, word LIMIT $most
"""


def near_spellings(connection: duckdb.DuckDBPyConnection, word: str, *, most: int = 5) -> list[str]:
    """Return words of the corpus that differ from `word` by a sign or two, nearest first.

    A short word has fewer: one sign in three may differ. Frequent words go before rare ones.
    """
    rows = connection.execute(_NEAR, {"word": word.strip(), "most": most}).fetchall()
    return [found for (found,) in rows]

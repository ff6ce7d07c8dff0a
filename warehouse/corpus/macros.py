"""Corpus linguistics as SQL macros that the controlled release carries, for researchers' own SQL.

They count the tokens of posts that people wrote, each once: neither automated posts nor duplicates,
whatever their language. A word is looked for as the tokeniser reads it.

Sources: log-Dice, Rychlý (2008), A lexicographer-friendly association score; log-likelihood,
Dunning (1993) as computed by Rayson and Garside (2000), Comparing corpora using frequency
profiling; log ratio, Hardie (2014).
"""

from warehouse.corpus.concordance import DRAW
from warehouse.tokeniser import normalised

_PEOPLE = "NOT posts.automated AND posts.duplicate_of IS NULL AND posts.n_words > 0"
_SPOKEN = f"tokens.post_id IN (SELECT posts.post_id FROM posts WHERE {_PEOPLE})"

# The word is named in a scope of its own, where a macro's parameter cannot meet the column.
_WISH = f"""
wish AS (
    SELECT {normalised("typed")} AS wanted FROM (SELECT word AS typed)
), wished AS (
    SELECT words.word_id FROM words JOIN wish ON words.word = wish.wanted
)
"""

# A place is drawn as the module draws it: the same lines for the seed 0.
_KWIC = f"""
WITH {_WISH}, hits AS (
    SELECT token_stream.g AS node_g, token_stream.post_id FROM token_stream
    WHERE token_stream.word_id IN (FROM wished)
    AND token_stream.post_id IN (SELECT posts.post_id FROM posts WHERE {_PEOPLE})
    ORDER BY {DRAW.format(g="token_stream.g", seed="0")}, token_stream.g LIMIT lines
), around AS (
    SELECT post_id, node_g, unnest(range(node_g - width, node_g + width + 1)) AS g FROM hits
), written AS (
    SELECT around.post_id, node_g,
           string_agg(words.word, ' ' ORDER BY around.g) FILTER (around.g < node_g)
               AS left_context,
           any_value(words.word) FILTER (around.g = node_g) AS node,
           string_agg(words.word, ' ' ORDER BY around.g) FILTER (around.g > node_g)
               AS right_context
    FROM around JOIN token_stream
    ON token_stream.g = around.g AND token_stream.post_id = around.post_id
    JOIN words ON words.word_id = token_stream.word_id
    GROUP BY around.post_id, node_g
)
SELECT post_id, posts.source, posts.community, posts.created_at,
       coalesce(left_context, '') AS left_context, node,
       coalesce(right_context, '') AS right_context
FROM written JOIN posts USING (post_id) ORDER BY post_id, node_g
"""

# A place that lies near two occurrences of the word is counted once. The places around the word
# are read point by point, as in a concordance.
_COLLOCATES = f"""
WITH {_WISH}, hits AS (
    SELECT tokens.post_id, tokens.position FROM tokens
    WHERE tokens.word_id IN (FROM wished) AND {_SPOKEN}
), around AS (
    SELECT DISTINCT hits.post_id,
           unnest(range(hits.position - span, hits.position + span + 1)) AS position
    FROM hits
), near AS (
    SELECT tokens.word_id, count(*) AS n_near, count(DISTINCT tokens.post_id) AS n_posts
    FROM around
    JOIN tokens ON tokens.post_id = around.post_id AND tokens.position = around.position
    WHERE tokens.word_id NOT IN (FROM wished) GROUP BY tokens.word_id
), everywhere AS (
    SELECT tokens.word_id, count(*) AS n FROM tokens
    WHERE tokens.word_id IN (SELECT near.word_id FROM near) AND {_SPOKEN} GROUP BY tokens.word_id
)
SELECT words.word AS collocate, n_near, everywhere.n, n_posts,
       14 + log2(2 * n_near / ((SELECT count(*) FROM hits) + everywhere.n)) AS log_dice
FROM near JOIN everywhere USING (word_id) JOIN words USING (word_id)
ORDER BY log_dice DESC, n_near DESC, collocate
"""

_WORD_TREND = f"""
WITH {_WISH}, found AS (
    SELECT tokens.post_id, count(*) AS n FROM tokens
    WHERE tokens.word_id IN (FROM wished) GROUP BY tokens.post_id
)
SELECT date_trunc(bin, (posts.created_at AT TIME ZONE 'UTC')::DATE)::DATE AS period,
       coalesce(sum(found.n), 0)::BIGINT AS n, sum(posts.n_words)::BIGINT AS n_tokens,
       1e6 * coalesce(sum(found.n), 0) / sum(posts.n_words) AS per_million,
       count(found.n) AS n_posts_with, count(*) AS n_posts
FROM posts LEFT JOIN found USING (post_id) WHERE {_PEOPLE}
GROUP BY period ORDER BY period
"""

# A word that one side never uses counts half an occurrence there, so that the ratio is finite.
_KEYNESS = f"""
WITH sides AS (
    SELECT posts.post_id, posts.community = target AS is_target
    FROM posts WHERE posts.community IN (target, reference) AND {_PEOPLE}
), counted AS (
    SELECT tokens.word_id, count(*) FILTER (is_target) AS n_target,
           count(*) FILTER (NOT is_target) AS n_reference,
           count(DISTINCT tokens.post_id) FILTER (is_target) AS n_posts_target,
           count(DISTINCT tokens.post_id) FILTER (NOT is_target) AS n_posts_reference
    FROM tokens JOIN sides ON sides.post_id = tokens.post_id GROUP BY tokens.word_id
), sizes AS (
    SELECT sum(n_target) AS size_target, sum(n_reference) AS size_reference FROM counted
), expected AS (
    SELECT *, size_target * (n_target + n_reference) / (size_target + size_reference)
                  AS expected_target,
           size_reference * (n_target + n_reference) / (size_target + size_reference)
                  AS expected_reference
    FROM counted CROSS JOIN sizes WHERE size_target > 0 AND size_reference > 0
)
SELECT words.word AS key_word, n_target, n_reference, n_posts_target, n_posts_reference,
       1e6 * n_target / size_target AS per_million_target,
       1e6 * n_reference / size_reference AS per_million_reference,
       2 * (CASE WHEN n_target > 0 THEN n_target * ln(n_target / expected_target) ELSE 0 END
          + CASE WHEN n_reference > 0 THEN n_reference * ln(n_reference / expected_reference)
                 ELSE 0 END) AS log_likelihood,
       log2((greatest(n_target, 0.5::DOUBLE) / size_target)
          / (greatest(n_reference, 0.5::DOUBLE) / size_reference)) AS log_ratio
FROM expected JOIN words USING (word_id)
ORDER BY log_likelihood DESC, key_word
"""

_MACROS = {
    "kwic(word, width := 8, lines := 100)": _KWIC,
    "collocates(word, span := 5)": _COLLOCATES,
    "word_trend(word, bin := 'month')": _WORD_TREND,
    "keyness(target, reference)": _KEYNESS,
}

_COMMENTS = {
    "kwic": "places where a word stands, drawn at random, with the words left and right of it",
    "collocates": (
        "words within `span` tokens of a word in the same post: n_near places near it of n in all,"
        " in n_posts posts, strongest log-Dice first"
    ),
    "word_trend": (
        "how often a word stands in posts of each period (bin 'month', or 'week' from Monday), of"
        " all n_tokens, and in how many of all n_posts"
    ),
    "keyness": (
        "words that one community uses more (log_ratio > 0) or less than another, with the"
        " log-likelihood of that under equal use; it takes tokens as independent, which words of"
        " few posts are not: read the numbers of posts beside it"
    ),
}


def corpus_macros(schema: str) -> str:
    """Return the SQL that makes the corpus macros, with their comments, in `schema`.

    `kwic(word, width := 8, lines := 100)`, `collocates(word, span := 5)`,
    `word_trend(word, bin := 'month')` and `keyness(target, reference)` of two communities.
    """
    made = [f"CREATE MACRO {schema}.{head} AS TABLE {body}" for head, body in _MACROS.items()]
    made += [
        f"COMMENT ON MACRO TABLE {schema}.{name} IS '{comment.replace(chr(39), chr(39) * 2)}'"
        for name, comment in _COMMENTS.items()
    ]
    return ";\n".join(made)

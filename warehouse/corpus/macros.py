"""Corpus linguistics as SQL macros that the controlled release carries, for researchers' own SQL.

They count the tokens of posts that people wrote, each once: neither automated posts nor duplicates,
whatever their language. A word is looked for as the tokeniser reads it. What they return is what
the commands and the Python module return of the same release.

Sources: log-Dice, Rychlý (2008), A lexicographer-friendly association score; log-likelihood,
Dunning (1993) as computed by Rayson and Garside (2000), Comparing corpora using frequency
profiling; log ratio, Hardie (2014).
"""

from warehouse.corpus.concordance import DRAW
from warehouse.tokeniser import normalised

_PEOPLE = "NOT posts.automated AND posts.duplicate_of IS NULL AND posts.n_words > 0"
_SPOKEN = f"(SELECT posts.post_id FROM posts WHERE {_PEOPLE})"

# The word is named in a scope of its own, where a macro's parameter cannot meet the column.
_WISH = f"""
wish AS (
    SELECT {normalised("typed")} AS wanted FROM (SELECT word AS typed)
), wished AS (
    SELECT words.word_id, words.n_spoken FROM words JOIN wish ON words.word = wish.wanted
)
"""

# A place is drawn as the module draws it: the same lines for the seed 0. Of a frequent word only
# those with low draws are looked at, twice as many as are wanted and a hundred more, so that enough
# of them are people's (of 300 that are expected fewer than 100 come once in 10^40 words). The posts
# that they stand in are then read whole: a join on posts costs half of one on places.
_KWIC = f"""
WITH {_WISH}, bound AS (
    SELECT CASE WHEN n_spoken <= 2 * lines + 100 THEN 18446744073709551615
                ELSE ((2 * lines + 100) / n_spoken * 18446744073709551615::DOUBLE)::UBIGINT
           END AS highest
    FROM wished
), drawn AS (
    SELECT token_places.g AS node_g, {DRAW.format(g="token_places.g", seed="0")} AS draw
    FROM token_places
    WHERE token_places.word_id = (SELECT word_id FROM wished)
    AND {DRAW.format(g="token_places.g", seed="0")} <= (FROM bound)
), begun AS (
    SELECT first_g AS at_g, post_id, NULL::UBIGINT AS draw FROM token_posts WHERE n_tokens > 0
    UNION ALL
    SELECT node_g, NULL, draw FROM drawn
), placed AS (
    SELECT at_g AS node_g, draw,
           last_value(post_id IGNORE NULLS) OVER (ORDER BY at_g, draw NULLS FIRST) AS post_id
    FROM begun QUALIFY draw IS NOT NULL
), nodes AS MATERIALIZED (
    SELECT post_id, node_g FROM placed
    WHERE placed.post_id IN {_SPOKEN} ORDER BY draw, node_g LIMIT lines
), held AS MATERIALIZED (
    SELECT node_g, token_stream.g, token_stream.post_id, token_stream.word_id
    FROM token_stream JOIN nodes ON nodes.post_id = token_stream.post_id
), written AS (
    SELECT held.post_id, node_g,
           string_agg(words.word, ' ' ORDER BY held.g) FILTER (held.g < node_g) AS left_context,
           any_value(words.word) FILTER (held.g = node_g) AS node,
           string_agg(words.word, ' ' ORDER BY held.g) FILTER (held.g > node_g) AS right_context
    FROM held JOIN words ON words.word_id = held.word_id
    WHERE abs(held.g - node_g) <= width
    GROUP BY held.post_id, node_g
)
SELECT post_id, posts.source, posts.community, posts.created_at,
       coalesce(left_context, '') AS left_context, node,
       coalesce(right_context, '') AS right_context
FROM written JOIN posts USING (post_id) ORDER BY post_id, node_g
"""

# A place that lies near two occurrences of the word is counted once.
_COLLOCATES = f"""
WITH {_WISH}, hits AS (
    SELECT token_stream.post_id, token_stream.g FROM token_stream
    WHERE token_stream.word_id IN (SELECT word_id FROM wished)
    AND token_stream.post_id IN {_SPOKEN}
), around AS (
    SELECT DISTINCT hits.post_id, unnest(range(hits.g - span, hits.g + span + 1)) AS near_g
    FROM hits
), near AS (
    SELECT token_stream.word_id, count(*) AS n_near,
           count(DISTINCT token_stream.post_id) AS n_posts
    FROM around JOIN token_stream
    ON token_stream.g = near_g AND token_stream.post_id = around.post_id
    WHERE token_stream.word_id NOT IN (SELECT word_id FROM wished) GROUP BY token_stream.word_id
)
SELECT words.word AS collocate, n_near, words.n_spoken AS n, n_posts,
       14 + log2(2 * n_near / ((SELECT count(*) FROM hits) + words.n_spoken)) AS log_dice
FROM near JOIN words USING (word_id)
ORDER BY log_dice DESC, n_near DESC, collocate
"""

_WORD_TREND = f"""
WITH {_WISH}, found AS (
    SELECT token_stream.post_id, count(*) AS n FROM token_stream
    WHERE token_stream.word_id IN (SELECT word_id FROM wished) GROUP BY token_stream.post_id
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
    SELECT token_stream.word_id, count(*) FILTER (is_target) AS n_target,
           count(*) FILTER (NOT is_target) AS n_reference,
           count(DISTINCT token_stream.post_id) FILTER (is_target) AS n_posts_target,
           count(DISTINCT token_stream.post_id) FILTER (NOT is_target) AS n_posts_reference
    FROM token_stream JOIN sides ON sides.post_id = token_stream.post_id
    GROUP BY token_stream.word_id
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

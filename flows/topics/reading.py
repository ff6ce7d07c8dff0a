"""Reading topics in the controlled release: which posts to read, and what no topic explains.

Posts are named by their number, month and community. Their texts come out as those of a
concordance do, nobody named. Who wrote is used to choose posts of different people, and is in no
answer. What is heavy to import and no list of posts needs is imported where it is used.
"""

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.stopwords import load_stopwords
from analysis.topics.reading.badly_explained import BADLY_EXPLAINED, badly_explained_shares
from analysis.topics.reading.representative import Candidates, representative_posts
from flows.arrow_rows import list_of, values_of
from warehouse.corpus.by_post import Bin, first_days
from warehouse.corpus.population import Population
from warehouse.corpus.vocabulary import mention_ids

Integers = NDArray[np.int64]

READ_AT_ONCE = 8
"""Posts of a topic that are read where nobody says how many."""

_AUTHOR = "CASE WHEN author_key IS NULL THEN 0::UBIGINT ELSE hash(author_key) END AS author"
_LED = f"""
SELECT post_id, thread_id, source, community, created_at, n_words, {_AUTHOR},
       coalesce(weight, 0.0) AS weight, coalesce(next_weight, 0.0) AS next_weight, explained
FROM topic_posts AS led JOIN posts USING (post_id) LEFT JOIN (
    SELECT model, post_id, max(weight) FILTER (topic_id = $topic_id) AS weight,
           max(weight) FILTER (topic_id <> $topic_id) AS next_weight
    FROM post_topics GROUP BY model, post_id
) USING (model, post_id)
WHERE led.topic_id = $topic_id ORDER BY post_id
"""
_EXPLAINED = f"""
SELECT source, community, created_at, {_AUTHOR}, explained
FROM topic_posts JOIN posts USING (post_id) WHERE explained IS NOT NULL ORDER BY post_id
"""
_TERMS = """
SELECT post_id, word_id, count(*) AS n FROM token_stream SEMI JOIN read_posts USING (post_id)
WHERE word_id NOT IN (SELECT word_id FROM words SEMI JOIN unspoken USING (word))
GROUP BY ALL ORDER BY ALL
"""
_TEXTS = "SELECT post_id, title, text FROM posts SEMI JOIN read_posts USING (post_id)"


def posts_to_read(
    connection: duckdb.DuckDBPyConnection, topic_id: int, *, n: int = READ_AT_ONCE, seed: int = 0
) -> pa.Table:
    """Return posts of a topic that are worth reading, and why each of them is.

    Half of them are typical, the others recent, early, or at the topic's edge; no two are of one
    author, and they are spread over communities (`analysis.topics.reading.representative`).

    Parameters
    ----------
    connection : of a controlled release
    topic_id : int
    n : int
    seed : int
        Names the draw of posts that are chosen from.

    Returns
    -------
    pa.Table
        Columns topic_id, reason, post_id, thread_id, source, community, month, weight, explained;
        no rows where the topic leads no released post.
    """
    led = connection.execute(_LED, {"topic_id": topic_id}).to_arrow_table()
    found = representative_posts(_candidates(connection, led), n=n, seed=seed)
    chosen = led.take(found.rows)
    months = first_days(_times(chosen), "month")
    return pa.table(
        {
            "topic_id": np.full(len(found.rows), topic_id),
            "reason": pa.array(found.reasons, pa.string()),
            **{name: chosen[name] for name in ("post_id", "thread_id", "source", "community")},
            "month": pa.array(months),
            "weight": chosen["weight"],
            "explained": chosen["explained"],
        }
    )


def with_texts(connection: duckdb.DuckDBPyConnection, posts: pa.Table) -> pa.Table:
    """Return rows of posts with `title` and `text` beside them, nobody named in them."""
    from flows.corpus.mentions import masked

    connection.register("read_posts", posts.select(["post_id"]))
    try:
        texts = connection.execute(_TEXTS).to_arrow_table()
    finally:
        connection.unregister("read_posts")
    row = {post_id: number for number, post_id in enumerate(list_of(texts, "post_id"))}
    order = pa.array([row[post_id] for post_id in list_of(posts, "post_id")], pa.int64())
    shown = masked(texts.take(order))
    return posts.append_column("title", shown["title"]).append_column("text", shown["text"])


def badly_explained(
    connection: duckdb.DuckDBPyConnection,
    *,
    least: float = BADLY_EXPLAINED,
    bin: Bin = "month",  # noqa: A002 # what the tables call it
) -> pa.Table:
    """Return how many posts of each community and period the topics explain badly.

    Parameters
    ----------
    connection : of a controlled release
    least : float
        Share of a post under which it is badly explained.
    bin : {'week', 'month', 'year'}

    Returns
    -------
    pa.Table
        Columns source, community, period, n_posts, n_badly, share; figures of few posts or people
        are null (`analysis.topics.reading.badly_explained`).
    """
    posts = connection.execute(_EXPLAINED).to_arrow_table()
    names = list(zip(list_of(posts, "source"), list_of(posts, "community"), strict=True))
    groups = sorted(set(names))
    number = {group: code for code, group in enumerate(groups)}
    days = first_days(_times(posts), bin)
    shares = badly_explained_shares(
        values_of(posts, "explained") < least,
        community=np.array([number[name] for name in names], dtype=np.int64),
        period=days.astype(np.int64),
        author=_codes(values_of(posts, "author")),
    )
    group = list_of(shares, "community")
    return pa.table(
        {
            "source": pa.array([groups[code][0] for code in group], pa.string()),
            "community": pa.array([groups[code][1] for code in group], pa.string()),
            "period": pa.array(values_of(shares, "period").astype("datetime64[D]")),
            **{name: shares[name] for name in ("n_posts", "n_badly", "share")},
        }
    )


def words_badly_explained(
    connection: duckdb.DuckDBPyConnection,
    *,
    least: float = BADLY_EXPLAINED,
    words: int = 20,
    draws: int = 0,
) -> pa.Table:
    """Return the words that badly explained posts use more than those that topics explain.

    Parameters
    ----------
    connection : of a controlled release
    least : float
        Share of a post under which it is badly explained.
    words : int
        How many words come out.
    draws : int
        Draws of the bootstrap; 0 for bounds in closed form.

    Returns
    -------
    pa.Table
        As the corpus's keyness: counts on both sides, log-likelihood, log ratio, and bounds and q
        that hold by author and thread.

    Raises
    ------
    ContrastRefused
        If no post, or every post, is badly explained.
    """
    from flows.corpus.contrast import Wanted, contrast

    return contrast(
        connection,
        Population(where=f"explained < {float(least)!r}"),
        None,
        rest_of=Population(where="explained IS NOT NULL"),
        wanted=Wanted(words=words, n_draws=draws),
    )


def _candidates(connection: duckdb.DuckDBPyConnection, led: pa.Table) -> Candidates:
    explained = np.nan_to_num(values_of(led, "explained").astype(np.float64), nan=1.0)
    weight = values_of(led, "weight")
    places = list(zip(list_of(led, "source"), list_of(led, "community"), strict=True))
    number = {place: code for code, place in enumerate(sorted(set(places)))}
    return Candidates(
        fit=weight * explained,
        margin=weight - values_of(led, "next_weight"),
        day=_times(led),
        author=_codes(values_of(led, "author")),
        community=np.array([number[place] for place in places], dtype=np.int64),
        n_words=values_of(led, "n_words").astype(np.int64),
        terms=_terms(connection, values_of(led, "post_id")),
    )


def _terms(connection: duckdb.DuckDBPyConnection, post_ids: Integers) -> csr_array:
    """Return what posts are told apart by: their words, rare ones first; people are no words.

    Counts times log((1 + posts) / (1 + posts with the word)) + 1, over the topic's own posts.
    """
    unspoken = pa.array(sorted(load_stopwords()), pa.string())
    connection.register("read_posts", pa.table({"post_id": post_ids}))
    connection.register("unspoken", pa.table({"word": unspoken}))
    try:
        found = connection.execute(_TERMS).to_arrow_table()
    finally:
        connection.unregister("read_posts")
        connection.unregister("unspoken")
    spoken = ~np.isin(values_of(found, "word_id"), mention_ids(connection))
    of_post, word_ids, n = (values_of(found, name)[spoken] for name in ("post_id", "word_id", "n"))
    order = np.argsort(post_ids, kind="stable")
    row = order[np.searchsorted(post_ids[order], of_post)]
    words, column, n_with = np.unique(word_ids, return_inverse=True, return_counts=True)
    rare = np.log((1 + len(post_ids)) / (1 + n_with)) + 1
    return csr_array((n * rare[column], (row, column)), shape=(len(post_ids), len(words)))


def _times(table: pa.Table) -> NDArray[np.datetime64]:
    moments = table["created_at"].cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
    return np.asarray(moments, dtype="datetime64[us]")


def _codes(authors: NDArray[np.uint64]) -> Integers:
    """Return a number for each author, -1 where unknown."""
    if not len(authors):
        return np.empty(0, dtype=np.int64)
    found, codes = np.unique(authors, return_inverse=True)
    codes = codes.astype(np.int64)
    return np.where(authors == 0, -1, codes) if found[0] == 0 else codes

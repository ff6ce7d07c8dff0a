"""The people behind a figure, counted from the posts as they are now: for the export gate.

A person is an author key; a post of unknown author adds nobody, except in a source whose every post
is another person's (a survey). Days are UTC days, whatever the session's time zone is. The tables
are temporary and go with the gate's transaction.
"""

import duckdb

from warehouse.counted import IS_COUNTED
from warehouse.protection.allowed import GateError

BINS = ("week", "month", "quarter", "year")
CELL = "source, community, bin, period"
TOPIC_CELL = f"model, topic_id, {CELL}"
TOPIC = "model, topic_id, bin, period"
LEVEL = "term, source, community, level, bin, period"
TOPIC_LEVEL = f"model, topic_id, {LEVEL}"

_POSTS = f"""
CREATE TEMP TABLE gate_posts AS
SELECT posts.post_id, posts.source, posts.community, posts.thread_id,
       coalesce(posts.author_key,
                CASE WHEN sources.one_post_per_person THEN 'post ' || posts.post_id END) AS person,
       (posts.created_at AT TIME ZONE 'UTC')::DATE AS day
FROM posts LEFT JOIN sources USING (source) WHERE {IS_COUNTED}
"""

_BINS = """
CREATE TEMP TABLE gate_bins AS
SELECT bin FROM frame_prevalence UNION SELECT bin FROM topic_trends UNION
SELECT bin FROM frame_topics UNION SELECT bin FROM changes UNION
SELECT bin FROM topic_effects UNION SELECT bin FROM coverage_by_period
"""

_PERIODS = """
CREATE TEMP TABLE gate_periods AS
SELECT post_id, source, community, person, bin, date_trunc(bin, day)::DATE AS period
FROM gate_posts CROSS JOIN gate_bins
"""

_LEADING = """
CREATE TEMP TABLE gate_leading AS
SELECT model, post_id, arg_max(topic_id, weight) AS topic_id
FROM post_topics GROUP BY model, post_id
"""

# What is said of a level is said of all its posts, whenever they were written.
_LEVELS = """
CREATE TEMP TABLE gate_levels AS
FROM (
    SELECT post_id, person, 'community' AS term, source, community, '' AS level, '' AS bin,
           NULL::DATE AS period
    FROM gate_posts
    UNION ALL
    SELECT post_id, person, term, '', '', level, '', NULL
    FROM gate_posts JOIN (
        SELECT source, community, 'role' AS term, role AS level FROM communities UNION ALL
        SELECT source, community, 'country', country FROM communities
    ) USING (source, community) WHERE level IS NOT NULL
    UNION ALL
    SELECT post_id, person, 'period', '', '', '', bin, period FROM gate_periods
) WHERE EXISTS (FROM topic_effects)
"""


def _cells(name: str, *, keys: str, posts: str) -> str:
    """Return the SQL that makes a table of cells: people, posts, and the most by one person."""
    return f"""
    CREATE TEMP TABLE {name} AS
    SELECT {keys}, count(person) AS persons, sum(n) AS n,
           coalesce(max(n) FILTER (person IS NOT NULL), 0) AS most,
           coalesce(sum(n) FILTER (person IS NOT NULL), 0) AS known
    FROM (SELECT {keys}, person, count(*) AS n FROM {posts} GROUP BY ALL) GROUP BY {keys}
    """


_TOPIC_POSTS = "gate_periods JOIN gate_leading USING (post_id)"
_ALL_CELLS = (
    _cells("gate_cells", keys=CELL, posts="gate_periods"),
    _cells("gate_topic_cells", keys=TOPIC_CELL, posts=_TOPIC_POSTS),
    _cells("gate_topic_totals", keys=TOPIC, posts=_TOPIC_POSTS),
    _cells("gate_level_cells", keys=LEVEL, posts="gate_levels"),
    _cells(
        "gate_topic_level_cells",
        keys=TOPIC_LEVEL,
        posts="gate_levels JOIN gate_leading USING (post_id)",
    ),
)


def count_cells(connection: duckdb.DuckDBPyConnection, *, language: str) -> None:
    """Count the people behind every cell that a figure may be about.

    Makes `gate_posts`, `gate_cells` (a community in a period), `gate_topic_cells` (its posts about
    a topic), `gate_topic_totals` (a topic's posts in a period), `gate_level_cells` (what effects
    are said of) and `gate_topic_level_cells` (its posts about a topic).

    Raises
    ------
    GateError
        If figures are binned by something else than week, month, quarter or year: a figure a day
        would be one of few people.
    """
    connection.execute(_POSTS, {"language": language})
    connection.execute(_BINS)
    rows = connection.execute("SELECT bin FROM gate_bins ORDER BY bin").fetchall()
    if foreign := [name for (name,) in rows if name not in BINS]:
        raise GateError(
            f"figures are binned by {', '.join(foreign)}; the export gate lets {', '.join(BINS)} by"
        )
    for sql in (_PERIODS, _LEADING, _LEVELS, *_ALL_CELLS):
        connection.execute(sql)

"""Taking posts out of what is current: the first half of every erasure.

`leaving` holds the posts that go with the reason why. After this they are in no selection and no
release; their revisions, tokens, scores and bytes follow at the next erase stage.
"""

import duckdb

# When a thread loses its first post it loses its title too, since that was the post's.
_WITHDRAW = """
INSERT INTO tombstones
SELECT post_id, source, community, reason, first_missed_at, asked_at
FROM leaving JOIN posts USING (post_id);
INSERT INTO pending_erasures (post_id, source, native_id, native_thread_id, url, asked_at)
SELECT post_id, source, native_id, native_thread_id, url, asked_at
FROM leaving JOIN locators USING (post_id);
DELETE FROM posts WHERE post_id IN (SELECT post_id FROM leaving);
DELETE FROM locators WHERE post_id IN (SELECT post_id FROM leaving);
DELETE FROM checks WHERE post_id IN (SELECT post_id FROM leaving);
DELETE FROM awaited_parents WHERE post_id IN (SELECT post_id FROM leaving)
"""

_COUNT_THREADS = """
DELETE FROM threads WHERE thread_id IN (SELECT thread_id FROM touched);
INSERT INTO threads
SELECT thread_id, any_value(source), min_by(community, post_id),
       coalesce(min_by(title, (created_at, post_id)) FILTER (kind = 'post' AND title <> ''), ''),
       min(created_at), max(created_at), count(*)
FROM posts WHERE thread_id IN (SELECT thread_id FROM touched)
GROUP BY thread_id ORDER BY thread_id
"""

_DROP_EMPTY = """
DELETE FROM thread_locators WHERE thread_id IN (
    SELECT thread_id FROM touched ANTI JOIN threads USING (thread_id))
"""

LEAVING = """
CREATE OR REPLACE TEMP TABLE leaving (
    post_id BIGINT, reason VARCHAR, first_missed_at TIMESTAMPTZ, asked_at TIMESTAMPTZ)
"""
TOUCHED = """
CREATE OR REPLACE TEMP TABLE touched (
    thread_id BIGINT, source VARCHAR, community VARCHAR, day DATE)
"""
TOUCH_LEAVING = """
INSERT INTO touched
SELECT thread_id, source, community, created_at::DATE FROM posts SEMI JOIN leaving USING (post_id)
"""


def withdraw(connection: duckdb.DuckDBPyConnection) -> None:
    """Take the posts in `leaving` out of what is current, and note their threads in `touched`."""
    connection.execute(TOUCH_LEAVING)
    connection.execute(_WITHDRAW)


def recount_threads(connection: duckdb.DuckDBPyConnection, *, shrunk: bool) -> None:
    """Count the threads in `touched` anew; `shrunk` says that some may have no post left."""
    if connection.execute("SELECT 1 FROM touched LIMIT 1").fetchone() is None:
        return
    connection.execute(_COUNT_THREADS)
    if shrunk:
        connection.execute(_DROP_EMPTY)

"""The loader's SQL: sets in, sets out, in the order in which a segment goes through it.

`landed` holds a segment's rows, numbered by `line` and, per post in time order, by `turn`. `judged`
says what the rows of one turn mean for what is held, `fresh` holds the new posts with their ids,
`replaced` what of current rows is kept when they give way, `leaving` the posts that go.

Current rows are replaced by one delete and one insert, never by ON CONFLICT or MERGE, which are ten
times slower and need an index on the big tables.
"""

# A post is found by its key, which is narrower to scan at every load than the native ids.
_KEY = "md5_number(source || chr(31) || {column})"

LAND = f"""
CREATE OR REPLACE TEMP TABLE landed AS
SELECT *, {_KEY.format(column="native_id")} AS native_key,
       {_KEY.format(column="nullif(native_parent_id, native_id)")} AS parent_key
FROM segment
"""

# A row is stale where something newer is known of its post: it must not undo that.
# A post whose account is gone from the platform gives up its author key without being an edit.
# An item that another source holds (a status seen on two servers) is not entered a second time.
JUDGE = """
CREATE OR REPLACE TEMP TABLE judged AS
WITH held AS (
    SELECT line, locators.post_id, checks.content_hash AS held_hash, last_checked_at, n_missed,
           first_missed_at, posts.text_version AS held_version,
           posts.author_key IS NULL AS held_anonymous
    FROM landed
    JOIN locators USING (native_key)
    JOIN checks USING (post_id)
    JOIN posts USING (post_id)
    WHERE turn = $turn
), compared AS (
    SELECT line, entry, outcome, harvested_at, content_hash, text_version, native_key, item_key,
           author_key IS NULL AS anonymous, held.* EXCLUDE (line),
           coalesce(harvested_at < last_checked_at, false) AS stale,
           n_missed + (n_missed = 0 OR harvested_at > last_checked_at)::INTEGER AS misses
    FROM landed LEFT JOIN held USING (line)
    WHERE turn = $turn
), decided AS (
    SELECT *,
        CASE
            WHEN entry = 'post' AND post_id IS NULL AND item_key IN (
                SELECT item_key FROM locators WHERE item_key IS NOT NULL) THEN 'elsewhere'
            WHEN entry = 'post' AND post_id IS NULL THEN 'new'
            WHEN entry = 'post' AND content_hash <> held_hash AND NOT stale THEN 'edited'
            WHEN entry = 'post' THEN 'unchanged'
            WHEN post_id IS NULL OR outcome = 'unknown' THEN 'unknown'
            WHEN outcome = 'present' THEN 'present'
            WHEN stale THEN 'unknown'
            WHEN misses >= $confirm_after THEN 'confirmed'
            ELSE 'missed'
        END AS verdict
    FROM compared
)
SELECT line, post_id, native_key, harvested_at, verdict, n_missed, first_missed_at, misses,
    verdict IN ('edited', 'unchanged', 'present') AND NOT stale AS seen,
    verdict = 'unchanged' AND content_hash = held_hash AND text_version > held_version AS rederived,
    verdict = 'unchanged' AND NOT stale AND anonymous AND NOT held_anonymous AS disowned
FROM decided
"""

TALLY = """
SELECT count(*) FILTER (verdict = 'new'), count(*) FILTER (verdict = 'edited'),
       count(*) FILTER (verdict = 'unchanged'), count(*) FILTER (verdict = 'present'),
       count(*) FILTER (verdict = 'missed'), count(*) FILTER (verdict = 'confirmed'),
       count(*) FILTER (verdict = 'unknown'), count(*) FILTER (verdict = 'elsewhere'),
       count(*) FILTER (rederived),
       count(*) FILTER (disowned), count(*) FILTER (seen AND n_missed > 0), count(post_id)
FROM judged
"""

TALLY_EACH = """
SELECT community,
       count(*) FILTER (verdict = 'new'), count(*) FILTER (verdict = 'edited'),
       count(*) FILTER (verdict = 'unchanged'), count(*) FILTER (verdict = 'elsewhere')
FROM judged JOIN landed USING (line) GROUP BY community
"""

RESERVE_THREADS = "SELECT min(nextval('thread_ids')) FROM range($n)"
RESERVE_POSTS = "SELECT min(nextval('post_ids')) FROM range($n)"

FRESH_THREADS = """
CREATE OR REPLACE TEMP TABLE fresh_threads AS
SELECT source, native_thread_id, min(line) AS line FROM landed
SEMI JOIN (SELECT line FROM judged WHERE verdict = 'new') USING (line)
ANTI JOIN thread_locators USING (source, native_thread_id)
GROUP BY source, native_thread_id
"""

LOCATE_THREADS = """
INSERT INTO thread_locators (thread_id, source, native_thread_id)
SELECT $first + row_number() OVER (ORDER BY line) - 1, source, native_thread_id FROM fresh_threads
"""

# In the order of its ids, so that what is inserted from it lies in that order too.
FRESH = """
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT landed.*, thread_id, $first + row_number() OVER (ORDER BY line) - 1 AS post_id
FROM landed
JOIN thread_locators USING (source, native_thread_id)
SEMI JOIN (SELECT line FROM judged WHERE verdict = 'new') USING (line)
ORDER BY line
"""

LOCATE = """
INSERT INTO locators (post_id, source, native_id, native_thread_id, url, native_key, item_key,
    host_key)
SELECT post_id, source, native_id, native_thread_id, url, native_key, item_key, host_key FROM fresh
"""

ANSWERS = """
CREATE OR REPLACE TEMP TABLE answers AS
SELECT fresh.post_id, locators.post_id AS parent_id, parent_key
FROM fresh LEFT JOIN locators ON locators.native_key = fresh.parent_key
WHERE parent_key IS NOT NULL
"""

INSERT_FRESH = """
INSERT INTO posts (post_id, source, community, thread_id, parent_id, kind, author_key, created_at,
    edited_at, harvested_at, title, text, own_text, language, revision, text_version, automated,
    withheld)
SELECT post_id, source, community, thread_id, parent_id, kind, author_key, created_at,
    edited_at, harvested_at, title, text, own_text, language, 1, text_version, automated, false
FROM fresh LEFT JOIN answers USING (post_id) ORDER BY post_id
"""

CHECK_FRESH = """
INSERT INTO checks (post_id, content_hash, last_checked_at, last_tried_at, n_checks, n_missed)
SELECT post_id, content_hash, harvested_at, harvested_at, 1, 0 FROM fresh
"""

FIRST_REVISIONS = """
INSERT INTO post_revisions (post_id, revision, seen_at, content_hash, length)
SELECT post_id, 1, harvested_at, content_hash, length(text) FROM fresh
"""

LATE_PARENTS = """
CREATE OR REPLACE TEMP TABLE late_parents AS
SELECT awaited_parents.post_id, fresh.post_id AS parent_id
FROM awaited_parents JOIN fresh ON fresh.native_key = awaited_parents.parent_key
"""

LINK_LATE = """
UPDATE posts SET parent_id = late_parents.parent_id FROM late_parents
WHERE posts.post_id = late_parents.post_id;
DELETE FROM awaited_parents WHERE post_id IN (SELECT post_id FROM late_parents)
"""

AWAIT_PARENTS = """
INSERT INTO awaited_parents SELECT post_id, parent_key FROM answers WHERE parent_id IS NULL
"""

TOUCH_FRESH = """
INSERT INTO touched SELECT thread_id, source, community, created_at::DATE FROM fresh
"""

# Community, thread and parent of a post are those of its first arrival: on some platforms a post
# shows in several communities, and would wander between them from night to night.
REPLACED = """
CREATE OR REPLACE TEMP TABLE replaced AS
SELECT line, posts.post_id, source, community, thread_id, parent_id, text AS old_text,
       revision AS old_revision, revision + (verdict = 'edited')::INTEGER AS new_revision,
       verdict = 'edited' AS edited, withheld AND NOT seen AS still_withheld,
       greatest(posts.harvested_at, judged.harvested_at) AS read_at
FROM judged JOIN posts USING (post_id)
WHERE verdict = 'edited' OR rederived OR disowned
"""

REPLACE = """
DELETE FROM posts WHERE post_id IN (SELECT post_id FROM replaced);
INSERT INTO posts (post_id, source, community, thread_id, parent_id, kind, author_key, created_at,
    edited_at, harvested_at, title, text, own_text, language, revision, text_version, automated,
    withheld)
SELECT post_id, replaced.source, replaced.community, thread_id, parent_id, kind, author_key,
    created_at, edited_at, read_at, title, text, own_text, language, new_revision, text_version,
    automated, still_withheld
FROM replaced JOIN landed USING (line) ORDER BY post_id;
INSERT INTO touched
SELECT thread_id, replaced.source, replaced.community, created_at::DATE
FROM replaced JOIN landed USING (line)
"""

# The text of the current revision stands in posts; a superseded one keeps its text for some days.
SUPERSEDE = """
UPDATE post_revisions SET text = old_text FROM replaced
WHERE edited AND post_revisions.post_id = replaced.post_id
    AND post_revisions.revision = old_revision;
INSERT INTO post_revisions (post_id, revision, seen_at, content_hash, length)
SELECT post_id, new_revision, harvested_at, content_hash, length(text)
FROM replaced JOIN landed USING (line) WHERE edited ORDER BY post_id;
UPDATE checks SET content_hash = landed.content_hash FROM replaced JOIN landed USING (line)
WHERE edited AND checks.post_id = replaced.post_id
"""

# The narrow columns of every checked post; the wide ones below, where something was missed.
CHECK = """
UPDATE checks SET
    last_checked_at = CASE WHEN seen OR verdict = 'missed' THEN harvested_at
                           ELSE last_checked_at END,
    last_tried_at = greatest(last_tried_at, harvested_at),
    n_checks = n_checks + (seen OR verdict = 'missed')::INTEGER
FROM judged WHERE checks.post_id = judged.post_id AND verdict <> 'confirmed'
"""

MISS = """
CREATE OR REPLACE TEMP TABLE turned AS
SELECT post_id, verdict = 'missed' AS withheld, misses, reason,
       coalesce(first_missed_at, judged.harvested_at) AS since
FROM judged JOIN landed USING (line)
WHERE verdict = 'missed' OR seen AND n_missed > 0;
UPDATE checks SET first_missed_at = CASE WHEN withheld THEN since END,
                  n_missed = CASE WHEN withheld THEN misses ELSE 0 END,
                  reason = CASE WHEN withheld THEN turned.reason END
FROM turned WHERE checks.post_id = turned.post_id;
UPDATE posts SET withheld = turned.withheld FROM turned WHERE posts.post_id = turned.post_id
"""

CONFIRM = """
CREATE OR REPLACE TEMP TABLE leaving AS
SELECT post_id, coalesce(reason, 'not_found') AS reason,
       coalesce(first_missed_at, judged.harvested_at) AS first_missed_at,
       judged.harvested_at AS asked_at
FROM judged JOIN landed USING (line) WHERE verdict = 'confirmed'
"""

# What a platform says a thread holds, beside which the posts that are held can be counted.
PROMISED = """
UPDATE thread_locators SET expected = promised.expected
FROM (SELECT unnest($ids::VARCHAR[]) AS native_thread_id, unnest($counts::BIGINT[]) AS expected)
    AS promised
WHERE thread_locators.source = $source
    AND thread_locators.native_thread_id = promised.native_thread_id
"""

ASK_COPY = "INSERT INTO pending_copies VALUES ($now)"

-- [C] Who answers whom? How deep do threads go, and how much is talk with the person who asked?
--
-- No person is named or numbered: there is one row for each community in which ten known people or
-- more have written, since figures of fewer would tell of persons.
--
-- Columns: n_threads; answered is the share of them in which somebody other than the opener wrote;
-- people is the mean number of different people in a thread. Of n_answers answers whose post they
-- answer is held: to_opener (somebody answers the person who began the thread), by_opener (that
-- person answers somebody), to_self (anybody answers their own post) and between_others. median_depth
-- and most_depth say how many steps answers lie below the opening post.
-- Cautions: boards without reply structure name the opening post, the last post or nothing as what is
-- answered, so compare communities of the same platform only. Posts without a known author are left
-- out of who answers whom, but not of depth. What is gone leaves holes: an answer to it is not counted.
WITH RECURSIVE below AS (
    SELECT post_id, 0 AS depth FROM posts WHERE parent_id IS NULL
    UNION ALL
    SELECT posts.post_id, depth + 1
    FROM below JOIN posts ON posts.parent_id = below.post_id WHERE depth < 1000
), openers AS (
    SELECT thread_id, arg_min(author_key, (created_at, post_id)) AS opener
    FROM posts WHERE kind = 'post' GROUP BY thread_id
), talk AS (
    SELECT source, community, thread_id,
           count(DISTINCT author_key) AS people,
           coalesce(bool_or(author_key <> opener), false) AS is_answered
    FROM posts LEFT JOIN openers USING (thread_id)
    WHERE NOT automated GROUP BY source, community, thread_id
), peopled AS (
    SELECT source, community FROM posts
    GROUP BY source, community HAVING count(DISTINCT author_key) >= 10
), answers AS (
    SELECT answer.source, answer.community,
           CASE WHEN answer.author_key = asked.author_key THEN 'to_self'
                WHEN asked.author_key = opener THEN 'to_opener'
                WHEN answer.author_key = opener THEN 'by_opener'
                ELSE 'between_others' END AS direction
    FROM posts AS answer
    JOIN posts AS asked ON asked.post_id = answer.parent_id
    JOIN openers ON openers.thread_id = answer.thread_id
    WHERE answer.author_key IS NOT NULL AND asked.author_key IS NOT NULL AND opener IS NOT NULL
        AND NOT answer.automated
), directions AS (
    SELECT source, community, count(*) AS n_answers,
           count(*) FILTER (WHERE direction = 'to_opener') AS to_opener,
           count(*) FILTER (WHERE direction = 'by_opener') AS by_opener,
           count(*) FILTER (WHERE direction = 'to_self') AS to_self,
           count(*) FILTER (WHERE direction = 'between_others') AS between_others
    FROM answers GROUP BY source, community
), depths AS (
    SELECT source, community, median(depth) AS median_depth, max(depth) AS most_depth
    FROM below JOIN posts USING (post_id) WHERE depth > 0 GROUP BY source, community
)
SELECT source, community, count(*) AS n_threads, avg(is_answered::INTEGER) AS answered,
       avg(people) AS people, any_value(n_answers) AS n_answers, any_value(to_opener) AS to_opener,
       any_value(by_opener) AS by_opener, any_value(to_self) AS to_self,
       any_value(between_others) AS between_others, any_value(median_depth) AS median_depth,
       any_value(most_depth) AS most_depth
FROM talk JOIN peopled USING (source, community)
LEFT JOIN directions USING (source, community) LEFT JOIN depths USING (source, community)
GROUP BY source, community ORDER BY source, community;

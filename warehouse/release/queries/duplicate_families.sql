-- [C] Which texts are posted again and again, and is it one hand or many?
--
-- Coordinated copying (a campaign's template, an appeal that is passed on) is itself a finding.
--
-- Columns: original is the post_id of the earliest one; n_posts the posts of the family, n_authors
-- the different people behind them and n_communities where they stand; from first_at to last_at in
-- n_days days; n_words the length of the original.
-- Cautions: families of a single author are left out, since they tell of a person and not of talk.
-- Copies are left out of every share; whether they should count is a question for the study. Only texts
-- of 20 words and more are compared. Posts without a known author count as no author.
WITH family AS (
    SELECT coalesce(duplicate_of, post_id) AS original, *
    FROM posts
    WHERE duplicate_of IS NOT NULL OR post_id IN (SELECT duplicate_of FROM posts)
)
SELECT original, count(*) AS n_posts, count(DISTINCT author_key) AS n_authors,
       count(DISTINCT (source, community)) AS n_communities,
       min(created_at) AS first_at, max(created_at) AS last_at,
       date_diff('day', min(created_at), max(created_at)) AS n_days,
       any_value(n_words) FILTER (WHERE post_id = original) AS n_words
FROM family GROUP BY original HAVING count(DISTINCT author_key) > 1
ORDER BY n_posts DESC, original LIMIT 50;

-- How much was written where and when, as a view over narrow columns: nothing has to be kept up.

CREATE VIEW document_statistics AS
SELECT source, community,
       date_trunc('month', (created_at AT TIME ZONE 'UTC')::DATE)::DATE AS month,
       count(*) AS n_posts,
       count(*) FILTER (WHERE automated) AS n_automated,
       count(*) FILTER (WHERE NOT automated AND duplicate_of IS NOT NULL) AS n_duplicates,
       count(*) FILTER (WHERE spoken) AS n_spoken,
       coalesce(sum(n_words) FILTER (WHERE spoken), 0)::BIGINT AS n_tokens,
       avg(n_words) FILTER (WHERE spoken) AS mean_tokens,
       median(n_words) FILTER (WHERE spoken) AS median_tokens,
       count(DISTINCT thread_id) FILTER (WHERE spoken) AS n_threads,
       count(DISTINCT author_key) FILTER (WHERE spoken) AS n_authors
FROM (
    SELECT *, NOT automated AND duplicate_of IS NULL AND coalesce(n_words, 0) > 0 AS spoken
    FROM posts
)
GROUP BY source, community, month;
COMMENT ON VIEW document_statistics IS '[C] posts and tokens of each community and month';

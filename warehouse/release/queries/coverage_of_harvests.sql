-- [C] Which days of each community were read completely, and where are the holes?
--
-- Read this before any figure over time: a month that was read by halves looks like a quiet month.
--
-- Columns: first_day and last_day are the first and last day that a harvest says something of,
-- n_days the days from one to the other; complete, partial, blocked and missing are how they were
-- read, share_complete is the share of complete ones, longest_gap the most days in a row that were
-- not read completely, and n_posts the posts that are held of all these days.
-- Cautions: days are those on which posts were written, in UTC. The day on which a harvest ran is
-- partial until a later harvest has seen its end, so the last day mostly is. A complete day without
-- posts was silent. Imported archives have no coverage.
WITH spans AS (
    SELECT source, community, min(day) AS first_day, max(day) AS last_day
    FROM coverage GROUP BY source, community
), calendar AS (
    SELECT source, community,
           unnest(generate_series(first_day, last_day, INTERVAL 1 DAY))::DATE AS day
    FROM spans
), days AS (
    SELECT calendar.*, coalesce(status, 'missing') AS status, coalesce(n_posts, 0) AS n_posts,
           count(*) FILTER (WHERE status = 'complete')
               OVER (PARTITION BY source, community ORDER BY day) AS n_complete_before
    FROM calendar LEFT JOIN coverage USING (source, community, day)
), gaps AS (
    SELECT source, community, max(length) AS longest_gap
    FROM (
        SELECT source, community, n_complete_before,
               count(*) FILTER (WHERE status <> 'complete') AS length
        FROM days GROUP BY source, community, n_complete_before
    ) GROUP BY source, community
)
SELECT source, community, min(day) AS first_day, max(day) AS last_day, count(*) AS n_days,
       count(*) FILTER (WHERE status = 'complete') AS complete,
       count(*) FILTER (WHERE status = 'partial') AS partial,
       count(*) FILTER (WHERE status = 'blocked') AS blocked,
       count(*) FILTER (WHERE status = 'missing') AS missing,
       count(*) FILTER (WHERE status = 'complete') / count(*) AS share_complete,
       any_value(longest_gap) AS longest_gap, sum(n_posts)::BIGINT AS n_posts
FROM days JOIN gaps USING (source, community)
GROUP BY source, community ORDER BY source, community;

-- [C] How much of what was said is edited or taken back?
--
-- Columns: period is the first day of a month. n_posts posts of it are held and n_edited of them were
-- seen in more than one version, as share_edited. n_gone posts were first missed in that month (when
-- they were written is not kept), reasons says how many of them by what was found.
-- Cautions: what went before the first harvest left no trace, and an edit between two reads is not
-- seen: both numbers are lower bounds that depend on how often a community was read again. n_gone of a
-- month is not part of its n_posts. A tombstone holds no content, and looking for what it held is
-- against the wish of the person who took it back.
WITH held AS (
    SELECT source, community,
           date_trunc('month', (created_at AT TIME ZONE 'UTC')::DATE)::DATE AS period,
           count(*) AS n_posts, count(*) FILTER (WHERE revision > 1) AS n_edited
    FROM posts GROUP BY source, community, period
), gone AS (
    SELECT source, community,
           date_trunc('month', (first_missed_at AT TIME ZONE 'UTC')::DATE)::DATE AS period,
           count(*) AS n_gone, histogram(reason) AS reasons
    FROM tombstones GROUP BY source, community, period
)
SELECT source, community, period, coalesce(n_posts, 0) AS n_posts,
       coalesce(n_edited, 0) AS n_edited, n_edited / n_posts AS share_edited,
       coalesce(n_gone, 0) AS n_gone, reasons
FROM held FULL JOIN gone USING (source, community, period)
ORDER BY source, community, period;

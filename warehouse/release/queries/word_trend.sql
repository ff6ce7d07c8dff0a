-- [C] Is a word used more than it was? (frequency over time, per million)
--
-- Columns: period is the first day of the month; n counts the word, n_tokens all words of the month,
-- per_million is n for each million of them; n_posts_with of n_posts posts have it at all, as
-- share_of_posts. share_complete is the share of the communities' days that were read completely.
-- Cautions: per_million can rise because one long thread is about it: look whether share_of_posts
-- rises, too. Months with a low share_complete, and months in which a community joined the corpus,
-- are not comparable with others. This is a count, without an interval.
-- To change: the word, and month to week.
WITH read_days AS (
    SELECT date_trunc('month', day)::DATE AS period,
           count(*) FILTER (WHERE status = 'complete') / count(*) AS share_complete
    FROM coverage GROUP BY period
)
SELECT trend.period, n, n_tokens, round(per_million, 2) AS per_million, n_posts_with, n_posts,
       round(n_posts_with / n_posts, 4) AS share_of_posts,
       round(share_complete, 3) AS share_complete
FROM word_trend('help', bin := 'month') AS trend LEFT JOIN read_days USING (period)
ORDER BY trend.period;

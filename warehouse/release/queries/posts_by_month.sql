-- [C] How many posts are there of each community and month, and how many of them count?
--
-- A share is a share of counted posts; this says what it leaves out, and why.
--
-- Columns: period is the first day of the month (UTC); n_posts are all released posts, counted
-- those that shares are shares of. The others are each counted once, under the first reason that
-- holds: automated (a machine wrote it), duplicate (nearly the same words as an earlier post),
-- not_indexed (edited, and its new text not read yet), no_own_words (a quotation or picture alone),
-- language_unknown (mostly too short to tell) and other_language.
-- Cautions: the language is the codebook's; change 'en' where it is another. A post that was missed
-- at the last recheck is in no release, so it is not in n_posts either.
SELECT source, community,
       date_trunc('month', (created_at AT TIME ZONE 'UTC')::DATE)::DATE AS period,
       count(*) AS n_posts,
       count(*) FILTER (WHERE reason IS NULL) AS counted,
       count(*) FILTER (WHERE reason = 'automated') AS automated,
       count(*) FILTER (WHERE reason = 'duplicate') AS duplicate,
       count(*) FILTER (WHERE reason = 'not_indexed') AS not_indexed,
       count(*) FILTER (WHERE reason = 'no_own_words') AS no_own_words,
       count(*) FILTER (WHERE reason = 'language_unknown') AS language_unknown,
       count(*) FILTER (WHERE reason = 'other_language') AS other_language
FROM (
    SELECT source, community, created_at,
           CASE WHEN automated THEN 'automated'
                WHEN duplicate_of IS NOT NULL THEN 'duplicate'
                WHEN n_words IS NULL THEN 'not_indexed'
                WHEN n_words = 0 THEN 'no_own_words'
                WHEN language IS NULL THEN 'language_unknown'
                WHEN language <> 'en' THEN 'other_language' END AS reason
    FROM posts
)
GROUP BY source, community, period ORDER BY source, community, period;

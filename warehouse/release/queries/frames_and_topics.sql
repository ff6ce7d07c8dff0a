-- [P] Which frames go with which topics?
--
-- Columns: share is the share of the posts led by the topic that express the frame, lower and upper
-- its interval (95 %), n_posts those posts; share_of_all is the same over all topics of the period,
-- and ratio how many times as often the frame stands with this topic.
-- Cautions: where even lower lies over share_of_all (or upper under it), the bond is more than
-- chance; ratio alone says nothing of that. share_of_all leaves out topics whose share is empty
-- (withheld, or too few codings), so it is not the share of the community. Topics overlap: a post
-- counts for its leading one.
WITH latest AS (
    SELECT * FROM frame_topics WHERE run_id = (SELECT max(run_id) FROM frame_topics)
), overall AS (
    SELECT model, frame, bin, period, sum(share * n_posts) / sum(n_posts) AS share_of_all
    FROM latest WHERE share IS NOT NULL AND n_posts > 0 GROUP BY model, frame, bin, period
)
SELECT topic_id, label, frame, bin, period, share, lower, upper, latest.n_posts,
       round(share_of_all, 4) AS share_of_all, round(share / nullif(share_of_all, 0), 2) AS ratio
FROM latest JOIN topics USING (model, topic_id)
LEFT JOIN overall USING (model, frame, bin, period)
ORDER BY frame, period, ratio DESC NULLS LAST, topic_id;

-- [P] How do topics rise and fall, and what happened at the time?
--
-- Columns: share is the share of the counted posts of community and period that the topic leads,
-- lower and upper its interval (95 %), n_posts all counted posts of community and period;
-- topic_history says what happened to the topic in the period (born, retired, merged into another,
-- split, drifted), events what happened in the world, where the study has entered it.
-- Cautions: a topic is what a model found, not what a person defined: read its posts before you name
-- it. A topic is the same from night to night as long as its number is; a newer model has numbers of
-- its own. That an event falls into a period says nothing of its being a cause. An empty share was
-- withheld. A share before a topic was born is of the earlier posts that it was given then.
-- To change: add AND label = '…' for one topic.
WITH ends AS (
    SELECT DISTINCT bin, period,
           CASE bin WHEN 'week' THEN period + INTERVAL 7 DAY ELSE period + INTERVAL 1 MONTH END
               AS next_period
    FROM topic_trends
), history AS (
    SELECT model, topic_id, bin, period, string_agg(event, ', ' ORDER BY day, event) AS topic_history
    FROM topic_events JOIN ends ON day >= period AND day < next_period
    GROUP BY model, topic_id, bin, period
), world AS (
    SELECT bin, period, string_agg(label, '; ' ORDER BY day, label) AS events
    FROM events JOIN ends ON day >= period AND day < next_period GROUP BY bin, period
)
SELECT model, topic_id, label, source, community, bin, period, share, lower, upper,
       topic_trends.n_posts, topic_history, world.events
FROM topic_trends JOIN topics USING (model, topic_id)
LEFT JOIN history USING (model, topic_id, bin, period)
LEFT JOIN world USING (bin, period)
WHERE run_id = (SELECT max(run_id) FROM topic_trends)
ORDER BY model, topic_id, source, community, period;

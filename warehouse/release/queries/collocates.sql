-- [C] Which words keep company with a word? (collocates)
--
-- Columns: n_near says how often the collocate stands within five words of the node in the same
-- post, n how often it stands anywhere, n_posts in how many posts it is near; log_dice is the
-- strength of the bond, at most 14: one more means twice as strong (Rychlý 2008), and it may be
-- compared between corpora of different size.
-- Cautions: rare companions are left out (under 5 places or 3 posts), since one person can make them.
-- Posts of machines and copies of other posts are not counted.
-- To change: the word, span (words on each side), and the two least numbers.
SELECT collocate, n_near, n, n_posts, round(log_dice, 2) AS log_dice
FROM collocates('help', span := 5)
WHERE n_near >= 5 AND n_posts >= 3
ORDER BY log_dice DESC, n_near DESC, collocate LIMIT 50;

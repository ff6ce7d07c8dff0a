-- [C] In what surroundings does a word stand? (concordance, keyword in context)
--
-- Columns: one row for each place; left_context, node and right_context are the words before it,
-- the word as it was found, and those after it, in lower case; post_id leads back to the whole post
-- (SELECT own_text FROM posts WHERE post_id = …).
-- Cautions: 50 places drawn at random, the same ones each time; read them in any order. Look for one
-- word: help does not find helping. A line is somebody's own words about their life: do not quote it
-- where the study's approval does not cover it, since search engines find quotations.
-- To change: the word, width (words on each side) and lines (most lines).
SELECT post_id, source, community, created_at, left_context, node, right_context
FROM kwic('help', width := 8, lines := 50);

-- [C] Which words mark the talk of one community against that of another? (keyness)
--
-- Columns: n_target and n_reference count the word on either side, n_posts_target and
-- n_posts_reference the posts that have it; per million tokens of each side beside them.
-- log_likelihood says how little chance explains the difference (Dunning 1993), log_ratio how large
-- it is: 1 is twice as often in the target, -1 half as often (Hardie 2014).
-- Cautions: sort by size (log_ratio) among what is sure (log_likelihood over 15.13, p < 0.0001), not
-- the other way round. The test takes every token as independent, which the words of one author or
-- thread are not: words of few posts are left out here, and what remains is a list to read closely,
-- not a result.
-- To change: the two communities with the most posts are compared; write names in their place, as in
-- keyness('carers', 'practitioners').
WITH largest AS (
    SELECT community, row_number() OVER (ORDER BY count(*) DESC, community) AS place
    FROM posts GROUP BY community
)
SELECT key_word, n_target, n_reference, n_posts_target, n_posts_reference,
       round(per_million_target, 1) AS per_million_target,
       round(per_million_reference, 1) AS per_million_reference,
       round(log_likelihood, 2) AS log_likelihood, round(log_ratio, 2) AS log_ratio
FROM keyness((SELECT community FROM largest WHERE place = 1),
             (SELECT community FROM largest WHERE place = 2))
WHERE n_posts_target + n_posts_reference >= 5 AND log_likelihood > 15.13
ORDER BY abs(log_ratio) DESC, log_likelihood DESC, key_word LIMIT 100;

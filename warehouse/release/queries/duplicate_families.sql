-- [C] Which texts are posted again and again, and is it one hand or many?
--
-- Coordinated copying (a campaign's template, an appeal that is passed on) is itself a finding.
--
-- Columns: original is the post_id of the earliest one; n_posts the posts of the family, n_authors
-- the different people behind them, n_communities and n_sources where they stand; from first_at to
-- last_at in n_days days; share_verbatim of the copies have the words of the original to the letter;
-- n_words the length of the original.
-- Cautions: families of a single author are left out, since they tell of a person and not of talk, and
-- here those of unknown authors, too (n_authors = 0). Copies are left out of every share; whether they
-- should count is a question for the study. Only texts of 20 words and more are compared, and none in a
-- source of one post a person, where short answers repeat by nature.
SELECT original, n_posts, n_authors, n_communities, n_sources, first_at, last_at,
       round(span_hours / 24, 1) AS n_days, round(share_verbatim, 3) AS share_verbatim, n_words
FROM duplicate_families WHERE n_authors > 1
ORDER BY n_posts DESC, original LIMIT 50;

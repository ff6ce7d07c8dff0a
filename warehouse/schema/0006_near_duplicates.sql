-- What tells near-duplicates without reading any text.

CREATE TABLE fingerprints (
    post_id BIGINT NOT NULL,
    withheld BOOLEAN NOT NULL,      -- when it was last compared
    sketch_low BIGINT NOT NULL,     -- one bit of each of 128 cells of the MinHash signature
    sketch_high BIGINT NOT NULL,
    band_01 UINTEGER NOT NULL,
    band_02 UINTEGER NOT NULL,
    band_03 UINTEGER NOT NULL,
    band_04 UINTEGER NOT NULL,
    band_05 UINTEGER NOT NULL,
    band_06 UINTEGER NOT NULL,
    band_07 UINTEGER NOT NULL,
    band_08 UINTEGER NOT NULL,
    band_09 UINTEGER NOT NULL,
    band_10 UINTEGER NOT NULL,
    band_11 UINTEGER NOT NULL,
    band_12 UINTEGER NOT NULL,
    band_13 UINTEGER NOT NULL,
    band_14 UINTEGER NOT NULL,
    band_15 UINTEGER NOT NULL,
    band_16 UINTEGER NOT NULL,
    band_17 UINTEGER NOT NULL,
    band_18 UINTEGER NOT NULL,
    band_19 UINTEGER NOT NULL,
    band_20 UINTEGER NOT NULL,
    band_21 UINTEGER NOT NULL,
    band_22 UINTEGER NOT NULL
);
COMMENT ON TABLE fingerprints IS '[-] MinHash fingerprints of posts that are compared: hashes of words';

CREATE TABLE comparison (
    next_g BIGINT NOT NULL,         -- posts whose tokens stand before it were compared
    left_out VARCHAR[] NOT NULL,    -- sources in which each post is a person's own answer
    fingerprint_version INTEGER NOT NULL
);
COMMENT ON TABLE comparison IS '[-] up to where posts were compared with each other';

CREATE TABLE waiting_comparisons (
    post_id BIGINT NOT NULL
);
COMMENT ON TABLE waiting_comparisons IS '[-] posts whose original was erased, until they are compared';

-- A family of one known author tells of a person and not of talk, and is left out.
CREATE VIEW duplicate_families AS
SELECT family.original, count(*) AS n_posts, count(DISTINCT family.author_key) AS n_authors,
       count(DISTINCT (family.source, family.community)) AS n_communities,
       count(DISTINCT family.source) AS n_sources,
       min(family.created_at) AS first_at, max(family.created_at) AS last_at,
       date_diff('second', min(family.created_at), max(family.created_at)) / 3600 AS span_hours,
       count(*) FILTER (family.post_id <> family.original AND family.own_text = first_post.own_text)
           / (count(*) - 1) AS share_verbatim,
       any_value(first_post.n_words) AS n_words
FROM (
    SELECT coalesce(duplicate_of, post_id) AS original, post_id, source, community, author_key,
           created_at, own_text
    FROM posts
    WHERE duplicate_of IS NOT NULL OR post_id IN (
        SELECT duplicate_of FROM posts WHERE duplicate_of IS NOT NULL)
) AS family
LEFT JOIN posts AS first_post ON first_post.post_id = family.original
GROUP BY family.original
HAVING count(*) > 1 AND count(DISTINCT family.author_key) <> 1;
COMMENT ON VIEW duplicate_families IS '[C] texts that were posted again nearly word for word';

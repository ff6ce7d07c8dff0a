-- The token index in two directions over one running position, which takes less room than a row of
-- post and position, is read in either direction, and lets a post go at the cost of the post.
-- What was indexed before is indexed again at the next night.

DROP TABLE tokens;
DROP TABLE indexed;
DELETE FROM words;
UPDATE posts SET n_words = NULL;

CREATE TABLE token_stream (
    g BIGINT NOT NULL,              -- running position over the corpus, never given again
    post_id BIGINT NOT NULL,
    word_id INTEGER NOT NULL
);
COMMENT ON TABLE token_stream IS '[C] own words of every post in reading order, post after post';

CREATE TABLE token_places (
    run INTEGER NOT NULL,           -- the rows of a run lie in order of word and position
    word_id INTEGER NOT NULL,
    g BIGINT NOT NULL
);
COMMENT ON TABLE token_places IS '[C] where every word stands, by word';

CREATE TABLE token_runs (
    run INTEGER NOT NULL,
    first_g BIGINT NOT NULL,        -- the positions of a run are an interval of its own
    next_g BIGINT NOT NULL
);
COMMENT ON TABLE token_runs IS '[-] which positions each run of token_places holds';

CREATE TABLE dead_tokens (
    g BIGINT NOT NULL
);
COMMENT ON TABLE dead_tokens IS '[-] positions of superseded texts that token_places still holds';

CREATE TABLE indexed (
    post_id BIGINT NOT NULL,
    revision INTEGER NOT NULL,
    text_version INTEGER NOT NULL,
    tokeniser_version INTEGER NOT NULL,
    first_g BIGINT NOT NULL,        -- of the post's first token
    n_tokens INTEGER NOT NULL
);
COMMENT ON TABLE indexed IS '[-] which revision of a post the index holds, and where';

CREATE VIEW token_posts AS SELECT post_id, first_g, n_tokens FROM indexed;
COMMENT ON VIEW token_posts IS '[C] where the tokens of each post begin, and how many they are';

CREATE VIEW tokens AS
SELECT token_stream.post_id, (g - first_g)::INTEGER AS position, word_id
FROM token_stream JOIN token_posts ON token_posts.post_id = token_stream.post_id;
COMMENT ON VIEW tokens IS '[C] own words of every post by position, from 0 within the post';

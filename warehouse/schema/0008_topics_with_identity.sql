-- Topics that keep their identity: versions of a model, names that people give, and what changed.
-- Topics that were found before keep their rows; of versions before there is no record.

ALTER TABLE topics ADD COLUMN distinctive_terms VARCHAR[];
ALTER TABLE topics ADD COLUMN exclusivity DOUBLE;
ALTER TABLE topics ADD COLUMN version INTEGER;

ALTER TABLE topic_events ALTER COLUMN topic_id DROP NOT NULL;   -- null: of the whole model
ALTER TABLE topic_events ADD COLUMN other_id INTEGER;
ALTER TABLE topic_events ADD COLUMN evidence VARCHAR;           -- JSON: numbers by name

CREATE TABLE topic_versions (
    model VARCHAR NOT NULL,
    version INTEGER NOT NULL,       -- in use after it: a refused one leaves the version before
    day DATE NOT NULL,
    kind VARCHAR NOT NULL,          -- fit, update, refit
    accepted BOOLEAN NOT NULL,
    score DOUBLE,                   -- null for a fit, which has nothing before it
    reason VARCHAR NOT NULL,
    n_posts BIGINT NOT NULL,        -- read for it
    digest VARCHAR NOT NULL         -- of the model as it was saved
);
COMMENT ON TABLE topic_versions IS '[C] versions of the topic model, night by night';

CREATE TABLE topic_terms (
    model VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    topic_id INTEGER NOT NULL,
    terms VARCHAR[] NOT NULL,
    weights DOUBLE[] NOT NULL
);
COMMENT ON TABLE topic_terms IS '[C] strongest terms of each topic in each version';

CREATE TABLE topic_moves (
    model VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    from_model VARCHAR NOT NULL,
    from_topic INTEGER,             -- null: no topic
    topic_id INTEGER,
    n_posts BIGINT NOT NULL
);
COMMENT ON TABLE topic_moves IS '[C] how many posts a version moved from topic to topic';

CREATE TABLE topic_names (
    topic_id INTEGER NOT NULL,
    label VARCHAR NOT NULL,
    note VARCHAR NOT NULL,
    named_on DATE NOT NULL
);
COMMENT ON TABLE topic_names IS '[C] what people call topics, and what they noted of them';

CREATE TABLE topic_posts (
    model VARCHAR NOT NULL,
    post_id BIGINT NOT NULL,
    topic_id INTEGER,               -- the leading one; null: none
    explained DOUBLE,               -- how much of the post the topics account for, 0 to 1
    first_g BIGINT NOT NULL,        -- of the text that was read: an edited one has another
    is_counted BOOLEAN NOT NULL     -- when the model was last applied
);
COMMENT ON TABLE topic_posts IS '[C] leading topic of each post, and how well topics explain it';

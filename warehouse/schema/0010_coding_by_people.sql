-- What people who code need: the whole codebook by version, who was given which post, what was
-- skipped, what was decided where coders differ, and how much was drawn of which stratum.

CREATE TABLE codebooks (
    codebook_version INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    notes VARCHAR[] NOT NULL,
    digest VARCHAR NOT NULL,        -- of all that it says: a change asks for another version
    recorded_on DATE NOT NULL
);
COMMENT ON TABLE codebooks IS '[C] versions of the codebook';

CREATE TABLE frame_guides (
    codebook_version INTEGER NOT NULL,
    frame VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    includes VARCHAR[] NOT NULL,
    excludes VARCHAR[] NOT NULL,
    sources VARCHAR[] NOT NULL,
    plain VARCHAR NOT NULL,         -- empty where the codebook has none
    examples VARCHAR[] NOT NULL,    -- invented
    counts_from INTEGER NOT NULL    -- codings of this version and later are codings of this one
);
COMMENT ON TABLE frame_guides IS '[C] what coders read of each frame, by version of the codebook';

CREATE TABLE draw_counts (
    wave INTEGER NOT NULL,
    pool VARCHAR NOT NULL,          -- train, measure
    stratum VARCHAR NOT NULL,
    drawn_on DATE NOT NULL,
    n_posts BIGINT NOT NULL,        -- that could be drawn
    n_expected DOUBLE,              -- null in the train pool, which is chosen
    n_drawn BIGINT NOT NULL,
    seed BIGINT NOT NULL            -- of the posts' own random numbers: one seed for all waves
);
COMMENT ON TABLE draw_counts IS '[C] how many posts each wave drew of each stratum';

CREATE TABLE draw_chances (
    post_id BIGINT NOT NULL,
    wave INTEGER NOT NULL,
    inclusion_probability DOUBLE NOT NULL   -- over all waves up to this one
);
COMMENT ON TABLE draw_chances IS '[C] chance of each post of the measure pool after each wave';

CREATE TABLE assignments (
    post_id BIGINT NOT NULL,
    coder VARCHAR NOT NULL CHECK (regexp_full_match(coder, '[A-Za-z0-9][A-Za-z0-9-]{0,15}')),
    wave INTEGER NOT NULL,
    sheet VARCHAR NOT NULL,
    assigned_on DATE NOT NULL
);
COMMENT ON TABLE assignments IS '[C] which post was given to which coder on which day';

CREATE TABLE skips (
    post_id BIGINT NOT NULL,
    coder VARCHAR NOT NULL CHECK (regexp_full_match(coder, '[A-Za-z0-9][A-Za-z0-9-]{0,15}')),
    wave INTEGER NOT NULL,
    reason VARCHAR NOT NULL,
    skipped_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE skips IS '[C] posts that a coder chose not to code';

CREATE TABLE adjudications (
    post_id BIGINT NOT NULL,
    frame VARCHAR NOT NULL,
    value DOUBLE NOT NULL CHECK (value BETWEEN 0 AND 1),
    decided_by VARCHAR NOT NULL
        CHECK (regexp_full_match(decided_by, '[A-Za-z0-9][A-Za-z0-9-]{0,15}')),
    codebook_version INTEGER NOT NULL,
    decided_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE adjudications IS '[C] what was decided where coders differ';

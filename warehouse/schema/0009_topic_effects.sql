-- What talks of a topic more than others do, and its course over all communities.

CREATE TABLE topic_effects (
    run_id VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    topic_id INTEGER NOT NULL,
    term VARCHAR NOT NULL,          -- community, role, country, period
    source VARCHAR NOT NULL,        -- of a community; else empty
    community VARCHAR NOT NULL,     -- of a community; else empty
    level VARCHAR NOT NULL,         -- role or country; else empty
    bin VARCHAR NOT NULL,
    period DATE,                    -- of a period; else null
    estimate DOUBLE,
    lower DOUBLE,
    upper DOUBLE,
    band_lower DOUBLE,
    band_upper DOUBLE,
    difference DOUBLE,
    difference_lower DOUBLE,
    difference_upper DOUBLE,
    q_value DOUBLE,
    n_posts BIGINT NOT NULL,
    n_authors BIGINT NOT NULL,
    share_seen DOUBLE,
    share_complete DOUBLE,
    refused_because VARCHAR,
    method VARCHAR NOT NULL
);
COMMENT ON TABLE topic_effects IS '[P] how topics differ between communities, roles and countries, and over time';

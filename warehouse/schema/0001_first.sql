-- The warehouse, first version. Times are UTC TIMESTAMPTZ; no name needs quoting.
-- Marks in comments: [C] in the controlled release, [P] in the public one too, [-] never released.

CREATE TABLE sources (
    source VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    licence VARCHAR NOT NULL,
    terms_note VARCHAR NOT NULL,
    ethics_ref VARCHAR,
    one_post_per_person BOOLEAN NOT NULL,
    first_harvest TIMESTAMPTZ,
    last_harvest TIMESTAMPTZ
);
COMMENT ON TABLE sources IS '[C] configured sites and imported archives';

CREATE TABLE communities (
    source VARCHAR NOT NULL,
    community VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    country VARCHAR,
    role VARCHAR,
    tags VARCHAR[] NOT NULL
);
COMMENT ON TABLE communities IS '[P] subreddits, boards, tags, lists and blogs, with what they are compared by';

-- Dense integers that are assigned once and never reused, not even after an erasure.
CREATE SEQUENCE post_ids;
CREATE SEQUENCE thread_ids;

CREATE TABLE posts (
    post_id BIGINT NOT NULL,
    source VARCHAR NOT NULL,
    community VARCHAR NOT NULL,
    thread_id BIGINT NOT NULL,
    parent_id BIGINT,
    kind VARCHAR NOT NULL,
    author_key VARCHAR,
    created_at TIMESTAMPTZ NOT NULL,
    edited_at TIMESTAMPTZ,
    harvested_at TIMESTAMPTZ NOT NULL,
    title VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    own_text VARCHAR NOT NULL,
    language VARCHAR,
    n_words INTEGER,                -- own words; null until indexed
    revision INTEGER NOT NULL,
    text_version INTEGER NOT NULL,
    duplicate_of BIGINT,
    automated BOOLEAN NOT NULL,
    withheld BOOLEAN NOT NULL       -- missed at a recheck and not yet confirmed: in no release
);
COMMENT ON TABLE posts IS '[C] the current revision of every post and comment';

CREATE TABLE threads (
    thread_id BIGINT NOT NULL,
    source VARCHAR NOT NULL,
    community VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    last_post_at TIMESTAMPTZ NOT NULL,
    n_posts BIGINT NOT NULL
);
COMMENT ON TABLE threads IS '[C] threads with the posts that are held of them';

CREATE TABLE post_revisions (
    post_id BIGINT NOT NULL,
    revision INTEGER NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    content_hash VARCHAR NOT NULL,
    length INTEGER NOT NULL,        -- characters of the text as stored
    text VARCHAR                    -- of a superseded revision, until dropped; else see posts
);
COMMENT ON TABLE post_revisions IS '[-] every version of a post that was seen';

CREATE TABLE locators (
    post_id BIGINT NOT NULL,
    source VARCHAR NOT NULL,
    native_id VARCHAR NOT NULL,
    native_thread_id VARCHAR NOT NULL,
    url VARCHAR,
    native_key UHUGEINT NOT NULL    -- md5 of source and native id: narrow to scan at every load
);
COMMENT ON TABLE locators IS '[-] where a post lives on its platform';

CREATE TABLE thread_locators (
    thread_id BIGINT NOT NULL,
    source VARCHAR NOT NULL,
    native_thread_id VARCHAR NOT NULL
);
COMMENT ON TABLE thread_locators IS '[-] which thread a native thread id is';

CREATE TABLE awaited_parents (
    post_id BIGINT NOT NULL,
    parent_key UHUGEINT NOT NULL    -- native_key of a parent that has not arrived
);
COMMENT ON TABLE awaited_parents IS '[-] comments that came before what they answer';

CREATE TABLE checks (
    post_id BIGINT NOT NULL,
    content_hash VARCHAR NOT NULL,  -- of the latest revision
    last_checked_at TIMESTAMPTZ NOT NULL, -- last time it was certain: there, or not there
    last_tried_at TIMESTAMPTZ NOT NULL,
    n_checks INTEGER NOT NULL,
    first_missed_at TIMESTAMPTZ,
    n_missed INTEGER NOT NULL,      -- checks in a row that did not find it
    reason VARCHAR
);
COMMENT ON TABLE checks IS '[-] when a post was last seen, and whether it was missed';

CREATE TABLE tombstones (
    post_id BIGINT NOT NULL,
    source VARCHAR NOT NULL,
    community VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    first_missed_at TIMESTAMPTZ NOT NULL,
    confirmed_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE tombstones IS '[C] posts that are gone: no content';

CREATE TABLE pending_erasures (
    post_id BIGINT NOT NULL,
    source VARCHAR NOT NULL,
    native_id VARCHAR NOT NULL,
    url VARCHAR,
    asked_at TIMESTAMPTZ NOT NULL   -- rows that landed up to then go
);
COMMENT ON TABLE pending_erasures IS '[-] confirmed deletions whose bytes the next erase stage removes';

CREATE TABLE pending_copies (
    asked_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE pending_copies IS '[-] rows are deleted, their bytes leave with the next fresh copy';

CREATE TABLE runs (
    run_id VARCHAR PRIMARY KEY,
    flow VARCHAR NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ,
    status VARCHAR NOT NULL,        -- running, complete, partial, failed
    version VARCHAR NOT NULL,
    error VARCHAR
);
COMMENT ON TABLE runs IS '[C] executions of flows and commands';

CREATE TABLE harvests (
    run_id VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    community VARCHAR NOT NULL,
    activity VARCHAR NOT NULL,      -- harvest, recheck, import
    expected BIGINT,
    fetched BIGINT NOT NULL,
    new BIGINT NOT NULL,
    edited BIGINT NOT NULL,
    gone BIGINT NOT NULL,
    dropped BIGINT NOT NULL,
    drops MAP(VARCHAR, BIGINT) NOT NULL,
    gaps STRUCT(since TIMESTAMPTZ, until TIMESTAMPTZ, reason VARCHAR)[] NOT NULL,
    requests BIGINT NOT NULL,
    not_modified BIGINT NOT NULL,
    throttled_seconds DOUBLE NOT NULL,
    status VARCHAR NOT NULL,
    error VARCHAR
);
COMMENT ON TABLE harvests IS '[C] what each pass over a community promised, read and cost';

CREATE TABLE coverage (
    source VARCHAR NOT NULL,
    community VARCHAR NOT NULL,
    day DATE NOT NULL,
    status VARCHAR NOT NULL,        -- complete, partial, missing, blocked
    n_posts BIGINT NOT NULL
);
COMMENT ON TABLE coverage IS '[C] which community was harvested on which day';

CREATE TABLE cursors (
    source VARCHAR NOT NULL,
    community VARCHAR NOT NULL,
    cursor JSON NOT NULL,
    last_complete_at TIMESTAMPTZ,
    updated_at TIMESTAMPTZ NOT NULL,
    state_written BOOLEAN NOT NULL  -- whether the files under state/ say the same
);
COMMENT ON TABLE cursors IS '[-] from where the next harvest goes on';

CREATE TABLE validators (
    source VARCHAR NOT NULL,
    community VARCHAR NOT NULL,
    address VARCHAR NOT NULL,
    etag VARCHAR,
    last_modified VARCHAR,
    trusted INTEGER NOT NULL,       -- times in a row without a full read
    updated_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE validators IS '[-] HTTP validators of pages that were read';

CREATE TABLE segments (
    path VARCHAR NOT NULL,          -- relative to landing/
    sha256 VARCHAR NOT NULL,
    n_rows BIGINT NOT NULL,
    loaded_at TIMESTAMPTZ NOT NULL,
    state VARCHAR NOT NULL,         -- loaded, quarantined, removed
    reason VARCHAR                  -- why it was quarantined
);
COMMENT ON TABLE segments IS '[-] the ledger of landed files';

-- Corpus index: the views words and tokens are what researchers read.
CREATE SEQUENCE word_ids;

CREATE TABLE words (
    word_id INTEGER NOT NULL,
    word VARCHAR NOT NULL,
    n BIGINT NOT NULL               -- occurrences in the corpus
);
COMMENT ON TABLE words IS '[C] the vocabulary: lower-cased own words';

CREATE TABLE tokens (
    post_id BIGINT NOT NULL,
    position INTEGER NOT NULL,      -- from 0 within the post
    word_id INTEGER NOT NULL
);
COMMENT ON TABLE tokens IS '[C] own words of every post in order';

CREATE TABLE indexed (
    post_id BIGINT NOT NULL,
    revision INTEGER NOT NULL,
    text_version INTEGER NOT NULL,
    tokeniser_version INTEGER NOT NULL
);
COMMENT ON TABLE indexed IS '[-] which revision of a post the index holds';

CREATE TABLE topics (
    model VARCHAR NOT NULL,
    topic_id INTEGER NOT NULL,
    label VARCHAR NOT NULL,
    terms VARCHAR[] NOT NULL,
    born_on DATE NOT NULL,
    retired_on DATE,
    n_posts BIGINT NOT NULL,
    coherence DOUBLE
);
COMMENT ON TABLE topics IS '[P] topics that a model found';

CREATE TABLE post_topics (
    model VARCHAR NOT NULL,
    post_id BIGINT NOT NULL,
    topic_id INTEGER NOT NULL,
    weight DOUBLE NOT NULL          -- share of the post, 0 to 1
);
COMMENT ON TABLE post_topics IS '[C] topics of each post';

CREATE TABLE topic_trends (
    run_id VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    topic_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    community VARCHAR NOT NULL,
    bin VARCHAR NOT NULL,
    period DATE NOT NULL,
    share DOUBLE,
    lower DOUBLE,
    upper DOUBLE,
    n_posts BIGINT NOT NULL
);
COMMENT ON TABLE topic_trends IS '[P] share of counted posts whose leading topic it is';

CREATE TABLE topic_events (
    model VARCHAR NOT NULL,
    topic_id INTEGER NOT NULL,
    day DATE NOT NULL,
    event VARCHAR NOT NULL,         -- born, retired
    detail VARCHAR NOT NULL
);
COMMENT ON TABLE topic_events IS '[P] changes of topic identity';

CREATE TABLE frames (
    frame VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    family VARCHAR NOT NULL,
    definition VARCHAR NOT NULL,
    codebook_version INTEGER NOT NULL
);
COMMENT ON TABLE frames IS '[P] the codebook';

CREATE TABLE draws (
    post_id BIGINT NOT NULL,
    wave INTEGER NOT NULL,
    pool VARCHAR NOT NULL,          -- train, measure
    stratum VARCHAR NOT NULL,
    inclusion_probability DOUBLE,  -- over all waves; null in the train pool, which measures nothing
    drawn_on DATE NOT NULL,
    state VARCHAR NOT NULL          -- drawn, coded, skipped
);
COMMENT ON TABLE draws IS '[C] posts sampled for coding; a post stays in the pool of its first draw';

CREATE TABLE codings (
    post_id BIGINT NOT NULL,
    frame VARCHAR NOT NULL,
    coder VARCHAR NOT NULL,
    value DOUBLE NOT NULL,          -- 1 expressed, 0 not
    codebook_version INTEGER NOT NULL,
    wave INTEGER NOT NULL,
    coded_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE codings IS '[C] what each coder said of each post and frame';

CREATE TABLE frame_scores (
    run_id VARCHAR NOT NULL,
    post_id BIGINT NOT NULL,
    frame VARCHAR NOT NULL,
    probability DOUBLE NOT NULL,
    classifier VARCHAR NOT NULL
);
COMMENT ON TABLE frame_scores IS '[C] calibrated probability of each frame in each counted post, latest classifier only';

CREATE TABLE frame_prevalence (
    run_id VARCHAR NOT NULL,
    frame VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    community VARCHAR NOT NULL,
    bin VARCHAR NOT NULL,
    period DATE NOT NULL,
    estimate DOUBLE,
    lower DOUBLE,
    upper DOUBLE,
    band_lower DOUBLE,
    band_upper DOUBLE,
    q_value DOUBLE,
    n_posts BIGINT NOT NULL,
    n_coded BIGINT NOT NULL,
    effective_n DOUBLE NOT NULL,
    borrowed DOUBLE NOT NULL,
    refused_because VARCHAR,
    method VARCHAR NOT NULL,
    classifier VARCHAR NOT NULL,
    codebook_version INTEGER NOT NULL
);
COMMENT ON TABLE frame_prevalence IS '[P] share of counted posts that express a frame, with intervals from the measure pool';

CREATE TABLE frame_topics (
    run_id VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    topic_id INTEGER NOT NULL,
    frame VARCHAR NOT NULL,
    bin VARCHAR NOT NULL,
    period DATE NOT NULL,
    share DOUBLE,
    lower DOUBLE,
    upper DOUBLE,
    n_posts BIGINT NOT NULL
);
COMMENT ON TABLE frame_topics IS '[P] how often a frame goes with a topic';

CREATE TABLE coverage_by_period (
    source VARCHAR NOT NULL,
    community VARCHAR NOT NULL,
    bin VARCHAR NOT NULL,
    period DATE NOT NULL,
    share_complete DOUBLE NOT NULL,
    gaps BIGINT NOT NULL
);
COMMENT ON TABLE coverage_by_period IS '[P] how much of a period was harvested completely';

CREATE TABLE evaluations (
    run_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,          -- agreement, classifier, calibration
    frame VARCHAR NOT NULL,
    measure VARCHAR NOT NULL,
    value DOUBLE,
    lower DOUBLE,
    upper DOUBLE,
    n BIGINT NOT NULL,
    version VARCHAR NOT NULL
);
COMMENT ON TABLE evaluations IS '[P] how well coders agree and the classifier does';

CREATE TABLE changes (
    run_id VARCHAR NOT NULL,
    series VARCHAR NOT NULL,
    frame VARCHAR,
    topic_id INTEGER,
    source VARCHAR NOT NULL,
    community VARCHAR NOT NULL,
    bin VARCHAR NOT NULL,
    period DATE NOT NULL,
    kind VARCHAR NOT NULL,          -- difference, change_point, break, event
    estimate DOUBLE,
    lower DOUBLE,
    upper DOUBLE,
    q_value DOUBLE,
    reason VARCHAR NOT NULL
);
COMMENT ON TABLE changes IS '[P] differences and breaks of the series';

CREATE TABLE events (
    event_id INTEGER NOT NULL,
    day DATE NOT NULL,
    label VARCHAR NOT NULL,
    url VARCHAR,
    added_by VARCHAR                -- [-] the one column of this table that is not released
);
COMMENT ON TABLE events IS '[P] what happened in the world';

CREATE TABLE examples (
    frame VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    month DATE NOT NULL,
    post_ids BIGINT[] NOT NULL,     -- [-]
    written_by VARCHAR NOT NULL,    -- [-]
    approved_by VARCHAR,            -- [-]
    withdrawn_on DATE               -- [-]
);
COMMENT ON TABLE examples IS '[P] approved paraphrases, never verbatim posts';

CREATE TABLE exports (
    who VARCHAR NOT NULL,
    what VARCHAR NOT NULL,
    n_rows BIGINT NOT NULL,
    sha256 VARCHAR NOT NULL,
    exported_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE exports IS '[C] what left through the controlled door';

CREATE TABLE subcorpora (
    name VARCHAR PRIMARY KEY,
    definition VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL
);
COMMENT ON TABLE subcorpora IS '[C] saved selections of posts';

CREATE TABLE published (
    release VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL,
    row_key VARCHAR NOT NULL,
    row_values VARCHAR NOT NULL,
    published_on DATE NOT NULL
);
COMMENT ON TABLE published IS '[-] public figures that stand';

CREATE TABLE erasures (
    hash VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,          -- post, author, thread
    recorded_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE erasures IS '[-] keyed hashes of what must never come back';

CREATE TABLE optouts (
    hash VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,          -- author, thread, host, phrase
    recorded_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE optouts IS '[-] keyed hashes of who and what opted out';

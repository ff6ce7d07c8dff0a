-- The smoothed course of each series, and how probable it is that its level changed at a period.

CREATE TABLE series_levels (
    run_id VARCHAR NOT NULL,
    series VARCHAR NOT NULL,
    frame VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    community VARCHAR NOT NULL,
    bin VARCHAR NOT NULL,
    period DATE NOT NULL,
    level DOUBLE NOT NULL,
    lower DOUBLE NOT NULL,
    upper DOUBLE NOT NULL,
    change_probability DOUBLE       -- null where too few periods are measured to look for changes
);
COMMENT ON TABLE series_levels IS '[C] smoothed levels of frames over time, with the probability of a change';

-- What harvests of every platform need beside the first version.

-- Columns added to a table have no NOT NULL: rows of earlier versions hold nothing in them.
ALTER TABLE harvests ADD COLUMN evidence VARCHAR;               -- against what the reading was tested
ALTER TABLE harvests ADD COLUMN cut_threads BIGINT DEFAULT 0;   -- threads of which less was read than promised
ALTER TABLE harvests ADD COLUMN decisions MAP(VARCHAR, BIGINT); -- of politeness, by kind

ALTER TABLE thread_locators ADD COLUMN expected BIGINT;         -- posts that the platform counted when last read

ALTER TABLE locators ADD COLUMN item_key VARCHAR;               -- keyed hash of an id that all servers share

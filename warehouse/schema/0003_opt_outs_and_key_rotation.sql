-- What people's control over their words needs: opt-outs of every kind, and keys that rotate.

ALTER TABLE locators ADD COLUMN host_key VARCHAR;  -- keyed hash of the home host of the post's account

ALTER TABLE optouts ADD COLUMN n_words INTEGER;    -- of a phrase

CREATE TABLE key_chain (
    links INTEGER NOT NULL,         -- of the author chain, in every author key that is stored
    fingerprint VARCHAR NOT NULL,   -- keyed hash of the keys with so many links
    finished BOOLEAN NOT NULL       -- whether segments, lists and the file's bytes followed the rows
);
COMMENT ON TABLE key_chain IS '[-] which keys the stored pseudonyms and hashes were made with';

CREATE TABLE pending_sweeps (
    asked_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE pending_sweeps IS '[-] the next erase stage goes through every segment for what the lists refuse';

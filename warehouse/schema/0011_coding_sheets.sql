-- Sheets that go to coders: what was handed out, which post an item stands for, and coders' notes.

CREATE TABLE sheets (
    sheet VARCHAR NOT NULL,
    coder VARCHAR NOT NULL CHECK (regexp_full_match(coder, '[A-Za-z0-9][A-Za-z0-9-]{0,15}')),
    pool VARCHAR NOT NULL,          -- train, measure
    form VARCHAR NOT NULL,          -- html, xlsx, csv
    codebook_version INTEGER NOT NULL,
    frames VARCHAR[] NOT NULL,      -- in the order of the sheet
    items VARCHAR[] NOT NULL,       -- all that it was handed out with, those of erased posts too
    sha256 VARCHAR NOT NULL,        -- of the file, as in exports
    handed_out_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE sheets IS '[-] coding sheets that were handed out';

CREATE TABLE sheet_items (
    item VARCHAR NOT NULL,
    sheet VARCHAR NOT NULL,
    post_id BIGINT NOT NULL,
    revision INTEGER NOT NULL       -- that the coder reads
);
COMMENT ON TABLE sheet_items IS '[-] which post an item of a sheet stands for';

CREATE TABLE coding_notes (
    post_id BIGINT NOT NULL,
    coder VARCHAR NOT NULL CHECK (regexp_full_match(coder, '[A-Za-z0-9][A-Za-z0-9-]{0,15}')),
    note VARCHAR NOT NULL,
    noted_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE coding_notes IS '[C] what coders noted of a post, without identifiers';

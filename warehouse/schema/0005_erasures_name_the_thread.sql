-- By its thread, too, an erased post can be told from the addresses of pages that were read.

ALTER TABLE pending_erasures ADD COLUMN native_thread_id VARCHAR;

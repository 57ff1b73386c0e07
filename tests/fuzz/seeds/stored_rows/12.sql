ALTER TABLE trials ADD COLUMN extra AS (hex(zeroblob(100000))); CREATE INDEX i ON trials (extra);

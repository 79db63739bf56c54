-- Rows of data sets, many to one entity: found by key, read in the order in which they came.
INSERT INTO counter VALUES ('record', 0);
CREATE TABLE record (id {id}, entity BIGINT NOT NULL, key TEXT NOT NULL, created BIGINT NOT NULL,
  updated BIGINT NOT NULL, document TEXT NOT NULL);
CREATE UNIQUE INDEX record_key ON record (entity, key);
CREATE INDEX record_order ON record (entity, id);

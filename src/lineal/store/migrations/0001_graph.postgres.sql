CREATE TABLE document (entity BIGINT PRIMARY KEY, vector TSVECTOR NOT NULL);
CREATE INDEX document_vector ON document USING GIN (vector);
-- Points hardly shrink, and trying costs five times what storing them does.
ALTER TABLE chunk ALTER COLUMN data SET STORAGE EXTERNAL;

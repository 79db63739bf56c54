CREATE TABLE document (entity BIGINT PRIMARY KEY, vector TSVECTOR NOT NULL);
CREATE INDEX document_vector ON document USING GIN (vector);

-- What is searched and measured, apart from what is only shown, so that a scan reads few bytes.
CREATE TABLE span (entity BIGINT NOT NULL, number BIGINT NOT NULL, parent BIGINT, name TEXT NOT NULL,
  type TEXT NOT NULL, status SMALLINT NOT NULL, started BIGINT NOT NULL, ended BIGINT, model TEXT, provider TEXT,
  input_cost DOUBLE PRECISION, output_cost DOUBLE PRECISION, total_cost DOUBLE PRECISION,
  PRIMARY KEY (entity, number)) {clustered};
CREATE TABLE span_body (entity BIGINT NOT NULL, number BIGINT NOT NULL, attributes TEXT NOT NULL, detail TEXT,
  PRIMARY KEY (entity, number));

CREATE TABLE counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL) {clustered};
INSERT INTO counter VALUES ('entity', 0), ('edge', 0), ('commit', 0), ('symbol', 0),
  ('transaction', 0), ('types', 0), ('store', 0), ('principal', 0), ('token', 0), ('access_grant', 0);

CREATE TABLE symbol (id {id}, text TEXT NOT NULL UNIQUE);

CREATE TABLE type_def (category TEXT NOT NULL, name TEXT NOT NULL, number BIGINT NOT NULL, document TEXT NOT NULL,
  PRIMARY KEY (category, name)) {clustered};

CREATE TABLE entity (
  id {id}, uuid TEXT NOT NULL UNIQUE, kind BIGINT NOT NULL, scope BIGINT NOT NULL, namespace BIGINT NOT NULL,
  name TEXT NOT NULL, key TEXT, home BIGINT, state SMALLINT NOT NULL, owner TEXT, revision BIGINT NOT NULL,
  created BIGINT NOT NULL, updated BIGINT NOT NULL, started BIGINT, ended BIGINT);
CREATE UNIQUE INDEX entity_key ON entity (scope, namespace, key) WHERE key IS NOT NULL;
CREATE INDEX entity_home ON entity (home, kind, state, started DESC, id) WHERE home IS NOT NULL;
CREATE INDEX entity_kind ON entity (kind, state, updated DESC, id);

CREATE TABLE external (protocol BIGINT NOT NULL, id TEXT NOT NULL, entity BIGINT NOT NULL,
  PRIMARY KEY (protocol, id)) {clustered};
CREATE INDEX external_entity ON external (entity);

CREATE TABLE property (entity BIGINT NOT NULL, key BIGINT NOT NULL, type SMALLINT NOT NULL,
  num DOUBLE PRECISION, text TEXT, PRIMARY KEY (entity, key)) {clustered};
CREATE INDEX property_text ON property (key, substr(text, 1, 64)) WHERE type = 4;

CREATE TABLE facet (entity BIGINT NOT NULL, name BIGINT NOT NULL, producer TEXT NOT NULL, document TEXT NOT NULL,
  updated BIGINT NOT NULL, PRIMARY KEY (entity, name)) {clustered};

CREATE TABLE edge (source BIGINT NOT NULL, target BIGINT NOT NULL, kind BIGINT NOT NULL, id BIGINT NOT NULL,
  detail TEXT, created BIGINT NOT NULL, PRIMARY KEY (source, target, kind)) {clustered};
CREATE UNIQUE INDEX edge_reverse ON edge (target, source, kind);

CREATE TABLE label (entity BIGINT NOT NULL, name BIGINT NOT NULL, root BIGINT NOT NULL, via BIGINT,
  category TEXT NOT NULL, attributes TEXT, valid_from BIGINT, valid_until BIGINT,
  PRIMARY KEY (entity, name, root)) {clustered};
CREATE INDEX label_name ON label (name, entity);
CREATE INDEX label_root ON label (root, name, entity);

CREATE TABLE point (entity BIGINT NOT NULL, key BIGINT NOT NULL, step BIGINT NOT NULL, time BIGINT NOT NULL,
  bits BIGINT NOT NULL, PRIMARY KEY (entity, key, step, time, bits)) {clustered};
CREATE TABLE chunk (entity BIGINT NOT NULL, key BIGINT NOT NULL, number BIGINT NOT NULL, size BIGINT NOT NULL,
  first_step BIGINT NOT NULL, last_step BIGINT NOT NULL, data {blob} NOT NULL,
  PRIMARY KEY (entity, key, number)) {clustered};
CREATE TABLE latest (entity BIGINT NOT NULL, key BIGINT NOT NULL, home BIGINT NOT NULL, value DOUBLE PRECISION,
  bits BIGINT NOT NULL, step BIGINT NOT NULL, time BIGINT NOT NULL, PRIMARY KEY (entity, key)) {clustered};
CREATE INDEX latest_order ON latest (home, key, value DESC, entity);

CREATE TABLE commit_log (id {id}, at BIGINT NOT NULL, principal TEXT NOT NULL, door TEXT NOT NULL, note TEXT);
CREATE TABLE change_log (commit_id BIGINT NOT NULL, number BIGINT NOT NULL, entity BIGINT NOT NULL,
  action TEXT NOT NULL, before TEXT, after TEXT, PRIMARY KEY (commit_id, number)) {clustered};
CREATE INDEX change_entity ON change_log (entity, commit_id);

CREATE TABLE spelling (variant TEXT NOT NULL, word TEXT NOT NULL, PRIMARY KEY (variant, word)) {clustered};

CREATE TABLE principal (id {id}, name TEXT NOT NULL UNIQUE, category TEXT NOT NULL, password TEXT,
  active SMALLINT NOT NULL, created BIGINT NOT NULL);
CREATE TABLE membership (member BIGINT NOT NULL, principal BIGINT NOT NULL, PRIMARY KEY (member, principal)) {clustered};
CREATE TABLE token (id {id}, principal BIGINT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE,
  created BIGINT NOT NULL, expires BIGINT);
CREATE TABLE access_grant (id {id}, principal BIGINT NOT NULL, role SMALLINT NOT NULL, target TEXT NOT NULL,
  value TEXT NOT NULL, deny SMALLINT NOT NULL, valid_from BIGINT, valid_until BIGINT);

CREATE TABLE webhook (id {id}, url TEXT NOT NULL, secret TEXT NOT NULL, kinds TEXT NOT NULL, actions TEXT NOT NULL,
  active SMALLINT NOT NULL, created BIGINT NOT NULL, principal TEXT NOT NULL, since BIGINT NOT NULL);
CREATE TABLE delivery (webhook BIGINT NOT NULL, commit_id BIGINT NOT NULL, attempt BIGINT NOT NULL,
  next_at BIGINT NOT NULL, status TEXT NOT NULL, error TEXT, PRIMARY KEY (webhook, commit_id)) {clustered};

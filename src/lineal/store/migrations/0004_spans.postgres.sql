-- Runs and traces are listed with the newest first and what has no start last. SQLite's order puts NULL there by itself.
DROP INDEX entity_home;
CREATE INDEX entity_home ON entity (home, kind, state, started DESC NULLS LAST, id) WHERE home IS NOT NULL;

"""All SQL, once, on SQLite or PostgreSQL. Reached only through the catalog."""

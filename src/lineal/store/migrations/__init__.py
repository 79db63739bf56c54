"""SQL text of the schema, by number."""

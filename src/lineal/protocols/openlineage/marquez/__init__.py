"""Marquez's API: what came of events as Marquez's clients and its web UI read it."""

"""Suites of tests that a backend, a door or an extractor subclasses. They need pytest."""

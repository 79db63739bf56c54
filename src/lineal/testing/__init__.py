"""Suites of tests that a backend, a door or an extractor subclasses. They need pytest."""

import pkgutil

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))

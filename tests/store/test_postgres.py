"""The suite of stores on PostgreSQL."""

from __future__ import annotations

import pytest

from lineal.testing.store import StoreSuite

pytestmark = pytest.mark.postgres


class TestPostgres(StoreSuite):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url

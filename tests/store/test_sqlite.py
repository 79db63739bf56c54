"""The suite of stores on SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineal.testing.store import StoreSuite


class TestSqlite(StoreSuite):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/lineal.db?synchronous=normal"

"""The suite of stores on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.graph.change import Change, PutEntity, PutFacet
from lineal.graph.model import ById
from lineal.testing.store import StoreSuite

pytestmark = pytest.mark.postgres


class TestPostgres(StoreSuite):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url


def test_statements_larger_than_a_socket_takes_at_once(postgres_url: str, tmp_path: Path) -> None:
    catalog = Catalog.open(postgres_url, blobs=str(tmp_path / "files"))
    session = catalog.session(LOCAL, "test")
    (number,) = session.commit(Change([PutEntity(kind="dataset")])).entities
    session.commit(
        Change([PutFacet(ById(number), f"f{place}", {"text": "x" * 2000}) for place in range(5000)])
    )
    assert len(session.get(ById(number), ("facets",)).facets) == 5000
    catalog.close()

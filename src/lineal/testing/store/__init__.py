"""How a store behaves, whatever database it is in.

A database is tested by a subclass that says where an empty store is::

    class TestMine(StoreSuite):
        @pytest.fixture
        def url(self, tmp_path: Path) -> str:
            return f"sqlite:///{tmp_path}/lineal.db"
"""

from __future__ import annotations

from lineal.testing.store.backups import Backups
from lineal.testing.store.edges import Edges
from lineal.testing.store.entities import Entities
from lineal.testing.store.finding import Finding
from lineal.testing.store.history import Histories
from lineal.testing.store.labels import Labels
from lineal.testing.store.migrations import Migrations
from lineal.testing.store.points import Points
from lineal.testing.store.processes import Processes
from lineal.testing.store.records import Records
from lineal.testing.store.spans import Spans, Summaries
from lineal.testing.store.text import Texts
from lineal.testing.store.writing import Writers


class StoreSuite(
    Entities,
    Edges,
    Points,
    Records,
    Spans,
    Summaries,
    Labels,
    Finding,
    Texts,
    Histories,
    Processes,
    Writers,
    Migrations,
    Backups,
):
    """Every test of a store."""

"""Records of many entities as one list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lineal.catalog import reading, search
from lineal.graph.model import Record
from lineal.graph.query import Expr, Query
from lineal.store.sql import records

if TYPE_CHECKING:
    from lineal.catalog.session import Session


class Recorded:
    """The records of all entities that match, deleted ones included, as far as the caller may see these.

    Args:
        session: of who asks.
        kinds, where: which entities, as in a Query.
    """

    def __init__(self, session: Session, kinds: Sequence[str], where: Expr | None) -> None:
        self._cx = session.catalog.store.reader()
        prepared = search.prepare(session, Query(kinds=list(kinds), where=where, state="all"))
        assert prepared is not None  # only text can match nothing from the outset
        self._source, self._where = prepared.source, prepared.where

    def rows(
        self, keys: Sequence[str] = (), *, since: int = 0, limit: int = 1000, offset: int = 0
    ) -> list[tuple[int, list[str | None]]]:
        """Those that came last first: ids, and texts in the documents.

        Args:
            keys: of the documents, which must be JSON objects.
            since: milliseconds; only what came then or later.
            limit, offset: a page of them.
        """
        first = records.first_since(self._cx, since)
        found = records.among(
            self._cx, self._source, self._where, keys, first=first, limit=limit, offset=offset
        )
        return [(row[0], list(row[1:])) for row in found]

    def count(self, *, since: int = 0) -> int:
        """How many there are."""
        return records.count_among(self._cx, self._source, self._where, records.first_since(self._cx, since))

    def some(self, ids: Sequence[int]) -> list[Record]:
        """Those that have these ids, in this order."""
        rows = {row[0]: row for row in records.by_ids(self._cx, self._source, self._where, ids)}
        return [reading.record_of(rows[number]) for number in ids if number in rows]

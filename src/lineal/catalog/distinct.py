"""What values there are: found by steps along an index, whatever the size of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.catalog import reading
from lineal.catalog.gathering import entities_of, numbers_of
from lineal.graph.model import Entity
from lineal.store.sql import gather

if TYPE_CHECKING:
    from lineal.catalog.session import Session


class Distinct:
    """Different values on active entities that the caller may see."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._symbols = session.catalog.symbols
        self._cx = session.catalog.store.reader()

    def namespaces(self, kind: str) -> dict[str, Entity]:
        """Namespaces with an entity of a kind, each with one such entity."""
        session, cx = self._session, self._cx
        scope = self._symbols.find(cx, session.types().identity(kind))
        rows = gather.namespaces(cx, scope, numbers_of(session, [kind]), reading.predicate(session))
        return {entity.namespace: entity for entity in entities_of(session, rows)}

    def values(self, key: str, limit: int) -> dict[str, Entity]:
        """Values of a property that is text, in order, each with an entity that has it."""
        session, cx = self._session, self._cx
        number, condition = self._symbols.find(cx, key), reading.predicate(session)
        found: dict[str, Entity] = {}
        last = ""
        while len(found) < limit and (values := gather.texts(cx, number, last)):
            last = values[-1]
            borne = [(value, row) for value in values for row in gather.bearer(cx, number, value, condition)]
            found |= {value: entities_of(session, [row])[0] for value, row in borne}
        reading.hydrate(session, list(found.values()), ("properties",))
        return found

    def labels(self, category: str) -> list[str]:
        """Names of the labels of a category, in order."""
        found = gather.labels(self._cx, category, reading.predicate(self._session))
        return sorted(self._symbols.text(self._cx, number) for number in found)

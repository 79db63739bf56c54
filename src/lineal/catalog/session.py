"""A session: one principal's view of the graph, through one door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lineal.catalog import history, lineage, reading, search, why
from lineal.catalog.access import Scope
from lineal.catalog.commit import commit
from lineal.catalog.values import Decision, Event, LabelPath, Principal, Role
from lineal.catalog.work import Work
from lineal.graph.change import Change, Commit
from lineal.graph.errors import NotFound
from lineal.graph.model import AnyRef, Edge, Entity, Point
from lineal.graph.query import Lineage, Page, Part, Query, Walk
from lineal.graph.types import Types
from lineal.store.base import Connection

if TYPE_CHECKING:
    from lineal.catalog.catalog import Catalog
    from lineal.store.blobs import Folder


class Session:
    """Writes through one commit, reads under one scope.

    Reads are blocking and safe from any thread. `commit` blocks until the change is durable; `submit` is the
    same for a coroutine. All raise the errors of `lineal.graph.errors`; what the caller may not see is NotFound.
    """

    __slots__ = ("catalog", "door", "principal")

    def __init__(self, catalog: Catalog, principal: Principal, door: str) -> None:
        self.catalog = catalog
        self.principal = principal
        self.door = door

    @property
    def scope(self) -> Scope:
        """What the principal may see and do."""
        return self.catalog.scope(self.principal)

    def commit(self, change: Change) -> Commit:
        """Apply a change; when this returns it is durable."""
        work: Work = self.catalog.store.write(lambda cx: self._apply(cx, change))
        return work.answer()

    async def submit(self, change: Change) -> Commit:
        """As `commit`, without blocking the event loop."""
        work: Work = await self.catalog.store.submit(lambda cx: self._apply(cx, change))
        return work.answer()

    def _apply(self, cx: Connection, change: Change) -> Work:
        return commit(cx, self.catalog.writing, self.catalog.scope(self.principal, cx), self.door, change)

    def get(self, ref: AnyRef, parts: Sequence[Part] = ("properties", "labels", "external")) -> Entity:
        """One entity, softly deleted ones included; NotFound when there is none to see."""
        return reading.get(self, ref, parts)

    def get_many(self, ids: Sequence[int], parts: Sequence[Part] = ("properties",)) -> list[Entity]:
        """Those of the entities that the caller may see, in the order of `ids`."""
        return reading.get_many(self, ids, parts)

    def edges(
        self, ids: Sequence[int], kinds: Sequence[str] = (), direction: str = "both", limit: int = 1000
    ) -> list[Edge]:
        """Edges at any of these entities, both of whose ends the caller may see. `direction`: in, out, both."""
        return reading.edges_at(self, ids, kinds, direction, limit)

    def find(self, query: Query) -> Page:
        """Entities that match, ordered and paged, only what the caller may see."""
        return search.find(self, query)

    def suggest(self, text: str, limit: int = 8) -> list[Entity]:
        """Entities whose name has words that begin so, for type-ahead."""
        return search.suggest(self, text, limit)

    def counts(self) -> dict[str, int]:
        """Active entities by kind."""
        return search.counts(self)

    def lineage(self, walk: Walk) -> Lineage:
        """What an entity came from and what was made of it."""
        return lineage.lineage(self, walk)

    def series(
        self,
        ref: AnyRef,
        key: str,
        *,
        limit: int | None = None,
        offset: int = 0,
        steps: tuple[int, int] | None = None,
        buckets: int | None = None,
    ) -> list[Point]:
        """The points of one metric ordered by time, step, value; [] when the key is unknown.

        Args:
            ref: the entity that bears the metric.
            key: of the metric.
            limit, offset: a page of them.
            steps: first and last step wanted, both included.
            buckets: downsample over steps to the least and greatest value of this many buckets, first and last
                point kept; the answer is then ordered by step.
        """
        return reading.series(self, ref, key, limit=limit, offset=offset, steps=steps, buckets=buckets)

    def history(self, ref: AnyRef, limit: int = 100) -> list[Event]:
        """What was done to the entity, newest first."""
        return history.history(self, ref, limit)

    def as_of(self, ref: AnyRef, at: int) -> Entity:
        """The entity with its properties, facets, direct labels and state as of a moment (ms since the epoch).

        Raises:
            NotFound: it did not exist then.
        """
        return history.as_of(self, ref, at)

    def changes(self, since: int = 0, limit: int = 1000) -> list[Event]:
        """History after commit `since`, oldest first, of what the caller may see. Never splits a commit."""
        return history.changes(self, since, limit)

    def newest(self) -> int:
        """The number of the last commit."""
        return history.newest(self)

    def types(self) -> Types:
        """Every definition."""
        return self.catalog.types()

    def why_label(self, ref: AnyRef, label: str) -> list[LabelPath]:
        """How the label came to the entity, one way for each root."""
        return why.why_label(self, ref, label)

    def why_access(self, ref: AnyRef, principal: str, role: Role = "viewer") -> Decision:
        """Why a principal may or may not act in this role on the entity. Only for oneself or an admin."""
        return why.why_access(self, ref, principal, role)

    def folder(self, ref: AnyRef, *, write: bool = False) -> Folder:
        """The entity's own folder of bytes; Denied without the role of editor when `write`."""
        node = reading.visible(self, ref, "editor" if write else "viewer")
        if node is None:
            raise NotFound(f"nothing at {ref}")
        return self.catalog.blobs.folder(node.uuid)

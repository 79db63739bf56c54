"""A session: one principal's view of the graph, through one door."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from lineal.catalog import gathering, history, lineage, reading, rendered, search, spans, why
from lineal.catalog import summary as summaries
from lineal.catalog.access import Scope
from lineal.catalog.commit import commit
from lineal.catalog.distinct import Distinct
from lineal.catalog.recorded import Recorded
from lineal.catalog.rendered import Rendering
from lineal.catalog.trail import Trail
from lineal.catalog.values import Decision, Event, LabelPath, Principal, Role, Standing
from lineal.catalog.work import Work
from lineal.graph.change import Change, Commit
from lineal.graph.errors import NotFound
from lineal.graph.model import (
    ACTIVE,
    DEFAULT_NAMESPACE,
    AnyRef,
    ByName,
    Edge,
    Entity,
    Point,
    Record,
    Scalar,
    Span,
)
from lineal.graph.query import Expr, Lineage, Page, Part, Query, Summary, Walk
from lineal.graph.types import Types
from lineal.store.base import Connection

if TYPE_CHECKING:
    from lineal.catalog.catalog import Catalog
    from lineal.store.blobs import Folder, IncomingPart, Means

C = TypeVar("C")
PLAIN = Types()
"""What every store has."""


class Session:
    """Writes through one commit, reads under one scope.

    Reads are blocking and safe from any thread. `commit` blocks until the change is durable; `submit` is the
    same for a coroutine. All raise the errors of `lineal.graph.errors`; what the caller may not see is NotFound.
    """

    __slots__ = ("catalog", "door", "namespace", "principal")

    def __init__(
        self, catalog: Catalog, principal: Principal, door: str, namespace: str | None = None
    ) -> None:
        self.catalog = catalog
        self.principal = principal
        self.door = door
        self.namespace = namespace

    def within(self, namespace: str | None) -> Session:
        """The same, limited to the workspace of this namespace, of which alone it sees and makes things; None: all."""
        return Session(self.catalog, self.principal, self.door, namespace)

    def enters(self, workspace: str) -> bool:
        """Whether there is such a workspace, and the caller may see anything there."""
        return self.catalog.has_workspace(workspace) and self.scope.enters(workspace)

    def workspaces(self) -> list[str]:
        """Names of the workspaces that the caller enters, the default one among them."""
        every = {DEFAULT_NAMESPACE, *self.catalog.workspaces()}
        return sorted(name for name in every if self.scope.enters(name))

    @property
    def scope(self) -> Scope:
        """What the principal may see and do."""
        return self.catalog.scope(self.principal, namespace=self.namespace)

    def commit(self, change: Change) -> Commit:
        """Apply a change; when this returns it is durable."""
        work: Work = self.catalog.store.write(lambda cx: self._apply(cx, change))
        return work.answer()

    async def submit(self, change: Change) -> Commit:
        """As `commit`, without blocking the event loop."""
        work: Work = await self.catalog.store.submit(lambda cx: self._apply(cx, change))
        return work.answer()

    def _apply(self, cx: Connection, change: Change) -> Work:
        scope = self.catalog.scope(self.principal, cx, self.namespace)
        return commit(cx, self.catalog.writing, scope, self.door, change)

    def get(self, ref: AnyRef, parts: Sequence[Part] = ("properties", "labels", "external")) -> Entity:
        """One entity, softly deleted ones included; NotFound when there is none to see."""
        return reading.get(self, ref, parts)

    def look_up(
        self,
        ref: AnyRef,
        parts: Sequence[Part] = ("properties", "labels", "external"),
        *,
        active: bool = False,
    ) -> Entity | None:
        """As `get`, but None when there is none to see, or when it is deleted and should be active."""
        try:
            found = reading.get(self, ref, parts)
        except NotFound:
            return None
        return None if active and found.state != ACTIVE else found

    def get_many(self, ids: Sequence[int], parts: Sequence[Part] = ("properties",)) -> list[Entity]:
        """Those of the entities that the caller may see, in the order of `ids`."""
        return reading.get_many(self, ids, parts)

    def get_external(
        self, protocol: str, ids: Sequence[str], parts: Sequence[Part] = ("properties",)
    ) -> list[Entity]:
        """Those of the entities that a protocol knows by these ids that the caller may see, in no order."""
        return gathering.by_external(self, protocol, ids, parts)

    def get_named(self, refs: Iterable[ByName]) -> dict[ByName, Entity]:
        """Those of the entities with these names that the caller may see, deleted ones included; without parts."""
        return gathering.by_name(self, refs)

    def newest_of(
        self, homes: Sequence[int], kind: str, limit: int, parts: Sequence[Part] = ("properties",)
    ) -> dict[int, list[Entity]]:
        """By home, its active entities of a kind, at most `limit` (up to 100), the last that was started first."""
        return gathering.newest_of(self, homes, kind, limit, parts)

    def in_namespaces(
        self, kind: str, names: Sequence[str], parts: Sequence[Part], *, limit: int, offset: int = 0
    ) -> list[Entity]:
        """A page of the active entities of a kind that are known by their names in these namespaces, in order."""
        return gathering.in_namespaces(self, kind, names, parts, limit=limit, offset=offset)

    def distinct(self) -> Distinct:
        """What different values there are."""
        return Distinct(self)

    def edges(
        self, ids: Sequence[int], kinds: Sequence[str] = (), direction: str = "both", limit: int = 1000
    ) -> list[Edge]:
        """Edges at any of these entities, both of whose ends the caller may see. `direction`: in, out, both."""
        return reading.edges_at(self, ids, kinds, direction, limit)

    def find(self, query: Query) -> Page:
        """Entities that match, ordered and paged, only what the caller may see."""
        return search.find(self, query)

    def render(self, rendering: Rendering[C], found: Sequence[tuple[Entity, C]]) -> list[bytes]:
        """What a door shows of each entity that it has found, made anew only of those that have changed.

        Args:
            rendering: how; the same object every time.
            found: entities without the parts that the rendering shows, each with its context.
        """
        return rendered.render(self, rendering, found)

    def summarize(self, summary: Summary) -> list[list[Scalar]]:
        """Figures over all that matches: for each group its values and then the figures, ordered by the values."""
        return summaries.summarize(self, summary)

    def suggest(self, text: str, limit: int = 8) -> list[Entity]:
        """Entities whose name has words that begin so, for type-ahead."""
        return search.suggest(self, text, limit)

    def counts(self) -> dict[str, int]:
        """Active entities by kind."""
        return search.counts(self)

    def lineage(self, walk: Walk) -> Lineage:
        """What an entity came from and what was made of it."""
        return lineage.lineage(self, walk)

    def trail(self, *refs: AnyRef) -> Trail:
        """The beginning of a walk that goes where whoever walks decides; NotFound when one of these cannot be seen."""
        return Trail(self, refs)

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

    def records(
        self, ref: AnyRef, *, keys: Sequence[str] | None = None, after: int = 0, limit: int = 1000
    ) -> list[Record]:
        """Rows of a data set in the order in which they came: those of some keys, or a page of all.

        Args:
            ref: the entity that they belong to.
            keys: those wanted; the other arguments then mean nothing.
            after: id of the last record of the page before.
            limit: records in a page.
        """
        return reading.records(self, ref, keys, after, limit)

    def count_records(self, ref: AnyRef) -> int:
        """How many records an entity has."""
        return reading.count_records(self, ref)

    def recorded(self, kinds: Sequence[str], where: Expr | None) -> Recorded:
        """Records of all entities that match, as one list."""
        return Recorded(self, kinds, where)

    def spans(self, ids: Sequence[int]) -> dict[int, list[Span]]:
        """Spans by trace, for those of the traces that the caller may see and that have any.

        The spans of a trace that have no parent come first, then the others by start.
        """
        return spans.read(self, ids)

    def history(self, ref: AnyRef, limit: int = 100) -> list[Event]:
        """What was done to the entity, newest first."""
        return history.history(self, ref, limit)

    def as_of(self, ref: AnyRef, at: int) -> Entity:
        """The entity with its properties, facets, direct labels and state as of a moment (ms since the epoch).

        Raises:
            NotFound: it did not exist then.
        """
        return history.as_of(self, ref, at)

    def as_of_event(self, event: Event, ref: AnyRef) -> Entity:
        """The same as of the commit of an event of the history; NotFound when it came to be only later."""
        return history.as_of_event(self, event, ref)

    def changes(self, since: int = 0, limit: int = 1000) -> list[Event]:
        """History after commit `since`, oldest first, of what the caller may see. Never splits a commit."""
        return history.changes(self, since, limit)

    def newest(self) -> int:
        """The number of the last commit."""
        return history.newest(self)

    def types(self) -> Types:
        """Every definition; to who was granted nothing, only those that are built in."""
        return PLAIN if self.scope.barred else self.catalog.types()

    def why_label(self, ref: AnyRef, label: str) -> list[LabelPath]:
        """How the label came to the entity, one way for each root."""
        return why.why_label(self, ref, label)

    def why_access(self, ref: AnyRef, principal: str, role: Role = "viewer") -> Decision:
        """Why a principal may or may not act in this role on the entity. Only for oneself or an admin."""
        return why.why_access(self, ref, principal, role)

    def standing(self, ref: AnyRef, principal: str) -> Standing:
        """As what a principal may act on the entity. Only for oneself or an admin of it."""
        return why.standing(self, ref, principal)

    def standing_in(self, namespace: str, kind: str, principal: str) -> Standing:
        """The same on whatever entity of a kind may be in a namespace. Only for oneself or an admin of that."""
        return why.standing_in(self, namespace, kind, principal)

    def folder(self, ref: AnyRef, *, write: bool = False) -> Folder:
        """The entity's own folder of bytes; Denied without the role of editor when `write`."""
        node = reading.visible(self, ref, "editor" if write else "viewer")
        if node is None:
            raise NotFound(f"nothing at {ref}")
        return self.catalog.blobs.folder(node.uuid)

    @property
    def means(self) -> Means:
        """How files may travel, other than in one piece through the server."""
        return self.catalog.blobs.means

    def incoming_part(self, upload: str, number: str, ticket: str) -> IncomingPart:
        """A part of a file at a link that `Folder.start` gave out; the link alone gives the right to it.

        Args:
            upload, number, ticket: the two segments of the link's path, and its query.

        Raises:
            Denied: the link was not given out, it has expired, or the upload is over.
        """
        return self.catalog.blobs.part(upload, number, ticket)

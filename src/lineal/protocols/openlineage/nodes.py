"""What is known of an entity that events speak of: as it is stored, with what is to be changed of it.

What a node knows holds for one revision of its entity. Every change that rests on it says so, and is refused by the
commit when somebody else was faster; the node is then read anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from lineal.catalog.session import Session
from lineal.graph import openlineage as names
from lineal.graph.errors import NOT_JSON
from lineal.graph.model import ACTIVE, AnyRef, ById, Entity, External
from lineal.graph.query import Attribute, Compare, Part, Query

LATE = 60 * 10_000_000
"""How much younger than the stored one an order must be to be written where nothing else changed: a minute."""
_PARTS: tuple[Part, ...] = ("properties", "facets", "labels")
_PAGE = 1000
_PRIVATE = "openlineage."
Digest = tuple[int, int]
"""Of a facet's text as it was sent, and as it is kept."""


class Node:
    """One entity.

    Attributes:
        address: where it is looked up.
        ref: how a change speaks of it.
        id: 0 of one that is not stored yet.
        revision: at which all else is known.
        digests: of each facet; of a job's column lineage under `columns|JOB`.
        times: of each facet, and of some more, the order of the newest event that told it.
        columns: ids of a data set's columns by path; None as long as they were not asked for.
        links: edges that are known to be there: kind, and namespace and name of the data set at the other end.
        seen: keys of events that are kept here, as far as they came lately.
        written: namespaces and names of the data sets that a run wrote; None as long as they were not asked for.
        held: addresses at which it is remembered.
        schema: a data set's schema facet as JSON text.
        sql: a job's query and its dialect.
    """

    __slots__ = (
        "address", "changes", "claimed", "columns", "digests", "ended", "externals", "held", "home", "id", "kind",
        "labels",
        "links", "name", "namespace", "owner", "properties", "ref", "retimed", "revision", "schema", "seen", "sql",
        "started", "state", "stored_times", "times", "told", "touched", "written",
    )  # fmt: skip

    def __init__(self, address: AnyRef, kind: str, namespace: str, name: str) -> None:
        self.address = address
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.ref: AnyRef = address
        self.id = 0
        self.revision = 0
        self.state = ACTIVE
        self.home: Node | None = None
        self.owner: str | None = None
        self.started: int | None = None
        self.ended: int | None = None
        self.properties: dict[str, Any] = {}
        self.digests: dict[str, Digest] = {}
        self.times: dict[str, int] = {}
        self.stored_times: dict[str, int] = {}
        self.labels: set[str] = set()
        self.columns: dict[str, AnyRef] | None = {}
        self.links: set[tuple[str, str, str]] = set()
        self.seen: set[str] = set()
        self.written: dict[tuple[str, str], None] | None = {}
        self.held: set[AnyRef] = set()
        self.schema: bytes | None = None
        self.sql: tuple[str, str | None] | None = None
        self.changes: dict[str, Any] = {}
        self.told: dict[str, Any] = {}
        self.externals: list[External] = []
        self.claimed = False
        self.retimed = False
        self.touched = False

    @property
    def is_new(self) -> bool:
        """Whether it is not stored yet."""
        return not self.id

    def set(self, key: str, value: Any) -> None:
        """Give it a property; None takes it away."""
        if self.properties.get(key) != value:
            self.told[key] = value
            if value is None:
                self.properties.pop(key, None)
            else:
                self.properties[key] = value

    def change(self, field: str, value: Any) -> None:
        """Give a field of the entity itself a value."""
        if getattr(self, field) != value:
            setattr(self, field, value)
            self.changes[field] = value

    def retime(self, name: str, order: int) -> None:
        """Note that an event told something, as it was or anew."""
        if order > self.times.get(name, 0):
            self.times[name] = order
            if order - self.stored_times.get(name, 0) >= LATE:
                self.retimed = True

    def decide(self, name: str, order: int) -> None:
        """Note which event had the last word on something, for other processes to know at once."""
        self.times[name] = order
        self.retimed = True

    @property
    def is_changed(self) -> bool:
        """Whether the entity itself will be at another revision."""
        return bool(self.changes or self.told or self.touched)

    def settled(self, number: int) -> None:
        """It is stored as it was told."""
        if self.is_new:
            self.id, self.ref, self.revision = number, ById(number), 1
        elif self.is_changed:
            self.revision += 1
        self.changes, self.told, self.externals = {}, {}, []
        self.claimed = self.retimed = self.touched = False

    def settle_times(self) -> None:
        """Let the times be written, if they are to be."""
        if self.times and (self.retimed or self.touched or self.is_new):
            self.stored_times = dict(self.times)
            self.told[names.TIMES] = msgspec.json.encode(self.times).decode()
            newest = self.times.get("", 0) // 10_000
            if newest:
                self.set(names.TIME, newest)


def load(session: Session, address: AnyRef) -> Node | None:
    """What is stored at an address; None when there is nothing for the caller to see."""
    entity = session.look_up(address, _PARTS)
    return None if entity is None else _node_of(entity, address)


def load_columns(session: Session, node: Node) -> dict[str, AnyRef]:
    """The columns of a data set by path, those that were dropped as well."""
    where = Compare(Attribute("home"), "=", node.id)
    found: dict[str, AnyRef] = {}
    cursor: str | None = None
    while True:
        query = Query(kinds=["column"], where=where, limit=_PAGE, cursor=cursor, state="all", parts=[])
        page = session.find(query)
        found |= {names.field_of(each.name): ById(each.id) for each in page.entities}
        cursor = page.cursor
        if cursor is None:
            return found


def load_written(session: Session, run: Node) -> Iterator[Entity]:
    """The data sets that a run wrote."""
    edges = session.edges([run.id], names.WRITES, "out")
    ids = dict.fromkeys(edge.target for edge in edges)
    return (each for each in session.get_many(list(ids), ()) if each.kind != "column")


def _node_of(entity: Entity, address: AnyRef) -> Node:
    node = Node(address, entity.kind, entity.namespace, entity.name)
    node.id, node.ref, node.revision = entity.id, ById(entity.id), entity.revision
    node.state, node.owner, node.started, node.ended = (
        entity.state,
        entity.owner,
        entity.started,
        entity.ended,
    )
    node.properties = entity.properties
    node.times = _times(entity.properties.pop(names.TIMES, None))
    node.stored_times = dict(node.times)
    node.labels = {each.name for each in entity.labels if each.root in (0, entity.id)}
    node.columns = node.written = None
    _learn_facets(node, entity.facets)
    return node


def _times(text: Any) -> dict[str, int]:
    try:
        return msgspec.json.decode(text, type=dict[str, int]) if isinstance(text, str) else {}
    except NOT_JSON:
        return {}


def _learn_facets(node: Node, facets: Mapping[str, Any]) -> None:
    for name, document in facets.items():
        text = msgspec.json.encode(document)
        node.digests[name.removeprefix(_PRIVATE)] = (hash(text), hash(text))
        if name == "schema":
            node.schema = text
        elif name == "sql" and isinstance(document, dict):
            node.sql = query_of(document)


def query_of(facet: dict[str, Any]) -> tuple[str, str | None] | None:
    """The query of a sql facet and its dialect."""
    query, dialect = facet.get("query"), facet.get("dialect")
    return (query, dialect if isinstance(dialect, str) else None) if isinstance(query, str) else None

"""Reads of known entities: under the scope, in few statements."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any

import msgspec

from lineal.catalog.access import ScopeCompiler
from lineal.catalog.authorize import may
from lineal.catalog.nodes import STATES, Node, Nodes
from lineal.catalog.values import Role
from lineal.graph.errors import Denied, Invalid, NotFound
from lineal.graph.model import AnyRef, Edge, Entity, External, Label, Point, Record
from lineal.graph.query import Part
from lineal.store.base import Connection, Row
from lineal.store.sql import edges, entities, labels, points
from lineal.store.sql import records as rows_of
from lineal.store.sql.find import Sql
from lineal.store.sql.symbols import Symbols

if TYPE_CHECKING:
    from lineal.catalog.session import Session


def compiler(session: Session) -> ScopeCompiler:
    """What turns the session's scope into SQL."""
    catalog = session.catalog
    return ScopeCompiler(catalog.store.reader(), catalog.symbols, catalog.types())


def predicate(session: Session, alias: str = "e") -> Sql:
    """The condition that a row may be seen by the caller."""
    return session.scope.predicate(compiler(session), "viewer", alias)


def visible(session: Session, ref: AnyRef, role: Role = "viewer") -> Node:
    """The node at an address, if the caller may act on it in this role.

    Raises:
        NotFound: nothing there to see. Denied: to be seen, but not to be used in this role.
    """
    catalog = session.catalog
    cx = catalog.store.reader()
    node = Nodes(catalog.symbols).find(cx, catalog.types(), ref)
    if node is None:
        raise NotFound(f"nothing at {ref}")
    scope = session.scope
    if scope.everything:
        return node
    if not may(cx, scope, compiler(session), node.id, role):
        if role != "viewer" and may(cx, scope, compiler(session), node.id, "viewer"):
            raise Denied(f"{session.principal.name} is not {role} of {node.kind} {node.name!r}")
        raise NotFound(f"nothing at {ref}")
    return node


def get(session: Session, ref: AnyRef, parts: Sequence[Part]) -> Entity:
    """One entity."""
    entity = entity_of(visible(session, ref))
    hydrate(session, [entity], parts)
    return entity


def get_many(session: Session, ids: Sequence[int], parts: Sequence[Part]) -> list[Entity]:
    """Those of the entities that the caller may see, in order."""
    catalog = session.catalog
    cx = catalog.store.reader()
    condition = predicate(session)
    sql = f"SELECT {entities.COLUMNS} FROM entity e WHERE {cx.dialect.among('e.id')} AND ({condition.text})"
    rows = {row[0]: row for row in cx.execute(sql, (cx.dialect.pack(ids), *condition.params))}
    found = [
        entity_of_row(cx, catalog.symbols, rows[number]) for number in dict.fromkeys(ids) if number in rows
    ]
    hydrate(session, found, parts)
    return found


def entity_of(node: Node) -> Entity:
    """A node as a caller sees it, without parts."""
    return Entity(
        node.id, node.uuid, node.kind, node.namespace, node.name, STATES[node.state], node.home, node.owner,
        node.revision, node.created, node.updated, node.started, node.ended,
        {}, {}, {}, [], [],
    )  # fmt: skip


def entity_of_row(cx: Connection, symbols: Symbols, row: Row) -> Entity:
    """The same of a row of `entities.COLUMNS`, without a node in between."""
    (
        number, uuid, kind, _, namespace, name, _, home, state, owner, revision, created, updated, started, ended,
    ) = row  # fmt: skip
    return Entity(
        number, uuid, symbols.text(cx, kind), symbols.text(cx, namespace), name, STATES[state], home, owner,
        revision, created, updated, started, ended, {}, {}, {}, [], [],
    )  # fmt: skip


def hydrate(session: Session, found: Sequence[Entity], parts: Iterable[Part]) -> None:
    """Bring the parts along, one statement each."""
    if not found:
        return
    catalog = session.catalog
    cx = catalog.store.reader()
    by_id = {entity.id: entity for entity in found}
    for part in parts:
        _FILL[part](cx, catalog.symbols, by_id)


def _properties(cx: Connection, symbols: Any, found: dict[int, Entity]) -> None:
    name, unpack, string = symbols.text, entities.unpack_value, entities.STRING
    into = {number: entity.properties for number, entity in found.items()}
    for number, key, kind, num, text in entities.properties(cx, list(found)):
        into[number][name(cx, key)] = text if kind == string else unpack(kind, num, text)


def _metrics(cx: Connection, symbols: Any, found: dict[int, Entity]) -> None:
    into = {number: entity.metrics for number, entity in found.items()}
    for number, key, value, bits, step, time in points.latest(cx, list(found)):
        name = symbols.text(cx, key)
        # Zero may have lost its sign in a column of the database, and NaN is NULL there.
        into[number][name] = Point(name, value or points.from_bits(bits), time, step)


def _facets(cx: Connection, symbols: Any, found: dict[int, Entity]) -> None:
    for number, name, document in entities.facets(cx, list(found)):
        found[number].facets[symbols.text(cx, name)] = msgspec.json.decode(document)


def _labels(cx: Connection, symbols: Any, found: dict[int, Entity]) -> None:
    for row in labels.of(cx, list(found)):
        found[row[0]].labels.append(_label(symbols.text(cx, row[1]), row))


def _label(name: str, row: Row) -> Label:
    _, _, root, via, category, attributes, valid_from, valid_until = row
    return Label(name, category, root, via, msgspec.json.decode(attributes or "{}"), valid_from, valid_until)


def _externals(cx: Connection, symbols: Any, found: dict[int, Entity]) -> None:
    for number, protocol, external in entities.externals(cx, list(found)):
        found[number].external.append(External(symbols.text(cx, protocol), external))


_FILL = {
    "properties": _properties,
    "metrics": _metrics,
    "facets": _facets,
    "labels": _labels,
    "external": _externals,
}


def edges_at(
    session: Session, ids: Sequence[int], kinds: Sequence[str], direction: str, limit: int
) -> list[Edge]:
    """The first edges at these entities of those whose ends the caller may see, both of them."""
    if limit < 1:
        raise Invalid(f"a limit is at least 1, not {limit}")
    asked = limit
    while True:
        found = _some_edges(session, ids, kinds, direction, asked)
        seen = seeable(session, {end for edge in found for end in (edge.source, edge.target)})
        shown = [edge for edge in found if edge.source in seen and edge.target in seen]
        if len(shown) >= limit or len(found) < asked:
            return shown[:limit]
        asked *= 4


def _some_edges(
    session: Session, ids: Sequence[int], kinds: Sequence[str], direction: str, limit: int
) -> list[Edge]:
    catalog = session.catalog
    cx = catalog.store.reader()
    numbers = [catalog.symbols.find(cx, kind) for kind in kinds]
    ends = {"out": ["source"], "in": ["target"]}.get(direction, ["source", "target"])
    rows = {row[0]: row for end in ends for row in edges.at(cx, ids, numbers, end, limit)}
    return [edge_of(cx, catalog.symbols, row) for _, row in sorted(rows.items())][:limit]


def edge_of(cx: Connection, symbols: Any, row: Row) -> Edge:
    """A row as an edge."""
    number, kind, source, target, detail, created = row
    return Edge(number, symbols.text(cx, kind), source, target, msgspec.json.decode(detail or "{}"), created)


def seeable(session: Session, ids: set[int]) -> set[int]:
    """Those of the entities that the caller may see."""
    if session.scope.everything or not ids:
        return ids
    cx = session.catalog.store.reader()
    condition = predicate(session)
    sql = f"SELECT e.id FROM entity e WHERE {cx.dialect.among('e.id')} AND ({condition.text})"
    return {row[0] for row in cx.execute(sql, (cx.dialect.pack(sorted(ids)), *condition.params))}


def acting(session: Session, uuids: Collection[str], role: Role) -> set[str]:
    """Those of the uuids whose entities the caller may use in this role."""
    if not uuids:
        return set()
    cx = session.catalog.store.reader()
    condition = session.scope.predicate(compiler(session), role)
    sql = f"SELECT e.uuid FROM entity e WHERE {cx.dialect.among('e.uuid')} AND ({condition.text})"
    return {row[0] for row in cx.execute(sql, (cx.dialect.pack(sorted(uuids)), *condition.params))}


def series(
    session: Session,
    ref: AnyRef,
    key: str,
    *,
    limit: int | None,
    offset: int,
    steps: tuple[int, int] | None,
    buckets: int | None,
) -> list[Point]:
    """The points of one metric."""
    if offset < 0 or (limit is not None and limit < 0) or (buckets is not None and buckets < 1):
        raise Invalid("offset and limit are at least 0, buckets at least 1")
    node = visible(session, ref)
    cx = session.catalog.store.reader()
    found = points.series(cx, node.id, session.catalog.symbols.find(cx, key), steps)
    end = None if limit is None else offset + limit
    if buckets is not None and len(found.times) > 2 * buckets:
        thinned = downsample(list(found.rows()), buckets)[offset:end]
        return [Point(key, value, time, step) for time, step, value in thinned]
    columns = (repeat(key), found.values[offset:end], found.times[offset:end], found.steps[offset:end])
    return list(map(Point._make, zip(*columns, strict=False)))


def records(
    session: Session, ref: AnyRef, keys: Sequence[str] | None, after: int, limit: int
) -> list[Record]:
    """Records of one entity, in the order in which they came."""
    if limit < 1:
        raise Invalid(f"a limit is at least 1, not {limit}")
    node = visible(session, ref)
    cx = session.catalog.store.reader()
    found = rows_of.page(cx, node.id, after, limit) if keys is None else rows_of.some(cx, node.id, keys)
    return [record_of(row) for row in found]


def record_of(row: Row) -> Record:
    """A row as a record."""
    number, key, document, created, updated = row
    # Not msgspec, which does not know the NaN and Infinity of documents.
    return Record(number, key, json.loads(document), created, updated)


def count_records(session: Session, ref: AnyRef) -> int:
    """How many records an entity has."""
    return rows_of.count(session.catalog.store.reader(), visible(session, ref).id)


def _value(point: tuple[int, int, float]) -> int:
    """Orders by value, NaN last."""
    return points.to_bits(point[2])


def downsample(found: list[tuple[int, int, float]], buckets: int) -> list[tuple[int, int, float]]:
    """First, last, and the least and greatest value of each of `buckets` runs of points, ordered by step.

    Args:
        found: (time, step, value), any order.
        buckets: at least 1; the answer has at most twice as many points, and two.
    """
    ordered = sorted(found, key=lambda point: (point[1], point[0]))
    kept = {ordered[0]: None}
    size = len(ordered) / buckets
    for number in range(buckets):
        part = ordered[int(number * size) : int((number + 1) * size)]
        extremes = (min(part, key=_value), max(part, key=_value))
        kept |= dict.fromkeys(sorted(extremes, key=lambda point: (point[1], point[0])))
    return list(kept | {ordered[-1]: None})

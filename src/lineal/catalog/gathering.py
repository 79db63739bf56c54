"""Reads about many entities at once, and what values there are: in few statements, whatever the size of the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lineal.catalog import reading, search
from lineal.catalog.nodes import node_of
from lineal.graph.errors import Invalid
from lineal.graph.model import ByName, Entity, Record
from lineal.graph.query import Expr, Part, Query
from lineal.store.base import Row
from lineal.store.sql import gather, records
from lineal.store.sql.find import Sql

if TYPE_CHECKING:
    from lineal.catalog.session import Session

_MOST = 100


def by_external(session: Session, protocol: str, ids: Sequence[str], parts: Sequence[Part]) -> list[Entity]:
    """Those of the entities with these outside ids that the caller may see."""
    if not ids:
        return []
    cx = session.catalog.store.reader()
    number = session.catalog.symbols.find(cx, protocol)
    found = _entities(session, gather.by_external(cx, number, ids, reading.predicate(session)))
    reading.hydrate(session, found, parts)
    return found


def by_name(session: Session, refs: Iterable[ByName]) -> dict[ByName, Entity]:
    """What stands at these names that the caller may see, without parts."""
    cx, types, find = session.catalog.store.reader(), session.types(), session.catalog.symbols.find
    groups: dict[tuple[str, str], list[ByName]] = {}
    for ref in refs:
        groups.setdefault((types.identity(ref.kind), ref.namespace), []).append(ref)
    found: dict[ByName, Entity] = {}
    for (scope, namespace), named in groups.items():
        keys = [ref.name for ref in named]
        rows = gather.by_name(cx, find(cx, scope), find(cx, namespace), keys, reading.predicate(session))
        stored = {node.key: node for node in (node_of(cx, session.catalog.symbols, row) for row in rows)}
        found |= {ref: reading.entity_of(stored[ref.name]) for ref in named if ref.name in stored}
    return found


def newest_of(
    session: Session, homes: Sequence[int], kind: str, limit: int, parts: Sequence[Part]
) -> dict[int, list[Entity]]:
    """By home, the last entities that were started there."""
    if not 1 <= limit <= _MOST:
        raise Invalid(f"of each home there are 1 to {_MOST}, not {limit}")
    cx = session.catalog.store.reader()
    ids = gather.newest_of(cx, homes, _numbers(session, [kind]), limit, reading.predicate(session))
    found: dict[int, list[Entity]] = {}
    for entity in reading.get_many(session, ids, parts):
        found.setdefault(entity.home or 0, []).append(entity)
    return found


def namespaces(session: Session, kind: str) -> dict[str, Entity]:
    """Namespaces with an active entity of a kind that the caller may see, each with one such entity."""
    cx = session.catalog.store.reader()
    scope = session.catalog.symbols.find(cx, session.types().identity(kind))
    rows = gather.namespaces(cx, scope, _numbers(session, [kind]), reading.predicate(session))
    return {entity.namespace: entity for entity in _entities(session, rows)}


def in_namespaces(
    session: Session, kind: str, names: Sequence[str], parts: Sequence[Part], *, limit: int, offset: int
) -> list[Entity]:
    """A page of the entities of a kind in namespaces, by name."""
    cx, symbols = session.catalog.store.reader(), session.catalog.symbols
    found = _entities(
        session,
        gather.in_namespace(
            cx,
            symbols.find(cx, session.types().identity(kind)),
            [symbols.find(cx, name) for name in names],
            _numbers(session, [kind]),
            reading.predicate(session),
            limit=limit,
            offset=offset,
        ),
    )
    reading.hydrate(session, found, parts)
    return found


def texts(session: Session, key: str, limit: int) -> dict[str, Entity]:
    """Values of a property that is text, each with an entity that has it."""
    cx = session.catalog.store.reader()
    number, condition = session.catalog.symbols.find(cx, key), reading.predicate(session)
    found: dict[str, Entity] = {}
    last = ""
    while len(found) < limit and (values := gather.texts(cx, number, last)):
        last = values[-1]
        borne = [(value, row) for value in values for row in gather.bearer(cx, number, value, condition)]
        found |= {value: _entities(session, [row])[0] for value, row in borne}
    reading.hydrate(session, list(found.values()), ("properties",))
    return found


def labels(session: Session, category: str) -> list[str]:
    """Names of the labels of a category that are borne by what the caller may see."""
    cx = session.catalog.store.reader()
    found = gather.labels(cx, category, reading.predicate(session))
    return sorted(session.catalog.symbols.text(cx, number) for number in found)


def records_among(
    session: Session,
    kinds: Sequence[str],
    where: Expr | None,
    keys: Sequence[str],
    *,
    since: int,
    limit: int,
    offset: int,
) -> list[tuple[int, list[str | None]]]:
    """Of records of some entities, those that came last first: the id, and texts out of the document."""
    source, condition = _among(session, kinds, where)
    cx = session.catalog.store.reader()
    first = records.first_since(cx, since)
    rows = records.among(cx, source, condition, keys, first=first, limit=limit, offset=offset)
    return [(row[0], list(row[1:])) for row in rows]


def count_records_among(session: Session, kinds: Sequence[str], where: Expr | None, since: int) -> int:
    """How many of them there are."""
    source, condition = _among(session, kinds, where)
    cx = session.catalog.store.reader()
    return records.count_among(cx, source, condition, records.first_since(cx, since))


def some_records(
    session: Session, kinds: Sequence[str], where: Expr | None, ids: Sequence[int]
) -> list[Record]:
    """Those of them that have these ids, in this order."""
    source, condition = _among(session, kinds, where)
    cx = session.catalog.store.reader()
    rows = {row[0]: row for row in records.by_ids(cx, source, condition, ids)}
    return [reading.record_of(rows[number]) for number in ids if number in rows]


def _among(session: Session, kinds: Sequence[str], where: Expr | None) -> tuple[str, Sql]:
    prepared = search.prepare(session, Query(kinds=list(kinds), where=where, state="all"))
    assert prepared is not None  # only text can match nothing from the outset
    return prepared.source, prepared.where


def _entities(session: Session, rows: Sequence[Row]) -> list[Entity]:
    cx = session.catalog.store.reader()
    return [reading.entity_of(node_of(cx, session.catalog.symbols, row)) for row in rows]


def _numbers(session: Session, kinds: Sequence[str]) -> list[int]:
    cx, types = session.catalog.store.reader(), session.types()
    names = sorted(frozenset().union(*(types.subkinds(kind) for kind in kinds)))
    return [session.catalog.symbols.find(cx, name) for name in names]

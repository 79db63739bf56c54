"""Reads about many entities at once: in few statements, whatever the size of the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lineal.catalog import reading
from lineal.catalog.nodes import node_of
from lineal.graph.errors import Invalid
from lineal.graph.model import ByName, Entity
from lineal.graph.query import Part
from lineal.store.base import Row
from lineal.store.sql import gather

if TYPE_CHECKING:
    from lineal.catalog.session import Session

_MOST = 100


def by_external(session: Session, protocol: str, ids: Sequence[str], parts: Sequence[Part]) -> list[Entity]:
    """Those of the entities with these outside ids that the caller may see."""
    if not ids:
        return []
    cx = session.catalog.store.reader()
    number = session.catalog.symbols.find(cx, protocol)
    found = entities_of(session, gather.by_external(cx, number, ids, reading.predicate(session)))
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
    ids = gather.newest_of(cx, homes, numbers_of(session, [kind]), limit, reading.predicate(session))
    found: dict[int, list[Entity]] = {}
    for entity in reading.get_many(session, ids, parts):
        found.setdefault(entity.home or 0, []).append(entity)
    return found


def in_namespaces(
    session: Session, kind: str, names: Sequence[str], parts: Sequence[Part], *, limit: int, offset: int
) -> list[Entity]:
    """A page of the entities of a kind in namespaces, by name."""
    cx, symbols = session.catalog.store.reader(), session.catalog.symbols
    found = entities_of(
        session,
        gather.in_namespace(
            cx,
            symbols.find(cx, session.types().identity(kind)),
            [symbols.find(cx, name) for name in names],
            numbers_of(session, [kind]),
            reading.predicate(session),
            limit=limit,
            offset=offset,
        ),
    )
    reading.hydrate(session, found, parts)
    return found


def entities_of(session: Session, rows: Sequence[Row]) -> list[Entity]:
    """Rows as entities without parts."""
    cx = session.catalog.store.reader()
    return [reading.entity_of_row(cx, session.catalog.symbols, row) for row in rows]


def numbers_of(session: Session, kinds: Sequence[str]) -> list[int]:
    """Numbers of the kinds and of all that inherit from them."""
    cx, types = session.catalog.store.reader(), session.types()
    names = sorted(frozenset().union(*(types.subkinds(kind) for kind in kinds)))
    return [session.catalog.symbols.find(cx, name) for name in names]

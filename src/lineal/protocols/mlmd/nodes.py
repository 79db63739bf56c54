"""Nodes and types as a session sees them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lineal.catalog.session import Session
from lineal.graph.mlmd.categories import Category
from lineal.graph.mlmd.messages import Message
from lineal.graph.mlmd.nodes import PARTS, to_message
from lineal.graph.mlmd.types import TypeTable, table_of
from lineal.graph.model import ACTIVE, AnyRef, Entity
from lineal.graph.query import Part


def table(session: Session) -> TypeTable:
    """Every type."""
    return table_of(session.types())


def look_up(session: Session, ref: AnyRef) -> Entity | None:
    """What stands at an address, with properties and outside addresses; None when nothing is to be seen there."""
    return session.look_up(ref, PARTS, active=True)


def with_ids(session: Session, ids: Sequence[int], parts: Sequence[Part] = PARTS) -> list[Entity]:
    """Those of the entities that are there, and not deleted through Lineal."""
    return [each for each in session.get_many(ids, parts) if each.state == ACTIVE]


def to_messages(session: Session, entities: Iterable[Entity]) -> list[Message]:
    """Entities, with their properties and outside addresses, as the nodes that they are."""
    types = table(session)
    return [
        to_message(types.by_kind[entity.kind], entity) for entity in entities if entity.kind in types.by_kind
    ]


def category_of(types: TypeTable, entity: Entity) -> Category | None:
    """Which sort of node an entity is; None when it is none."""
    found = types.by_kind.get(entity.kind)
    return found.category if found else None

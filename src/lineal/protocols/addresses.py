"""Addresses that a client chooses: outside ids, which each tenant has of its own, and names that are free again."""

from __future__ import annotations

from lineal.catalog.session import Session
from lineal.graph.change import AnyOperation, AtRevision, Change, Expect, PutEntity, Remove, TheExternal
from lineal.graph.model import ACTIVE, DEFAULT_NAMESPACE, AnyRef, ByExternal, ById, Entity

CHANGED = "changed"
"""Code of the expectation that nobody changed something since it was read."""
_LONGEST_KEPT = 200


def scoped(protocol: str, namespace: str) -> str:
    """The protocol of outside addresses within a namespace, so that each tenant has ids of its own."""
    return protocol if namespace == DEFAULT_NAMESPACE else f"{protocol}@{namespace}"


def outside_id(entity: Entity, protocol: str) -> str | None:
    """The id by which a protocol knows an entity, whichever tenant gave it."""
    own = (each.id for each in entity.external if each.protocol.partition("@")[0] == protocol)
    return next(own, None)


def make_way(session: Session, address: AnyRef) -> bool:
    """Free an address whose bearer was deleted through Lineal; whether there was one."""
    found = session.look_up(address, ())
    if found is None or found.state == ACTIVE:
        return False
    ref = ById(found.id)
    change: AnyOperation = PutEntity(
        ref, name=f"{found.name[:_LONGEST_KEPT]} (deleted {found.uuid})", unique=True
    )
    if isinstance(address, ByExternal):
        change = Remove(ref, TheExternal(address.protocol, address.id))
    session.commit(Change([Expect(ref, AtRevision(found.revision), CHANGED), change]))
    return True

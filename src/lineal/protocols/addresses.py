"""Addresses that a client chooses, free again when what bore them was deleted."""

from __future__ import annotations

from lineal.catalog.session import Session
from lineal.graph.change import AnyOperation, AtRevision, Change, Expect, PutEntity, Remove, TheExternal
from lineal.graph.model import ACTIVE, AnyRef, ByExternal, ById

CHANGED = "changed"
"""Code of the expectation that nobody changed something since it was read."""
_LONGEST_KEPT = 200


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

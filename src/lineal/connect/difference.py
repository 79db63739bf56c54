"""What an import has to change of an entity that is there already."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from lineal.graph.change import PutEntity
from lineal.graph.model import ACTIVE, Entity, Properties

_FIELDS = ("name", "owner", "started", "ended")


def difference(put: PutEntity, stored: Entity, own: Callable[[str], bool]) -> PutEntity | None:
    """What is left to change of an entity that is there; None when nothing is.

    Args:
        put: what it should be.
        stored: what it is, with its properties and outside addresses.
        own: tells of a property whether it goes when it is not put.
    """
    gone: Properties = {key: None for key in stored.properties if own(key) and key not in put.properties}
    properties = {key: value for key, value in put.properties.items() if stored.properties.get(key) != value}
    fields = [field for field in _FIELDS if getattr(put, field) not in (None, getattr(stored, field))]
    state = put.state or ACTIVE
    addressed = all(each in stored.external for each in put.external)
    if addressed and not (gone or properties or fields or state != stored.state):
        return None
    return msgspec.structs.replace(put, properties=properties | gone, state=state)

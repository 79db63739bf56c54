"""How an entity is addressed in a URL and in a change."""

from __future__ import annotations

from urllib.parse import quote

from lineal.graph.errors import Invalid
from lineal.graph.model import AnyRef, ById, ByName, ByUuid, Entity, Local
from lineal.graph.names import parse_ref

Address = Entity | AnyRef | int | str
"""Whatever tells which entity is meant: itself, a ref, its integer id, or a ref's text (`mlflow.run:abc`)."""


def as_ref(address: Address) -> AnyRef:
    """The address as a value that a change may carry; Invalid when a text is not an address."""
    if isinstance(address, Entity):
        return ByUuid(address.uuid)
    if isinstance(address, int):
        return ById(address)
    return parse_ref(address) if isinstance(address, str) else address


def as_segment(address: Address) -> str:
    """The address as one segment of a URL's path; Invalid for a handle, which only its change knows."""
    if isinstance(address, Local):
        raise Invalid(f"{address} has a meaning only within its change")
    return quote(_text(address), safe=":")


def _text(address: Address) -> str:
    if isinstance(address, ByName):
        return f"name:{address.kind}:{quote(address.namespace, safe='')}/{quote(address.name, safe='')}"
    return address.uuid if isinstance(address, Entity) else str(address)

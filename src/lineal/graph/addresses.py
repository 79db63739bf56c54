"""Outside ids, which each tenant has of its own."""

from __future__ import annotations

from lineal.graph.model import DEFAULT_NAMESPACE, Entity


def scoped(protocol: str, namespace: str) -> str:
    """The protocol of outside addresses within a namespace, so that each tenant has ids of its own."""
    return protocol if namespace == DEFAULT_NAMESPACE else f"{protocol}@{namespace}"


def outside_id(entity: Entity, protocol: str) -> str | None:
    """The id by which a protocol knows an entity, whichever tenant gave it."""
    own = (each.id for each in entity.external if each.protocol.partition("@")[0] == protocol)
    return next(own, None)

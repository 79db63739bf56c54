"""Facets as Marquez shows them: under the names under which they were told, without what the graph made of them."""

from __future__ import annotations

from typing import Any

from lineal.graph import openlineage as names
from lineal.graph.facets import FACETS
from lineal.graph.model import Entity

_PREFIX = "openlineage."
PRIVATE = "marquez"
"""Facet of a data set, job or run: what a client of Marquez told that no other facet holds."""


def facets_of(entity: Entity) -> dict[str, Any]:
    """The facets of an entity that came by events."""
    return {
        name.removeprefix(_PREFIX): document
        for name, document in entity.facets.items()
        if _is_told(name, document)
    }


def _is_told(name: str, document: Any) -> bool:
    if name in (PRIVATE, names.DERIVED_LINEAGE):
        return False
    return name not in FACETS or name == "schema" or (isinstance(document, dict) and "_producer" in document)


def private(entity: Entity) -> dict[str, Any]:
    """What a client of Marquez told besides."""
    found = entity.facets.get(PRIVATE)
    return found if isinstance(found, dict) else {}


def facet_of(entity: Entity, name: str) -> dict[str, Any]:
    """One facet; an empty one when there is none."""
    found = next((entity.facets[each] for each in names.names_of(name) if each in entity.facets), None)
    return found if isinstance(found, dict) else {}


def tags_of(entity: Entity) -> list[str]:
    """Tags that an entity bears."""
    return sorted({each.name for each in entity.labels if each.category == "tag"})


def text_of(entity: Entity, key: str) -> str | None:
    """A property that is text."""
    found = entity.properties.get(key)
    return found if isinstance(found, str) else None

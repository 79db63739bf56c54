"""What is in Lineal already of a store that is being imported."""

from __future__ import annotations

from collections.abc import Sequence

from lineal.client import Client
from lineal.connect.lookup import there_by_id
from lineal.connect.mlmd.addresses import Addresses
from lineal.graph.mlmd.categories import ARTIFACT, CONTEXT, EXECUTION, Category
from lineal.graph.mlmd.events import name_of, to_messages
from lineal.graph.mlmd.nodes import PARTS
from lineal.graph.model import ById, Entity
from lineal.graph.query import Attribute, Compare, Query, Related

_MOST = 10_000


class Known:
    """Nodes that were here before this import, and what relates them. Relations are asked for of those only."""

    def __init__(self, client: Client, addresses: Addresses) -> None:
        self._client = client
        self._addresses = addresses
        self._ids: dict[tuple[str, int], int] = {}
        self._artifacts: dict[int, int] = {}

    def load(self, category: Category, numbers: Sequence[int]) -> dict[int, Entity]:
        """Those of the nodes that are here, by the number that they have in the source."""
        ids = {self._addresses.id(each): each for each in numbers}
        protocol = self._addresses.protocol(category)
        stored = there_by_id(self._client, category.parent, protocol, ids, PARTS)
        found = {ids[each]: entity for each, entity in stored.items()}
        self._ids |= {(category.name, number): entity.id for number, entity in found.items()}
        if category is ARTIFACT:
            self._artifacts |= {entity.id: number for number, entity in found.items()}
        return found

    def events(self, execution: int) -> set[tuple[int, str]]:
        """The events of an execution: number of the artifact, and name of the type."""
        here = self._ids.get((EXECUTION.name, execution))
        if here is None:
            return set()
        walk = self._client.lineage(ById(here), depth=1, edges=["input", "output"], limit=_MOST)
        edges = (each for each in walk.edges if here in (each.source, each.target))
        events = (event for edge in edges for event in to_messages(edge))
        return {
            (self._artifacts[each.artifact_id], name_of(each))
            for each in events
            if each.artifact_id in self._artifacts
        }

    def members(self, context: int, category: Category) -> set[int]:
        """The artifacts or executions in a context."""
        return self._related(context, "member", "in", category)

    def parents(self, child: int) -> set[int]:
        """The contexts above a context."""
        return self._related(child, "parent", "out", CONTEXT)

    def _related(self, context: int, edge: str, direction: str, category: Category) -> set[int]:
        here = self._ids.get((CONTEXT.name, context))
        if here is None:
            return set()
        inner = Compare(Attribute("id"), "=", here)
        where = Related(edge, "in" if direction == "in" else "out", inner)
        query = Query(kinds=[category.parent], where=where, state="all", parts=["external"], limit=1000)
        numbers = (
            self._addresses.number(category, external)
            for each in self._client.find_all(query)
            for external in each.external
        )
        return {each for each in numbers if each is not None}

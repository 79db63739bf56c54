"""Nodes out of Lineal: what ML Metadata's clients would see here, whoever wrote it, with the ids that they see."""

from __future__ import annotations

from collections.abc import Iterator

from lineal.client import Client
from lineal.connect.mlmd.store import BATCH, Member, Parent, in_batches
from lineal.connect.report import LeftOut
from lineal.connect.sql import title as shown
from lineal.graph.mlmd.categories import ARTIFACT, CATEGORIES, CONTEXT, EXECUTION, Category
from lineal.graph.mlmd.events import to_messages
from lineal.graph.mlmd.messages import Message
from lineal.graph.mlmd.nodes import LOCATION, PARTS, to_message
from lineal.graph.mlmd.types import TypeTable
from lineal.graph.model import ById, Entity
from lineal.graph.query import Attribute, Compare, Expr, Order, Property, Query, Related, all_of

_MOST = 10_000
_PAGE = 1000


class LinealSource:
    """A store that a client reaches.

    Args:
        client: closed with the source.
        namespace: only what is in it; everything when None.
    """

    def __init__(self, client: Client, namespace: str | None = None) -> None:
        self.title = shown(client.target)
        self._client = client
        self._namespace = namespace
        self._table = TypeTable(client.types())
        self._ids: dict[str, list[int]] = {each.name: [] for each in CATEGORIES}
        self._cut = 0

    def close(self) -> None:
        self._client.close()

    def counts(self) -> dict[str, int]:
        counted = self._client.counts()
        return {
            f"{category.name}s": sum(counted.get(each.kind, 0) for each in self._table.of(category))
            for category in CATEGORIES
        }

    def left_out(self) -> list[LeftOut]:
        why = f"their executions have more than {_MOST}"
        return [LeftOut("events", self._cut, why)] if self._cut else []

    def types(self, category: Category) -> list[Message]:
        return [each.message() for each in self._table.of(category)]

    def nodes(self, category: Category) -> Iterator[list[Message]]:
        hidden = Compare(Property(LOCATION), "is null") if category is ARTIFACT else None
        for found in in_batches(self._find(category, hidden), BATCH):
            self._ids[category.name] += [each.id for each in found]
            yield [to_message(self._table.by_kind[each.kind], each) for each in found]

    def _find(self, category: Category, where: Expr | None, parts: bool = True) -> Iterator[Entity]:
        """The entities that are nodes of a category, by id."""
        mine = Compare(Attribute("namespace"), "=", self._namespace) if self._namespace else None
        query = Query(
            kinds=[each.kind for each in self._table.of(category)],
            where=all_of(where, mine),
            order=[Order(Attribute("id"))],
            parts=list(PARTS) if parts else [],
            limit=_PAGE,
        )
        return (each for each in self._client.find_all(query) if each.kind in self._table.by_kind)

    def events(self) -> Iterator[list[Message]]:
        artifacts = set(self._ids[ARTIFACT.name])
        for execution in self._ids[EXECUTION.name]:
            walk = self._client.lineage(ById(execution), depth=1, edges=["input", "output"], limit=_MOST)
            self._cut += walk.truncated
            edges = (each for each in walk.edges if execution in (each.source, each.target))
            events = [event for edge in edges for event in to_messages(edge)]
            yield [
                each for each in events if each.artifact_id in artifacts and each.execution_id == execution
            ]

    def members(self) -> Iterator[list[Member]]:
        for context in self._ids[CONTEXT.name]:
            for category in (EXECUTION, ARTIFACT):
                mine = set(self._ids[category.name])
                found = self._find(category, _related("member", "in", context), parts=False)
                yield [Member(context, category, each.id) for each in found if each.id in mine]

    def parents(self) -> Iterator[list[Parent]]:
        mine = set(self._ids[CONTEXT.name])
        for context in self._ids[CONTEXT.name]:
            found = self._find(CONTEXT, _related("parent", "out", context), parts=False)
            yield [Parent(each.id, context) for each in found if each.id in mine]


def _related(kind: str, direction: str, number: int) -> Related:
    inner = Compare(Attribute("id"), "=", number)
    return Related(kind, "in" if direction == "in" else "out", inner)

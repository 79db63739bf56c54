"""The ids that nodes had in the store they come from: outside addresses here, such as `mlmd.artifact.id:17`."""

from __future__ import annotations

from lineal.graph.addresses import scoped
from lineal.graph.mlmd.categories import Category
from lineal.graph.model import ByExternal, External


class Addresses:
    """Of the nodes of one store.

    Args:
        store: a name for it, which tells its ids from those of other stores; empty for the only one.
        namespace: of the tenant whose nodes they become.
    """

    def __init__(self, store: str, namespace: str) -> None:
        self._prefix = f"{store}/" if store else ""
        self._namespace = namespace

    def protocol(self, category: Category) -> str:
        """The protocol of ids of a category."""
        return scoped(f"{category.external}.id", self._namespace)

    def id(self, number: int) -> str:
        """The outside id of a number."""
        return f"{self._prefix}{number}"

    def number(self, category: Category, external: External) -> int | None:
        """The number that an outside id stands for; None for one of another store or category."""
        if external.protocol != self.protocol(category) or not external.id.startswith(self._prefix):
            return None
        rest = external.id.removeprefix(self._prefix)
        return int(rest) if rest.isdecimal() else None

    def external(self, category: Category, number: int) -> External:
        """What a node bears."""
        return External(self.protocol(category), self.id(number))

    def ref(self, category: Category, number: int) -> ByExternal:
        """Where a node is found."""
        return ByExternal(self.protocol(category), self.id(number))

"""Lineage as a tree."""

from __future__ import annotations

from collections import defaultdict
from typing import Literal

from rich.text import Text
from rich.tree import Tree

from lineal.cli.draw import title
from lineal.graph.model import Entity
from lineal.graph.query import Lineage

_HEADINGS = {"up": "made from", "down": "led to"}
Way = Literal["up", "down"]


class Drawing:
    """One lineage answer while it is drawn. A node is drawn once; where it comes again it is only named."""

    def __init__(self, found: Lineage, start: Entity) -> None:
        self._found = found
        self._nodes = {start.id: start} | {node.id: node for node in found.nodes}
        self._next: dict[Way, dict[int, list[tuple[str, int]]]] = {
            "up": defaultdict(list),
            "down": defaultdict(list),
        }
        for edge in found.edges:
            self._next["up"][edge.target].append((edge.kind, edge.source))
            self._next["down"][edge.source].append((edge.kind, edge.target))
        self._drawn = {found.start}

    def draw(self, direction: Literal["up", "down", "both"]) -> Tree:
        """The tree, from the node that was asked about."""
        root = Tree(self._name(self._found.start))
        ways: tuple[Way, ...] = ("up", "down") if direction == "both" else (direction,)
        for way in ways:
            if self._next[way].get(self._found.start):
                self._grow(root.add(Text(_HEADINGS[way], style="dim")), self._found.start, way)
        self._add_unreached(root)
        if self._found.truncated:
            root.add(Text("… and more: raise --limit", style="dim"))
        return root

    def _grow(self, tree: Tree, node: int, way: Way) -> None:
        for kind, other in sorted(self._next[way].get(node, []), key=self._order):
            again = other in self._drawn
            line = Text.assemble(
                (f"{kind} ", "dim"), self._name(other), (" (see above)" if again else "", "dim")
            )
            branch = tree.add(line)
            if not again:
                self._drawn.add(other)
                self._grow(branch, other, way)

    def _add_unreached(self, root: Tree) -> None:
        """With --kind the answer has holes, and some nodes hang on none of its edges."""
        for identity in sorted(self._nodes.keys() - self._drawn):
            root.add(Text.assemble(("… ", "dim"), self._name(identity)))

    def _name(self, identity: int) -> Text:
        node = self._nodes.get(identity)
        return title(node) if node else Text("something you may not see", style="dim italic")

    def _order(self, step: tuple[str, int]) -> tuple[str, str, int]:
        kind, other = step
        node = self._nodes.get(other)
        return kind, node.name if node else "", other

"""One change on its way through the stages of the commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from lineal.catalog.access import Scope
from lineal.catalog.nodes import Node
from lineal.graph.change import Change, Commit, PutEntity
from lineal.graph.errors import Invalid, NotFound
from lineal.graph.model import AnyRef, Local, Value
from lineal.store.base import Connection

if TYPE_CHECKING:
    from lineal.catalog.writing import Writing


class Effect(NamedTuple):
    """What happened to one entity, for the history."""

    node: Node
    action: str
    before: dict[str, Any]
    after: dict[str, Any]


Cause = tuple[int, int]
"""(root, label): the label that was put on the root."""


class Flow(NamedTuple):
    """A new way for classifications, from `origin` to `target`."""

    origin: int
    target: int
    kind: str


class Work:
    """A change with everything the stages found out about it.

    Attributes:
        found: what was looked up ahead, None where nothing is stored.
        properties: by entity those that are known: all of a new one, and else those of `known_keys`.
        records: by entity those that are known of what the change puts.
    """

    def __init__(
        self, cx: Connection, state: Writing, scope: Scope, door: str, change: Change, now: int
    ) -> None:
        self.cx = cx
        self.state = state
        self.scope = scope
        self.door = door
        self.change = change
        self.now = now
        self.commit_id = 0
        self.refs: dict[AnyRef, Node | None] = {}
        self.targets: list[Node] = []
        self.effects: list[Effect] = []
        self.reindex: dict[int, Node] = {}
        self.flows_added: list[Flow] = []
        self.causes: set[Cause] = set()
        self.created: list[bool] = []
        self.access_changed = False
        self.owned: set[Node] = set()
        self.batches = 0
        self.new: set[int] = set()
        self.gone: set[int] = set()
        self.unsettled: list[Node] = []
        self.updated: dict[int, int] = {}
        self.found: dict[AnyRef, Node | None] = {}
        self.renamed = False
        self.properties: dict[int, dict[int, Value]] = {}
        self.known_keys: set[int] = set()
        self.records: dict[int, dict[str, str]] = {}
        self._put: set[tuple[Any, ...]] = set()

    def at(self, ref: AnyRef) -> Node | None:
        """What stands at an address, as resolved."""
        return self.refs.get(ref)

    def node(self, ref: AnyRef) -> Node:
        """The same; NotFound when nothing does."""
        found = self.refs.get(ref)
        if found is None:
            raise (
                Invalid(f"no entity of this change has the handle {ref}")
                if isinstance(ref, Local)
                else NotFound(f"nothing at {ref}")
            )
        return found

    def number(self) -> int:
        """The commit's number, taken when first needed."""
        if not self.commit_id:
            self.commit_id = self.state.take(self.cx, "commit")
        return self.commit_id

    def log(
        self,
        node: Node,
        action: str,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        """Note an effect for the history."""
        self.effects.append(Effect(node, action, before or {}, after or {}))

    def held(self) -> list[Node]:
        """Every stored node that the change speaks of."""
        nodes = {node.id: node for node in (*self.refs.values(), *self.targets) if node is not None}
        return [node for node in nodes.values() if not node.fresh]

    def stored(self, ref: AnyRef) -> Node:
        """What stands at an address by now, when operations are applied one after another.

        Raises:
            NotFound: nothing does, or an operation before this one removed it.
            Invalid: it is put only by a later operation.
        """
        found = self.node(ref)
        if found.fresh:
            raise Invalid(f"{ref} is put by a later operation of the same change")
        self.require_there(found)
        return found

    def require_there(self, node: Node) -> None:
        """NotFound when an operation of this change has removed the entity."""
        if node.id in self.gone:
            raise NotFound(f"{node.name!r} is removed by the same change")

    def rewrite(self, node: Node) -> None:
        """Mark an entity as changed by this commit in its own row."""
        node.dirty = True
        self.unsettled.append(node)

    def is_first(self, thing: tuple[Any, ...], *nodes: Node) -> bool:
        """Whether a thing cannot be stored yet: it hangs off a new entity, and was not put before."""
        for node in nodes:
            if node.id in self.new:
                break
        else:
            return False
        if thing in self._put:
            return False
        self._put.add(thing)
        return True

    def touch(self, node: Node) -> None:
        """Mark an entity as changed by this commit in what hangs off it; a new one is at its first revision."""
        node.dirty = node.dirty or node.id not in self.new

    def answer(self) -> Commit:
        """The commit, for whoever asked."""
        nodes = self.targets
        return Commit(
            self.commit_id, self.now, [node.id for node in nodes], [node.uuid for node in nodes], self.created
        )

    def puts(self) -> list[PutEntity]:
        """The entities put, in order."""
        return [each for each in self.change.operations if isinstance(each, PutEntity)]


def to_json(value: Any) -> str:
    """Compact JSON text."""
    return msgspec.json.encode(value).decode()

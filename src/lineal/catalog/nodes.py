"""Entities as the commit sees them: the row itself, resolved from any address, cached by the writer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from lineal.graph.model import AnyRef, ByExternal, ById, ByName, ByUuid
from lineal.graph.openlineage import DATASET as ALIAS
from lineal.graph.openlineage import alias_ref
from lineal.graph.types import WORKSPACE, Types
from lineal.store.base import Connection, Row
from lineal.store.sql import entities
from lineal.store.sql.symbols import Symbols

STATES = ("active", "deleted")
DATA = ("dataset", "artifact")
"""Kinds that may have several names, under the protocol `ALIAS`."""
_LIMIT = 50_000


class Node:
    """One entity's row. `fresh` until it is inserted, `dirty` when it must be written back."""

    __slots__ = (
        "created", "dirty", "ended", "fresh", "home", "id", "key", "kind", "name", "namespace", "owner",
        "revision", "started", "state", "updated", "uuid",
    )  # fmt: skip

    def __init__(self, number: int, uuid: str, kind: str, namespace: str, name: str) -> None:
        self.id = number
        self.uuid = uuid
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.key: str | None = None
        self.home: int | None = None
        self.state = 0
        self.owner: str | None = None
        self.revision = 1
        self.created = 0
        self.updated = 0
        self.started: int | None = None
        self.ended: int | None = None
        self.fresh = False
        self.dirty = False


class Nodes:
    """Finds nodes by address. One for the writer, which sees its own transaction."""

    def __init__(self, symbols: Symbols) -> None:
        self._symbols = symbols
        self._by_id: dict[int, Node] = {}
        self._by_external: dict[tuple[str, str], int] = {}

    def forget(self) -> None:
        """Drop all."""
        self._by_id.clear()
        self._by_external.clear()

    def drop(self, number: int) -> None:
        """Drop one that was removed or changed behind the cache."""
        self._by_id.pop(number, None)

    def keep(self, node: Node) -> None:
        """Remember a node."""
        if len(self._by_id) >= _LIMIT:
            self.forget()
        self._by_id[node.id] = node

    def find(self, cx: Connection, types: Types, ref: AnyRef) -> Node | None:
        """The node at an address, if there is one."""
        if isinstance(ref, ByExternal):
            return self._external(cx, ref)
        if isinstance(ref, ById):
            return self._by_id.get(ref.id) or self._load(cx, entities.by_id(cx, ref.id))
        if isinstance(ref, ByUuid):
            return self._load(cx, entities.by_uuid(cx, ref.uuid))
        if isinstance(ref, ByName):
            row = row_by_name(cx, self._symbols, types, ref)
            return self._otherwise(cx, ref) if row is None else self._load(cx, row)
        return None

    def _otherwise(self, cx: Connection, ref: ByName) -> Node | None:
        """Data that has this as another of its names."""
        return self._external(cx, alias_ref(ref.namespace, ref.name)) if ref.kind in DATA else None

    def load(self, cx: Connection, types: Types, refs: Iterable[AnyRef]) -> dict[AnyRef, Node | None]:
        """What stands at many addresses: names and outside ids."""
        found: dict[AnyRef, Node | None] = {}
        outside: dict[str, list[ByExternal]] = defaultdict(list)
        named: dict[tuple[str, str], list[ByName]] = defaultdict(list)
        for ref in refs:
            if isinstance(ref, ByExternal) and (ref.protocol, ref.id) not in self._by_external:
                outside[ref.protocol].append(ref)
            elif isinstance(ref, ByName):
                named[types.identity(ref.kind), ref.namespace].append(ref)
        for protocol, externals in outside.items():
            if len(externals) == 1:
                found[externals[0]] = self._external(cx, externals[0])
            else:
                found |= self._load_external(cx, protocol, externals)
        for (scope, namespace), names in named.items():
            found |= self._load_named(cx, scope, namespace, names)
        return found | self._load_otherwise(cx, found)

    def _load_otherwise(self, cx: Connection, found: dict[AnyRef, Node | None]) -> dict[AnyRef, Node | None]:
        data = [
            ref
            for ref, node in found.items()
            if node is None and isinstance(ref, ByName) and ref.kind in DATA
        ]
        aliases = {alias_ref(ref.namespace, ref.name): ref for ref in data}
        stored = self._load_external(cx, ALIAS, list(aliases)) if aliases else {}
        return {aliases[each]: node for each, node in stored.items() if isinstance(each, ByExternal)}

    def _load_external(
        self, cx: Connection, protocol: str, refs: Sequence[ByExternal]
    ) -> dict[AnyRef, Node | None]:
        ids = [each.id for each in refs]
        rows = entities.by_externals(cx, self._symbols.find(cx, protocol), ids)
        stored = {external: self._load(cx, tuple(row)) for external, *row in rows}
        for external, node in stored.items():
            if node is not None:
                self._by_external[protocol, external] = node.id
        return {each: stored.get(each.id) for each in refs}

    def _load_named(
        self, cx: Connection, scope: str, namespace: str, refs: Sequence[ByName]
    ) -> dict[AnyRef, Node | None]:
        find = self._symbols.find
        rows = entities.by_keys(cx, find(cx, scope), find(cx, namespace), [each.name for each in refs])
        stored = {node.key: node for row in rows if (node := self._load(cx, row)) is not None}
        return {each: stored.get(each.name) for each in refs}

    def _external(self, cx: Connection, ref: ByExternal) -> Node | None:
        address = (ref.protocol, ref.id)
        number = self._by_external.get(address)
        node = self._by_id.get(number) if number is not None else None
        if node is None:
            node = self._load(cx, entities.by_external(cx, self._symbols.find(cx, ref.protocol), ref.id))
            if node is not None:
                self._by_external[address] = node.id
        return node

    def drop_external(self, protocol: str, external: str) -> None:
        """Drop an outside address that was taken away."""
        self._by_external.pop((protocol, external), None)

    def _load(self, cx: Connection, row: Row | None) -> Node | None:
        if row is None:
            return None
        known = self._by_id.get(row[0])
        if known is not None:
            return known
        node = node_of(cx, self._symbols, row)
        self.keep(node)
        return node


def row_by_name(cx: Connection, symbols: Symbols, types: Types, ref: ByName) -> Row | None:
    """The row of the entity with this identity by name."""
    scope = symbols.find(cx, types.identity(ref.kind))
    return entities.by_key(cx, scope, symbols.find(cx, ref.namespace), ref.name)


def contained(cx: Connection, symbols: Symbols, node: Node) -> list[int]:
    """Ids of all that an entity contains, at any depth; a workspace contains its namespace."""
    if node.kind == WORKSPACE:
        return entities.in_namespace(cx, symbols.find(cx, node.name), node.id)
    return entities.contained(cx, node.id)


def node_of(cx: Connection, symbols: Symbols, row: Row) -> Node:
    """A row of `entities.COLUMNS` as a node."""
    (
        number, uuid, kind, _, namespace, name, key, home, state, owner, revision, created, updated, started, ended,
    ) = row  # fmt: skip
    node = Node(number, uuid, symbols.text(cx, kind), symbols.text(cx, namespace), name)
    node.key, node.home, node.state, node.owner, node.revision = key, home, state, owner, revision
    node.created, node.updated, node.started, node.ended = created, updated, started, ended
    return node


def insert_row(cx: Connection, symbols: Symbols, types: Types, node: Node) -> tuple[Any, ...]:
    """A node as a row to insert."""
    kind, scope, namespace = _interned(cx, symbols, types, node)
    return (
        node.id, node.uuid, kind, scope, namespace, node.name, node.key, node.home, node.state, node.owner,
        node.revision, node.created, node.updated, node.started, node.ended,
    )  # fmt: skip


def update_row(cx: Connection, symbols: Symbols, types: Types, node: Node) -> tuple[Any, ...]:
    """A node as the parameters of an update."""
    kind, scope, namespace = _interned(cx, symbols, types, node)
    return (
        kind, scope, namespace, node.name, node.key, node.home, node.state, node.owner, node.revision,
        node.updated, node.started, node.ended, node.id,
    )  # fmt: skip


def _interned(cx: Connection, symbols: Symbols, types: Types, node: Node) -> tuple[int, int, int]:
    intern = symbols.intern
    return intern(cx, node.kind), intern(cx, types.identity(node.kind)), intern(cx, node.namespace)

"""Stage resolve: every address of a change becomes a node, or is known to be empty. Nothing is written."""

from __future__ import annotations

import os

from lineal.catalog import ahead
from lineal.catalog.nodes import Node
from lineal.catalog.work import Work
from lineal.graph.change import AnyOperation, PutEdge, PutEntity, PutType, Remove, TheEdge
from lineal.graph.errors import NotFound
from lineal.graph.model import AnyRef, ByExternal, ById, ByName, ByUuid, Local
from lineal.graph.types import Types

_FIXED, _VERSION = (0xF000 << 64) | (0xC000 << 48), (0x4000 << 64) | (0x8000 << 48)


def resolve(work: Work) -> None:
    """Look up every address, in the order of the operations.

    Raises:
        NotFound: an operation other than `Expect` and a creating `PutEntity` is about nothing.
    """
    is_large = ahead.is_worth_it(work)
    spoken = [(each, _refs(each)) for each in work.change.operations]
    if is_large:
        ahead.load_nodes(work, dict.fromkeys(ref for _, refs in spoken for ref in refs))
    for operation, refs in spoken:
        for ref in refs:
            if work.refs.get(ref) is None:
                _look_up(work, ref)
        if isinstance(operation, PutEntity):
            work.targets.append(_target(work, operation))
    if is_large:
        ahead.load_parts(work)


def _refs(operation: AnyOperation) -> tuple[AnyRef, ...]:
    if isinstance(operation, PutEdge):
        return operation.source, operation.target
    if isinstance(operation, PutEntity):
        return tuple(each for each in (operation.ref, operation.home) if each is not None)
    if isinstance(operation, PutType):
        return ()
    if isinstance(operation, Remove) and isinstance(operation.what, TheEdge):
        return operation.ref, operation.what.target
    return (operation.ref,)


def _look_up(work: Work, ref: AnyRef) -> None:
    if work.refs.get(ref) is None:
        types = work.state.types(work.cx)
        found = work.refs.get(_identity(types, ref)) if isinstance(ref, ByName) else None
        if found is None:
            is_known = ref in work.found
            found = work.found[ref] if is_known else work.state.nodes.find(work.cx, types, ref)
        work.refs[ref] = found


def _identity(types: Types, ref: ByName) -> ByName:
    """The address that all kinds of one identity have in common."""
    return ByName(types.identity(ref.kind), ref.name, ref.namespace)


def _target(work: Work, put: PutEntity) -> Node:
    """The node that a PutEntity is about, made if there is none yet."""
    address = put.ref or _own_name(put)
    node = None
    if address is not None:
        _look_up(work, address)
        node = work.refs[address]
    work.created.append(node is None)
    if node is None:
        node = _make(work, put, address)
    _register(work, put, address, node)
    return node


def _own_name(put: PutEntity) -> ByName | None:
    if put.unique and put.kind is not None and put.name is not None:
        return ByName(put.kind, put.name, put.namespace)
    return None


def _make(work: Work, put: PutEntity, address: AnyRef | None) -> Node:
    if put.kind is None or isinstance(address, ById | Local):
        raise NotFound(f"nothing at {address}")
    number = address.uuid if isinstance(address, ByUuid) else _uuid()
    name = put.name
    if name is None:
        name = address.name if isinstance(address, ByName) else number
    namespace = address.namespace if isinstance(address, ByName) else put.namespace
    node = Node(0, number, put.kind, namespace, name)
    if put.unique:
        node.key = name
    elif isinstance(address, ByName):
        node.key = address.name
    node.fresh = True
    return node


def _uuid() -> str:
    """A random one, as `uuid.uuid4` makes it in four times the time."""
    drawn = int.from_bytes(os.urandom(16)) & ~_FIXED | _VERSION
    return f"{drawn:032x}"


def _register(work: Work, put: PutEntity, address: AnyRef | None, node: Node) -> None:
    """Let later operations of the change find it."""
    if address is not None:
        work.refs[address] = node
    if put.handle is not None:
        work.refs[Local(put.handle)] = node
    others: list[AnyRef] = [ByExternal(external.protocol, external.id) for external in put.external]
    if node.key is not None:
        own = ByName(node.kind, node.key, node.namespace)
        others += [own, _identity(work.state.types(work.cx), own)]
    for ref in others:
        if work.refs.get(ref) is None:
            work.refs[ref] = node

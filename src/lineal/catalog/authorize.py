"""Stage authorize: may this principal do this? Decided here and in the reads, nowhere else."""

from __future__ import annotations

from lineal.catalog.access import ALONE, Scope, ScopeCompiler, rank
from lineal.catalog.nodes import Node, contained
from lineal.catalog.values import Role
from lineal.catalog.work import Work
from lineal.graph.change import (
    AnyOperation,
    AppendPoints,
    Expect,
    PutEdge,
    PutEntity,
    PutFacet,
    PutLabel,
    PutRecords,
    PutSpans,
    PutType,
    Remove,
    TheEdge,
    TheEntity,
)
from lineal.graph.errors import Denied, NotFound, Unauthenticated
from lineal.graph.model import AnyRef, ById
from lineal.graph.types import WORKSPACE, Types
from lineal.store.base import Connection
from lineal.store.sql import entities


def authorize(work: Work) -> None:
    """Hold every operation against the scope.

    Raises:
        NotFound: the caller may not even see the entity.
        Denied: the caller may see it, but not change it.
    """
    if work.scope.everything:
        return
    if work.scope.principal.id == 0:
        raise Unauthenticated("sign in first")
    targets = iter(work.targets)
    inside: dict[Node, list[Node]] = {}
    for operation in work.change.operations:
        if isinstance(operation, PutEntity):
            _put_entity(work, operation, next(targets), inside)
        else:
            _other(work, operation)


def _put_entity(work: Work, put: PutEntity, node: Node, inside: dict[Node, list[Node]]) -> None:
    """`inside` tells of each entity new in this change what will contain it."""
    home = work.at(put.home) if put.home is not None else None
    if put.home is not None and home is None:
        raise NotFound(f"nothing at {put.home}")
    if put.home is not None and home is not None and not home.fresh:
        require(work, home, "editor", put.home)
    if not node.fresh:
        require(work, node, "editor", _address(put))
        _require_over_workspaces(work, node)
        if put.cascade and put.state is not None:
            _require_below(work, node)
        return
    inside[node] = _containers(work, home, inside) if home is not None else []
    if not _may_make(work, node, inside[node]):
        raise Denied(f"{work.scope.principal.name} may not create a {node.kind} in {node.namespace}")
    _require_over_workspaces(work, node)


def _containers(work: Work, home: Node, inside: dict[Node, list[Node]]) -> list[Node]:
    """A home and what contains it."""
    if home.fresh:
        return [home, *inside.get(home, [])]
    ids = entities.above(work.cx, home.id)
    found = (work.state.nodes.find(work.cx, _types(work), ById(number)) for number in ids)
    return [home, *(each for each in found if each is not None)]


def _may_make(work: Work, node: Node, inside: list[Node]) -> bool:
    """Whether a new entity may be made. What a contributor makes belongs to that contributor, who then manages it."""
    if not work.scope.allows_new(_types(work), node, inside, "contributor"):
        return False
    if not inside and work.scope.contributes(_types(work), node):
        work.owned.add(node)
    return True


def _require_over_workspaces(work: Work, node: Node) -> None:
    """A workspace is made, changed and removed by who decides about all of them."""
    if node.kind == WORKSPACE and not work.scope.manages("admin"):
        raise Denied("workspaces are put by an admin of the whole store")


def _address(put: PutEntity) -> object:
    """Where the change says that the entity stands, for an error that tells no more."""
    return put.ref or f"{put.kind}:{put.namespace}/{put.name}"


def _other(work: Work, operation: AnyOperation) -> None:
    match operation:
        case PutType():
            if not work.scope.manages("admin"):
                raise Denied("types are put by an admin of the whole store")
        case PutEdge(kind=kind, source=source, target=target):
            _edge(work, kind, source, target)
        case Remove(ref=ref, what=TheEdge(kind=kind, target=target)):
            _edge(work, kind, ref, target)
        case (
            PutFacet(ref=ref)
            | PutLabel(ref=ref)
            | AppendPoints(ref=ref)
            | PutSpans(ref=ref)
            | PutRecords(ref=ref)
            | Remove(ref=ref)
        ):
            node = work.node(ref)
            require(work, node, "editor", ref)
            if isinstance(operation, Remove) and isinstance(operation.what, TheEntity):
                _require_over_workspaces(work, node)
            if isinstance(operation, Remove) and operation.cascade:
                _require_below(work, node)
        case Expect(ref=ref):
            _hide(work, ref)


def _edge(work: Work, kind: str, source: AnyRef, target: AnyRef) -> None:
    """Both ends must be visible and one editable; where classifications flow, the one that they come to.

    Whoever could send a classification to what they may only view could change who may edit it.
    """
    ends = {ref: work.node(ref) for ref in (source, target)}
    for ref, node in ends.items():
        if not node.fresh and not allows(work.cx, work, node, "viewer"):
            raise NotFound(f"nothing at {ref}")
    flow = _types(work).edge(kind).flow
    if flow is not None:
        receiver = target if flow == "forward" else source
        require(work, ends[receiver], "editor", receiver)
    elif not any(node.fresh or allows(work.cx, work, node, "editor") for node in ends.values()):
        raise Denied(f"{work.scope.principal.name} may edit neither end of the edge")


def _hide(work: Work, ref: AnyRef) -> None:
    """What the caller may not see is not there, for a precondition as for everything else."""
    node = work.at(ref)
    if node is not None and not node.fresh and not allows(work.cx, work, node, "viewer"):
        work.refs[ref] = None


def _require_below(work: Work, node: Node) -> None:
    """Refuse to change all that an entity contains unless every part of it may be edited."""
    below = contained(work.cx, work.state.symbols, node)
    condition = work.scope.predicate(ScopeCompiler(work.cx, work.state.symbols, _types(work)), "editor")
    sql = f"SELECT COUNT(*) FROM entity e WHERE {work.cx.dialect.among('e.id')} AND ({condition.text})"
    rows = work.cx.execute(sql, (work.cx.dialect.pack(below), *condition.params))
    if rows[0][0] < len(below):
        raise Denied(f"{work.scope.principal.name} is not editor of all that {node.name!r} contains")


def require(work: Work, node: Node, role: Role, address: object) -> None:
    """Refuse unless the principal may act in this role on a node; an error repeats only the address it came by."""
    if node.fresh or allows(work.cx, work, node, role):
        return
    if allows(work.cx, work, node, "viewer"):
        raise Denied(f"{work.scope.principal.name} is not {role} of {node.kind} {node.name!r}")
    raise NotFound(f"nothing at {address}")


def allows(cx: Connection, work: Work, node: Node, role: Role) -> bool:
    """Whether the principal may act in this role on a stored node."""
    compiler = ScopeCompiler(cx, work.state.symbols, _types(work))
    return may(cx, work.scope, compiler, node.id, role)


def may(cx: Connection, scope: Scope, compiler: ScopeCompiler, number: int, role: Role) -> bool:
    """The predicate, asked about one entity and remembered with the scope."""
    if scope.everything:
        return True
    key = (number, rank(role))
    if key not in scope.may:
        condition = scope.predicate(compiler, role, ALONE)
        sql = f"SELECT 1 FROM entity {ALONE} WHERE {ALONE}.id = ? AND ({condition.text})"
        scope.may[key] = bool(cx.execute(sql, (number, *condition.params)))
    return scope.may[key]


def _types(work: Work) -> Types:
    return work.state.types(work.cx)

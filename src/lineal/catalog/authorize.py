"""Stage authorize: may this principal do this? Decided here and in the reads, nowhere else."""

from __future__ import annotations

from lineal.catalog.access import Scope, ScopeCompiler, rank
from lineal.catalog.nodes import Node
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
    PutType,
    Remove,
    TheEdge,
)
from lineal.graph.errors import Denied, NotFound, Unauthenticated
from lineal.graph.model import AnyRef
from lineal.graph.types import Types
from lineal.store.base import Connection


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
    for operation in work.change.operations:
        if isinstance(operation, PutEntity):
            _put_entity(work, operation, next(targets))
        else:
            _other(work, operation)


def _put_entity(work: Work, put: PutEntity, node: Node) -> None:
    home = work.at(put.home) if put.home is not None else None
    if home is not None and not home.fresh:
        require(work, home, "editor")
    if not node.fresh:
        require(work, node, "editor")
    elif not (home is not None and home.fresh) and not work.scope.allows_new(
        _types(work), node, home, "editor"
    ):
        raise Denied(f"{work.scope.principal.name} may not create a {node.kind} in {node.namespace}")


def _other(work: Work, operation: AnyOperation) -> None:
    match operation:
        case PutType():
            if not any(
                rule.target == "store" and rule.role >= rank("admin")
                for rule in work.scope.relevant("admin")[0]
            ):
                raise Denied("types are put by an admin of the whole store")
        case PutEdge(source=source, target=target):
            _edge(work, source, target)
        case Remove(ref=ref, what=TheEdge(target=target)):
            _edge(work, ref, target)
        case PutFacet(ref=ref) | PutLabel(ref=ref) | AppendPoints(ref=ref) | Remove(ref=ref):
            require(work, work.node(ref), "editor")
        case Expect(ref=ref):
            _hide(work, ref)


def _edge(work: Work, source: AnyRef, target: AnyRef) -> None:
    """Both ends must be visible, one of them editable."""
    ends = [work.node(source), work.node(target)]
    for node in ends:
        if not node.fresh and not allows(work.cx, work, node, "viewer"):
            raise NotFound(f"nothing at {node.uuid}")
    if not any(node.fresh or allows(work.cx, work, node, "editor") for node in ends):
        raise Denied(f"{work.scope.principal.name} may edit neither end of the edge")


def _hide(work: Work, ref: AnyRef) -> None:
    """What the caller may not see is not there, for a precondition as for everything else."""
    node = work.at(ref)
    if node is not None and not node.fresh and not allows(work.cx, work, node, "viewer"):
        work.refs[ref] = None


def require(work: Work, node: Node, role: Role) -> None:
    """Refuse unless the principal may act in this role on a node."""
    if node.fresh or allows(work.cx, work, node, role):
        return
    if allows(work.cx, work, node, "viewer"):
        raise Denied(f"{work.scope.principal.name} is not {role} of {node.kind} {node.name!r}")
    raise NotFound(f"nothing at {node.uuid}")


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
        condition = scope.predicate(compiler, role)
        sql = f"SELECT 1 FROM entity e WHERE e.id = ? AND ({condition.text})"
        scope.may[key] = bool(cx.execute(sql, (number, *condition.params)))
    return scope.may[key]


def _types(work: Work) -> Types:
    return work.state.types(work.cx)

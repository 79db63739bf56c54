"""Why: how a classification came to an entity, and what decided about access."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

from lineal.catalog import reading
from lineal.catalog.access import Rule, Scope, covers, rank, sentence
from lineal.catalog.authorize import may
from lineal.catalog.nodes import Node
from lineal.catalog.values import ROLES, Decision, LabelPath, Principal, Role, Standing
from lineal.graph.errors import Denied, LinealError, NotFound
from lineal.graph.model import AnyRef, Entity
from lineal.store.sql import accounts, edges, labels, log

if TYPE_CHECKING:
    from lineal.catalog.session import Session


_OTHERS = "only an admin may ask about others"


def why_label(session: Session, ref: AnyRef, label: str) -> list[LabelPath]:
    """One way from each root to the bearer. Nodes that the caller may not see are ids without a name.

    Raises:
        NotFound: the entity cannot be seen or does not bear the label.
    """
    node = reading.visible(session, ref)
    cx = session.catalog.store.reader()
    name = session.catalog.symbols.find(cx, label)
    roots = [row[2] for row in labels.of(cx, [node.id]) if row[1] == name]
    if not roots:
        raise NotFound(f"{node.name!r} does not bear {label!r}")
    return [_path(session, node.id, root, name, label) for root in roots]


def _path(session: Session, entity: int, root: int, name: int, label: str) -> LabelPath:
    cx = session.catalog.store.reader()
    via = labels.bearers(cx, root, name)
    path = [entity]
    while path[-1] != root:
        step = via.get(path[-1])
        if step is None or step in path:
            break
        path.append(step)
    path.reverse()
    put_by, put_at = _put(session, root, label)
    return LabelPath(label, root, path, _edges_along(session, path), put_by, put_at)


def _edges_along(session: Session, path: list[int]) -> list[str]:
    cx = session.catalog.store.reader()
    flows = {each.name: each.flow for each in session.types().edges() if each.flow is not None}
    kinds = [session.catalog.symbols.find(cx, kind) for kind in flows]
    found: dict[tuple[int, int], str] = {}
    for row in edges.between(cx, path, kinds):
        edge = reading.edge_of(cx, session.catalog.symbols, row)
        forward = flows[edge.kind] == "forward"
        found[(edge.source, edge.target) if forward else (edge.target, edge.source)] = edge.kind
    return [found.get(pair, "") for pair in itertools.pairwise(path)]


def _put(session: Session, root: int, label: str) -> tuple[str, int]:
    """Who put the label on the root, and when; nobody's name when the root is not for the caller."""
    if root not in reading.seeable(session, {root}):
        return "", 0
    for row in log.of_entity(session.catalog.store.reader(), root, 1000):
        if row[7] == "labelled" and label in json.loads(row[9])["labels"]:
            return row[3], row[2]
    return "", 0


def why_access(session: Session, ref: AnyRef, principal: str, role: Role) -> Decision:
    """What decides whether a principal may act on an entity in a role.

    Raises:
        Denied: asking about somebody else without being admin of the entity.
        NotFound: no such principal, or nothing there for the one who asks.
    """
    node = _asked(session, ref, principal)
    if session.principal.everything and principal == session.principal.name:
        return Decision(
            principal, node.uuid, role, True, ["there are no accounts: everything is open on loopback"]
        )
    scope = _scope_of(session, principal)
    allowed = may(session.catalog.store.reader(), scope, reading.compiler(session), node.id, role)
    return Decision(
        principal, node.uuid, role, allowed, _because(session, scope, reading.entity_of(node), role)
    )


def standing(session: Session, ref: AnyRef, principal: str) -> Standing:
    """As what a principal may act on an entity; raises as `why_access` does."""
    node = _asked(session, ref, principal)
    scope, entity = _scope_of(session, principal), reading.entity_of(node)
    cx, compiler = session.catalog.store.reader(), reading.compiler(session)
    for role in reversed(ROLES):
        if may(cx, scope, compiler, node.id, role):
            allows, _ = scope.relevant(role)
            notes = [rule.note for rule in allows if rule.note and _covers(session, rule, entity, role)]
            return Standing(role, notes=notes)
    _, denies = scope.relevant("viewer")
    return Standing(None, any(_covers(session, rule, entity, "viewer") for rule in denies))


def standing_in(session: Session, namespace: str, kind: str, principal: str) -> Standing:
    """As what a principal may act on any entity of a kind in a namespace.

    Raises:
        Denied: asking about somebody else without being admin of the namespace. NotFound: no such principal.
    """
    if principal != session.principal.name and not session.scope.manages("admin", namespace):
        raise Denied(_OTHERS)
    scope, any_of_them = _scope_of(session, principal), Node(0, "", kind, namespace, "")
    types = session.types()
    for role in reversed(ROLES):
        if scope.allows_new(types, any_of_them, (), role):
            return Standing(role, notes=[rule.note for rule in scope.relevant(role)[0] if rule.note])
    _, denies = scope.relevant("viewer")
    return Standing(None, any(covers(types, rule, any_of_them, ()) for rule in denies))


def _asked(session: Session, ref: AnyRef, principal: str) -> Node:
    """The node about which the caller may ask such a thing."""
    if principal == session.principal.name or session.catalog.accounts.is_admin(session):
        return reading.visible(session, ref)
    try:
        return reading.visible(session, ref, "admin")
    except LinealError:
        # Not even whether it is there: what somebody may do on nothing is told to nobody else either.
        raise Denied(_OTHERS) from None


def _scope_of(session: Session, principal: str) -> Scope:
    if session.principal.everything and principal == session.principal.name:
        return session.scope
    row = accounts.principal(session.catalog.store.reader(), principal)
    if row is None:
        raise NotFound(f"no user or group {principal!r}")
    return session.catalog.scope(Principal(row[0], row[1]))


def _because(session: Session, scope: Scope, entity: Entity, role: Role) -> list[str]:
    allows, denies = scope.relevant(role)
    denied = [rule for rule in denies if _covers(session, rule, entity, role)]
    allowed = [rule for rule in allows if _covers(session, rule, entity, role)]
    if denied:
        return [sentence(rule) for rule in denied]
    if allowed:
        return [sentence(rule) for rule in allowed]
    lesser = [rule for rule in scope.rules if not rule.deny and rule.role < rank(role)]
    said = [
        f"{sentence(rule)}, which is less than {role}"
        for rule in lesser
        if _covers(session, rule, entity, role)
    ]
    return said or [f"no grant of {scope.principal.name} covers it"]


def _covers(session: Session, rule: Rule, entity: Entity, role: Role) -> bool:
    cx = session.catalog.store.reader()
    condition = reading.compiler(session).matches(rule, "e", role)
    sql = f"SELECT 1 FROM entity e WHERE e.id = ? AND ({condition.text})"
    return bool(cx.execute(sql, (entity.id, *condition.params)))

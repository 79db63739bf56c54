"""Why: how a classification came to an entity, and what decided about access."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

from lineal.catalog import reading
from lineal.catalog.access import Rule, Scope, rank, sentence
from lineal.catalog.authorize import may
from lineal.catalog.values import Decision, LabelPath, Principal, Role
from lineal.graph.errors import Denied, NotFound
from lineal.graph.model import AnyRef, Entity
from lineal.store.sql import accounts, edges, labels, log

if TYPE_CHECKING:
    from lineal.catalog.session import Session


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
        Denied: asking about somebody else without being admin.
        NotFound: no such principal, or nothing there for the one who asks.
    """
    if principal != session.principal.name and not session.catalog.accounts.is_admin(session):
        raise Denied("only an admin may ask about others")
    node = reading.visible(session, ref)
    if session.principal.everything and principal == session.principal.name:
        return Decision(
            principal, node.uuid, role, True, ["there are no accounts: everything is open on loopback"]
        )
    cx = session.catalog.store.reader()
    row = accounts.principal(cx, principal)
    if row is None:
        raise NotFound(f"no user or group {principal!r}")
    scope = session.catalog.scope(Principal(row[0], row[1]))
    allowed = may(cx, scope, reading.compiler(session), node.id, role)
    return Decision(
        principal, node.uuid, role, allowed, _because(session, scope, reading.entity_of(node), role)
    )


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

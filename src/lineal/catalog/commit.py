"""The one commit: a visible list of stages in one transaction. Every write of every protocol passes here."""

from __future__ import annotations

import json
from collections.abc import Callable

from lineal.catalog.access import Scope
from lineal.catalog.apply import apply
from lineal.catalog.authorize import authorize
from lineal.catalog.check import check
from lineal.catalog.expect import expect
from lineal.catalog.index import index
from lineal.catalog.nodes import Node, update_row
from lineal.catalog.propagate import propagate
from lineal.catalog.resolve import resolve
from lineal.catalog.work import Work, to_json
from lineal.catalog.writing import Writing
from lineal.graph.change import Change
from lineal.store.base import Connection
from lineal.store.sql import entities, log


def version(work: Work) -> None:
    """Write back every entity that changed, once, with its next revision."""
    written: set[int] = set()
    for node in (effect.node for effect in work.effects):
        if node.dirty and node.id not in written:
            written.add(node.id)
            node.dirty = False
            _write_back(work, node)


def _write_back(work: Work, node: Node) -> None:
    if node.id not in work.new:
        node.revision += 1
        node.updated = work.updated.get(node.id, work.now)
    entities.update(work.cx, update_row(work.cx, work.state.symbols, work.state.types(work.cx), node))


def audit(work: Work) -> None:
    """Write who did what to the one history."""
    if not work.effects:
        return
    number = work.number()
    log.add_commit(work.cx, number, work.now, work.scope.principal.name, work.door, work.change.note)
    rows = [
        (number, position, effect.node.id, effect.action, _json(effect.before), _json(effect.after))
        for position, effect in enumerate(work.effects)
    ]
    if len(rows) == 1:
        log.add_event(work.cx, rows[0])
    else:
        log.add_events(work.cx, rows)


def _json(value: dict[str, object]) -> str | None:
    """JSON text, in which properties keep NaN and Infinity; without them the faster encoder will do."""
    if not value:
        return None
    properties = value.get("properties")
    if isinstance(properties, dict) and not _SAFE.issuperset(map(type, properties.values())):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return to_json(value)


_SAFE = frozenset({str, int, bool, type(None)})
"""Types of properties that any encoder keeps as they are."""

STAGES: tuple[Callable[[Work], None], ...] = (
    resolve, authorize, expect, check, apply, version, propagate, index, audit,
)  # fmt: skip


def commit(cx: Connection, state: Writing, scope: Scope, door: str, change: Change) -> Work:
    """Apply a change inside the writer's transaction. It is durable when the transaction is."""
    work = Work(cx, state, scope, door, change, state.now())
    try:
        for stage in STAGES:
            stage(work)
    except Exception:
        # Nodes are shared with the next change, which must not write back what this one did not get to store.
        for effect in work.effects:
            state.nodes.drop(effect.node.id)
        raise
    return work

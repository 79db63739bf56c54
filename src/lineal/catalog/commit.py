"""The one commit: a visible list of stages in one transaction. Every write of every protocol passes here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lineal.catalog.access import Scope
from lineal.catalog.apply import apply
from lineal.catalog.authorize import authorize
from lineal.catalog.check import check
from lineal.catalog.expect import expect
from lineal.catalog.index import index
from lineal.catalog.nodes import Node, update_row
from lineal.catalog.propagate import propagate
from lineal.catalog.resolve import resolve
from lineal.catalog.work import Effect, Work, to_json
from lineal.catalog.writing import Writing
from lineal.graph.change import Change
from lineal.store.base import Connection
from lineal.store.sql import entities, log


def version(work: Work) -> None:
    """Write back every entity that changed, once, with its next revision."""
    dirty = {effect.node.id: effect.node for effect in work.effects if effect.node.dirty}
    rows = [_next_row(work, node) for node in dirty.values()]
    if rows:
        entities.update(work.cx, rows)


def _next_row(work: Work, node: Node) -> tuple[Any, ...]:
    node.dirty = False
    if node.id not in work.new:
        node.revision += 1
        node.updated = work.updated.get(node.id, work.now)
    return update_row(work.cx, work.state.symbols, work.state.types(work.cx), node)


def audit(work: Work) -> None:
    """Write who did what to the one history."""
    if not work.effects:
        return
    number = work.number()
    log.add_commit(work.cx, number, work.now, work.scope.principal.name, work.door, work.change.note)
    rows = list(_rows(number, work.effects))
    if len(rows) == 1:
        log.add_event(work.cx, rows[0])
    else:
        log.add_events(work.cx, rows)


def _rows(number: int, effects: Sequence[Effect]) -> Iterator[tuple[object, ...]]:
    """Effects as rows of the history. Those on both ends of an edge are one after the other and alike."""
    last: Effect | None = None
    before = after = None
    for position, effect in enumerate(effects):
        if last is None or effect.before is not last.before or effect.after is not last.after:
            before, after = _json(effect.before), _json(effect.after)
        last = effect
        yield number, position, effect.node.id, effect.action, before, after


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

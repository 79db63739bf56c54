"""Stage expect: preconditions, checked inside the transaction before anything is applied."""

from __future__ import annotations

from typing import Any

from lineal.catalog.nodes import STATES, Node
from lineal.catalog.work import Work
from lineal.graph.change import Absent, AtRevision, Condition, Expect, Present, PropertyIn, UnsetOrEqual
from lineal.graph.errors import ExpectationFailed
from lineal.store.sql import entities, points

_HOLDS = object()


def expect(work: Work) -> None:
    """Check every precondition.

    Raises:
        ExpectationFailed: one does not hold.
    """
    for operation in work.change.operations:
        if isinstance(operation, Expect):
            found = _find(work, work.at(operation.ref), operation.that)
            if found is not _HOLDS:
                raise ExpectationFailed(operation, found)


def _find(work: Work, node: Node | None, condition: Condition) -> Any:
    """_HOLDS, or what stands in the way: None for nothing, a state, a kind, a revision or values."""
    stored = node is not None and not node.fresh
    match condition:
        case Absent():
            return STATES[node.state] if stored and node is not None else _HOLDS
        case Present(states=states, kind=kind):
            return _present(work, node if stored else None, states, kind)
        case AtRevision(revision=revision):
            if node is None or not stored:
                return None
            return _HOLDS if node.revision == revision else node.revision
        case UnsetOrEqual(properties=wanted):
            return _differing(work, node, wanted) if stored and node is not None else _HOLDS
        case PropertyIn(key=key, values=values):
            found = properties(work, node, [key]).get(key) if stored and node is not None else None
            return _HOLDS if any(same(found, value) for value in values) else found


def _present(work: Work, node: Node | None, states: list[str], kind: str | None) -> Any:
    if node is None:
        return None
    if kind is not None and not work.state.types(work.cx).is_a(node.kind, kind):
        return None
    state = STATES[node.state]
    return _HOLDS if state in states else state


def _differing(work: Work, node: Node, wanted: dict[str, Any]) -> Any:
    stored = properties(work, node, list(wanted))
    differing = {key: value for key, value in stored.items() if not same(value, wanted[key])}
    return differing or _HOLDS


def same(old: Any, new: Any) -> bool:
    """Whether two values are equal and of one type; NaN equals itself, and -0.0 is not 0.0."""
    if isinstance(old, float) and isinstance(new, float):
        return points.to_bits(old) == points.to_bits(new)
    return type(old) is type(new) and bool(old == new)


def properties(work: Work, node: Node, keys: list[str]) -> dict[str, Any]:
    """Those of the properties that are stored."""
    symbols = {work.state.symbols.find(work.cx, key): key for key in keys}
    found = work.properties.get(node.id)
    if found is None or not (node.id in work.new or symbols.keys() <= work.known_keys):
        found = entities.some_properties(work.cx, node.id, list(symbols))
    return {symbols[number]: value for number, value in found.items() if number in symbols}

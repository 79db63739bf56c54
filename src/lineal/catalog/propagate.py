"""Stage propagate: classifications travel along edges inside the transaction, each row keeping what caused it."""

from __future__ import annotations

from collections.abc import Iterable

from lineal.catalog.work import Cause, Work
from lineal.graph.types import EdgeDef
from lineal.store.base import Row
from lineal.store.sql import edges, labels


def propagate(work: Work) -> None:
    """Bring inherited labels up to date with what was put, removed, linked and unlinked."""
    for cause in sorted(work.causes):
        _spread_anew(work, cause)
    # What an edge hands on to an origin goes on along the other edges of the change in the same step.
    origins = sorted({flow.origin for flow in work.flows_added})
    bearing = {row[0] for row in labels.of(work.cx, origins)} if origins else set()
    for flow in work.flows_added:
        if flow.origin in bearing:
            _spread_on(work, flow.origin, flow.target)


def _spread_anew(work: Work, cause: Cause) -> None:
    """Make the bearers of a cause exactly those that can be reached from its root."""
    root, name = cause
    row = labels.one(work.cx, root, name, root)
    before = labels.bearers(work.cx, root, name)
    after = _reach(work, {root: None}, set()) if row is not None and _travels(work, row) else {}
    gone = [(entity, name, root) for entity in before if entity not in after and entity != root]
    if gone:
        labels.delete(work.cx, gone)
    if row is not None:
        _bear(work, row, {entity: via for entity, via in after.items() if entity != root})
    work.access_changed = True


def _spread_on(work: Work, origin: int, target: int) -> None:
    """Hand on what `origin` bears to `target` and beyond, stopping where it is borne already."""
    for row in labels.of(work.cx, [origin]):
        _, name, root, *_ = row
        if _travels(work, row):
            bearers = set(labels.bearers(work.cx, root, name))
            if target not in bearers:
                _bear(work, row, _reach(work, {target: origin}, bearers))
                work.access_changed = True


def _travels(work: Work, row: Row) -> bool:
    name = work.state.symbols.text(work.cx, row[1])
    return row[4] == "classification" and work.state.types(work.cx).travels(name)


def _bear(work: Work, row: Row, reached: dict[int, int | None]) -> None:
    _, name, root, _, category, attributes, valid_from, valid_until = row
    rows = [
        (entity, name, root, via, category, attributes, valid_from, valid_until)
        for entity, via in reached.items()
    ]
    if rows:
        labels.put(work.cx, rows)


def _reach(work: Work, start: dict[int, int | None], blocked: set[int]) -> dict[int, int | None]:
    """Breadth first along the flow of classifications: entity → neighbour it came through."""
    forward, backward = _kinds(work, "forward"), _kinds(work, "backward")
    found = dict(start)
    frontier = list(start)
    while frontier:
        pairs = edges.neighbours(work.cx, frontier, forward, up=False)
        pairs += edges.neighbours(work.cx, frontier, backward, up=True)
        frontier = []
        for near, far in pairs:
            if far not in found and far not in blocked:
                found[far] = near
                frontier.append(far)
    return found


def _kinds(work: Work, flow: str) -> list[int]:
    definitions: Iterable[EdgeDef] = work.state.types(work.cx).edges()
    return [work.state.symbols.find(work.cx, each.name) for each in definitions if each.flow == flow]

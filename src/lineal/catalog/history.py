"""The one history: of an entity, of everything since a commit, and entities as they were."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lineal.catalog import reading
from lineal.catalog.values import Event
from lineal.graph.errors import NotFound
from lineal.graph.model import AnyRef, Entity, Label
from lineal.store.base import Row
from lineal.store.sql import log

if TYPE_CHECKING:
    from lineal.catalog.session import Session

_ASIDE = ("linked", "unlinked", "points")
"""Actions that leave an entity's own revision alone."""


def history(session: Session, ref: AnyRef, limit: int) -> list[Event]:
    """What was done to an entity, newest first."""
    node = reading.visible(session, ref)
    cx = session.catalog.store.reader()
    return _events(session, log.of_entity(cx, node.id, limit))


def changes(session: Session, since: int, limit: int) -> list[Event]:
    """What was done after a commit, oldest first, as far as the caller may see it; [] when that is nothing more."""
    cx = session.catalog.store.reader()
    while rows := log.since(cx, since, limit):
        events = _events(session, rows)
        if events:
            return events
        since = rows[-1][0]
    return []


def newest(session: Session) -> int:
    """The number of the last commit."""
    return log.newest(session.catalog.store.reader())


def _events(session: Session, rows: list[Row]) -> list[Event]:
    """Rows as events; those about entities that the caller may not see are left out."""
    names = _names(session, {row[6] for row in rows})
    everything = session.scope.everything
    ends = {end for row in rows for end in _ends(row)}
    seen = ends if everything else reading.seeable(session, ends)
    return [
        _event(row, names.get(row[6], ("", "", "")))
        for row in rows
        if (everything or row[6] in names) and all(end in seen for end in _ends(row))
    ]


def _ends(row: Row) -> set[int]:
    """The entities that an edge's event names beside its own."""
    if row[7] not in ("linked", "unlinked"):
        return set()
    about = _decode(row[9] or row[8])
    return {about["source"], about["target"]} if "source" in about else set()


def _names(session: Session, ids: set[int]) -> dict[int, tuple[str, str, str]]:
    found = reading.get_many(session, sorted(ids), ())
    return {entity.id: (entity.uuid, entity.kind, entity.name) for entity in found}


def _event(row: Row, name: tuple[str, str, str]) -> Event:
    commit, number, at, principal, door, note, entity, action, before, after = row
    return Event(
        commit, number, at, principal, door, action, entity, *name,
        _decode(before), _decode(after), note or "",
    )  # fmt: skip


def _decode(text: str | None) -> dict[str, Any]:
    # Not msgspec, which does not know the NaN and Infinity of properties.
    return json.loads(text) if text else {}


def as_of(session: Session, ref: AnyRef, at: int) -> Entity:
    """The entity as it was at a moment: the present, with everything that came later undone."""
    return _before(session, ref, lambda number: log.after(session.catalog.store.reader(), number, at), at)


def as_of_event(session: Session, event: Event, ref: AnyRef) -> Entity:
    """The entity as the commit of an event left it, whatever else happened in the same millisecond."""
    cx = session.catalog.store.reader()
    return _before(session, ref, lambda number: log.after_commit(cx, number, event.commit), event.at)


def _before(session: Session, ref: AnyRef, after: Callable[[int], list[Row]], at: int) -> Entity:
    entity = reading.get(session, ref, ("properties", "facets", "labels", "external"))
    entity.labels = [label for label in entity.labels if label.root == entity.id]
    entity.metrics = {}
    later = [row for row in after(entity.id) if row[7] not in _ASIDE]
    for row in later:
        if row[7] == "created":
            raise NotFound(f"{ref} did not exist then")
        _undo(entity, _decode(row[8]))
    entity.revision -= len({row[0] for row in later})
    entity.updated = _updated(session, entity, at)
    return entity


def _updated(session: Session, entity: Entity, at: int) -> int:
    """When it was last changed: what the change said, or else when it came."""
    rows = log.last_touch(session.catalog.store.reader(), entity.id, at)
    told = [after["updated"] for after in (_decode(row[9]) for row in rows) if "updated" in after]
    return int(told[-1]) if told else max((int(row[2]) for row in rows), default=entity.created)


def _undo(entity: Entity, before: dict[str, Any]) -> None:
    for field, value in before.items():
        if field in _NESTED:
            _NESTED[field](entity, value)
        elif hasattr(entity, field):
            setattr(entity, field, value)


def _undo_properties(entity: Entity, before: dict[str, Any]) -> None:
    _merge(entity.properties, before)


def _undo_facets(entity: Entity, before: dict[str, Any]) -> None:
    _merge(entity.facets, before)


def _merge(into: dict[str, Any], before: dict[str, Any]) -> None:
    for key, value in before.items():
        if value is None:
            into.pop(key, None)
        else:
            into[key] = value


def _undo_labels(entity: Entity, before: dict[str, Any]) -> None:
    kept = {label.name: label for label in entity.labels}
    for name, value in before.items():
        kept.pop(name, None)
        if value is not None:
            kept[name] = Label(name, root=entity.id, **value)
    entity.labels = list(kept.values())


_NESTED: dict[str, Callable[[Entity, dict[str, Any]], None]] = {
    "properties": _undo_properties,
    "facets": _undo_facets,
    "labels": _undo_labels,
}

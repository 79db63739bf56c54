"""What was done last, newest first: the history read backwards in stretches of commits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from lineal.catalog.session import Session
from lineal.catalog.values import Event
from lineal.protocols.native import wire
from lineal.protocols.native.asked import Asked

STRETCH = 200
STRETCHES = 25
"""After so many stretches of commits that show nothing, the rest is left to the next page."""
EVENTS_SHOWN = 12


def activity(asked: Asked[wire.ActivityParameters, None]) -> wire.Activity:
    """What was done last, newest first, one entry for each commit."""
    session, wanted = asked.session, asked.query
    before = session.newest() + 1 if wanted.before is None else wanted.before
    found: list[wire.Done] = []
    for _ in range(STRETCHES):
        since = max(0, before - 1 - STRETCH)
        found += _done(session, since, before, wanted)
        before = found[wanted.limit - 1].commit if len(found) >= wanted.limit else since + 1
        if before <= 1 or len(found) >= wanted.limit:
            break
    return wire.Activity(found[: wanted.limit], before if before > 1 else None)


def _done(session: Session, since: int, before: int, wanted: wire.ActivityParameters) -> list[wire.Done]:
    """Commits after `since` and before `before` that have what is wanted, newest first."""
    events: list[Event] = []
    at = since
    while more := [event for event in session.changes(at, 1000) if event.commit < before]:
        events += more
        at = more[-1].commit
    return list(_commits([event for event in events if _wanted(event, wanted)]))[::-1]


def _commits(events: list[Event]) -> Iterator[wire.Done]:
    for number, group in groupby(events, lambda event: event.commit):
        inside = list(group)
        entities = len({event.entity for event in inside})
        first = inside[0]
        yield wire.Done(
            number,
            first.at,
            first.principal,
            first.door,
            first.note,
            len(inside),
            entities,
            inside[:EVENTS_SHOWN],
        )


def _wanted(event: Event, wanted: wire.ActivityParameters) -> bool:
    asked = ((wanted.principal, event.principal), (wanted.door, event.door), (wanted.action, event.action))
    kind = not wanted.kind or event.kind in wanted.kind
    return kind and all(value is None or value == told for value, told in asked)

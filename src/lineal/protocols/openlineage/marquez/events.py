"""The events themselves, by their time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from lineal.catalog.session import Session
from lineal.graph import openlineage as names
from lineal.graph.query import Compare, Expr, Property
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.openlineage.marquez.asking import Paged, Parameters
from lineal.protocols.openlineage.marquez.shown_data import is_seen

KINDS = ("run", "job", "dataset")
TOLD: Expr = Compare(Property(names.TIME), "is not null")
"""Which entities may have events."""
EXACT = 5_000
"""Events up to now that are put in order of their own time; where more came, the order is that of their coming."""
_EVERY = 10_000_000
_SKEW = timedelta(minutes=10)
"""How much a producer's clock may be ahead."""
_OLDEST = datetime(1970, 1, 1, tzinfo=UTC)


class _Window(NamedTuple):
    """From when on, and before when."""

    after: datetime | None
    before: datetime | None

    def holds(self, moment: datetime) -> bool:
        """Whether a moment is within."""
        return (self.after is None or moment >= self.after) and (self.before is None or moment < self.before)

    @property
    def is_open(self) -> bool:
        """Whether it lasts until now."""
        return self.before is None or self.before > datetime.now(UTC)

    @property
    def since(self) -> int:
        """What comes has happened before: nothing within came earlier."""
        return milliseconds(self.after - _SKEW) if self.after is not None else 0


def list_events(call: Call) -> Reply:
    """A page of the events whose time is within a window, the last ones first unless asked otherwise."""
    parameters = Parameters(call)
    window = _Window(parameters.moment("after"), parameters.moment("before"))
    is_ascending = parameters.choice("sortDirection", ("DESC", "ASC"), "DESC") == "ASC"
    ids, total = _ids(call.session, window, is_ascending, parameters.page())
    found = call.session.recorded(KINDS, TOLD).some(ids)
    events = _seen(call.session, [each.document for each in found])
    return json_reply({"events": events, "totalCount": total})


def _ids(session: Session, window: _Window, is_ascending: bool, paged: Paged) -> tuple[list[int], int]:
    start, end = paged.offset, paged.offset + paged.limit
    if window.is_open:
        total = session.recorded(KINDS, TOLD).count(since=window.since)
        if total > EXACT:
            return _as_they_came(session, window, is_ascending, paged, total), total
    timed = [each for each in times(session, window.since, ()) if window.holds(each.moment)]
    timed.sort(key=lambda each: (each.moment, each.record), reverse=not is_ascending)
    return [each.record for each in timed[start:end]], len(timed)


def _as_they_came(
    session: Session, window: _Window, is_ascending: bool, paged: Paged, total: int
) -> list[int]:
    offset = max(total - paged.offset - paged.limit, 0) if is_ascending else paged.offset
    limit = min(paged.limit, total - paged.offset)
    if limit <= 0:
        return []
    rows = session.recorded(KINDS, TOLD).rows(since=window.since, limit=limit, offset=offset)
    ids = [number for number, _ in rows]
    return ids[::-1] if is_ascending else ids


class Timed(NamedTuple):
    """An event by its record, when it happened, and further texts that it has."""

    moment: datetime
    record: int
    texts: Sequence[str | None]


def times(session: Session, since: int, keys: Sequence[str]) -> list[Timed]:
    """When the events happened that came since a moment."""
    rows = session.recorded(KINDS, TOLD).rows(["eventTime", *keys], since=since, limit=_EVERY)
    return [
        Timed(moment, number, texts)
        for number, (at, *texts) in rows
        if at is not None and (moment := _moment(at)) is not None
    ]


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def milliseconds(moment: datetime) -> int:
    """A moment as the graph counts it."""
    return max(int((moment - _OLDEST).total_seconds() * 1000), 0)


# What of an event the caller may see


def _seen(session: Session, events: Sequence[Any]) -> list[Any]:
    """Events without the data sets that the caller may not see."""
    known: dict[tuple[str, str], bool] = {}
    return [_seen_part(session, each, known) for each in events]


def _seen_part(session: Session, event: Any, known: dict[tuple[str, str], bool]) -> Any:
    if not isinstance(event, dict):
        return event
    told = {
        side: [each for each in event[side] if _is_seen(session, each, known)]
        for side in ("inputs", "outputs")
        if isinstance(event.get(side), list)
    }
    hides = any(len(found) < len(event[side]) for side, found in told.items())
    shown = {**event, "inputs": [], "outputs": [], **told}
    if hides:
        shown["outputs"] = [_without_sources(each) for each in shown["outputs"]]
    return shown


def _is_seen(session: Session, data: Any, known: dict[tuple[str, str], bool]) -> bool:
    return isinstance(data, dict) and is_seen(
        session, (str(data.get("namespace")), str(data.get("name"))), known
    )


def _without_sources(data: Any) -> Any:
    """A data set without the facets that name others."""
    facets = data.get("facets")
    if not isinstance(facets, dict):
        return data
    kept = {name: each for name, each in facets.items() if name not in ("columnLineage", "lineage")}
    return {**data, "facets": kept}

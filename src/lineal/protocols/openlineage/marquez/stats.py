"""Figures over the last day by the hour, or over the last week by the day."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

from lineal.catalog.session import Session
from lineal.graph.errors import Invalid
from lineal.graph.query import Attribute, Compare, Query, Summary
from lineal.protocols.base import Call, Handler, Reply, json_reply
from lineal.protocols.openlineage.marquez import events, sources, wire
from lineal.protocols.openlineage.marquez.asking import Parameters, iso, moment_of
from lineal.protocols.openlineage.marquez.events import milliseconds

_PERIODS = ("DAY", "WEEK")
_GROUPS = 50_000


def list_event_metrics(call: Call) -> Reply:
    """How many events of each sort there were."""
    bounds = _bounds(Parameters(call))
    found = [Counter[str]() for _ in bounds[1:]]
    for each in events.times(call.session, milliseconds(bounds[0]), ["eventType"]):
        place = bisect_right(bounds, each.moment) - 1
        if 0 <= place < len(found):
            found[place][(each.texts[0] or "").upper()] += 1
    return json_reply([_metric(*pair, found[place]) for place, pair in enumerate(_pairs(bounds))])


def _metric(start: datetime, end: datetime, count: Counter[str]) -> wire.LineageMetric:
    return wire.LineageMetric(
        start_interval=iso(milliseconds(start)),
        end_interval=iso(milliseconds(end)),
        fail=count["FAIL"],
        start=count["START"],
        complete=count["COMPLETE"],
        abort=count["ABORT"],
    )


def counted(kind: str) -> Handler:
    """Answers how many entities of a kind there were at the end of each time."""

    def handler(call: Call) -> Reply:
        bounds = _bounds(Parameters(call))
        return _intervals(bounds, _counts(call.session, kind, [milliseconds(each) for each in bounds]))

    return handler


def list_source_counts(call: Call) -> Reply:
    """How many sources there were at the end of each time."""
    bounds = _bounds(Parameters(call))
    found = sources.every(call.session).values()
    made = sorted(moment_of(each.created_at, "created") for each in found)
    return _intervals(bounds, [bisect_right(made, end) for end in bounds[1:]])


def _counts(session: Session, kind: str, bounds: list[int]) -> list[int]:
    """By bound but the first, how many entities had been made by then."""
    before = Query(
        kinds=[kind], where=Compare(Attribute("created"), "<", bounds[0]), limit=1, parts=[], count=True
    )
    total = session.find(before).total or 0
    since = Compare(Attribute("created"), ">=", bounds[0])
    rows = session.summarize(
        Summary(kinds=[kind], where=since, by=[Attribute("created")], figures=["count"], limit=_GROUPS)
    )
    made = [0] * len(bounds)
    for at, count in rows:
        if isinstance(at, int) and isinstance(count, int):
            made[min(bisect_right(bounds, at), len(bounds) - 1)] += count
    found = []
    for count in made[1:]:
        total += count
        found.append(total)
    return found


def _intervals(bounds: list[datetime], counts: list[int]) -> Reply:
    return json_reply(
        [
            wire.IntervalMetric(
                start_interval=iso(milliseconds(start)), end_interval=iso(milliseconds(end)), count=count
            )
            for (start, end), count in zip(_pairs(bounds), counts, strict=True)
        ]
    )


def _pairs(bounds: list[datetime]) -> list[tuple[datetime, datetime]]:
    return list(pairwise(bounds))


def _bounds(parameters: Parameters) -> list[datetime]:
    """Where the hours of the last day, or the days of the last week, begin and end."""
    period = parameters.choice("period", _PERIODS)
    if period is None:
        raise Invalid("Invalid period")
    if period == "DAY":
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        return [hour + timedelta(hours=number) for number in range(-23, 2)]
    zone = _zone(parameters.text("timezone"))
    day = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return [(day + timedelta(days=number)).astimezone(UTC) for number in range(-6, 2)]


def _zone(name: str | None) -> tzinfo:
    if name is None:
        raise Invalid("Timezone must be specified for period 'WEEK'")
    if name.upper() in ("UTC", "ETC/UTC", "Z"):
        return UTC  # also where the machine has no table of zones
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise Invalid(f"There is no time zone {name[:60]!r}") from None

"""Every value that metrics of runs ever had, those included that other tools logged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from lineal.catalog.session import Session
from lineal.graph.model import ById, Entity, Point
from lineal.graph.query import Attribute, Compare, Expr, Order, Query, all_of
from lineal.protocols import page_tokens
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.kubeflow import listing, store, values
from lineal.protocols.kubeflow.handlers import number_of, parameters, shown
from lineal.protocols.kubeflow.resources import METRIC, RUN

_BATCH = 20


class Series(NamedTuple):
    """One metric of one run, and what is shown of it beside its values."""

    run: int
    name: str
    about: dict[str, Any]


class Batch(NamedTuple):
    """Some series, and the cursor of those that follow."""

    series: list[Series]
    following: str | None = None


class Token(msgspec.Struct, array_like=True):
    """Where a page begins: batch, series in it, value of that."""

    cursor: str = ""
    series: int = 0
    value: int = 0


def of_run(call: Call) -> Reply:
    """The values of one run's metrics."""
    return _page(call, store.get(call.session, RUN, number_of(call)))


def of_all(call: Call) -> Reply:
    """The values of all runs' metrics."""
    return _page(call, None)


def _page(call: Call, run: Entity | None) -> Reply:
    asked = parameters(call)
    size, steps = listing.size(asked), _steps(asked.get("stepIds", ""))
    items: list[dict[str, Any]] = []
    following = ""
    for token, series, point in _values(call, asked, run, _read(asked.get("nextPageToken", ""))):
        if steps is not None and point.step not in steps:
            continue
        if len(items) == size:
            following = page_tokens.write(token)
            break
        told = {"value": point.value, "timestamp": str(point.time), "step": point.step}
        items.append(series.about | told)
    return json_reply({"items": items, "size": len(items), "pageSize": size, "nextPageToken": following})


def _steps(text: str) -> set[int] | None:
    found = {values.whole_number(each.strip(), "a step") for each in text.split(",") if each.strip()}
    return found or None


def _read(text: str) -> Token:
    return page_tokens.read(text, Token) if text else Token()


def _values(
    call: Call, asked: Mapping[str, str], run: Entity | None, start: Token
) -> Iterator[tuple[Token, Series, Point]]:
    """Values from a place on, each with its own place."""
    cursor: str | None = start.cursor
    first, offset = max(start.series, 0), max(start.value, 0)
    _, descending = listing.order(asked)
    while cursor is not None:
        batch = _batch(call, asked, run, cursor)
        for at, series in enumerate(batch.series[first:], first):
            points = call.session.series(ById(series.run), series.name)
            ordered = points[::-1] if descending else points
            for number, point in enumerate(ordered[offset:], offset):
                yield Token(cursor, at, number), series, point
            offset = 0
        first, offset, cursor = 0, 0, batch.following


def _batch(call: Call, asked: Mapping[str, str], run: Entity | None, cursor: str) -> Batch:
    """Series of the metrics that a filter finds; without one, of all that runs have."""
    where = listing.parse(call.session, asked, (METRIC,))
    name = asked.get("name", "")
    if where is not None:
        return _of_metrics(call, asked, run, cursor, where)
    runs, following = ([run], None) if run is not None else _runs(call.session, asked, cursor)
    return Batch(_of_runs(call, [each.id for each in runs], name), following)


def _of_metrics(call: Call, asked: Mapping[str, str], run: Entity | None, cursor: str, where: Expr) -> Batch:
    home: Expr = Compare(Attribute("home"), "is not null")
    inside: Expr = home if run is None else Compare(Attribute("home"), "=", run.id)
    named = store.called((METRIC,), asked["name"]) if asked.get("name") else None
    by, descending = listing.order(asked)
    query = Query(
        kinds=[METRIC.kind],
        where=all_of(inside, named, where),
        order=[Order(Attribute(by), descending)],
        limit=_BATCH,
        cursor=cursor or None,
        parts=list(store.PARTS),
    )
    page = call.session.find(query)
    found = [Series(each.home or 0, each.name, about) for each, about in _shown(call, page.entities)]
    return Batch(found, page.cursor)


def _runs(session: Session, asked: Mapping[str, str], cursor: str) -> tuple[list[Entity], str | None]:
    by, descending = listing.order(asked)
    query = Query(
        kinds=[RUN.kind],
        where=store.shown((RUN,)),
        order=[Order(Attribute(by), descending)],
        limit=_BATCH,
        cursor=cursor or None,
        parts=[],
    )
    page = session.find(query)
    return page.entities, page.cursor


def _of_runs(call: Call, runs: Sequence[int], name: str) -> list[Series]:
    measured = call.session.get_many(runs, ("metrics",))
    about = {(each.home, each.name): shown for each, shown in _shown(call, _metrics(call.session, runs))}
    return [
        Series(run.id, key, about.get((run.id, key)) or _bare(run, key))
        for run in measured
        for key in sorted(run.metrics)
        if name in ("", key)
    ]


def _metrics(session: Session, runs: Sequence[int]) -> list[Entity]:
    """The metrics that clients of the registry made in these runs."""
    where = Compare(Attribute("home"), "in", list(runs))
    query = Query(kinds=[METRIC.kind], where=where, limit=1000, parts=list(store.PARTS))
    found: list[Entity] = []
    while True:
        page = session.find(query)
        found += page.entities
        if page.cursor is None:
            return found
        query = msgspec.structs.replace(query, cursor=page.cursor)


def _shown(call: Call, found: list[Entity]) -> Iterator[tuple[Entity, dict[str, Any]]]:
    return zip(found, shown(call, found), strict=True)


def _bare(run: Entity, name: str) -> dict[str, Any]:
    """What is shown of a metric of which another tool told nothing but its values."""
    found = {"name": name, "artifactType": METRIC.artifact_type, "customProperties": {}}
    return found | {"experimentRunId": str(run.id), "experimentId": str(run.home or 0)}

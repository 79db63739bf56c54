"""Versions of data sets, and how fresh they are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from statistics import median

from lineal.catalog.session import Session
from lineal.graph.model import DELETED, AnyRef, ById, Entity
from lineal.graph.openlineage import STATUS, WRITES, run_ref
from lineal.graph.query import Compare, Property, Query
from lineal.insight.compare import schemas, statistics
from lineal.insight.inputs import MOST, Read, mlflow_states, read_of, time_of, versions_of
from lineal.insight.nodes import named
from lineal.insight.values import DataVersion, Freshness, Unfresh, UnfreshData, Versions

_WRITINGS = 20
_SLACK = 1.5
_FEW = 5
_MOST_LOOKED_AT = 1000
_BAD = ("FAILED", "ABORTED", "KILLED")


def versions(session: Session, ref: AnyRef, limit: int) -> Versions:
    """Versions that its writers made, and states that only its readers told of, newest first; and its freshness."""
    found = session.get(ref, ("properties", "labels"))
    states = sorted([*_written(session, found), *_read(session, found)], key=lambda each: each[1].at)
    told = [_with_changes(before, after) for before, after in pairwise([None, *states]) if after is not None]
    fresh = freshness(session, found, now())
    newest = told[::-1][:limit]
    runs = [each.run for each in newest if each.run is not None]
    nodes = named(session, [found.id, *runs, fresh.run])
    return Versions(found.id, newest, fresh, deleted_at(session, found), nodes)


def _written(session: Session, dataset: Entity) -> Iterator[tuple[Read, DataVersion]]:
    for each in versions_of(session, dataset):
        read = read_of(each)
        run = session.look_up(run_ref(read.run), ()) if read.run else None
        yield read, _version(read, time_of(each), each.id, run)


def _read(session: Session, dataset: Entity) -> Iterator[tuple[Read, DataVersion]]:
    """States by the digests of MLflow's clients, each as of the first run that read it."""
    edges = session.edges([dataset.id], ("input",), "out", MOST)
    readers = {each.id: each for each in session.get_many([edge.target for edge in edges], ())}
    first: dict[str, tuple[Read, DataVersion]] = {}
    for edge in sorted(edges, key=lambda each: _began(readers[each.target])):
        for read in mlflow_states(edge):
            reader = readers[edge.target]
            first.setdefault(read.version, (read, _version(read, _began(reader), None, reader)))
    yield from first.values()


def _began(reader: Entity) -> int:
    return reader.started or reader.created


def _version(read: Read, at: int, number: int | None, run: Entity | None) -> DataVersion:
    rows, size = read.statistics.get("row_count"), read.statistics.get("bytes")
    return DataVersion(read.version, at, number, run.id if run else None, rows, size)


def _with_changes(before: tuple[Read, DataVersion] | None, after: tuple[Read, DataVersion]) -> DataVersion:
    read, version = after
    if before is None:
        return version
    words: list[str] = []
    if before[0].schema is not None and read.schema is not None:
        words += [f"{each.what} {each.how}" for each in schemas(before[0].schema, read.schema)]
    rows = {each.what: each for each in statistics(before[0].statistics, read.statistics)}.get("row_count")
    if rows is not None and rows.before is not None and rows.after is not None:
        words.append(f"rows {rows.after - rows.before:+d}")
    return DataVersion(version.name, version.at, version.id, version.run, version.rows, version.bytes, words)


# Freshness


def freshness(session: Session, dataset: Entity, at: int) -> Freshness:
    """How fresh a data set is at a moment, by the last times it was written before."""
    writers = [each for each in _writings(session, dataset) if _wrote(each) <= at]
    if not writers:
        return Freshness()
    times = sorted({_wrote(each) for each in writers})[-_WRITINGS:]
    gaps = [after - before for before, after in pairwise(times)]
    interval = int(median(gaps)) if len(gaps) >= 2 else None
    last = max(writers, key=_wrote)
    if not interval:
        return Freshness(_wrote(last), last.id)
    late = at > times[-1] + interval * _SLACK
    return Freshness(_wrote(last), last.id, interval, times[-1] + interval, late)


def _writings(session: Session, dataset: Entity) -> list[Entity]:
    """Runs that wrote the data set and did not fail, the newest of them."""
    trail = session.trail(ById(dataset.id))
    edges = trail.step(trail.starts, WRITES, up=True, limit=_WRITINGS * _FEW, ends=["run"])
    found = session.get_many([edge.source for edge in edges], ("properties",))
    return [each for each in found if each.properties.get(STATUS) not in _BAD]


def _wrote(run: Entity) -> int:
    return run.ended or run.started or run.created


def deleted_at(session: Session, entity: Entity) -> int | None:
    """When an entity was dropped, None if it was not."""
    if entity.state != DELETED:
        return None
    events = session.history(ById(entity.id), MOST)
    return next((event.at for event in events if event.after.get("state") == DELETED), entity.updated)


def unfresh(session: Session, limit: int) -> UnfreshData:
    """Data sets that are overdue, or gone while something reads them: those with the most readers first."""
    written = Compare(Property("openlineage.time"), "is not null")
    stale = session.find(Query(kinds=["dataset"], where=written, limit=_MOST_LOOKED_AT))
    gone = session.find(Query(kinds=["dataset"], state="deleted", limit=_MOST_LOOKED_AT))
    at = now()
    found = [_unfresh(session, each, at) for each in [*stale.entities, *gone.entities]]
    bad = [each for each in found if each.freshness.stale or (each.deleted is not None and each.readers)]
    bad.sort(key=lambda each: (-each.readers, each.id))
    runs = [each.freshness.run for each in bad[:limit] if each.freshness.run]
    nodes = named(session, [*(each.id for each in bad[:limit]), *runs])
    return UnfreshData(bad[:limit], nodes, bool(stale.cursor or gone.cursor or len(bad) > limit))


def _unfresh(session: Session, dataset: Entity, at: int) -> Unfresh:
    trail = session.trail(ById(dataset.id))
    readers = trail.step(trail.starts, ["input"], up=False, limit=MOST, beside=["run"])
    return Unfresh(dataset.id, freshness(session, dataset, at), deleted_at(session, dataset), len(readers))


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000

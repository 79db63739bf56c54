"""Why something failed: the changes upstream that came before, with the evidence."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from lineal.catalog.session import Session
from lineal.graph.model import AnyRef, ById, Entity
from lineal.graph.openlineage import STATUS
from lineal.graph.query import Attribute, Order, Query, attribute
from lineal.insight.code import CODE_PARTS, began, codes
from lineal.insight.compare import schemas
from lineal.insight.inputs import read_of, time_of, versions_of
from lineal.insight.nodes import named
from lineal.insight.spread import Spread
from lineal.insight.values import Cause, Suspect
from lineal.insight.versions import deleted_at, freshness, now

FAILED = ("FAILED", "ABORTED", "KILLED")
_WELL = ("COMPLETED", "FINISHED")
_RUNS = 10
_CHANGES = 5
_LONGEST = 300


class _Failure(NamedTuple):
    """What is to be explained.

    Attributes:
        of: from where to look upstream: the job rather than its run.
        at: when.
        well: when the same was well for the last time before.
        error: what it said.
    """

    of: Entity
    at: int
    well: int | None
    error: str


def cause(session: Session, ref: AnyRef, *, at: int | None, limit: int, most: int) -> Cause:
    """Changes upstream of something that failed or drifted.

    Args:
        session: of whoever asks.
        ref: a run, a job (its last failed run is meant), or anything else.
        at: when it failed; when left out, what is known of that, or else now.
        limit: suspects at most.
        most: after how many entities the walk is cut.
    """
    start = session.get(ref, ("properties", "labels"))
    failure = _failure(session, start, at)
    spread = Spread(session, failure.of, up=True, limit=most)
    found = sorted(_Search(session, spread, failure).suspects(), key=_order)
    ids = [start.id, *(node for each in found[:limit] for node in (each.entity, *each.path))]
    truncated = spread.truncated or len(found) > limit
    return Cause(
        start.id, failure.at, found[:limit], failure.error, failure.well, named(session, ids), truncated
    )


def _order(suspect: Suspect) -> tuple[bool, bool, int, int]:
    """What is likely, in the order in which it came; then the rest, the latest first. New data alone is weak."""
    weak = suspect.kind == "data"
    return not suspect.likely, weak, suspect.at if suspect.likely else -suspect.at, -suspect.distance


def _failure(session: Session, start: Entity, at: int | None) -> _Failure:
    types = session.types()
    if types.is_a(start.kind, "job"):
        runs = _runs(session, start, at or now())
        failed = next((run for run in runs if run.properties.get(STATUS) in FAILED), None)
        return _of_run(session, failed, at) if failed else _Failure(start, at or now(), None, "")
    if types.is_a(start.kind, "run"):
        return _of_run(session, start, at)
    versions = [time_of(each) for each in versions_of(session, start)]
    written = [each for each in versions if at is None or each <= at]
    when = at if at is not None else (written[-1] if written else now())
    return _Failure(start, when, written[-2] if len(written) > 1 else None, "")


def _of_run(session: Session, run: Entity, at: int | None) -> _Failure:
    when = at if at is not None else run.ended or began(run)
    home = session.look_up(ById(run.home), ("properties",)) if run.home is not None else None
    before = _runs(session, home, began(run) - 1) if home is not None else []
    well = next((began(each) for each in before if each.properties.get(STATUS) in _WELL), None)
    of = home if home is not None and session.types().is_a(home.kind, "job") else run
    return _Failure(of, when, well, str(run.properties.get("error") or ""))


def _runs(session: Session, home: Entity, until: int) -> list[Entity]:
    """Runs of a job or an experiment that began before a moment, the newest first."""
    newest = [Order(Attribute("id"), descending=True)]
    query = Query(kinds=["run"], where=attribute("home", "=", home.id), order=newest, limit=_RUNS * 10)
    found = [run for run in session.find(query).entities if began(run) <= until]
    return sorted(found, key=began, reverse=True)[:_RUNS]


class _Search:
    """Goes through all that is upstream and asks each what happened to it."""

    def __init__(self, session: Session, spread: Spread, failure: _Failure) -> None:
        self._session = session
        self._spread = spread
        self._failure = failure
        self._types = session.types()

    def suspects(self) -> Iterator[Suspect]:
        """Everything that happened before the failure."""
        nodes = [self._failure.of.id, *self._spread.others()]
        known = self._session.get_many(nodes, ("properties", "facets"))
        for entity in known:
            for suspect in self._of(entity):
                if suspect.at <= self._failure.at:
                    yield suspect

    def _of(self, entity: Entity) -> Iterator[Suspect]:
        if self._types.is_a(entity.kind, "dataset"):
            yield from self._of_data(entity)
        elif self._types.is_a(entity.kind, "job"):
            yield from self._of_job(entity)
        elif entity.id != self._failure.of.id and entity.properties.get(STATUS) in FAILED:
            yield self._failed(entity, entity)

    def _suspect(self, kind: str, what: str, at: int, entity: Entity, **more: object) -> Suspect:
        path, _ = self._spread.path(entity.id)
        well = self._failure.well
        return Suspect(
            kind,
            what,
            at,
            entity.id,
            len(path) - 1,
            path[::-1],
            well is None or at > well,
            more.get("before"),
            more.get("after"),
        )

    # Data

    def _of_data(self, dataset: Entity) -> Iterator[Suspect]:
        dropped = deleted_at(self._session, dataset)
        if dropped is not None:
            yield self._suspect("dropped", "was dropped", dropped, dataset)
        yield from self._of_versions(dataset)
        fresh = freshness(self._session, dataset, self._failure.at)
        if fresh.stale and fresh.due is not None:
            yield self._suspect(
                "stale", "was not written when it was due", fresh.due, dataset, before=fresh.written
            )
        failed = dataset.properties.get("assertions.failed")
        if isinstance(failed, int) and failed:
            told = dataset.properties.get("openlineage.time")
            at = told if isinstance(told, int) else dataset.updated
            yield self._suspect("tests", f"{failed} of its tests failed", at, dataset, after=failed)

    def _of_versions(self, dataset: Entity) -> Iterator[Suspect]:
        until = [each for each in versions_of(self._session, dataset) if time_of(each) <= self._failure.at]
        for old, new in list(pairwise(until))[-_CHANGES:]:
            before, after = read_of(old), read_of(new)
            changed = (
                list(schemas(before.schema, after.schema))
                if before.schema is not None and after.schema is not None
                else []
            )
            if changed:
                words = ", ".join(f"{each.what} {each.how}" for each in changed)
                evidence = {"before": before.version, "after": after.version}
                yield self._suspect("schema", words, time_of(new), dataset, **evidence)
            rows = [each.statistics.get("row_count") for each in (before, after)]
            if rows[0] != rows[1]:
                yield self._suspect(
                    "data", "other rows", time_of(new), dataset, before=rows[0], after=rows[1]
                )

    # Code and runs

    def _of_job(self, job: Entity) -> Iterator[Suspect]:
        runs = _runs(self._session, job, self._failure.at)
        if job.id != self._failure.of.id and runs and runs[0].properties.get(STATUS) in FAILED:
            yield self._failed(runs[0], job)
        told = codes(self._session, runs)
        for new, old in list(pairwise(told))[:_CHANGES]:
            differing = [key for key in CODE_PARTS if getattr(old, key) != getattr(new, key) and key != "by"]
            if differing:
                evidence = {
                    name: {key: getattr(code, key)[:_LONGEST] for key in differing}
                    for name, code in (("before", old), ("after", new))
                }
                what = f"other code: {', '.join(differing)}"
                at = new.started or new.ended or self._failure.at
                yield self._suspect("code", what, at, job, **evidence)

    def _failed(self, run: Entity, at: Entity) -> Suspect:
        words = str(run.properties.get("error") or run.properties.get(STATUS))
        return self._suspect(
            "failed", f"failed: {words[:_LONGEST]}", run.ended or began(run), at, after=run.uuid
        )

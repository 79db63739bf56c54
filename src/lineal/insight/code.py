"""Which code made something, and who ran it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from lineal.catalog.session import Session
from lineal.graph.mlflow.names import TAG
from lineal.graph.model import AnyRef, ById, Entity
from lineal.graph.openlineage import COLUMN_EDGES, RUN, STATUS, WRITES, job_ref
from lineal.graph.query import Part
from lineal.insight.nodes import named, subject
from lineal.insight.reach import tool_of
from lineal.insight.values import Code, MadeBy

PARTS: tuple[Part, ...] = ("properties", "facets", "external")
CODE_PARTS = ("repository", "commit", "branch", "file", "language", "query", "text", "by")
"""What is told of the code itself."""
_GIT = TAG + "mlflow.source.git."
_MOST = 500
_FEW_STEPS = 5
_MOST_EVENTS = 20


def made_by(session: Session, ref: AnyRef, limit: int) -> MadeBy:
    """The code of a process, or of the processes that made an entity, newest first."""
    start = session.get(ref, ("properties", "labels"))
    found = codes(session, makers(session, start, limit))
    return MadeBy(start.id, found, named(session, [start.id, *node_ids(found)]))


def makers(session: Session, entity: Entity, limit: int = 10) -> list[Entity]:
    """The entity itself when it is a process, else those that wrote it, newest first; jobs only when no run is known.

    What was made from something else, such as a version of a model, was made by who made that.
    """
    entity = subject(session, entity)
    if session.types().is_a(entity.kind, "process"):
        return [entity]
    if entity.kind == "column" and entity.home is not None:
        return _makers_of_column(session, entity, limit)
    for _ in range(_FEW_STEPS):
        found = _writers(session, entity)
        if found:
            return found[:limit]
        before = session.edges([entity.id], ("derived",), "in", 1)
        found = session.get_many([edge.source for edge in before], ("properties",))
        if not found:
            return []
        entity = found[0]
    return []


def _writers(session: Session, entity: Entity) -> list[Entity]:
    edges = session.edges([entity.id], WRITES, "in", _MOST)
    found = session.get_many([edge.source for edge in edges], ("properties",))
    runs = [each for each in found if session.types().is_a(each.kind, "run")]
    return sorted(runs or found, key=began, reverse=True)


def _makers_of_column(session: Session, column: Entity, limit: int) -> list[Entity]:
    """Jobs that told what the column is made of, as far as anybody did, else the writers of its data set."""
    edges = session.edges([column.id], COLUMN_EDGES, "in", _MOST)
    jobs = [
        job_of_key(session, str(key))
        for key in dict.fromkeys(each.detail.get("job") for each in edges)
        if key
    ]
    told = [each for each in jobs if each is not None]
    return told[:limit] or _writers(session, session.get(ById(column.home or 0), ("properties",)))[:limit]


def job_of_key(session: Session, key: str) -> Entity | None:
    """The job that the detail of an edge between columns names."""
    namespace, _, name = key.rpartition("|")
    return session.look_up(job_ref(namespace, name)) if namespace and name else None


def began(process: Entity) -> int:
    """When a process began, as far as anybody told."""
    return process.started or process.ended or process.created


def codes(session: Session, processes: Sequence[Entity]) -> list[Code]:
    """The code of each of these processes, with that of its job where it tells none itself."""
    whole = {each.id: each for each in session.get_many([each.id for each in processes], PARTS)}
    homes = [each.home for each in whole.values() if each.home is not None]
    types = session.types()
    jobs = {each.id: each for each in session.get_many(homes, PARTS) if types.is_a(each.kind, "job")}
    found = [whole[each.id] for each in processes if each.id in whole]
    return [code_of(each, _at_that_time(session, each, jobs.get(each.home or 0))) for each in found]


def _at_that_time(session: Session, run: Entity, job: Entity | None) -> Entity | None:
    """A job with the code that the events of a run told of it, which may be another by now."""
    if job is None or not any(each.protocol == RUN for each in run.external):
        return job
    told: dict[str, Any] = {}
    for record in session.records(ById(run.id), limit=_MOST_EVENTS):
        told |= _dict(_dict(_dict(record.document).get("job")).get("facets"))
    if not told.keys() & {"sourceCodeLocation", "sourceCode", "sql"}:
        return job
    place, source = _dict(told.get("sourceCodeLocation")), _dict(told.get("sourceCode"))
    code = {key: place.get(key) for key in ("path", "version", "branch")}
    code |= {"url": place.get("url") or place.get("repoUrl"), "language": source.get("language")}
    facets = {"source_code": code | {"text": source.get("sourceCode")}, "sql": told.get("sql")}
    return msgspec.structs.replace(job, facets=job.facets | facets)


def code_of(process: Entity, job: Entity | None = None) -> Code:
    """What a process and its job, with all their parts, tell of their code."""
    told = _told(process)
    for key, value in (_told(job) if job else {}).items():
        told[key] = told.get(key) or value
    tool = tool_of(process)
    if job is not None and job.properties.get("job.integration"):
        tool = tool_of(job)
    return Code(
        process.id,
        job.id if job else None,
        **{key: value for key, value in told.items() if value},
        tool=tool,
        status=str(process.properties.get(STATUS) or ""),
        started=process.started,
        ended=process.ended,
    )


def _told(process: Entity) -> dict[str, str]:
    facets, properties = process.facets, process.properties
    source, sql = _dict(facets.get("source_code")), _dict(facets.get("sql"))
    return {
        "repository": _first(properties.get(_GIT + "repoURL"), source.get("url")),
        "commit": _first(properties.get(_GIT + "commit"), source.get("version")),
        "branch": _first(properties.get(_GIT + "branch"), source.get("branch")),
        "file": _first(properties.get(TAG + "mlflow.source.name"), source.get("path")),
        "language": _first(source.get("language"), sql.get("dialect")),
        "query": _first(sql.get("query")),
        "text": _first(source.get("text")),
        "by": _first(properties.get(TAG + "mlflow.user"), process.owner),
    }


def _first(*values: Any) -> str:
    return next((value for value in values if isinstance(value, str) and value), "")


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def node_ids(code: Iterable[Code]) -> list[int]:
    """Ids of the processes and jobs of these."""
    return [node for each in code for node in (each.process, each.job) if node]

"""Jobs, their versions, and tags on them."""

from __future__ import annotations

import asyncio
from typing import Any

from lineal.catalog.session import Session
from lineal.graph import openlineage as names
from lineal.graph.change import Change, PutEntity
from lineal.graph.errors import NotFound
from lineal.graph.model import ById, Entity
from lineal.graph.query import Attribute, Compare, Expr, Or, Order, Property, Query
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.openlineage.marquez import asking, shown_jobs, wire
from lineal.protocols.openlineage.marquez.asking import EVERYTHING, Parameters, iso
from lineal.protocols.openlineage.marquez.facets import PRIVATE
from lineal.protocols.openlineage.marquez.sending import facet, tell
from lineal.protocols.openlineage.marquez.shown_data import version_id
from lineal.protocols.openlineage.marquez.tags import tag

_STATES = ("NEW", "RUNNING", "COMPLETED", "ABORTED", "FAILED", "OTHER")
_RUNS = 1000
"""The latest runs of a job among which its versions are looked for."""


def list_jobs(call: Call) -> Reply:
    """A page of the jobs, of a namespace or of all, the last that changed first."""
    parameters = Parameters(call)
    where = asking.in_namespace(call.path_params.get("namespace"), "job")
    query = Query(
        kinds=["job"],
        where=asking.both(where, _in_states(parameters.texts("lastRunStates"))),
        order=[Order(Attribute("updated"), descending=True)],
        parts=list(EVERYTHING),
    )
    found, total = asking.page_of(call.session, query, parameters.page())
    return json_reply({"jobs": shown_jobs.jobs(call.session, found), "totalCount": total})


def _in_states(given: list[str]) -> Expr | None:
    """The condition that the latest run of a job is in one of these states."""
    states = [asking.one_of("lastRunStates", each, _STATES) for each in given]
    parts: list[Expr] = [Compare(Property(names.LATEST_STATUS), "=", each) for each in states]
    return (parts[0] if len(parts) == 1 else Or(parts)) if parts else None


def get_job(call: Call) -> Reply:
    """One job."""
    return _reply(call.session, asking.the_job(call))


def _reply(session: Session, entity: Entity) -> Reply:
    return json_reply(shown_jobs.jobs(session, [entity])[0])


async def put_job(call: Call) -> Reply:
    """Tell of a job, as clients of long ago do."""
    meta = asking.body(call, wire.JobMeta)
    await asyncio.to_thread(_check_put, call, meta)
    facets: dict[str, Any] = {PRIVATE: facet(type=meta.type)}
    if meta.description is not None:
        facets["documentation"] = facet(description=meta.description)
    if meta.location is not None:
        facets["sourceCodeLocation"] = facet(type="url", url=meta.location)
    if meta.tags:
        facets["tags"] = facet(tags=[{"key": each, "value": "true"} for each in meta.tags])
    told: dict[str, Any] = {
        "job": {
            "namespace": call.path_params["namespace"],
            "name": call.path_params["job"],
            "facets": facets,
        },
        "inputs": [{"namespace": each.namespace, "name": each.name} for each in meta.inputs],
        "outputs": [{"namespace": each.namespace, "name": each.name} for each in meta.outputs],
    }
    if meta.run_id is None:
        await tell(call, "JobEvent", **told)
    else:
        await tell(call, "RunEvent", eventType="RUNNING", run={"runId": meta.run_id}, **told)
    return await asyncio.to_thread(get_job, call)


def _check_put(call: Call, meta: wire.JobMeta) -> None:
    session, namespace = call.session, call.path_params["namespace"]
    asking.require_namespace(session, namespace)
    for each in (*meta.inputs, *meta.outputs):
        if asking.find_dataset(session, each.namespace, each.name, ("properties",)) is None:
            raise NotFound(f"Dataset '{each.name}' not found.")
    if meta.run_id is not None:
        run = asking.required_run(session, meta.run_id, ())
        job = asking.find_job(session, namespace, call.path_params["job"], ())
        if job is None or run.home != job.id:
            raise NotFound(f"Run '{meta.run_id}' not found.")


def delete_job(call: Call) -> Reply:
    """Hide a job; an event that speaks of it brings it back."""
    entity = asking.the_job(call)
    told = _reply(call.session, entity)
    call.session.commit(Change([PutEntity(ById(entity.id), state="deleted")]))
    return told


def tag_job(call: Call) -> Reply:
    """Put a tag on a job."""
    return _tag(call, on=True)


def untag_job(call: Call) -> Reply:
    """Take a tag from a job."""
    return _tag(call, on=False)


def _tag(call: Call, *, on: bool) -> Reply:
    tag(call.session, asking.the_job(call), call.path_params["tag"], on=on)
    return get_job(call)


# Versions


def list_versions(call: Call) -> Reply:
    """A page of the versions of a job: what its latest runs read and wrote, and what it reads and writes now."""
    limit, offset = Parameters(call).page()
    found = _versions(call.session, asking.the_job(call))
    return json_reply({"versions": found[offset : offset + limit], "totalCount": len(found)})


def get_version(call: Call) -> Reply:
    """One version of a job."""
    number = call.path_params["version"]
    for each in _versions(call.session, asking.the_job(call)):
        if each.version == number:
            return json_reply(each)
    raise NotFound(f"Job version '{number}' not found.")


def _versions(session: Session, job: Entity) -> list[wire.JobVersion]:
    where = Compare(Attribute("home"), "=", job.id)
    order = [Order(Attribute("started"), descending=True)]
    query = Query(kinds=["run"], where=where, order=order, limit=_RUNS, parts=["properties"])
    runs = session.find(query).entities
    flow = shown_jobs.flow_of(session, [job.id, *(each.id for each in runs)])
    by_flow: dict[tuple[Any, Any], list[Entity]] = {}
    for run in runs:
        inputs, outputs = flow.ids(run.id)
        if inputs or outputs:
            by_flow.setdefault((tuple(inputs), tuple(outputs)), []).append(run)
    inputs, outputs = flow.ids(job.id)
    every = {(tuple(inputs), tuple(outputs)): by_flow.get((tuple(inputs), tuple(outputs)), []), **by_flow}
    latest = [found[0] for found in every.values() if found]
    shown = shown_jobs.runs(
        session, session.get_many([each.id for each in latest], EVERYTHING), {job.id: job}
    )
    return [_version(job, *ends, found, shown) for ends, found in every.items()]


def _version(
    job: Entity, inputs: tuple[wire.Id, ...], outputs: tuple[wire.Id, ...], runs: list[Entity], shown: Any
) -> wire.JobVersion:
    number = shown_jobs.job_version(job, inputs, outputs)
    return wire.JobVersion(
        id=version_id(job, number),
        name=job.name,
        created_at=iso(runs[-1].created if runs else job.created),
        version=number,
        namespace=job.namespace,
        location=shown_jobs.location_of(job),
        inputs=list(inputs),
        outputs=list(outputs),
        latest_run=shown.get(runs[0].id) if runs else None,
    )

"""Runs and their facets, and what clients of long ago tell of them."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from lineal.catalog.session import Session
from lineal.graph.errors import Invalid
from lineal.graph.model import ById, Entity
from lineal.graph.query import Attribute, Compare, Order, Query
from lineal.protocols.base import Call, Handler, Reply, json_reply
from lineal.protocols.openlineage.marquez import asking, shown_jobs, wire
from lineal.protocols.openlineage.marquez.asking import Parameters
from lineal.protocols.openlineage.marquez.facets import PRIVATE, facets_of
from lineal.protocols.openlineage.marquez.sending import facet, tell

_KINDS = ("RUN", "JOB", "DATASET")


def list_runs(call: Call) -> Reply:
    """A page of the runs of a job, the last that was started first."""
    job = asking.the_job(call, ())
    query = Query(
        kinds=["run"],
        where=Compare(Attribute("home"), "=", job.id),
        order=[Order(Attribute("started"), descending=True)],
        parts=["properties", "facets"],
    )
    found, total = asking.page_of(call.session, query, Parameters(call).page())
    shown = shown_jobs.runs(call.session, found, {job.id: job})
    return json_reply({"runs": [shown[each.id] for each in found], "totalCount": total})


def get_run(call: Call) -> Reply:
    """One run."""
    return json_reply(_shown(call.session, asking.the_run(call)))


def _shown(session: Session, run: Entity) -> wire.Run:
    return shown_jobs.runs(session, [run], {job.id: job for job in [_job_of(session, run)]})[run.id]


def _job_of(session: Session, run: Entity) -> Entity:
    """The job of a run; where that is not to be seen, one without a name."""
    found = session.get_many([run.home or 0], ())
    return found[0] if found else Entity(run.home or 0, "", "job", run.namespace, "")


def get_facets(call: Call) -> Reply:
    """The facets of a run, or of its job."""
    run = asking.the_run(call)
    kind = Parameters(call).choice("type", _KINDS)
    if kind is None:
        raise Invalid("query param type must not be null")
    told = [run] if kind == "RUN" else []
    if kind == "JOB":
        told = call.session.get_many([run.home or 0], ("facets",))
    return json_reply({"runId": run.name, "facets": facets_of(told[0]) if told else {}})


async def create_run(call: Call) -> Reply:
    """Tell of a run that is to come."""
    meta = asking.body(call, wire.RunMeta)
    number = meta.id or str(uuid.uuid4())
    await asyncio.to_thread(_check_new, call, meta.id)
    facets: dict[str, Any] = {}
    if meta.nominal_start_time is not None:
        end = {"nominalEndTime": meta.nominal_end_time} if meta.nominal_end_time is not None else {}
        facets["nominalTime"] = facet(nominalStartTime=meta.nominal_start_time, **end)
    if meta.args:
        facets[PRIVATE] = facet(args=meta.args)
    job = {"namespace": call.path_params["namespace"], "name": call.path_params["job"]}
    await tell(call, "RunEvent", run={"runId": number, "facets": facets}, job=job)
    run = await asyncio.to_thread(asking.required_run, call.session, number)
    shown = await asyncio.to_thread(_shown, call.session, run)
    told = json_reply(shown, 201)
    return told._replace(headers=[("Location", f"/api/v1/jobs/runs/{run.name}")])


def _check_new(call: Call, number: str | None) -> None:
    asking.the_job(call, ())
    if number is None:
        return
    try:
        uuid.UUID(number)
    except ValueError:
        raise Invalid(f"A run's id must be a UUID, unlike {number[:60]!r}") from None
    if asking.find_run(call.session, number, ()) is not None:
        job, namespace = call.path_params["job"], call.path_params["namespace"]
        raise Invalid(f"Run '{number}' already exists for '{job}' under namespace '{namespace}'.")


def marked(kind: str) -> Handler:
    """Tells that a run begins or ends, as an event of this type."""

    async def mark(call: Call) -> Reply:
        moment = Parameters(call).moment("at")
        run, job = await asyncio.to_thread(_told_of, call)
        named = {"namespace": job.namespace, "name": job.name}
        await tell(call, "RunEvent", moment, eventType=kind, run={"runId": run.name}, job=named)
        return await asyncio.to_thread(get_run, call)

    return mark


def _told_of(call: Call) -> tuple[Entity, Entity]:
    run = asking.the_run(call, ())
    return run, call.session.get(ById(run.home or 0), ())

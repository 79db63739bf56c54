"""Which runs a run rests on: those that wrote the versions of data sets that it has read, and so on."""

from __future__ import annotations

from collections.abc import Sequence

from lineal.catalog.session import Session
from lineal.graph import openlineage as names
from lineal.graph.model import Entity
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.openlineage.marquez import asking, shown_jobs, wire
from lineal.protocols.openlineage.marquez.asking import Parameters, iso_or_none
from lineal.protocols.openlineage.marquez.facets import text_of
from lineal.protocols.openlineage.marquez.lineage import DEPTH
from lineal.protocols.openlineage.marquez.shown_data import number_of

_MOST = 10_000


def get_upstream(call: Call) -> Reply:
    """The runs upstream of a run, itself first, each with what it has read."""
    parameters = Parameters(call)
    start = asking.required_run(call.session, parameters.required("runId"), ("properties",))
    layer, depth = [start], parameters.number("depth", DEPTH)
    seen = {start.id}
    found: list[wire.UpstreamRun] = []
    while layer and len(seen) < _MOST:
        told, above = _layer(call.session, layer)
        found += told
        layer = [each for each in above if each.id not in seen] if depth else []
        seen |= {each.id for each in layer}
        depth -= 1
    return json_reply({"runs": found})


def _layer(session: Session, runs: Sequence[Entity]) -> tuple[list[wire.UpstreamRun], list[Entity]]:
    """Runs as they are told, by the names of their jobs, and those that wrote what they have read."""
    flow = shown_jobs.flow_of(session, [each.id for each in runs])
    jobs = {each.id: each for each in session.get_many(list({each.home or 0 for each in runs}), ())}
    numbers = {shown_jobs.read_version(link) for each in runs for link in flow.inputs.get(each.id, ())}
    versions = session.get_external(names.VERSION, sorted(numbers), ("properties", "external"))
    writers = {number_of(each): text_of(each, "run") for each in versions}
    told = [_run(each, jobs.get(each.home or 0), flow, writers) for each in runs]
    above = session.get_external(names.RUN, sorted({each for each in writers.values() if each}))
    return sorted(told, key=lambda each: each.job.name), above


def _run(
    run: Entity, job: Entity | None, flow: shown_jobs.Flow, writers: dict[str, str | None]
) -> wire.UpstreamRun:
    job = job or Entity(0, "", "job", run.namespace, "")
    inputs = [
        wire.DatasetSummary(
            namespace=link.data.namespace,
            name=link.data.name,
            version=(number := shown_jobs.read_version(link)),
            produced_by_run_id=writers.get(number),
        )
        for link in flow.inputs.get(run.id, ())
    ]
    return wire.UpstreamRun(
        job=wire.JobSummary(
            namespace=job.namespace,
            name=job.name,
            version=shown_jobs.job_version(job, *flow.ids(run.id)),
        ),
        run=wire.RunSummary(
            id=run.name,
            start=iso_or_none(run.started),
            end=iso_or_none(run.ended),
            status=shown_jobs.state_of(run),
        ),
        inputs=inputs,
    )

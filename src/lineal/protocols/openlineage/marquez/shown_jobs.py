"""Jobs and runs as Marquez shows them; a page of them takes as many statements as one."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from lineal.catalog.session import Session
from lineal.graph import openlineage as names
from lineal.graph.model import Edge, Entity
from lineal.graph.query import Part
from lineal.protocols.openlineage.marquez import wire
from lineal.protocols.openlineage.marquez.asking import dashed, iso, iso_or_none
from lineal.protocols.openlineage.marquez.facets import facet_of, facets_of, private, tags_of, text_of
from lineal.protocols.openlineage.marquez.shown_data import current_version, id_of, version_id

LATEST = 10
"""Runs that are told with each job of a page."""
_MOST_EDGES = 200_000
_SPACE = uuid.UUID("b2a4b7de-0f5f-5a3e-8f0c-6f0ce9d6a3b1")
_TYPES = {"STREAMING": "STREAM", "STREAM": "STREAM", "SERVICE": "SERVICE"}
_RUN_PARTS: tuple[Part, ...] = ("properties", "facets")


class Link(NamedTuple):
    """A data set that a process reads or writes, with the edge."""

    data: Entity
    edge: Edge


class Flow(NamedTuple):
    """What each process reads and writes, by its id."""

    inputs: Mapping[int, list[Link]]
    outputs: Mapping[int, list[Link]]

    def ids(self, process: int) -> tuple[list[wire.Id], list[wire.Id]]:
        """What one process reads and writes, by name and in order."""
        return _names(self.inputs.get(process, ())), _names(self.outputs.get(process, ()))


def _names(links: Iterable[Link]) -> list[wire.Id]:
    return sorted({id_of(each.data) for each in links})


def flow_of(session: Session, ids: Sequence[int], known: Mapping[int, Entity] | None = None) -> Flow:
    """What processes read and write, as far as the caller may see it.

    Args:
        session: of the caller.
        ids: of the processes.
        known: data sets that were read already, with their properties.
    """
    read = session.edges(ids, ["input"], "in", _MOST_EDGES) if ids else []
    written = session.edges(ids, names.WRITES, "out", _MOST_EDGES) if ids else []
    data = dict(known or {})
    missing = ({each.source for each in read} | {each.target for each in written}) - data.keys()
    found = session.get_many(list(missing), ("properties",))
    data |= {each.id: each for each in found if each.kind != "column"}
    inputs: dict[int, list[Link]] = {}
    outputs: dict[int, list[Link]] = {}
    for edge in read:
        if edge.source in data:
            inputs.setdefault(edge.target, []).append(Link(data[edge.source], edge))
    for edge in written:
        if edge.target in data:
            outputs.setdefault(edge.source, []).append(Link(data[edge.target], edge))
    return Flow(inputs, outputs)


def job_version(job: Entity, inputs: Sequence[wire.Id], outputs: Sequence[wire.Id]) -> str:
    """The id of a job's version: alike for equal inputs and outputs."""
    told = [[(each.namespace, each.name) for each in ends] for ends in (inputs, outputs)]
    return str(uuid.uuid5(_SPACE, f"{job.namespace}|{job.name}|{told}"))


# Runs


def runs(
    session: Session,
    found: Sequence[Entity],
    jobs: Mapping[int, Entity],
    known: Mapping[int, Entity] | None = None,
) -> dict[int, wire.Run]:
    """Runs by their ids in the store.

    Args:
        session: of the caller.
        found: runs, read with properties and facets.
        jobs: theirs, by id; a run whose job is not there is left out.
        known: data sets that were read already.
    """
    flow = flow_of(session, [each.id for each in found], known)
    return {each.id: _run(each, jobs[each.home], flow) for each in found if each.home and each.home in jobs}


def _run(run: Entity, job: Entity, flow: Flow) -> wire.Run:
    told, (inputs, outputs) = run.properties, flow.ids(run.id)
    return wire.Run(
        id=run.name,
        created_at=iso(run.created),
        updated_at=iso(run.updated),
        nominal_start_time=iso_or_none(told.get("nominal_start")),
        nominal_end_time=iso_or_none(told.get("nominal_end")),
        state=state_of(run),
        started_at=iso_or_none(run.started),
        ended_at=iso_or_none(run.ended),
        duration_ms=run.ended - run.started if run.ended is not None and run.started is not None else None,
        args=_args(run),
        job_version=version_id(job, job_version(job, inputs, outputs)),
        input_dataset_versions=[_moment(each, read_version(each)) for each in flow.inputs.get(run.id, ())],
        output_dataset_versions=[
            _moment(each, number)
            for each in flow.outputs.get(run.id, ())
            if (number := written_version(run, each)) is not None
        ],
        facets=facets_of(run),
    )


def state_of(run: Entity) -> str:
    """The state of a run, in Marquez's words."""
    return text_of(run, names.STATUS) or names.NEW


def _args(run: Entity) -> dict[str, str]:
    found = private(run).get("args")
    told = {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
    nominal = {
        name: iso(value)
        for name, key in (("nominal_start_time", "nominal_start"), ("nominal_end_time", "nominal_end"))
        if isinstance(value := run.properties.get(key), int)
    }
    return {**nominal, **told}


def read_version(link: Link) -> str:
    """The version that a run has read."""
    told = link.edge.detail.get("version")
    return told if isinstance(told, str) else current_version(link.data)


def written_version(run: Entity, link: Link) -> str | None:
    """The version that a run has written; None as long as it has written none."""
    told = link.edge.detail.get("version")
    if isinstance(told, str):
        return told
    if state_of(run) != names.COMPLETED and "facets" not in link.edge.detail:
        return None
    return names.version_id(link.data.namespace, link.data.name, run.name)


def _moment(link: Link, number: str) -> wire.DatasetMoment:
    told = link.edge.detail.get("facets")
    return wire.DatasetMoment(
        dataset_version_id=version_id(link.data, number), facets=told if isinstance(told, dict) else {}
    )


def latest_runs(session: Session, jobs: Sequence[Entity]) -> dict[int, Entity]:
    """By job, the run that told last of itself."""
    numbers = [number for each in jobs if (number := text_of(each, names.LATEST_RUN)) is not None]
    found = session.get_external(names.RUN, numbers, _RUN_PARTS)
    return {each.home: each for each in found if each.home is not None}


# Jobs


def jobs(session: Session, found: Sequence[Entity], *, several_runs: bool = True) -> list[wire.Job]:
    """Jobs, read with properties, facets and labels.

    Args:
        session: of the caller.
        found: the jobs.
        several_runs: whether to tell of some runs of each and not just of the latest.
    """
    told = _told(session, found, several_runs)
    return [
        wire.Job(
            **told.data(each),
            latest_runs=told.runs_of(each),
            facets=facets_of(each),
            current_version=job_version(each, *told.flow.ids(each.id)),
            labels=[],
            tags=tags_of(each),
        )
        for each in found
    ]


def nodes(session: Session, found: Sequence[Entity], known: Mapping[int, Entity]) -> list[wire.JobNode]:
    """The same as nodes of a lineage.

    Args:
        session: of the caller.
        found: the jobs.
        known: the data sets of the lineage.
    """
    told = _told(session, found, False, known)
    return [
        wire.JobNode(**told.data(each), current_run_uuid=text_of(each, names.LATEST_RUN)) for each in found
    ]


class _Told(NamedTuple):
    """What is told of jobs besides what they tell themselves: by job."""

    flow: Flow
    parents: Mapping[int, Entity]
    latest: Mapping[int, Entity]
    several: Mapping[int, list[Entity]]
    shown: Mapping[int, wire.Run]

    def runs_of(self, job: Entity) -> list[wire.Run] | None:
        """Some runs of a job, the latest first."""
        first = [self.latest[job.id]] if job.id in self.latest else []
        every = {each.id: None for each in (*first, *self.several.get(job.id, ()))}
        return [self.shown[number] for number in every if number in self.shown][:LATEST] or None

    def data(self, job: Entity) -> dict[str, Any]:
        """What a job and a node have in common."""
        inputs, outputs = self.flow.ids(job.id)
        parent = self.parents.get(job.id)
        latest = self.latest.get(job.id)
        return {
            "id": id_of(job),
            "type": _type(job),
            "name": job.name,
            "simple_name": _simple(job, parent),
            "parent_job_name": parent.name if parent else None,
            "parent_job_uuid": dashed(parent.uuid) if parent else None,
            "created_at": iso(job.created),
            "updated_at": iso(job.updated),
            "namespace": job.namespace,
            "inputs": inputs,
            "outputs": outputs,
            "location": location_of(job),
            "description": text_of(job, "description"),
            "latest_run": self.shown.get(latest.id) if latest else None,
        }


def _told(
    session: Session,
    found: Sequence[Entity],
    several_runs: bool,
    known: Mapping[int, Entity] | None = None,
) -> _Told:
    ids = [each.id for each in found]
    latest = latest_runs(session, found)
    several = session.newest_of(ids, "run", LATEST, _RUN_PARTS) if several_runs and ids else {}
    every = {each.id: each for each in (*latest.values(), *(run for of in several.values() for run in of))}
    shown = runs(session, list(every.values()), {each.id: each for each in found}, known)
    return _Told(flow_of(session, ids, known), _parents(session, ids), latest, several, shown)


def _parents(session: Session, ids: Sequence[int]) -> dict[int, Entity]:
    edges = session.edges(ids, ["parent"], "in", _MOST_EDGES) if ids else []
    above = {each.id: each for each in session.get_many(list({each.source for each in edges}), ())}
    return {edge.target: above[edge.source] for edge in edges if edge.source in above}


def _type(job: Entity) -> str:
    told = text_of(job, "job.processing") or private(job).get("type")
    return _TYPES.get(str(told).upper(), "BATCH")


def _simple(job: Entity, parent: Entity | None) -> str:
    return job.name.removeprefix(f"{parent.name}.") if parent else job.name


def location_of(job: Entity) -> str | None:
    """Where the code of a job is."""
    found = facet_of(job, "sourceCodeLocation").get("url")
    return found if isinstance(found, str) else None

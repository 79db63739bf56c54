"""Edges between columns, and those of explicit lineage. What a job told before and tells no more is taken away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from lineal.graph import openlineage as names
from lineal.graph.model import AnyRef, ById
from lineal.graph.names import Place
from lineal.protocols.openlineage.columns import Dependence, Flow, dependences, flows
from lineal.protocols.openlineage.events import Data
from lineal.protocols.openlineage.nodes import Node

if TYPE_CHECKING:
    from lineal.protocols.openlineage.facets import Telling

Edge = tuple[str, AnyRef, AnyRef]
_MOST = 100_000


def columns_key(job_key: str) -> str:
    """Under what a data set remembers that a job told its column lineage."""
    return f"columns|{job_key}"


def explicit_key(job_key: str) -> str:
    """The same of the explicit lineage."""
    return f"explicit|{job_key}"


def derived_key(job_key: str) -> str:
    """The same of lineage that was read out of the job's SQL."""
    return f"derived|{job_key}"


def is_told(dataset: Node, job_key: str) -> bool:
    """Whether a job told which columns the data set is made of."""
    return bool(dataset.times.get(columns_key(job_key)) or dataset.times.get(explicit_key(job_key)))


def has_columns(dataset: Node, job_key: str) -> bool:
    """Whether that is known, told or read out of SQL."""
    return is_told(dataset, job_key) or bool(dataset.times.get(derived_key(job_key)))


def set_columns(at: Telling, node: Node, document: Any) -> None:
    """Make the edges to a data set's columns those that its facet tells."""
    key, text = columns_key(at.job_key), msgspec.json.encode(document)
    if node.digests.get(key) == (hash(text), hash(text)):
        return
    found = dependences(document)
    put_dependences(at, node, found, "columnLineage")
    _read_sources(at, node, found)
    node.digests[key] = (hash(text), hash(text))
    node.times[key] = at.order if found else 0
    if found:
        _drop_derived(at, node)


def fill_columns(at: Telling, node: Node, document: Any) -> None:
    """Carry out an older facet if it is the job's newest; know the columns of which it speaks at least."""
    if at.order > node.times.get(columns_key(at.job_key), 0):
        set_columns(at, node, document)
        return
    found = dependences(document)
    for each in found:
        _edge(at, node, each)
    _read_sources(at, node, found)


def explicit_of_dataset(at: Telling, node: Node, document: Any) -> None:
    """Carry out the explicit lineage of a data set."""
    for flow in flows(document, Place(node.namespace, node.name)):
        _to_dataset(at, node, flow)


def _drop_derived(at: Telling, node: Node) -> None:
    """What is told takes the place of what was read out of SQL."""
    key = derived_key(at.job_key)
    if key in node.times or key in node.digests:
        put_dependences(at, node, (), "sql")
        at.sheet.facet(node, names.DERIVED_LINEAGE, None, "")
        node.times[key] = 0
        node.digests.pop(key, None)


def explicit_of_job(at: Telling, node: Node, document: Any) -> None:
    """Carry out the explicit lineage that a job tells of each of its targets."""
    for flow in flows(document):
        if flow.kind == "DATASET" and flow.target is not None:
            target = _dataset(at, flow.target)
            at.sheet.claim(target)
            at.sheet.link("produces", node.ref, target.ref)
            if at.run is not None:
                at.sheet.link("produces", at.run.ref, target.ref)
            _to_dataset(at, target, flow)
        elif flow.kind == "JOB":
            _to_job(at, flow)


def put_dependences(at: Telling, node: Node, found: Iterable[Dependence], by: str) -> None:
    """Make the edges to a data set's columns that a job told in one way exactly these."""
    stale = _told_before(at, node, by)
    for each in found:
        edge = _edge(at, node, each)
        if edge is not None:
            kind, source, target = edge
            detail = {**each.detail, "job": at.job_key}
            at.sheet.link(kind, source, target, detail if by == "columnLineage" else {**detail, "by": by})
            stale.discard(edge)
    for kind, source, target in stale:
        at.sheet.unlink(kind, source, target)


def _read_sources(at: Telling, node: Node, found: Iterable[Dependence]) -> None:
    """A job reads what columns of its output are made of, also where its event does not list it."""
    listed = {(each.namespace, each.name) for each in at.event.inputs}
    for place in dict.fromkeys(each.source for each in found):
        source = _dataset(at, place)
        link = ("input", source.namespace, source.name)
        if at.job is not None and place not in listed and source is not node and link not in at.job.links:
            at.job.links.add(link)
            at.sheet.link("input", source.ref, at.job.ref)


def _edge(at: Telling, node: Node, dependence: Dependence) -> Edge | None:
    source = _dataset(at, dependence.source)
    # Of data that was only read nothing may be changed by who may not.
    if at.sheet.modest and source is not node and not source.is_new:
        known = at.sheet.columns(source).get(dependence.field)
    else:
        known = at.sheet.column(source, dependence.field)
    if known is None:
        return None
    target = node.ref if dependence.target is None else at.sheet.column(node, dependence.target)
    return (dependence.kind, known, target) if known != target else None


def _told_before(at: Telling, node: Node, by: str) -> set[Edge]:
    """Edges that this job told in this way by an event before, as far as they are stored."""
    if node.is_new:
        return set()
    targets = [each.id for each in (node.ref, *at.sheet.columns(node).values()) if isinstance(each, ById)]
    stored = at.sheet.session.edges(targets, names.COLUMN_EDGES, "in", _MOST)
    return {
        (each.kind, ById(each.source), ById(each.target))
        for each in stored
        if each.detail.get("job") == at.job_key and each.detail.get("by", "columnLineage") == by
    }


def _to_dataset(at: Telling, node: Node, flow: Flow) -> None:
    put_dependences(at, node, flow.fields, "lineage")
    node.times[explicit_key(at.job_key)] = at.order if flow.fields else 0
    if flow.fields:
        _drop_derived(at, node)
    kind = "influences" if flow.fields else "derived"
    for sort, place, run in flow.sources:
        source = _process(at, place, run) if sort == "JOB" else _dataset(at, place) if place else None
        if source is not None:
            edge = "produces" if sort == "JOB" else kind
            at.sheet.link(edge, source.ref, node.ref, {"job": at.job_key, "by": "lineage"})


def _to_job(at: Telling, flow: Flow) -> None:
    target = _process(at, flow.target, flow.run)
    for sort, place, run in flow.sources if target is not None else ():
        source = _process(at, place, run) if sort == "JOB" else _dataset(at, place) if place else None
        if source is not None and target is not None:
            at.sheet.link("derived" if sort == "JOB" else "input", source.ref, target.ref, {"by": "lineage"})


def _process(at: Telling, place: Place | None, run: str | None) -> Node | None:
    """A job or a run of it; the event's own when none is named."""
    job = at.sheet.named("job", *place) if place is not None else at.job
    return at.sheet.run(names.run_id(run), job) if run and job is not None else job


def _dataset(at: Telling, place: Place) -> Node:
    return at.sheet.dataset(Data(place.namespace, place.name, None, {}, {}))

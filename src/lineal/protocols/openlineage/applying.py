"""One event onto a sheet: what it says of its run, its job and its data sets."""

from __future__ import annotations

from typing import Any

import msgspec

from lineal.graph import openlineage as names
from lineal.protocols.openlineage import events, meanings, sql
from lineal.protocols.openlineage.events import Data, Event, Facets
from lineal.protocols.openlineage.facets import Telling, tell
from lineal.protocols.openlineage.lineage import has_columns
from lineal.protocols.openlineage.nodes import Node
from lineal.protocols.openlineage.sheet import Sheet

_STATUS, _COMPLETE, _LATEST, _CURRENT, _SEEN = "status", "complete", "latest run", "current version", ""
"""Among an entity's times: when these were told."""
_CONTENT, _MARK = "openlineage.version_content", "openlineage.version_mark"
"""Properties of a data set: the content of its newest version, and the content with the schema."""
_TOLD_OF_DATA = ("dataQualityMetrics", "dataQualityAssertions")
"""What a reading or writing tells that holds for the data set, too."""


def apply(sheet: Sheet, event: Event) -> None:
    """Put down what an event says."""
    if event.dataset is not None:
        _dataset_event(Telling(sheet, event), event.dataset)
        return
    assert event.job is not None
    job = sheet.job(event.job)
    run = sheet.run(event.run, job, event.begins) if event.run is not None else None
    if not sheet.record(run or job, event.key, event.body):
        return
    at = Telling(sheet, event, job, run, event.job.key)
    _present(at, job)
    tell(at, job, event.job.facets, meanings.JOB)
    if run is not None:
        _run(at, run, job)
    reading = at._replace(writes=False)
    inputs = [_read(reading, each) for each in event.inputs]
    outputs = [_written(at, each) for each in event.outputs]
    sql.derive(at, inputs, [node for node, _ in outputs])
    for node, data in outputs:
        _link_output(at, node, data)
    if run is not None:
        _versions(at, run, outputs)


def _dataset_event(at: Telling, data: Data) -> None:
    node = at.sheet.dataset(data)
    if at.sheet.record(node, at.event.key, at.event.body):
        at.sheet.claim(node)
        _present(at, node)
        tell(at, node, data.facets, meanings.DATASET, meanings.GAPS)
        _content_version(at, node, data)


def _present(at: Telling, node: Node) -> None:
    """An entity is there if it is spoken of, unless it was dropped later."""
    if node.state == "deleted" and at.order > node.times.get(meanings.DELETED, 0):
        node.change("state", "active")
    node.retime(_SEEN, at.order)


# Runs


def _run(at: Telling, run: Node, job: Node) -> None:
    event, state = at.event, at.event.state
    run.retime(_SEEN, at.order)
    run.set(names.TIME, max(event.time, run.properties.get(names.TIME, 0)))
    if state == names.COMPLETED:
        run.decide(_COMPLETE, at.order)
    if state in names.ENDED:
        known = str(run.properties.get(names.STATUS))
        last = (run.times.get(_STATUS, 0), known) if known in names.ENDED else (0, "")
        if (at.order, state) >= last:
            run.times[_STATUS] = at.order
            run.set(names.STATUS, state)
            run.change("ended", event.time)
    else:
        _goes_on(at, run, state)
    latest = str(job.properties.get(names.LATEST_RUN, ""))
    if (at.order, run.name) > (job.times.get(_LATEST, 0), latest):
        job.decide(_LATEST, at.order)
        job.set(names.LATEST_RUN, run.name)
    if job.properties.get(names.LATEST_RUN) == run.name:
        job.set(names.LATEST_STATUS, run.properties.get(names.STATUS))
    tell(at, run, event.run_facets, meanings.RUN)


def _goes_on(at: Telling, run: Node, state: str) -> None:
    """An event that ends nothing: it does not open again what has ended."""
    if run.started is None or at.event.time < run.started:
        run.change("started", at.event.time)
    known = run.properties.get(names.STATUS)
    if known not in names.ENDED and (state != names.NEW or known is None):
        run.set(names.STATUS, state)


# Data sets


def _read(at: Telling, data: Data) -> Node:
    node = at.sheet.dataset(data)
    if not (at.sheet.modest and not node.is_new):
        _present(at, node)
        tell(at, node, _told_by_reader(at, node, data.facets), meanings.DATASET)
        tell(at, node, _of_data(data.moment), meanings.DATASET)
    for process in filter(None, (at.job, at.run)):
        moment = _moment(data.moment) if process is at.run else {}
        version = node.properties.get(names.CURRENT_VERSION) if process is at.run else None
        _link_once(at, "input", node, process, {**({"version": version} if version else {}), **moment})
    return node


def _told_by_reader(at: Telling, node: Node, facets: Facets) -> Facets:
    """Who reads some columns of a data set does not know better than who writes it what columns there are."""
    if "schema" in facets and node.times.get(meanings.WRITTEN):
        return {name: each for name, each in facets.items() if name != "schema"}
    return facets


def _written(at: Telling, data: Data) -> tuple[Node, Data]:
    node = at.sheet.dataset(data)
    at.sheet.claim(node)
    _present(at, node)
    tell(at, node, data.facets, meanings.DATASET, meanings.GAPS)
    tell(at, node, _of_data(data.moment), meanings.DATASET)
    return node, data


def _of_data(moment: Facets) -> Facets:
    return {name: each for name, each in moment.items() if name in _TOLD_OF_DATA}


def _moment(facets: Facets) -> dict[str, Any]:
    return {"facets": {name: events.document(each) for name, each in facets.items()}} if facets else {}


def _link_once(at: Telling, kind: str, node: Node, process: Node, detail: dict[str, Any]) -> None:
    link = (kind, node.namespace, node.name)
    if detail.get("facets") or link not in process.links:
        process.links.add(link)
        ends = (node.ref, process.ref) if kind == "input" else (process.ref, node.ref)
        at.sheet.link(kind, *ends, detail)


def _link_output(at: Telling, node: Node, data: Data) -> None:
    """Where columns tell what flows, the edge to the data set carries nothing itself."""
    is_told = has_columns(node, at.job_key)
    kind, other = ("produces", "output") if is_told else ("output", "produces")
    for process in filter(None, (at.job, at.run)):
        if (other, node.namespace, node.name) in process.links or (is_told and not process.is_new):
            _unlink_other(at, process, node, kind, other)
        _link_once(at, kind, node, process, _moment(data.moment) if process is at.run else {})


def _unlink_other(at: Telling, process: Node, node: Node, kind: str, other: str) -> None:
    if (kind, node.namespace, node.name) not in process.links:
        process.links.discard((other, node.namespace, node.name))
        at.sheet.unlink(other, process.ref, node.ref)


# Versions of data sets


def _versions(at: Telling, run: Node, outputs: list[tuple[Node, Data]]) -> None:
    """A run makes a version of what it has written, also of what only an event before told."""
    before = at.sheet.written(run) if at.event.state == names.COMPLETED else {}
    now = {(node.namespace, node.name) for node, _ in outputs}
    for node, data in outputs:
        if run.written is not None:
            run.written[node.namespace, node.name] = None
        if _has_written(at.event, run, data):
            _run_version(at, run, node, data)
    for namespace, name in [each for each in before if each not in now]:
        earlier = at.sheet.find_dataset(namespace, name)
        if earlier is not None:
            _run_version(at, run, earlier, Data(namespace, name, None, {}, {}))


def _has_written(event: Event, run: Node, data: Data) -> bool:
    """Whether something was written: the run was complete once, or tells what it has written so far."""
    return _COMPLETE in run.times or (bool(data.moment or "version" in data.facets) and not event.begins)


def _run_version(at: Telling, run: Node, node: Node, data: Data) -> None:
    content = node.properties.get("version")
    current = node.properties.get(names.CURRENT_VERSION)
    number = names.version_id(node.namespace, node.name, run.name)
    if content is not None and number != current and content == node.properties.get(_CONTENT):
        # The data is what it was: another run tells of the version that is there.
        at.sheet.link(_kind_of(at, node), run.ref, node.ref, {"version": current})
        return
    _put_version(at, node, number, data, {"run": run.name, "job": at.job_key})


def _content_version(at: Telling, node: Node, data: Data) -> None:
    """An event about the data set alone makes a version when the content or the schema is another."""
    content, schema = node.properties.get("version"), node.properties.get(names.SCHEMA_HASH)
    mark = f"{content or ''}|{schema or ''}"
    is_told = "schema" in data.facets or "version" in data.facets
    if is_told and mark not in ("|", node.properties.get(_MARK)):
        _put_version(at, node, names.version_id(node.namespace, node.name, mark), data, {})


def _put_version(at: Telling, node: Node, number: str, data: Data, told: dict[str, Any]) -> None:
    version = at.sheet.version(number, node)
    content, schema = node.properties.get("version"), node.properties.get(names.SCHEMA_HASH)
    for key, value in {
        **told,
        "version": content,
        names.SCHEMA_HASH: schema,
        names.TIME: max(at.event.time, version.properties.get(names.TIME, 0)),
    }.items():
        version.set(key, value)
    _tell_version(at, version, node, data)
    last = node.times.get(_CURRENT, 0)
    if (at.order, number) >= (last, str(node.properties.get(names.CURRENT_VERSION, ""))):
        node.decide(_CURRENT, at.order)
        node.set(names.CURRENT_VERSION, number)
        node.set(_CONTENT, content)
        node.set(_MARK, f"{content or ''}|{schema or ''}")


def _tell_version(at: Telling, version: Node, node: Node, data: Data) -> None:
    """Schema and figures of the version, whenever they are others than were told of it before."""
    figures: dict[str, Any] = {}
    for facets, name in ((data.facets, "dataQualityMetrics"), (data.moment, "outputStatistics")):
        if name in facets:
            figures |= meanings.statistics(events.document(facets[name]))
    documents = {
        "schema": node.schema,
        "statistics": msgspec.json.encode(figures) if figures else None,
    }
    for name, text in documents.items():
        if text is not None and version.digests.get(name) != (hash(text), hash(text)):
            version.digests[name] = (hash(text), hash(text))
            at.sheet.facet(version, name, msgspec.json.decode(text), at.event.producer)


def _kind_of(at: Telling, node: Node) -> str:
    return "produces" if has_columns(node, at.job_key) else "output"

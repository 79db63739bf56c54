"""What known facets mean: for each sort of entity a table from the facet's name to what it does.

A facet that is ill-formed is kept like any other and means nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from lineal.graph import openlineage as names
from lineal.protocols.openlineage.facets import Meaning, Telling, tell
from lineal.protocols.openlineage.lineage import (
    explicit_of_dataset,
    explicit_of_job,
    fill_columns,
    set_columns,
)
from lineal.protocols.openlineage.nodes import Node, query_of

_LONGEST = 2000
DELETED = "deleted"
"""Among a node's times: when it was dropped."""
WRITTEN = "schema.written"
"""Among a node's times: when whoever writes the data told its schema."""


def _as_text(value: Any) -> str | None:
    return value[:_LONGEST] if isinstance(value, str) and value else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    return (each for each in (value if isinstance(value, list) else ()) if isinstance(each, dict))


def _set(**properties: str) -> Meaning:
    """Parts of the facet become properties: name of the property and path of the part."""

    def meaning(at: Telling, node: Node, document: Any) -> None:
        for name, part in properties.items():
            node.set(name, _as_text(_dict(document).get(part)))

    return meaning


# Data sets


def _schema(at: Telling, node: Node, document: Any) -> None:
    if document is not None and names.facet_name("schema", document) != "schema":
        return
    node.schema = msgspec.json.encode(document) if document is not None else None
    node.set(names.SCHEMA_HASH, names.schema_hash(document) if document is not None else None)
    if at.writes:
        node.times[WRITTEN] = at.order
    fields = {each.path: each for each in names.fields_of(document)}
    for path, each in fields.items():
        told = {"type": each.type, "description": each.description, "position": each.position}
        at.sheet.column(node, path, told, "active")
    if at.writes and document is not None:
        for path in [path for path in at.sheet.columns(node) if path not in fields]:
            at.sheet.column(node, path, state="deleted")


def _column_lineage(at: Telling, node: Node, document: Any) -> None:
    set_columns(at, node, document)


def _explicit(at: Telling, node: Node, document: Any) -> None:
    explicit_of_dataset(at, node, document)


def _symlinks(at: Telling, node: Node, document: Any) -> None:
    for each in _objects(_dict(document).get("identifiers")):
        namespace, name = each.get("namespace"), each.get("name")
        if isinstance(namespace, str) and isinstance(name, str) and namespace and name:
            _also_known_as(at, node, namespace, name)


def _also_known_as(at: Telling, node: Node, namespace: str, name: str) -> None:
    place = names.place(namespace, name)
    if (node.namespace, node.name) == place:
        return
    other = at.sheet.find_dataset(*place)
    if other is None or other is node:
        other = at.sheet.alias(node, *place)
    if place != (namespace, name) and other is None:
        other = at.sheet.alias(node, namespace, name)
    # What is not the sender's to edit is not made one with something else by its word.
    if other is not None and other is not node and not at.sheet.modest:
        at.sheet.link("same_as", node.ref, other.ref)
        at.sheet.link("same_as", other.ref, node.ref)


def _lifecycle(at: Telling, node: Node, document: Any) -> None:
    change = _dict(document).get("lifecycleStateChange")
    if not isinstance(change, str):
        return
    node.set("lifecycle", change.upper())
    if change.upper() == "DROP":
        node.times[DELETED] = at.order
        node.change("state", "deleted")
        return
    node.change("state", "active")
    before = _dict(_dict(document).get("previousIdentifier"))
    if (
        change.upper() == "RENAME"
        and isinstance(before.get("namespace"), str)
        and isinstance(before.get("name"), str)
    ):
        _renamed(at, node, before["namespace"], before["name"])


def _renamed(at: Telling, node: Node, namespace: str, name: str) -> None:
    """What stood under the old name is gone, and the new one is made of it."""
    old = at.sheet.find_dataset(*names.place(namespace, name))
    if old is None:
        at.sheet.alias(node, namespace, name)
    elif old is not node:
        at.sheet.link("same_as", old.ref, node.ref)
        if at.order > old.times.get("", 0):
            old.times[DELETED] = at.order
            old.change("state", "deleted")


def statistics(metrics: Any) -> dict[str, Any]:
    """Data quality metrics, or statistics of what was read or written, in the graph's own shape."""
    told = _dict(metrics)
    found: dict[str, Any] = {}
    for ours, theirs in (
        ("row_count", ("rowCount",)),
        ("bytes", ("bytes", "size")),
        ("files", ("fileCount",)),
    ):
        value = next((told[each] for each in theirs if _is_count(told.get(each))), None)
        if value is not None:
            found[ours] = value
    columns = {name: _column_statistics(each) for name, each in _dict(told.get("columnMetrics")).items()}
    return found | ({"columns": columns} if columns else {})


def _column_statistics(metrics: Any) -> dict[str, Any]:
    told = _dict(metrics)
    found: dict[str, Any] = {
        ours: told[theirs]
        for ours, theirs in (("null_count", "nullCount"), ("distinct_count", "distinctCount"))
        if _is_count(told.get(theirs))
    }
    found |= {each: told[each] for each in ("min", "max") if isinstance(told.get(each), float | int | str)}
    total, count = told.get("sum"), told.get("count")
    if isinstance(total, float | int) and isinstance(count, float | int) and count:
        found["mean"] = total / count
    quantiles = {
        str(key): value
        for key, value in _dict(told.get("quantiles")).items()
        if isinstance(value, float | int)
    }
    return found | ({"quantiles": quantiles} if quantiles else {})


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _metrics(at: Telling, node: Node, document: Any) -> None:
    at.sheet.facet(node, "statistics", statistics(document) or None, at.event.producer)


def _assertions(at: Telling, node: Node, document: Any) -> None:
    results = [each.get("success") for each in _objects(_dict(document).get("assertions"))]
    node.set("assertions.failed", results.count(False) if results else None)
    node.set("assertions.passed", results.count(True) if results else None)


def _source(at: Telling, node: Node, document: Any) -> None:
    node.set("source", _as_text(_dict(document).get("name")))
    node.set("uri", _as_text(_dict(document).get("uri")))


def _hierarchy(at: Telling, node: Node, document: Any) -> None:
    levels = [_as_text(each.get("name")) for each in _objects(_dict(document).get("hierarchy"))]
    node.set("hierarchy", ".".join(filter(None, levels)) or None)


# Jobs


def _sql(at: Telling, node: Node, document: Any) -> None:
    node.sql = query_of(_dict(document))


def _source_code(at: Telling, node: Node, document: Any) -> None:
    told = _dict(document)
    _merge_code(at, node, {"language": _as_text(told.get("language")), "text": told.get("sourceCode")})


def _source_location(at: Telling, node: Node, document: Any) -> None:
    told = _dict(document)
    found = {part: _as_text(told.get(part)) for part in ("type", "path", "version", "branch")}
    _merge_code(at, node, found | {"url": _as_text(told.get("url")) or _as_text(told.get("repoUrl"))})


def _merge_code(at: Telling, node: Node, told: Mapping[str, Any]) -> None:
    old = _dict(at.sheet.old(node, "source_code"))
    given = {key: value for key, value in told.items() if isinstance(value, str)}
    code = {key: value for key, value in old.items() if key not in told} | given
    if code != old:
        at.sheet.facet(node, "source_code", code or None, at.event.producer)


# Runs


def _parent(at: Telling, node: Node, document: Any) -> None:
    told = _dict(document)
    found = _run_of(at, told)
    if found is None or at.job is None:
        return
    job, run = found
    at.sheet.link("parent", job.ref, at.job.ref)
    at.sheet.link("parent", run.ref, node.ref)
    root = _run_of(at, _dict(told.get("root")))
    if root is not None:
        node.set("root_run", root[1].name)


def _run_of(at: Telling, told: Mapping[str, Any]) -> tuple[Node, Node] | None:
    """The job and run that a parent facet or its root names, with the facets that it tells of them."""
    run, job = _dict(told.get("run")), _dict(told.get("job"))
    number, namespace, name = run.get("runId"), job.get("namespace"), job.get("name")
    if not all(isinstance(each, str) and each for each in (number, namespace, name)):
        return None
    job_node = at.sheet.named("job", str(namespace), str(name))
    run_node = at.sheet.run(names.run_id(str(number)), job_node)
    if run_node.is_new and names.STATUS not in run_node.properties:
        run_node.set(names.STATUS, names.NEW)
    tell(at, job_node, _raw(job.get("facets")), JOB)
    tell(at, run_node, _raw(run.get("facets")), {})
    return job_node, run_node


def _raw(facets: Any) -> dict[str, msgspec.Raw]:
    return {str(name): msgspec.Raw(msgspec.json.encode(each)) for name, each in _dict(facets).items()}


def _nominal(at: Telling, node: Node, document: Any) -> None:
    for name, part in (("nominal_start", "nominalStartTime"), ("nominal_end", "nominalEndTime")):
        node.set(name, _milliseconds(_dict(document).get(part)))


def _milliseconds(text: Any) -> int | None:
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except (TypeError, ValueError, OverflowError):
        return None


def _engine(at: Telling, node: Node, document: Any) -> None:
    told = _dict(document)
    words = [each for each in (_as_text(told.get("name")), _as_text(told.get("version"))) if each]
    node.set("engine", " ".join(words) or None)


def _run_tags(at: Telling, node: Node, document: Any) -> None:
    told = {key: value for key, value, field in _tags(document) if not field}
    gone = [key for key in node.properties if key.startswith("tag.") and key[4:] not in told]
    for key in gone:
        node.set(key, None)
    for key, value in told.items():
        if not key.startswith("openlineage_"):
            node.set(f"tag.{key}", value)


def _tests(at: Telling, node: Node, document: Any) -> None:
    results = [str(each.get("status")).lower() for each in _objects(_dict(document).get("tests"))]
    for word, name in (("fail", "tests.failed"), ("pass", "tests.passed")):
        node.set(name, results.count(word) if results else None)


# Several sorts


def _owners(at: Telling, node: Node, document: Any) -> None:
    told = {
        str(each["name"]): each.get("type")
        for each in _objects(_dict(document).get("owners"))
        if each.get("name")
    }
    if told:
        node.change("owner", next(iter(told)))
    if at.sheet.modest:
        return
    for name in set(node.properties.get("owners") or ()) - told.keys():
        at.sheet.unlink("owns", at.sheet.person(name), node.ref)
    node.set("owners", list(told) or None)
    for name, kind in told.items():
        at.sheet.link("owns", at.sheet.person(name), node.ref, {"type": kind} if kind else {})


def _tags(document: Any) -> Iterator[tuple[str, str, str | None]]:
    """Key, value and field of each tag."""
    for each in _objects(_dict(document).get("tags")):
        key, value, field = each.get("key"), each.get("value"), each.get("field")
        if isinstance(key, str) and key:
            yield key, _tag_value(value), field if isinstance(field, str) and field else None


def _tag_value(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()


def _label_tags(at: Telling, node: Node, document: Any) -> None:
    told = {(field, names.tag_name(key, value)[:400]) for key, value, field in _tags(document)}
    before = {
        (each[0] or None, each[1]) for each in node.properties.get("openlineage.tags") or () if len(each) == 2
    }
    for field, name in before - told:
        at.sheet.unlabel(node, at.sheet.column(node, field) if field else node.ref, name)
    for field, name in sorted(told - before, key=str):
        at.sheet.label(node, at.sheet.column(node, field) if field else node.ref, name)
    node.set("openlineage.tags", sorted([field or "", name] for field, name in told) or None)


DATASET: dict[str, Meaning] = {
    "schema": _schema,
    "columnLineage": _column_lineage,
    "lineage": _explicit,
    "symlinks": _symlinks,
    "version": _set(version="datasetVersion"),
    "lifecycleStateChange": _lifecycle,
    "dataQualityMetrics": _metrics,
    "dataQualityAssertions": _assertions,
    "dataSource": _source,
    "documentation": _set(description="description"),
    "storage": _set(**{"storage.layer": "storageLayer", "storage.format": "fileFormat"}),
    "datasetType": _set(**{"dataset.type": "datasetType", "dataset.subtype": "subType"}),
    "hierarchy": _hierarchy,
    "catalog": _set(**{"catalog.name": "name", "catalog.type": "type", "catalog.framework": "framework"}),
    "ownership": _owners,
    "tags": _label_tags,
}
GAPS: dict[str, Meaning] = {"columnLineage": fill_columns}
"""What is to be done about a facet of a data set that comes too late to count."""
JOB: dict[str, Meaning] = {
    "sql": _sql,
    "sourceCode": _source_code,
    "sourceCodeLocation": _source_location,
    "documentation": _set(description="description"),
    "ownership": _owners,
    "tags": _label_tags,
    "jobType": _set(
        **{"job.type": "jobType", "job.processing": "processingType", "job.integration": "integration"}
    ),
    "lineage": explicit_of_job,
}
RUN: dict[str, Meaning] = {
    "parent": _parent,
    "parentRun": _parent,
    "nominalTime": _nominal,
    "errorMessage": _set(error="message", **{"error.language": "programmingLanguage"}),
    "processing_engine": _engine,
    "externalQuery": _set(**{"query.id": "externalQueryId"}),
    "tags": _run_tags,
    "test": _tests,
}

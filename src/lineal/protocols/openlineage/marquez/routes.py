"""Every operation of Marquez's API that is served."""

from __future__ import annotations

from lineal.protocols.base import Handler, Route
from lineal.protocols.openlineage.marquez import (
    columns,
    datasets,
    events,
    jobs,
    lineage,
    namespaces,
    runs,
    search,
    sources,
    stats,
    tags,
    upstream,
)

PREFIX = "/api/v1"
BETA = "/api/v2beta"
_NAMESPACE = "/namespaces/{namespace}"
_DATASET = f"{_NAMESPACE}/datasets/{{dataset}}"
_FIELD_TAG = f"{_DATASET}/fields/{{field}}/tags/{{tag}}"
_JOB = f"{_NAMESPACE}/jobs/{{job}}"
_RUN = "/jobs/runs/{id}"

_OPERATIONS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/namespaces", namespaces.list_namespaces),
    ("GET", _NAMESPACE, namespaces.get_namespace),
    ("PUT", _NAMESPACE, namespaces.put_namespace),
    ("GET", "/sources", sources.list_sources),
    ("GET", "/sources/{source}", sources.get_source),
    ("PUT", "/sources/{source}", sources.put_source),
    ("GET", f"{_NAMESPACE}/datasets", datasets.list_datasets),
    ("GET", _DATASET, datasets.get_dataset),
    ("PUT", _DATASET, datasets.put_dataset),
    ("GET", f"{_DATASET}/versions", datasets.list_versions),
    ("GET", f"{_DATASET}/versions/{{version}}", datasets.get_version),
    ("POST", f"{_DATASET}/tags/{{tag}}", datasets.tag_dataset),
    ("DELETE", f"{_DATASET}/tags/{{tag}}", datasets.untag_dataset),
    ("POST", _FIELD_TAG, datasets.tag_field),
    ("DELETE", _FIELD_TAG, datasets.untag_field),
    ("GET", "/jobs", jobs.list_jobs),
    ("GET", f"{_NAMESPACE}/jobs", jobs.list_jobs),
    ("GET", _JOB, jobs.get_job),
    ("PUT", _JOB, jobs.put_job),
    ("GET", f"{_JOB}/versions", jobs.list_versions),
    ("GET", f"{_JOB}/versions/{{version}}", jobs.get_version),
    ("POST", f"{_JOB}/tags/{{tag}}", jobs.tag_job),
    ("DELETE", f"{_JOB}/tags/{{tag}}", jobs.untag_job),
    ("GET", f"{_JOB}/runs", runs.list_runs),
    ("POST", f"{_JOB}/runs", runs.create_run),
    ("GET", _RUN, runs.get_run),
    ("GET", f"{_RUN}/facets", runs.get_facets),
    ("POST", f"{_RUN}/start", runs.marked("START")),
    ("POST", f"{_RUN}/complete", runs.marked("COMPLETE")),
    ("POST", f"{_RUN}/fail", runs.marked("FAIL")),
    ("POST", f"{_RUN}/abort", runs.marked("ABORT")),
    ("GET", "/lineage", lineage.get_lineage),
    ("GET", "/column-lineage", columns.get_column_lineage),
    ("GET", "/runlineage/upstream", upstream.get_upstream),
    ("GET", "/events/lineage", events.list_events),
    ("GET", "/tags", tags.list_tags),
    ("PUT", "/tags/{tag}", tags.put_tag),
    ("GET", "/search", search.search),
    ("GET", "/stats/lineage-events", stats.list_event_metrics),
    ("GET", "/stats/jobs", stats.counted("job")),
    ("GET", "/stats/datasets", stats.counted("dataset")),
    ("GET", "/stats/sources", stats.list_source_counts),
    ("DELETE", _DATASET, datasets.delete_dataset),
    ("DELETE", _JOB, jobs.delete_job),
    ("DELETE", _NAMESPACE, namespaces.delete_namespace),
)

ROUTES: tuple[Route, ...] = (
    *(Route(method, f"{PREFIX}{path}", handler) for method, path, handler in _OPERATIONS),
    Route("GET", f"{BETA}/search/jobs", search.highlighted("job")),
    Route("GET", f"{BETA}/search/datasets", search.highlighted("dataset")),
)

"""Traces, spans and assessments."""

from __future__ import annotations

from lineal.protocols.mlflow.operation import Operation
from lineal.protocols.mlflow.traces import (
    assessments,
    correlation,
    infos,
    links,
    metrics,
    reads,
    search,
    v2,
)
from lineal.protocols.mlflow.traces.ingest import export

__all__ = ["OPERATIONS", "export"]

_V3 = "/3.0/mlflow/traces"

OPERATIONS: tuple[Operation, ...] = (
    Operation("POST", _V3, infos.start),
    Operation("GET", f"{_V3}/get", reads.get),
    Operation("GET", f"{_V3}/batchGet", reads.batch_get),
    Operation("POST", f"{_V3}/batchGetInfos", infos.batch_get),
    Operation("POST", f"{_V3}/search", search.search),
    Operation("POST", f"{_V3}/metrics", metrics.query),
    Operation("POST", f"{_V3}/calculate-filter-correlation", correlation.calculate),
    Operation("POST", f"{_V3}/delete-traces", infos.delete),
    Operation("GET", f"{_V3}/{{trace_id}}", infos.get),
    Operation("PATCH", f"{_V3}/{{trace_id}}/tags", infos.set_tag),
    Operation("DELETE", f"{_V3}/{{trace_id}}/tags", infos.delete_tag),
    Operation("POST", f"{_V3}/{{trace_id}}/assessments", assessments.create),
    Operation("GET", f"{_V3}/{{trace_id}}/assessments/{{assessment_id}}", assessments.get),
    Operation("PATCH", f"{_V3}/{{trace_id}}/assessments/{{assessment_id}}", assessments.update),
    Operation("DELETE", f"{_V3}/{{trace_id}}/assessments/{{assessment_id}}", assessments.delete),
    Operation("POST", "traces", v2.start),
    Operation("GET", "traces", v2.find),
    Operation("PATCH", "traces/{request_id}", v2.end),
    Operation("GET", "traces/{request_id}/info", v2.get),
    Operation("PATCH", "traces/{request_id}/tags", infos.set_tag),
    Operation("DELETE", "traces/{request_id}/tags", infos.delete_tag),
    Operation("POST", "traces/delete-traces", infos.delete),
    Operation("POST", "traces/link-to-run", links.link_to_run),
    Operation("POST", "traces/link-prompts", links.link_prompts),
    Operation("GET", "get-trace-artifact", reads.get_file, browser=True),
    Operation("GET", "/3.0/mlflow/get-trace-artifact", reads.get_file, browser=True),
)

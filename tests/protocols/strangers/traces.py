"""A trace with spans, a tag and an assessment."""

from __future__ import annotations

import json
from typing import Any

from lineal.protocols.base import Route
from lineal.testing.protocol import Request, Served

TRACES = "/api/3.0/mlflow/traces"
TRACE = "tr-" + "5a" * 16
SPAN = "6b" * 8

WORDS: set[str] = {
    "brindlemock", "cloverquark", "dapplefen", "emberwisk", "frostnettle", "gorsewick", "hollowfern", "inkwhistle",
}  # fmt: skip
"""Each stands for one place in which text is kept."""


def fill(served: Served, made: dict[str, str]) -> dict[str, list[str]]:
    """Put one of everything there, and answer what may stand in the variables of paths."""
    place = _place(made)
    info = {
        "trace_id": TRACE,
        "trace_location": place,
        "request_time": "2026-01-01T00:00:00.000Z",
        "execution_duration": "0.1s",
        "state": "OK",
        "request_preview": "brindlemock",
        "response_preview": "cloverquark",
        "trace_metadata": {"dapplefen": "emberwisk"},
        "tags": {"frostnettle": "gorsewick"},
    }
    served.owner.json("POST", TRACES, body={"trace": {"trace_info": info}})
    headers = {"content-type": "application/json", "x-mlflow-experiment-id": made["experiment"]}
    answer = served.owner.send(Request("POST", "/v1/traces", {}, _export(), headers))
    assert answer.status == 200, answer
    judged = served.owner.json("POST", f"{TRACES}/{TRACE}/assessments", body={"assessment": _assessment()})
    number = judged["assessment"]["assessment_id"]
    return {"trace_id": [TRACE], "request_id": [TRACE], "assessment_id": [number]}


def _place(made: dict[str, Any]) -> dict[str, Any]:
    return {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": made["experiment"]}}


def _assessment() -> dict[str, Any]:
    return {
        "trace_id": TRACE,
        "assessment_name": "quality",
        "source": {"source_type": "HUMAN", "source_id": "inkwhistle"},
        "feedback": {"value": "good"},
    }


def _export() -> bytes:
    """A request of OTLP with one span of the trace."""
    kept = {"key": "mlflow.traceRequestId", "value": {"stringValue": json.dumps(TRACE)}}
    span = {
        "traceId": TRACE.removeprefix("tr-"),
        "spanId": SPAN,
        "name": "hollowfern",
        "startTimeUnixNano": "1767225600000000000",
        "endTimeUnixNano": "1767225600100000000",
        "attributes": [kept],
    }
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()


def arguments(made: dict[str, Any], route: Route) -> dict[str, Any]:
    """What the operation may ask for, as parameters and as a body alike, over what every operation is asked."""
    if "trace" not in route.path:
        return {}
    return {
        "trace_id": TRACE, "trace_ids": [TRACE], "request_ids": [TRACE], "locations": [_place(made)], "filter": "",
        "key": "frostnettle", "value": "other", "assessment": _assessment(), "update_mask": "rationale",
        "path": "traces.json", "experiment_ids": [made["experiment"]], "timestamp_ms": 1, "execution_time_ms": 1,
        "view_type": "TRACES", "metric_name": "trace_count", "aggregations": [{"aggregation_type": "COUNT"}],
        "filter_string1": "trace.status = 'OK'", "filter_string2": "trace.status = 'ERROR'",
    }  # fmt: skip

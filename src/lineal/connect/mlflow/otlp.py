"""Spans as OpenTelemetry's protocol has them in JSON."""

from __future__ import annotations

import re
import uuid
from typing import Any

from lineal.connect.mlflow.records import Trace
from lineal.connect.mlflow.spans import read
from lineal.graph.mlflow.spans import REQUEST_ID
from lineal.graph.model import Span

_CODES = {"unset": 0, "ok": 1, "error": 2}


def export(trace: Trace) -> dict[str, Any]:
    """All spans of a trace as one request."""
    spans = [_span(read(each), trace.id) for each in trace.spans]
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {}, "spans": spans}]}]}


def _span(span: Span, trace: str) -> dict[str, Any]:
    found = {
        "traceId": _hex(trace),
        "spanId": span.id,
        "parentSpanId": span.parent,
        "name": span.name,
        "kind": span.detail.get("kind", 1),
        "startTimeUnixNano": str(span.started),
        "endTimeUnixNano": str(span.ended or 0),
        "attributes": _pairs({**span.attributes, REQUEST_ID: trace}),
        "events": [
            {
                "timeUnixNano": str(each["time"]),
                "name": each["name"],
                "attributes": _pairs(each.get("attributes") or {}),
            }
            for each in span.detail.get("events", ())
        ],
        "links": [
            {
                "traceId": each["trace_id"],
                "spanId": each["span_id"],
                "attributes": _pairs(each.get("attributes") or {}),
            }
            for each in span.detail.get("links", ())
        ],
        "status": {"code": _CODES[span.status], "message": span.detail.get("message", "")},
    }
    return {key: value for key, value in found.items() if value is not None}


def _pairs(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in attributes.items() if value is not None]


def _value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value}
        case list():
            return {"arrayValue": {"values": [_value(each) for each in value if each is not None]}}
        case dict():
            return {"kvlistValue": {"values": _pairs(value)}}
        case _:
            return {}


def _hex(trace: str) -> str:
    digits = trace.removeprefix("tr-")
    return digits if re.fullmatch(r"[0-9a-f]{32}", digits) else uuid.uuid5(uuid.UUID(int=0), trace).hex

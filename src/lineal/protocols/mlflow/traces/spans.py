"""Spans as MLflow's answers and files have them. Nothing here reads or writes."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Sequence
from typing import Any

from lineal.graph.mlflow.spans import REQUEST_ID
from lineal.graph.model import Span
from lineal.protocols.mlflow.traces import otlp

_KINDS = (
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
)
_STATUS_CODES = {"unset": "STATUS_CODE_UNSET", "ok": "STATUS_CODE_OK", "error": "STATUS_CODE_ERROR"}


def span_message(span: Span, trace: str) -> dict[str, Any]:
    """A span as OpenTelemetry's message has it, in the JSON of protobuf."""
    detail = span.detail
    found: dict[str, Any] = {
        **_head(span, trace),
        "attributes": otlp.key_values(with_trace(span.attributes, trace)),
        "events": [_event(each) for each in detail.get("events", ())],
        "links": [_link(each) for each in detail.get("links", ())],
        "status": {"code": _STATUS_CODES[span.status], "message": detail.get("message")},
    }
    found["status"] = {key: value for key, value in found["status"].items() if value}
    return {key: value for key, value in found.items() if value not in (None, [])}


def span_document(span: Span, trace: str) -> dict[str, Any]:
    """A span as MLflow keeps it in files: every attribute as JSON text."""
    detail = span.detail
    attributes = with_trace(span.attributes, trace)
    return {
        **_head(span, trace),
        "events": [
            {"name": each["name"], "time_unix_nano": each["time"], "attributes": each["attributes"]}
            for each in detail.get("events", ())
        ],
        "status": {"code": _STATUS_CODES[span.status], "message": detail.get("message", "")},
        "attributes": {key: json.dumps(value, ensure_ascii=False) for key, value in attributes.items()},
        "links": [{**each, "attributes": each.get("attributes")} for each in detail.get("links", ())],
    }


def _head(span: Span, trace: str) -> dict[str, Any]:
    """What both forms tell alike."""
    return {
        "trace_id": _otel_id(trace),
        "span_id": _base64(span.id),
        "parent_span_id": _base64(span.parent) if span.parent else None,
        "name": span.name,
        "kind": _kind(span),
        "start_time_unix_nano": span.started,
        "end_time_unix_nano": span.ended,
    }


def with_trace(attributes: dict[str, Any], trace: str) -> dict[str, Any]:
    """A span's attributes with the trace's id, by which MLflow's clients know where it belongs."""
    return {**attributes, REQUEST_ID: trace}


def _kind(span: Span) -> str:
    number = span.detail.get("kind", 1)
    return _KINDS[number] if isinstance(number, int) and number < len(_KINDS) else _KINDS[1]


def _event(event: dict[str, Any]) -> dict[str, Any]:
    found = {
        "time_unix_nano": event["time"],
        "name": event["name"],
        "attributes": otlp.key_values(event["attributes"]),
    }
    return {key: value for key, value in found.items() if value != []}


def _link(link: dict[str, Any]) -> dict[str, Any]:
    found = {
        "trace_id": _otel_id(link["trace_id"]),
        "span_id": _base64(link["span_id"]),
        "attributes": otlp.key_values(link.get("attributes") or {}),
    }
    return {key: value for key, value in found.items() if value != []}


def _otel_id(trace: str) -> str:
    """OpenTelemetry's 16 bytes of a trace's id, as far as it is made of such."""
    digits = trace.removeprefix("tr-")
    return (
        _base64(digits)
        if re.fullmatch(r"[0-9a-f]{32}", digits)
        else _base64(f"{uuid.uuid5(_IDS, trace).hex}")
    )


_IDS = uuid.UUID(int=0)


def _base64(digits: str) -> str:
    return base64.b64encode(bytes.fromhex(digits)).decode()


def messages_of(found: Sequence[Span], trace: str) -> list[dict[str, Any]]:
    """The spans of a trace as messages."""
    return [span_message(span, trace) for span in found]

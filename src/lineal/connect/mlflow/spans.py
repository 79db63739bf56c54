"""Spans as MLflow's documents have them, and as the graph keeps them. Nothing here reads or writes."""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from typing import Any

from lineal.graph.errors import Invalid
from lineal.graph.mlflow.spans import REQUEST_ID, Told, span_of
from lineal.graph.model import Span

_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_CODES = {"UNSET": 0, "OK": 1, "ERROR": 2}
_STATUS = {"unset": "UNSET", "ok": "OK", "error": "ERROR"}
_HEX = re.compile(r"(?:0x)?([0-9a-f]{16})")


def read(document: dict[str, Any]) -> Span:
    """A span of MLflow's, in the form of any of its versions.

    Raises:
        Invalid: the document is none.
    """
    try:
        told = _told_before_3(document) if "context" in document else _told(document)
    except (AttributeError, LookupError, TypeError, ValueError, binascii.Error) as error:
        raise Invalid(f"a span cannot be read: {error}") from None
    return span_of(told)


def _told(document: dict[str, Any]) -> Told:
    status = document.get("status") or {}
    parent = document.get("parent_span_id")
    return Told(
        _digits(document["span_id"]),
        _digits(parent) if parent else None,
        document["name"],
        _number(document.get("kind"), "SPAN_KIND_", _KINDS.index, 1),
        int(document["start_time_unix_nano"]),
        int(document.get("end_time_unix_nano") or 0),
        _number(status.get("code"), "STATUS_CODE_", _CODES.__getitem__, 0),
        status.get("message") or "",
        _values(document.get("attributes") or {}),
        [_event(each) for each in document.get("events") or ()],
        [_link(each) for each in document.get("links") or ()],
    )


def _told_before_3(document: dict[str, Any]) -> Told:
    """As MLflow 2 wrote them: ids in hexadecimal digits, times without units."""
    context, parent = document["context"], document.get("parent_id")
    return Told(
        _digits(context["span_id"]),
        _digits(parent) if parent else None,
        document["name"],
        1,
        int(document["start_time"]),
        int(document.get("end_time") or 0),
        _CODES.get(document.get("status_code", "UNSET"), 0),
        document.get("status_message") or "",
        _values(document.get("attributes") or {}),
        [
            {
                "name": each["name"],
                "time": int(each.get("timestamp") or 0) * 1000,
                "attributes": each.get("attributes") or {},
            }
            for each in document.get("events") or ()
        ],
        [],
    )


def _digits(given: str) -> str:
    """A span's id as 16 hexadecimal digits, from those or from base 64."""
    match = _HEX.fullmatch(given)
    return match[1] if match else base64.b64decode(given, validate=True).hex().rjust(16, "0")


def _number(given: Any, prefix: str, number_of: Any, otherwise: int) -> int:
    if isinstance(given, int):
        return given
    return int(number_of(given.removeprefix(prefix))) if isinstance(given, str) else otherwise


def _values(attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes, each of which MLflow writes as JSON text."""
    return {key: _value(value) for key, value in attributes.items()}


def _value(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _event(event: dict[str, Any]) -> dict[str, Any]:
    attributes = event.get("attributes") or {}
    return {"name": event["name"], "time": int(event.get("time_unix_nano") or 0), "attributes": attributes}


def _link(link: dict[str, Any]) -> dict[str, Any]:
    return {
        "trace_id": base64.b64decode(link["trace_id"]).hex(),
        "span_id": _digits(link["span_id"]),
        "attributes": link.get("attributes") or {},
    }


def write(span: Span, trace: str) -> dict[str, Any]:
    """A span as MLflow keeps it: every attribute as JSON text."""
    detail, kind = span.detail, span.detail.get("kind", 1)
    attributes = {**span.attributes, REQUEST_ID: trace}
    return {
        "trace_id": _trace_bytes(trace),
        "span_id": _base64(span.id),
        "parent_span_id": _base64(span.parent) if span.parent else None,
        "name": span.name,
        "kind": f"SPAN_KIND_{_KINDS[kind] if isinstance(kind, int) and 0 <= kind < len(_KINDS) else 'INTERNAL'}",
        "start_time_unix_nano": span.started,
        "end_time_unix_nano": span.ended,
        "events": [
            {"name": each["name"], "time_unix_nano": each["time"], "attributes": each.get("attributes") or {}}
            for each in detail.get("events", ())
        ],
        "status": {"code": f"STATUS_CODE_{_STATUS[span.status]}", "message": detail.get("message", "")},
        "attributes": {key: json.dumps(value, ensure_ascii=False) for key, value in attributes.items()},
        "links": [
            {
                "trace_id": _base64(each["trace_id"]),
                "span_id": _base64(each["span_id"]),
                "attributes": each.get("attributes") or {},
            }
            for each in detail.get("links", ())
        ],
    }


def _trace_bytes(trace: str) -> str:
    """The 16 bytes of a trace's id, made up for one that is not made of such."""
    digits = trace.removeprefix("tr-")
    known = re.fullmatch(r"[0-9a-f]{32}", digits)
    return _base64(digits if known else uuid.uuid5(uuid.UUID(int=0), trace).hex)


def _base64(digits: str) -> str:
    return base64.b64encode(bytes.fromhex(digits)).decode()

"""OpenTelemetry's export of spans, in protobuf or JSON, as plain values. Nothing here reads or writes.

Protobuf is loaded with the first export. Strings that hold a JSON object, array or string stand for what they hold,
since many exporters can only send text.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from lineal.graph.errors import NOT_JSON, Invalid
from lineal.graph.mlflow.spans import Told

PROTOBUF, JSON = "application/x-protobuf", "application/json"
_IDS = ("traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id")
_OPENING = frozenset('{[" \t\r\n')
_DEEPEST = 100
_decode = msgspec.json.Decoder().decode
_REPLACEMENT = "\ufffd"


class Malformed(Invalid):
    """It is no export of spans."""


class Unusable(Invalid):
    """A span of it has no ids, or none of their size."""


class Exported(NamedTuple):
    """One span, with the attributes of the resource that sent it."""

    trace: str
    span: Told
    resource: dict[str, Any]


def read(body: bytes, media_type: str) -> list[Exported]:
    """The spans of an export, in order.

    Raises:
        Malformed: it cannot be parsed, or holds nothing. Unusable: a span has no ids.
    """
    message = _from_json(body) if media_type == JSON else _from_protobuf(body)
    if not message.resource_spans:
        raise Malformed("Invalid OpenTelemetry format - no spans found in the export.")
    return list(_spans(message))


def _from_protobuf(body: bytes) -> Any:
    from google.protobuf.message import DecodeError

    message = _request()
    try:
        message.ParseFromString(body)
    except DecodeError:
        raise Malformed("This is no export of spans as OpenTelemetry defines it.") from None
    return message


def _from_json(body: bytes) -> Any:
    from google.protobuf import json_format

    message = _request()
    try:
        json_format.ParseDict(_with_base64(json.loads(body)), message, ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError):
        raise Malformed("This is no export of spans as OpenTelemetry defines it.") from None
    return message


def _request() -> Any:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    return ExportTraceServiceRequest()


def _with_base64(value: Any) -> Any:
    """The same with ids in base64, where protobuf's JSON wants them; OpenTelemetry's has them in hexadecimal."""
    if isinstance(value, list):
        return [_with_base64(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _base64(item) if key in _IDS else _with_base64(item) for key, item in value.items()}


def _base64(digits: Any) -> str:
    return base64.b64encode(bytes.fromhex(digits or "")).decode()


def _spans(message: Any) -> Iterator[Exported]:
    for group in message.resource_spans:
        resource = {_plain(each.key): _value(each.value) for each in group.resource.attributes}
        for scope in group.scope_spans:
            for span in scope.spans:
                yield Exported(f"tr-{_digits(span.trace_id, 16)}", _told(span), resource)


def _told(span: Any) -> Told:
    parent, status = span.parent_span_id, span.status
    return Told(
        _digits(span.span_id, 8),
        _digits(parent, 8) if parent.strip(b"\0") else None,
        _plain(span.name),
        span.kind,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        status.code,
        _plain(status.message),
        {_plain(each.key): _unwrapped(each.value) for each in span.attributes},
        [_event(each) for each in span.events],
        [_link(each) for each in span.links],
    )


def _digits(number: bytes, size: int) -> str:
    if len(number) == size:
        return number.hex()
    if not number or len(number) > size:
        raise Unusable(f"A span needs ids, of {size} bytes here; this has {number[:20].hex()!r}.")
    return number.rjust(size, b"\0").hex()


def _event(event: Any) -> dict[str, Any]:
    attributes = {_plain(each.key): _value(each.value) for each in event.attributes}
    return {"name": _plain(event.name), "time": event.time_unix_nano, "attributes": attributes}


def _link(link: Any) -> dict[str, Any]:
    attributes = {_plain(each.key): _value(each.value) for each in link.attributes}
    found = {"trace_id": f"tr-{link.trace_id.hex():0>32}", "span_id": f"{link.span_id.hex():0>16}"}
    return {**found, "attributes": attributes} if attributes else found


# Values


def _unwrapped(value: Any) -> Any:
    # Of the members, the one that is set is the only one that is not empty.
    if text := value.string_value:
        return loaded(text)
    return _value(value)


def _value(value: Any) -> Any:
    match value.WhichOneof("value"):
        case None:
            return None
        case "string_value":
            return _plain(value.string_value)
        case "array_value":
            return [_value(item) for item in value.array_value.values]
        case "kvlist_value":
            return {_plain(item.key): _value(item.value) for item in value.kvlist_value.values}
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case name:
            return getattr(value, name)


def loaded(text: str) -> Any:
    """The text, or the object, array or text that it holds as JSON."""
    if text[:1] in _OPENING:
        found = _parsed(text)
        if isinstance(found, dict | list | str):
            return found
    return _plain(text)


def _parsed(text: str) -> Any:
    """What JSON text says; None when it is none, or nested too deeply to be kept."""
    if len(text) > _DEEPEST and text.count("[") + text.count("{") > _DEEPEST and _depth(text) > _DEEPEST:
        return None
    try:
        value = _decode(text)
    except NOT_JSON:
        return _leniently(text)
    return _cleaned(value) if "\\u0000" in text else value


def _leniently(text: str) -> Any:
    """The same with NaN, infinite numbers and halves of surrogate pairs, as Python's encoder writes them."""
    try:
        return _cleaned(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _depth(text: str) -> int:
    """How deep brackets go, those in strings counted as well."""
    depth = deepest = 0
    for each in text:
        if each in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif each in "]}":
            depth -= 1
    return deepest


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _plain(value.encode("utf-8", "replace").decode())
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(item) for key, item in value.items()}
    return value


def _plain(text: str) -> str:
    """Text that can be stored: a NUL is shown as a character that could not be read."""
    return text.replace("\x00", _REPLACEMENT) if "\x00" in text else text


# And back


def any_value(value: Any) -> dict[str, Any]:
    """A value as OpenTelemetry's JSON of an attribute has it."""
    if isinstance(value, bool):
        return {"bool_value": value}
    if isinstance(value, str):
        return {"string_value": value}
    if isinstance(value, int):
        return {"int_value": value} if -(2**63) <= value < 2**63 else {"string_value": str(value)}
    if isinstance(value, float):
        return {"double_value": value if math.isfinite(value) else _WORDS[str(value)]}
    if isinstance(value, list):
        return {"array_value": {"values": [any_value(item) for item in value]} if value else {}}
    if isinstance(value, dict):
        return {"kvlist_value": {"values": key_values(value)} if value else {}}
    return {}


_WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def key_values(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    """Attributes as OpenTelemetry's JSON has them."""
    return [{"key": key, "value": any_value(value)} for key, value in attributes.items()]

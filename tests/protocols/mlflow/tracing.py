"""Exports of spans, and how a client asks about traces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.protocols.mlflow.conftest import Client

V3 = "/api/3.0/mlflow/traces"
PROTOBUF = "application/x-protobuf"
START = 1_700_000_000_000_000_000
SECOND = 10**9


def trace_id(number: int) -> str:
    """The id of a trace whose number for OpenTelemetry this is."""
    return f"tr-{number:032x}"


def span(trace: int, number: int = 1, name: str = "root", parent: int = 0, /, **more: Any) -> dict[str, Any]:
    """A span of one second, for `encoded`; `more`: start, seconds, code, message, kind, attributes, events, links."""
    return {"trace": trace, "number": number, "name": name, "parent": parent, **more}


def _value(into: Any, value: Any) -> None:
    match value:
        case bool():
            into.bool_value = value
        case int():
            into.int_value = value
        case float():
            into.double_value = value
        case str():
            into.string_value = value
        case bytes():
            into.bytes_value = value
        case list():
            into.array_value.SetInParent()
            for item in value:
                _value(into.array_value.values.add(), item)
        case dict():
            into.kvlist_value.SetInParent()
            _attributes(into.kvlist_value.values, value)


def _attributes(into: Any, attributes: dict[str, Any]) -> None:
    for key, value in attributes.items():
        _value(into.add(key=key).value, value)


def _span(into: Any, each: dict[str, Any]) -> None:
    start = each.get("start", START)
    into.trace_id = each["trace"].to_bytes(16, "big")
    into.span_id = each["number"].to_bytes(8, "big")
    into.parent_span_id = each["parent"].to_bytes(8, "big") if each["parent"] else b""
    into.name, into.kind = each["name"], each.get("kind", 0)
    into.start_time_unix_nano = start
    into.end_time_unix_nano = start + int(each.get("seconds", 1) * SECOND)
    into.status.code, into.status.message = each.get("code", 1), each.get("message", "")
    _attributes(into.attributes, each.get("attributes", {}))
    for name, attributes in each.get("events", []):
        event = into.events.add(name=name, time_unix_nano=start)
        _attributes(event.attributes, attributes)
    for trace, number in each.get("links", []):
        into.links.add(trace_id=trace.to_bytes(16, "big"), span_id=number.to_bytes(8, "big"))


def encoded(spans: Sequence[dict[str, Any]], resource: dict[str, Any] | None = None) -> bytes:
    """An export in protobuf."""
    message = ExportTraceServiceRequest()
    group = message.resource_spans.add()
    _attributes(group.resource.attributes, resource or {})
    into = group.scope_spans.add().spans
    for each in spans:
        _span(into.add(), each)
    return bytes(message.SerializeToString())


def sent(client: Client, body: bytes, experiment: str | None = "0", /, **headers: str) -> httpx.Response:
    """The answer to an export; headers by name with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if experiment is not None:
        named["x-mlflow-experiment-id"] = experiment
    return client.send("POST", "/v1/traces", content=body, headers={"content-type": PROTOBUF, **named})


def export(
    client: Client, *spans: dict[str, Any], experiment: str = "0", run: str = "", **resource: Any
) -> None:
    """Export spans, which must be taken."""
    headers = {"x_mlflow_run_id": run} if run else {}
    answer = sent(client, encoded(spans, resource), experiment, **headers)
    assert answer.status_code == 200, answer.text


def info(client: Client, trace: str) -> dict[str, Any]:
    """What is told of a trace as a whole."""
    found: dict[str, Any] = client.get(f"{V3}/{trace}")["trace"]["trace_info"]
    return found


def spans_of(client: Client, trace: str) -> list[dict[str, Any]]:
    """A trace's spans, attributes as a plain mapping."""
    found = client.get(f"{V3}/get", trace_id=trace, allow_partial="true")["trace"].get("spans", [])
    return [{**each, "attributes": plain(each.get("attributes", []))} for each in found]


def plain(pairs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Attributes in OpenTelemetry's JSON as a mapping."""
    return {pair["key"]: _read(pair["value"]) for pair in pairs}


def _read(value: dict[str, Any]) -> Any:
    if "array_value" in value:
        return [_read(item) for item in value["array_value"].get("values", [])]
    if "kvlist_value" in value:
        return plain(value["kvlist_value"].get("values", []))
    return next(iter(value.values()), None)


def search(client: Client, filter: str = "", experiment: str = "0", **more: Any) -> list[str]:
    """Ids of the traces that a search finds, in order."""
    return [each["trace_id"] for each in found(client, filter, experiment, **more).get("traces", [])]


def found(client: Client, filter: str = "", experiment: str = "0", **more: Any) -> dict[str, Any]:
    """One page of a search."""
    answer: dict[str, Any] = client.post(
        f"{V3}/search", locations=[location(experiment)], filter=filter, **more
    )
    return answer


def location(experiment: str = "0") -> dict[str, Any]:
    """Where a trace is."""
    return {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}


def start(client: Client, trace: str, /, experiment: str = "0", **more: Any) -> dict[str, Any]:
    """Tell of a trace as a whole."""
    told = {
        "trace_id": trace,
        "trace_location": location(experiment),
        "request_time": "2023-11-14T22:13:20Z",
        "state": "OK",
        **more,
    }
    answer: dict[str, Any] = client.post(V3, trace={"trace_info": told})["trace"]["trace_info"]
    return answer


def judge(client: Client, trace: str, name: str, value: Any, kind: str = "feedback", /, **more: Any) -> str:
    """Log an assessment; its id."""
    told = {"assessment_name": name, kind: {"value": value}, "source": SOURCE, **more}
    made = client.post(f"{V3}/{trace}/assessments", assessment=told)["assessment"]
    return str(made["assessment_id"])


SOURCE = {"source_type": "HUMAN", "source_id": "ann"}

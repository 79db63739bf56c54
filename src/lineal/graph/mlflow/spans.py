"""Spans as MLflow and OpenTelemetry tell them, and as the graph keeps them.

Attributes are kept as the values they stand for. MLflow's own, such as inputs, outputs and type, stay among them
under MLflow's names; what is searched or measured is taken out as well.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lineal.graph.mlflow.traces import COST_KEYS, finite
from lineal.graph.model import Span, SpanStatus

REQUEST_ID = "mlflow.traceRequestId"
TYPE = "mlflow.spanType"
INPUTS = "mlflow.spanInputs"
OUTPUTS = "mlflow.spanOutputs"
USAGE = "mlflow.chat.tokenUsage"
COST = "mlflow.llm.cost"
MODEL = "mlflow.llm.model"
PROVIDER = "mlflow.llm.provider"
TAG_PREFIX = "mlflow.traceTag."

STATUSES: dict[int, SpanStatus] = {0: "unset", 1: "ok", 2: "error"}
_LONGEST = 500
_INTERNAL = (0, 1)


class Told(NamedTuple):
    """A span as it was told.

    Attributes:
        id, parent: 16 hexadecimal digits.
        kind, code: numbers of OpenTelemetry's enumerations.
        started, ended: nanoseconds since the epoch; 0 for an end that is not known.
        events: each with `name`, `time` and `attributes`.
        links: each with `trace_id`, `span_id` and `attributes`.
    """

    id: str
    parent: str | None
    name: str
    kind: int
    started: int
    ended: int
    code: int
    message: str
    attributes: dict[str, Any]
    events: list[dict[str, Any]]
    links: list[dict[str, Any]]


def span_of(told: Told) -> Span:
    """A span for the graph."""
    attributes = told.attributes
    cost = attributes.get(COST)
    paid = {key: finite(cost.get(key)) for key in COST_KEYS} if isinstance(cost, dict) else {}
    return Span(
        told.id,
        told.name,
        told.started,
        told.ended or None,
        told.parent,
        _text(attributes.get(TYPE)) or "",
        STATUSES.get(told.code, "unset"),
        _text(attributes.get(MODEL)),
        _text(attributes.get(PROVIDER)),
        attributes={key: value for key, value in attributes.items() if key != REQUEST_ID},
        detail=_detail(told),
        **paid,
    )


def _detail(told: Told) -> dict[str, Any]:
    if told.kind in _INTERNAL and not (told.message or told.events or told.links):
        return {}
    found = {
        "kind": told.kind if told.kind not in _INTERNAL else None,
        "message": told.message,
        "events": told.events,
        "links": told.links,
    }
    return {key: value for key, value in found.items() if value}


def _text(value: Any) -> str | None:
    return value[:_LONGEST] if isinstance(value, str) else None

"""Figures over traces, their spans and their assessments: counts, latencies, tokens, costs, values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from lineal.graph.mlflow import traces
from lineal.graph.mlflow.traces import METADATA, NAME_TAG, SESSION, SOURCE_RUN
from lineal.graph.model import Scalar
from lineal.graph.query import (
    And,
    Attribute,
    Compare,
    Expr,
    Field,
    OfHome,
    Or,
    Property,
    Related,
    SpanField,
    Summary,
    attribute,
)
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import experiments, validate
from lineal.protocols.mlflow.errors import invalid
from lineal.protocols.mlflow.requests import Body
from lineal.protocols.mlflow.runs import at_home
from lineal.protocols.mlflow.traces import wire
from lineal.protocols.mlflow.traces.search import Around
from lineal.protocols.mlflow.translate import TAG

_VIEWS = {1: "TRACES", 2: "SPANS", 3: "ASSESSMENTS"}
_FIGURES = {1: "COUNT", 2: "SUM", 3: "AVG", 4: "PERCENTILE", 5: "MIN", 6: "MAX"}
_MOST = 1000
_COUNT = frozenset({"COUNT"})
_SPREAD = frozenset({"AVG", "MIN", "MAX", "PERCENTILE"})
_SUMS = _SPREAD | {"SUM"}
_FILTER = re.compile(r"""\s*([\w`]+)\.(\w+)(?:\.(.+?))?\s*=\s*('[^']*'|"[^"]*")\s*""", re.DOTALL)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NANOSECONDS = 1_000_000
"""In a millisecond."""

_query = Body(wire.QueryTraceMetrics)


class Metric(NamedTuple):
    """What can be asked of one metric."""

    value: Field | None
    figures: frozenset[str]
    dimensions: frozenset[str]
    distinct: bool = False


_TRACE_NAME, _TRACE_STATUS = "trace_name", "trace_status"
_TOKENS = {
    key: Metric(Property(traces.TOKENS + key), _SUMS, frozenset({_TRACE_NAME}))
    for key in traces.TOKEN_KEYS[:5]
}
_MODELS = frozenset({"span_model_name", "span_model_provider"})
_METRICS: Mapping[str, Mapping[str, Metric]] = {
    "TRACES": {
        "trace_count": Metric(None, _COUNT, frozenset({_TRACE_NAME, _TRACE_STATUS})),
        "session_count": Metric(Property(METADATA + SESSION), _COUNT, frozenset(), distinct=True),
        "latency": Metric(Attribute("duration"), _SPREAD, frozenset({_TRACE_NAME})),
        **_TOKENS,
    },
    "SPANS": {
        "span_count": Metric(None, _COUNT, frozenset({"span_name", "span_type", "span_status", *_MODELS})),
        "latency": Metric(SpanField("duration"), _SPREAD, frozenset({"span_name", "span_status"})),
        **{key: Metric(SpanField(key), _SUMS, _MODELS) for key in traces.COST_KEYS},
    },
    "ASSESSMENTS": {
        "assessment_count": Metric(None, _COUNT, frozenset({"assessment_name", "assessment_value"})),
        "assessment_value": Metric(Property("number"), _SPREAD, frozenset({"assessment_name"})),
    },
}
_DIMENSIONS: Mapping[str, Field] = {
    _TRACE_NAME: Property(TAG + NAME_TAG),
    _TRACE_STATUS: Property("status"),
    "span_name": SpanField("name"),
    "span_type": SpanField("type"),
    "span_status": SpanField("status"),
    "span_model_name": SpanField("model"),
    "span_model_provider": SpanField("provider"),
    "assessment_name": Attribute("name"),
    "assessment_value": Property("value"),
}
_KINDS = {"TRACES": "trace", "SPANS": "trace", "ASSESSMENTS": "assessment"}


def query(call: Call) -> Reply:
    """POST traces/metrics."""
    message = _query(call)
    view = _enum(message.view_type, _VIEWS, "view_type")
    metric = _metric(view, message)
    if message.time_interval_seconds and None in (message.start_time_ms, message.end_time_ms):
        raise invalid("start_time_ms and end_time_ms are required if time_interval_seconds is set")
    homes = experiments.find_experiments(call.session, message.experiment_ids)
    around = Around(call.session, homes)
    found = _Conditions(view, message, around)
    names = [_name(each) for each in message.aggregations]
    summary = Summary(
        kinds=[_KINDS[view]],
        where=And(found.entities),
        of="spans" if view == "SPANS" else "entities",
        spans=And(found.spans) if found.spans else None,
        value=metric.value,
        figures=["distinct" if metric.distinct else _figure(each) for each in names],
        by=[_DIMENSIONS[each] for each in message.dimensions],
        interval=message.time_interval_seconds * 1000 if message.time_interval_seconds else None,
        limit=validate.page(message.max_results or _MOST),
    )
    points = [_point(message, names, row) for row in call.session.summarize(summary)]
    shown = [point for point in points if point.values]
    return json_reply({"data_points": shown} if shown else {})


def _metric(view: str, message: wire.QueryTraceMetrics) -> Metric:
    metric = _METRICS[view].get(message.metric_name)
    if metric is None:
        raise invalid(
            f"metric_name must be one of {sorted(_METRICS[view])}, got '{message.metric_name[:100]}'"
        )
    asked = {_enum(each.aggregation_type, _FIGURES, "aggregation_type") for each in message.aggregations}
    if asked - metric.figures:
        raise invalid(
            f"Found invalid aggregation_type(s): {sorted(asked - metric.figures)}."
            f" Supported aggregation types: {sorted(metric.figures)}"
        )
    if set(message.dimensions) - metric.dimensions:
        raise invalid(
            f"Found invalid dimension(s): {sorted(set(message.dimensions) - metric.dimensions)}."
            f" Supported dimensions: {sorted(metric.dimensions)}"
        )
    return metric


def _enum(value: int | str, names: Mapping[int, str], parameter: str) -> str:
    name = value if isinstance(value, str) else names.get(value)
    if name not in names.values():
        raise invalid(f"{parameter} must be one of {list(names.values())}, got '{str(value)[:100]}'")
    return str(name)


def _name(asked: wire.MetricAggregation) -> str:
    """What an aggregation is called in the answer, such as `AVG` and `P95.0`."""
    kind, percent = _enum(asked.aggregation_type, _FIGURES, "aggregation_type"), asked.percentile_value
    if kind != "PERCENTILE":
        if percent is not None:
            raise invalid(f"Percentile value is only allowed for PERCENTILE aggregation type, got {kind}")
        return kind
    if percent is None or not 0 <= percent <= 100:
        raise invalid(f"Percentile value must be between 0 and 100, got {percent}")
    return f"P{float(percent)}"


def _figure(name: str) -> str:
    return f"p{float(name[1:]):.9f}".rstrip("0").rstrip(".") if name[:1] == "P" else name.lower()


def _point(message: wire.QueryTraceMetrics, names: Sequence[str], row: Sequence[Scalar]) -> wire.DataPoint:
    groups = (["time_bucket"] if message.time_interval_seconds else []) + message.dimensions
    told = dict(zip(groups, row, strict=False))
    dimensions = {
        name: _bucket(value) if name == "time_bucket" else _said(name, value) for name, value in told.items()
    }
    figures = zip(names, row[len(groups) :], strict=True)
    unit = _NANOSECONDS if message.metric_name == "latency" and _is_about_spans(message) else 1
    values = {name: value / unit for name, value in figures if isinstance(value, int | float)}
    return wire.DataPoint(message.metric_name, dimensions, values)


def _is_about_spans(message: wire.QueryTraceMetrics) -> bool:
    return _enum(message.view_type, _VIEWS, "view_type") == "SPANS"


def _bucket(value: Scalar) -> str:
    return (_EPOCH + timedelta(milliseconds=int(value or 0))).isoformat()


def _said(name: str, value: Scalar) -> str:
    return str(value).upper() if name == "span_status" else str(value)


class _Conditions:
    """What must hold of the entities that are measured, and of their spans."""

    def __init__(self, view: str, message: wire.QueryTraceMetrics, around: Around) -> None:
        self._view = view
        self._around = around
        self.spans: list[Expr] = []
        self.entities: list[Expr] = self._time(message)
        if view == "ASSESSMENTS":
            self.entities += [self._in_experiments(), Compare(Property("valid"), "=", True)]
        else:
            self.entities.insert(0, at_home(list(around.homes)))
        for text in message.filters:
            self._add(text)

    def _in_experiments(self) -> Expr:
        return Compare(OfHome(Attribute("home")), "in", list(self._around.homes))

    def _time(self, message: wire.QueryTraceMetrics) -> list[Expr]:
        """Of traces and assessments the start of the trace; of what spans cost, their own start."""
        first, last = message.start_time_ms, message.end_time_ms
        if self._view == "SPANS" and message.metric_name in traces.COST_KEYS:
            self.spans += (
                [] if first is None else [_compared(SpanField("started"), ">=", first * _NANOSECONDS)]
            )
            self.spans += (
                [] if last is None else [_compared(SpanField("started"), "<", (last + 1) * _NANOSECONDS)]
            )
            return []
        found: list[Expr] = [] if first is None else [Compare(Attribute("started"), ">=", first)]
        return found if last is None else [*found, Compare(Attribute("started"), "<=", last)]

    def _add(self, text: str) -> None:
        """Take in a filter of the form `trace.tag.KEY = 'value'`."""
        match = _FILTER.fullmatch(text)
        if match is None:
            raise invalid(
                f"Invalid filter: '{text[:500]}'. Expected one comparison of the form trace.<key> = '<value>'."
            )
        view, entity, key, quoted = match.groups()
        plain, value = (key or "").strip("`\"'"), quoted[1:-1]
        match view.strip("`"), entity, bool(plain):
            case "trace", "status", False:
                self._of_trace(Property("status"), value)
            case "trace", "tag", True:
                self._of_trace(Property(TAG + plain), value)
            case "trace", "metadata", True:
                self._of_trace(Property(METADATA + plain), value)
            case "span", "name" | "type" | "status", False if self._view == "SPANS":
                self.spans.append(
                    Compare(SpanField(entity), "=", value.lower() if entity == "status" else value)
                )
            case "assessment", "name", False if self._view == "ASSESSMENTS":
                self.entities.append(attribute("name", "=", value))
            case "assessment", "type", False if self._view == "ASSESSMENTS":
                self.entities.append(Compare(Property("type"), "=", value))
            case _:
                raise invalid(f"Invalid filter '{text[:500]}' for figures of {self._view}.")

    def _of_trace(self, field: Property, value: str) -> None:
        if self._view == "ASSESSMENTS":
            self.entities.append(Compare(OfHome(field), "=", value))
            return
        named: Expr = Compare(field, "=", value)
        number = self._around.run(value) if field.key == METADATA + SOURCE_RUN else None
        linked = [] if number is None else [Related("output", "in", attribute("id", "=", number))]
        self.entities.append(Or([named, *linked]) if linked else named)


def _compared(field: SpanField, op: str, value: int) -> Expr:
    """A comparison with a time in nanoseconds, which may lie beyond what can be stored."""
    bounded = min(max(value, -(2**63)), 2**63 - 1)
    return Compare(field, ">=" if op == ">=" else "<", bounded)

"""Between MLflow's words about traces and the graph's. Nothing here reads or writes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from lineal.graph.mlflow import traces
from lineal.graph.mlflow.names import outside_id
from lineal.graph.mlflow.traces import LOCATION_TAG, NAME_TAG, SPANS_TAG, STATES
from lineal.graph.model import Entity, Properties
from lineal.protocols.mlflow import validate
from lineal.protocols.mlflow.errors import invalid
from lineal.protocols.mlflow.traces import times, wire
from lineal.protocols.mlflow.translate import TAG, joined, prefixed, text

LONGEST_NAME = 4096
LONGEST_SESSION = 250
_SHOWN_METADATA, _SHOWN_KEY, _SHOWN_TAG = 250, 250, 4096
_SYSTEM_TAGS = frozenset(
    {LOCATION_TAG, SPANS_TAG, "mlflow.trace.archiveLocation", "mlflow.trace.archivalFailure"}
)
_PATHLIKE = re.compile(r"[^/\\]*[^/\\ .]")
_NOT_IN_IDS = re.compile(r"[%?#\x00-\x1f\x7f]")


class Place(NamedTuple):
    """Where a trace is: its experiment's id and artifact location."""

    experiment: str
    root: str


# What arrives


def check_id(number: str) -> None:
    """Refuse an id that could not stand in a path."""
    if not _PATHLIKE.fullmatch(number):
        raise _bad_id(number, "must be a single path component")
    if _NOT_IN_IDS.search(number):
        raise _bad_id(number, "must not contain '%', '?', '#' or control characters")


def _bad_id(number: str, why: str) -> Exception:
    return invalid(f"Invalid value {json.dumps(number[:500])} for parameter 'trace_id' supplied: {why}")


def state(value: int | str) -> str:
    """A trace's state by number or name; what MLflow does not know is unspecified, as it is there."""
    return (
        str(value)
        if value in STATES.values()
        else STATES.get(value if isinstance(value, int) else 0, STATES[0])
    )


def tags(given: Mapping[str, str]) -> Properties:
    """A client's tags as properties, without those that only the server sets."""
    validate.length("Trace name", given.get(NAME_TAG, ""), LONGEST_NAME)
    return prefixed(TAG, {key: value for key, value in given.items() if key not in _SYSTEM_TAGS})


def metadata(given: Mapping[str, str]) -> Properties:
    """A client's metadata as properties."""
    validate.length("Session ID", given.get(traces.SESSION, ""), LONGEST_SESSION)
    return traces.metadata_properties(given)


def check_tag(key: str, operation: str) -> None:
    """Refuse to let a client change a tag that only the server sets."""
    if key in _SYSTEM_TAGS:
        raise invalid(f"Tag '{key}' is immutable and cannot be {operation} on a trace.")


# What is told


def trace_id(trace: Entity) -> str:
    """A trace's id; made of its uuid when another tool recorded it."""
    return outside_id(trace, traces.TRACE) or f"tr-{trace.uuid}"


def info(trace: Entity, place: Place, judged: list[wire.Assessment]) -> wire.TraceInfo:
    """A trace as MLflow shows it."""
    own, number = trace.properties, trace_id(trace)
    return wire.TraceInfo(
        number,
        {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": place.experiment}},
        times.told_moment(started(trace)),
        text(own.get("status", STATES[0])),
        _optional(own.get("client_request_id")),
        None if trace.ended is None else times.told_duration(trace.ended - started(trace)),
        _optional(own.get("request_preview")),
        _optional(own.get("response_preview")),
        _cut(traces.metadata_of(own), _SHOWN_METADATA),
        judged,
        _cut(all_tags(trace, place), _SHOWN_TAG),
    )


def started(trace: Entity) -> int:
    """When a trace began."""
    return trace.created if trace.started is None else trace.started


def all_tags(trace: Entity, place: Place) -> dict[str, str]:
    """A trace's tags, with the place of its artifacts."""
    location = joined(place.root, "traces", trace_id(trace), "artifacts")
    return {LOCATION_TAG: location, **traces.tags_of(trace.properties)}


def _optional(value: Any) -> str | None:
    return None if value is None else text(value)


def _cut(pairs: Mapping[str, str], longest: int) -> dict[str, str]:
    return {key[:_SHOWN_KEY]: value[:longest] for key, value in pairs.items()}

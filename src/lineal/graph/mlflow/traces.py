"""How traces and assessments of MLflow's lie in the graph.

| MLflow | the graph |
|---|---|
| trace | `trace` at home in its experiment; address `mlflow.trace`; its times are start and end |
| state; other fields | property `status`; `request_preview`, `response_preview`, `client_request_id` |
| tag, metadata | properties `tag.KEY`, `metadata.KEY` |
| token usage and cost, which are metadata as JSON text | numbers `tokens.KEY`, `cost.KEY` |
| assessment | `assessment` at home in its trace; address `mlflow.assessment`; it starts when the trace does |
| run that made the trace, or was linked to it | edge `output` from the run |
| logged model, prompt version | edge `derived` from it; a prompt is also a property `prompt.NAME/VERSION` |
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from lineal.graph.mlflow.names import TAG
from lineal.graph.model import ByExternal, Properties

TRACE = "mlflow.trace"
ASSESSMENT = "mlflow.assessment"
METADATA = "metadata."
TOKENS = "tokens."
COST = "cost."
PROMPT = "prompt."
TOLD = "told."
"""Before a prefix of numbers: that they were told of the trace as a whole, and are not the sum over its spans."""

NAME_TAG = "mlflow.traceName"
LOCATION_TAG = "mlflow.artifactLocation"
SPANS_TAG = "mlflow.trace.spansLocation"
SPANS_HERE = "TRACKING_STORE"
SESSION = "mlflow.trace.session"
USER = "mlflow.trace.user"
SOURCE_RUN = "mlflow.sourceRun"
MODEL_ID = "mlflow.modelId"
FINAL = "mlflow.trace.infoFinalized"
SIZES = "mlflow.trace.sizeStats"
TOKEN_USAGE = "mlflow.trace.tokenUsage"
COSTS = "mlflow.trace.cost"

STATES = {0: "STATE_UNSPECIFIED", 1: "OK", 2: "ERROR", 3: "IN_PROGRESS"}
UNFINISHED = frozenset({"STATE_UNSPECIFIED", "IN_PROGRESS"})
TOKEN_KEYS = (
    "input_tokens", "output_tokens", "total_tokens", "cache_read_input_tokens", "cache_creation_input_tokens",
    "cache_creation_input_tokens_above_1hr",
)  # fmt: skip
COST_KEYS = ("input_cost", "output_cost", "total_cost")
_NUMBERS = {TOKEN_USAGE: (TOKENS, TOKEN_KEYS), COSTS: (COST, COST_KEYS)}
"""Metadata that is kept as numbers, with the prefix of their properties and the keys that count."""


def trace_ref(number: str) -> ByExternal:
    """The address of a trace."""
    return ByExternal(TRACE, number)


def assessment_ref(number: str) -> ByExternal:
    """The address of an assessment."""
    return ByExternal(ASSESSMENT, number)


def metadata_properties(metadata: Mapping[str, str]) -> Properties:
    """Metadata as properties."""
    found: Properties = {}
    for key, value in metadata.items():
        if key in _NUMBERS:
            found |= _told(key, value)
        else:
            found[METADATA + key] = value
    return found


def _told(key: str, value: str) -> Properties:
    told = numbers(key, _object(value))
    return {**told, TOLD + _NUMBERS[key][0]: True} if told else {}


def numbers(key: str, values: Mapping[str, Any]) -> Properties:
    """Token usage or cost as properties; what is no proper number is left out."""
    prefix, known = _NUMBERS[key]
    to = token_count if key == TOKEN_USAGE else finite
    return {prefix + each: number for each in known if (number := to(values.get(each))) is not None}


def metadata_of(properties: Properties) -> dict[str, str]:
    """The inverse of `metadata_properties`."""
    cut = len(METADATA)
    found = {key[cut:]: str(value) for key, value in properties.items() if key.startswith(METADATA)}
    for key, (prefix, known) in _NUMBERS.items():
        values = {each: properties[prefix + each] for each in known if prefix + each in properties}
        if values:
            found[key] = json.dumps(values)
    return found


def tags_of(properties: Properties) -> dict[str, str]:
    """The tags among properties."""
    cut = len(TAG)
    return {key[cut:]: str(value) for key, value in properties.items() if key.startswith(TAG)}


def token_count(value: Any) -> int | None:
    """A count of tokens, if it is one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value) if -(2**63) <= value < 2**63 else None


def finite(value: Any) -> float | None:
    """A number that is neither infinite nor NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def judged(value: Any) -> tuple[float | None, bool]:
    """What an assessment's value counts for when values are averaged, and whether it is a number itself."""
    if isinstance(value, bool):
        return float(value), False
    if isinstance(value, str):
        return {"yes": 1.0, "no": 0.0}.get(value.strip().lower()), False
    number = finite(value)
    return number, number is not None


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}

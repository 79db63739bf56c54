"""The envelopes of the native API's answers, and its errors."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from lineal.catalog.values import Event, LabelPath
from lineal.client.transport import Answer
from lineal.graph import errors
from lineal.graph.change import Expect, Present
from lineal.graph.model import ById, Edge, Entity, Point, Record, Span
from lineal.graph.types import AnyDef


class Neighbourhood(msgspec.Struct, omit_defaults=True):
    """An entity with the edges at it and what stands at their other ends (without parts)."""

    entity: Entity
    edges: list[Edge] = []
    neighbours: list[Entity] = []


class Events(msgspec.Struct):
    """Entries of the history; `last` is the newest commit looked at, to go on from."""

    events: list[Event] = []
    last: int = 0


class Suggestions(msgspec.Struct):
    """Entities for a type-ahead."""

    entities: list[Entity] = []


class Definitions(msgspec.Struct):
    """Types of every category."""

    definitions: list[AnyDef] = []


class LatestPoints(msgspec.Struct):
    """The latest point of each series."""

    series: dict[str, Point] = {}


class Paths(msgspec.Struct):
    """The ways on which a label came."""

    paths: list[LabelPath] = []


class Points(msgspec.Struct):
    """Points of one series."""

    points: list[Point] = []


class Spans(msgspec.Struct):
    """The steps of a trace."""

    spans: list[Span] = []


class Records(msgspec.Struct):
    """Rows of a data set."""

    records: list[Record] = []


class File(msgspec.Struct, frozen=True):
    """An entry of an entity's folder; `size` in bytes."""

    path: str
    is_folder: bool = False
    size: int = 0


class Files(msgspec.Struct):
    """Entries of a folder."""

    files: list[File] = []


class Failure(msgspec.Struct):
    """What went wrong."""

    code: str = "internal"
    message: str = ""
    detail: dict[str, Any] | None = None


class FailureBody(msgspec.Struct):
    """The body of every error."""

    error: Failure


_ERRORS: dict[str, type[errors.LinealError]] = {
    "not_found": errors.NotFound,
    "invalid": errors.Invalid,
    "conflict": errors.Conflict,
    "denied": errors.Denied,
    "unauthenticated": errors.Unauthenticated,
    "unavailable": errors.Unavailable,
    "too_large": errors.Invalid,
}
_BY_STATUS = {401: "unauthenticated", 403: "denied", 404: "not_found", 409: "conflict", 413: "too_large"}


def error_of(answer: Answer) -> errors.LinealError:
    """The error that an answer of status 400 or more stands for."""
    try:
        failure = msgspec.json.decode(answer.body, type=FailureBody).error
    except msgspec.DecodeError:
        failure = _foreign(answer)
    if failure.code == "expectation_failed":
        return _expectation(failure)
    return _ERRORS.get(failure.code, errors.LinealError)(failure.message)


def _foreign(answer: Answer) -> Failure:
    """An answer that is not Lineal's own, such as a proxy's."""
    code = _BY_STATUS.get(answer.status, "unavailable" if answer.status >= 500 else "invalid")
    return Failure(code, f"HTTP status {answer.status} from something that is not Lineal")


def _expectation(failure: Failure) -> errors.ExpectationFailed:
    detail = failure.detail or {}
    expect = Expect(ById(0), Present(), code=str(detail.get("code", "")))
    error = errors.ExpectationFailed(expect, detail.get("actual"))
    error.args = (failure.message,)
    return error


def encode(value: Any) -> bytes:
    """A value as JSON, in which numbers that JSON lacks are the words NaN, Infinity and -Infinity."""
    encoded = msgspec.json.encode(value)
    # The encoder writes null for them; where there is none, there is nothing to look for.
    return msgspec.json.encode(_worded(msgspec.to_builtins(value))) if b"null" in encoded else encoded


def _worded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _worded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_worded(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value

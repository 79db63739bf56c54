"""Between JSON and the graph's values, where JSON says less than Python."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import msgspec

from lineal.graph.errors import Invalid
from lineal.graph.model import Entity, Point
from lineal.graph.query import And, Expr, Not, Or, Related
from lineal.protocols.base import query_values

DEEPEST = 64
"""How deep conditions may be nested."""

_LONG = 2**63
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_WORDS = (b'"NaN"', b'Infinity"')
_DOCUMENTS = frozenset({"document", "detail", "attributes"})


def read_body(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    """A JSON body as the value that the decoder makes.

    Raises:
        Invalid: it is not JSON, has another shape, or holds an integer that does not fit in 64 bits.
    """
    try:
        if any(word in body for word in _WORDS):
            value = msgspec.convert(_numbers(msgspec.json.decode(body)), decoder.type)
        else:
            value = decoder.decode(body)
        # Only digits in a row can be too many; most bodies have no such row and are not looked through.
        if b"0" * 19 in body.translate(_ZEROS):
            _check_integers(msgspec.to_builtins(value))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid(f"the body does not fit: {error}") from error
    return value


def read_query(shape: type[Any], text: str) -> Any:
    """The query parameters as a value of this shape; Invalid when one is unknown, repeated or ill-formed."""
    repeated = {each.encode_name for each in msgspec.structs.fields(shape) if _is_list(each)}
    given: dict[str, Any] = {}
    for key, values in query_values(text).items():
        if key not in repeated and len(values) > 1:
            raise Invalid(f"the parameter {key!r} is given twice")
        given[key] = values if key in repeated else values[0]
    try:
        found = msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"the query does not fit: {error}") from error
    for key in given:
        # msgspec takes the text `null` for None.
        if getattr(found, key) is None:
            raise Invalid(f"the query does not fit: the parameter {key!r} cannot be null")
    return found


def read_number(text: str) -> int:
    """An id in a path; Invalid when it is no integer of 64 bits."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Invalid(f"{text!r} is not an id")
    return int(text)


def check_depth(where: Expr | None) -> None:
    """Refuse conditions that are nested too deeply to be asked of a database."""
    waiting = [(where, 1)] if where is not None else []
    while waiting:
        expr, depth = waiting.pop()
        if depth > DEEPEST:
            raise Invalid(f"conditions may be nested {DEEPEST} deep")
        waiting += [(part, depth + 1) for part in _parts(expr)]


def worded(entities: Iterable[Entity]) -> None:
    """Let words stand for the metrics' values that JSON has no number for."""
    for entity in entities:
        for key, point in entity.metrics.items():
            if not math.isfinite(point.value):
                entity.metrics[key] = worded_point(point)


def worded_point(point: Point) -> Point:
    """A point whose value JSON can hold."""
    if math.isfinite(point.value):
        return point
    word: Any = "NaN" if math.isnan(point.value) else "Infinity" if point.value > 0 else "-Infinity"
    return point._replace(value=word)


def _numbers(value: Any) -> Any:
    """A decoded change with numbers for the words in its points."""
    if isinstance(value, dict):
        for operation in value.get("operations") or ():
            if isinstance(operation, dict) and isinstance(operation.get("points"), list):
                operation["points"] = [_number(point) for point in operation["points"]]
    return value


def _number(point: Any) -> Any:
    if isinstance(point, list) and len(point) == 4 and point[1] in ("NaN", "Infinity", "-Infinity"):
        return [point[0], float(point[1]), *point[2:]]
    return point


def _check_integers(value: Any) -> None:
    """Documents are exempt: they are kept as text."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key not in _DOCUMENTS:
                _check_integers(each)
    elif isinstance(value, list | tuple):
        for each in value:
            _check_integers(each)
    elif isinstance(value, int) and not -_LONG <= value < _LONG:
        raise Invalid(f"{value} does not fit in 64 bits")


def _is_list(field: msgspec.structs.FieldInfo) -> bool:
    return getattr(field.type, "__origin__", None) is list


def _parts(expr: Expr) -> list[Expr]:
    match expr:
        case And(parts=parts) | Or(parts=parts):
            return parts
        case Not(part=part):
            return [part]
        case Related(where=where) if where is not None:
            return [where]
        case _:
            return []

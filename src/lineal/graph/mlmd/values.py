"""Between the values of properties and those of the graph, both ways exact."""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from lineal.graph.errors import Invalid
from lineal.graph.mlmd.messages import Message
from lineal.graph.model import Value

_STRUCT, _PROTO = "struct", "proto"
_FIELDS = {
    "INT": "int_value",
    "DOUBLE": "double_value",
    "STRING": "string_value",
    "STRUCT": "struct_value",
    "PROTO": "proto_value",
    "BOOLEAN": "bool_value",
}
_TYPES = {field: name for name, field in _FIELDS.items()}


def type_of(value: Message) -> str:
    """The name of the type of a value; empty for one that holds nothing."""
    return _TYPES.get(value.WhichOneof("value"), "")


def to_graph(value: Message) -> Value:
    """A value as a property; Invalid when it is a struct with NaN or infinity."""
    kind = value.WhichOneof("value")
    held = getattr(value, kind)
    if kind == "struct_value":
        return {_STRUCT: _fields(held)}
    if kind == "proto_value":
        return {_PROTO: {"type": held.type_url, "value": b64encode(held.value).decode()}}
    plain: Value = held
    return plain


def fill(found: Message, value: Value) -> None:
    """The inverse of `to_graph`: put a property into an empty value; a document of another tool becomes a struct."""
    match value:
        case bool():
            found.bool_value = value
        case int():
            found.int_value = value
        case float():
            found.double_value = value
        case str():
            found.string_value = value
        case {"proto": {"type": str(kind), "value": str(held)}, **more} if not more:
            found.proto_value.type_url, found.proto_value.value = kind, b64decode(held)
        case {"struct": dict(fields), **more} if not more:
            _put_struct(found, fields)
        case dict():
            _put_struct(found, value)
        case _:
            _put_struct(found, {"value": value})


def _fields(struct: Message) -> dict[str, Any]:
    return {key: _plain(each) for key, each in struct.fields.items()}


def _plain(value: Message) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _fields(value.struct_value)
    if kind == "list_value":
        return [_plain(each) for each in value.list_value.values]
    if kind in (None, "null_value"):
        return None
    held = getattr(value, kind)
    if kind == "number_value" and not math.isfinite(held):
        raise Invalid("a struct may not hold NaN or infinity")
    return held


def _fill(struct: Message, fields: Mapping[str, Any]) -> None:
    for key, each in fields.items():
        _put(struct.fields[key], each)


def _put(value: Message, plain: Any) -> None:
    match plain:
        case None:
            value.null_value = 0
        case bool():
            value.bool_value = plain
        case int() | float():
            value.number_value = plain
        case str():
            value.string_value = plain
        case list():
            value.list_value.SetInParent()
            for each in plain:
                _put(value.list_value.values.add(), each)
        case _:
            _put_struct(value, plain)


def _put_struct(value: Message, fields: Mapping[str, Any]) -> None:
    # Else one without fields would not be there at all.
    value.struct_value.SetInParent()
    _fill(value.struct_value, fields)

"""Between JSON and properties: fields by their shapes, and custom properties with their types."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import msgspec

from lineal.graph.errors import Invalid
from lineal.graph.model import Properties, Value
from lineal.protocols.kubeflow.resources import Field

TAG, CUSTOM = "tag.", "custom."
_ID = re.compile(r"[1-9][0-9]{0,17}")
_LONG = re.compile(r"-?[0-9]{1,18}")
_INT = re.compile(r"-?(?:[1-9][0-9]{0,8}|0)")
_TYPE = "metadataType"


def number_of(text: Any, what: str) -> int:
    """The number that an id stands for; Invalid when it is none."""
    if not isinstance(text, str) or not _ID.fullmatch(text):
        raise Invalid(f"{what} must be the id of a resource, not {text!r}")
    return int(text)


def whole_number(text: str, what: str) -> int:
    """The number that a text stands for; Invalid when it is none, or no 64 bits hold it."""
    if not _LONG.fullmatch(text):
        raise Invalid(f"{what} must be a number, not {text[:100]!r}")
    return int(text)


def read(field: Field, value: Any) -> Value:
    """A field's value as a property; Invalid when it has another shape."""
    if value is None:
        return None
    if not _fits(field, value):
        raise Invalid(f"{field.name} must be {' or '.join(field.words) or field.shape}, not {value!r}")
    if field.shape in ("time", "id"):
        return int(value)
    found: Value = _double(value, field.name) if field.shape == "number" else value
    return found


def _double(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid(f"{what} must be a number, not {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise Invalid(f"{what} is too large for a number of 64 bits") from None


def _fits(field: Field, value: Any) -> bool:
    match field.shape:
        case "text":
            return isinstance(value, str) and (not field.words or value in field.words)
        case "time":
            return isinstance(value, str) and _LONG.fullmatch(value) is not None
        case "id":
            return isinstance(value, str) and _ID.fullmatch(value) is not None
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
        case "number":
            return True
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def shown(field: Field, value: Value) -> Any:
    """The inverse of `read`."""
    return str(value) if field.shape in ("time", "id") else value


def read_custom(given: Any) -> Properties:
    """Custom properties; Invalid when one is not of the type that it says."""
    if not isinstance(given, dict):
        raise Invalid("customProperties must be an object")
    return dict(_read_custom(name, value) for name, value in given.items())


def _read_custom(name: str, value: Any) -> tuple[str, Value]:
    if not name or not isinstance(value, dict):
        raise Invalid("a custom property has a name and a value with its metadataType")
    match value:
        case {"metadataType": "MetadataStringValue", "string_value": str(text), **more} if not more:
            return TAG + name, text
        case {"metadataType": "MetadataIntValue", "int_value": str(text), **more} if (
            not more and _INT.fullmatch(text)
        ):
            return CUSTOM + name, int(text)
        case {"metadataType": "MetadataDoubleValue", "double_value": number, **more} if not more:
            return CUSTOM + name, _double(number, name)
        case {"metadataType": "MetadataBoolValue", "bool_value": bool(truth), **more} if not more:
            return CUSTOM + name, truth
        case {"metadataType": "MetadataStructValue", "struct_value": str(text), **more} if not more:
            return CUSTOM + name, {"struct": _base64(name, text)}
        case {"metadataType": "MetadataProtoValue", "type": str(kind), "proto_value": str(text), **more} if (
            not more
        ):
            return CUSTOM + name, {"proto": {"type": kind, "value": _base64(name, text)}}
    raise Invalid(f"the custom property {name!r} is not of the type that it says")


def _base64(name: str, text: str) -> str:
    try:
        b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(f"the custom property {name!r} must be base64") from None
    return text


def custom_of(properties: Properties) -> dict[str, Any]:
    """What of an entity is shown as custom properties."""
    found = {key[len(TAG) :]: _text(str(value)) for key, value in properties.items() if key.startswith(TAG)}
    found |= {
        key[len(CUSTOM) :]: _shown(value) for key, value in properties.items() if key.startswith(CUSTOM)
    }
    return found


def _text(value: str) -> dict[str, Any]:
    return {"string_value": value, _TYPE: "MetadataStringValue"}


def _shown(value: Value) -> dict[str, Any]:
    match value:
        case bool():
            return {"bool_value": value, _TYPE: "MetadataBoolValue"}
        case int():
            return {"int_value": str(value), _TYPE: "MetadataIntValue"}
        case float():
            return {"double_value": value, _TYPE: "MetadataDoubleValue"}
        case {"proto": {"type": kind, "value": held}}:
            return {"type": kind, "proto_value": held, _TYPE: "MetadataProtoValue"}
        case {"struct": str(held)}:
            return {"struct_value": held, _TYPE: "MetadataStructValue"}
    return _text(str(value))


def is_custom(key: str) -> bool:
    """Whether a property is shown as a custom property."""
    return key.startswith((TAG, CUSTOM))


def is_replaceable(key: str) -> bool:
    """Whether a property is one of those that a client replaces as a whole."""
    return is_custom(key) and not key.startswith(f"{TAG}mlflow.")


def unknown_fields(given: Mapping[str, Any], known: set[str]) -> None:
    """Refuse what no field is, in the words that clients of the registry look for."""
    for name in given:
        if name not in known:
            raise Invalid(f"json: unknown field {msgspec.json.encode(name).decode()}")

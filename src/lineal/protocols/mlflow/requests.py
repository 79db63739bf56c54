"""From a request to a message: fast for what is well-formed, exact about what is not.

A body is decoded straight into its struct. Only when that fails, or when the body may spell a name in camel
case, is it looked at field by field, so that MLflow's own words tell what is wrong.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Annotated, Any, Generic, NamedTuple, TypeVar, get_args, get_origin
from urllib.parse import parse_qs

import msgspec

from lineal.graph.errors import NOT_JSON
from lineal.protocols.base import Call
from lineal.protocols.mlflow.errors import invalid
from lineal.protocols.mlflow.wire import Message

M = TypeVar("M", bound=Message)

_SEE = " See the API docs for more information about request parameters."
_SHOWN = 500
_MOST_PARAMETERS = 10_000
_ALIASES = {"run_uuid": "run_id"}


class Body(Generic[M]):
    """Reads a JSON body as one kind of message."""

    def __init__(self, kind: type[M]) -> None:
        self._shape = _shape(kind)
        self._decode = msgspec.json.Decoder(kind, strict=False).decode
        self._camel = tuple(sorted(_camel_names(self._shape)))

    def __call__(self, call: Call) -> M:
        """The message of a request.

        Raises:
            Refused: the body is not JSON, or a field of it is missing or ill-typed.
        """
        check_content_type(call)
        body = call.body
        if not self._may_be_camel(body):
            try:
                return self._decode(body)
            except NOT_JSON:
                pass
        message: M = self._shape.build(_json_object(body), "")
        return message

    def _may_be_camel(self, body: bytes) -> bool:
        for name in self._camel:  # noqa: SIM110 - a plain loop costs half, and every metric comes through here
            if name in body:
                return True
        return False


class Parameters(Generic[M]):
    """Reads the query string as one kind of message; the body when there is none, as MLflow does."""

    def __init__(self, kind: type[M]) -> None:
        self._shape = _shape(kind)

    def __call__(self, call: Call) -> M:
        """The message of a request; Refused when a parameter is missing or ill-typed."""
        given = self._shape.pick(query_of(call)) if call.query else _json_object(call.body)
        message: M = self._shape.build(given, "")
        return message


def query_of(call: Call) -> dict[str, list[str]]:
    """The values of each parameter of the query string; clients repeat one for every item of a list."""
    try:
        return parse_qs(call.query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise invalid(f"A request may have at most {_MOST_PARAMETERS} parameters.") from None


def own_url(call: Call) -> str:
    """The URL of this server as it was told; empty when it was not."""
    return call.host.public_url if call.host else ""


def check_content_type(call: Call) -> None:
    """Refuse a body that does not say that it is JSON."""
    if call.method in ("POST", "PUT") and not call.headers.get("content-type", "").startswith(
        "application/json"
    ):
        raise invalid("Bad Request. Content-Type must be one of ['application/json'].")


def _json_object(body: bytes) -> dict[str, Any]:
    """The body as an object; old clients send it encoded twice, and Python's encoder writes bare NaN."""
    value = _parse(body) if body.strip() else {}
    if isinstance(value, str):
        value = _parse(value.encode())
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid("The request's body must be a JSON object.")
    return value


def _parse(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except NOT_JSON:
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise invalid("The request's body is not valid JSON.") from None


class _Field(NamedTuple):
    name: str
    camel: str
    type: Any
    required: bool
    inner: _Shape | None
    many: bool


class _Shape:
    """What a message may hold, field by field."""

    def __init__(self, kind: type[Message]) -> None:
        self.kind = kind
        self.fields = [_field(each) for each in msgspec.structs.fields(kind)]

    def build(self, given: dict[str, Any], path: str) -> Any:
        """The message, every field held against its type in turn."""
        given = _by_snake_name(given, self.fields)
        values = {}
        for field in self.fields:
            value = given.get(field.name)
            if value is None or (field.required and value in ("", [])):
                if field.required:
                    raise invalid(f"Missing value for required parameter '{path}{field.name}'.{_SEE}")
                continue
            values[field.name] = _value(field, value, f"{path}{field.name}")
        return self.kind(**values)

    def pick(self, query: dict[str, list[str]]) -> dict[str, Any]:
        """Of the query's values, all for a list and the first for anything else."""
        known = {field.name: field.many for field in self.fields} | dict.fromkeys(_ALIASES, False)
        return {name: values if known[name] else values[0] for name, values in query.items() if name in known}


def _value(field: _Field, value: Any, path: str) -> Any:
    if field.inner is not None:
        return _nested(field, field.inner, value, path)
    try:
        return msgspec.convert(value, field.type, strict=False)
    except msgspec.ValidationError:
        raise _ill_typed(value, path) from None


def _nested(field: _Field, shape: _Shape, value: Any, path: str) -> Any:
    if not field.many:
        return shape.build(_object(value, path), f"{path}.")
    if not isinstance(value, list):
        raise _ill_typed(value, path)
    places = [f"{path}[{number}]" for number in range(len(value))]
    return [shape.build(_object(item, place), f"{place}.") for item, place in zip(value, places, strict=True)]


def _object(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _ill_typed(value, path)
    return value


def _ill_typed(value: Any, path: str) -> Exception:
    shown = json.dumps(value, sort_keys=True, separators=(",", ":"))[:_SHOWN]
    hint = f" Hint: Value was of type '{type(value).__name__}'."
    return invalid(f"Invalid value {shown} for parameter '{path}' supplied: {hint}{_SEE}")


def _by_snake_name(given: dict[str, Any], fields: list[_Field]) -> dict[str, Any]:
    """The same with every name as the protobuf definition spells it; a name spelt twice is refused."""
    found = dict(given)
    for field in fields:
        if field.camel != field.name and field.camel in found:
            if field.name in found:
                raise invalid(
                    f"Request specifies both '{field.name}' and '{field.camel}'; provide only one of them."
                )
            found[field.name] = found.pop(field.camel)
    for alias, name in _ALIASES.items():
        if found.get(name) is None and found.get(alias) is not None:
            found[name] = found[alias]
    return found


@cache
def _shape(kind: type[Message]) -> _Shape:
    return _Shape(kind)


def _field(info: msgspec.structs.FieldInfo) -> _Field:
    plain = get_args(info.type)[0] if get_origin(info.type) is Annotated else info.type
    many = get_origin(plain) is list
    item = get_args(plain)[0] if many else plain
    inner = _shape(item) if isinstance(item, type) and issubclass(item, Message) else None
    return _Field(info.name, _camel(info.name), info.type, info.required, inner, many)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def _camel_names(shape: _Shape) -> set[bytes]:
    """Every name of the shape that looks otherwise in camel case, as it stands in JSON."""
    found = {f'"{field.camel}"'.encode() for field in shape.fields if field.camel != field.name}
    return found.union(*(_camel_names(field.inner) for field in shape.fields if field.inner is not None))

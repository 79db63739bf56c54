"""The OpenAPI 3.1 document, made from the operations table and the types it names."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from lineal import __version__
from lineal.protocols.native.operations import OPERATIONS, PREFIX, Operation
from lineal.protocols.native.wire import Failure

_VARIABLE = re.compile(r"\{(\w+)(?::path)?\}")
_WORDS = {"enum": ["NaN", "Infinity", "-Infinity"]}
_ABOUT = {
    "ref": "An integer id, 32 hexadecimal digits, `protocol:id`, or `name:KIND:NAMESPACE/NAME`",
    "key": "Key of a metric; it may contain slashes",
    "path": "Of a file, relative, with slashes",
}
_SECURITY = {
    "token": {"type": "http", "scheme": "bearer"},
    "password": {"type": "http", "scheme": "basic"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "lineal"},
}
_RANGES = {206: "The range that was asked for", 416: "No such range"}
_REFUSALS = {
    400: "The request does not fit",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not there, or not for the caller",
    409: "It contradicts what is stored",
    413: "The body is too large",
    500: "A defect of the server",
    503: "Try again later",
}


def document() -> dict[str, Any]:
    """The whole document."""
    named = list({each: None for operation in OPERATIONS for each in _types(operation)} | {Failure: None})
    schemas, components = msgspec.json.schema_components(named, ref_template="#/components/schemas/{name}")
    components["Point"]["prefixItems"][1] = {"anyOf": [{"type": "number"}, _WORDS]}
    known = dict(zip(named, schemas, strict=True))
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        path = PREFIX + _VARIABLE.sub(r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _described(operation, known)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Lineal", "version": __version__, "description": "The graph, as it is."},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _SECURITY},
        "security": [{name: []} for name in _SECURITY] + [{}],
    }


def _types(operation: Operation) -> list[Any]:
    """The types of its answer and body."""
    answers = operation.answer if isinstance(operation.answer, tuple) else (operation.answer,)
    return [each for each in (*answers, operation.body) if each not in (None, bytes)]


def _described(operation: Operation, known: dict[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.handler.__name__,
        "summary": operation.summary,
        "parameters": _path_parameters(operation) + _query_parameters(operation),
        "responses": _responses(operation, known),
    }
    if operation.body is not None:
        content = {"application/json": {"schema": known[operation.body]}}
        described["requestBody"] = {"required": True, "content": content}
    elif operation.streams:
        content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    names = _VARIABLE.findall(operation.path)
    return [_parameter("path", name, {"type": "string", "minLength": 1}, _ABOUT.get(name)) for name in names]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    definitions = msgspec.json.schema(operation.query)["$defs"]
    properties = definitions[operation.query.__name__]["properties"]
    return [_parameter("query", name, _present(schema)) for name, schema in properties.items()]


def _parameter(where: str, name: str, schema: dict[str, Any], about: str | None = None) -> dict[str, Any]:
    described: dict[str, Any] = {"name": name, "in": where, "required": where == "path", "schema": schema}
    return described | ({"description": about} if about else {})


def _present(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter that is given; one that may be null may be left out instead."""
    if "anyOf" not in schema:
        return schema
    return next(each for each in schema["anyOf"] if each != {"type": "null"})


def _responses(operation: Operation, known: dict[Any, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done" if operation.answer is None else "The answer"}
    if operation.media:
        success["content"] = {operation.media: {"schema": {"type": "string", "format": "binary"}}}
    elif operation.answer is not None:
        success["content"] = {"application/json": {"schema": _answer(operation, known)}}
    failure = {"application/json": {"schema": known[Failure]}}
    refused = {code: {"description": _REFUSALS[code], "content": failure} for code in _refusals(operation)}
    ranges = {code: {"description": _RANGES[code]} for code in operation.also if code in _RANGES}
    return {str(code): each for code, each in ({operation.status: success} | ranges | refused).items()}


def _answer(operation: Operation, known: dict[Any, Any]) -> Any:
    if isinstance(operation.answer, tuple):
        return {"anyOf": [known[each] for each in operation.answer]}
    return known[operation.answer]


def _refusals(operation: Operation) -> list[int]:
    """The statuses that may come instead of success."""
    codes = {400, 403, 500, 503} | ({401} if not operation.public else set())
    if "{" in operation.path or operation.body is not None:
        codes.add(404)
    if operation.body is not None or operation.method in ("PUT", "DELETE"):
        codes |= {409, 413}
    return sorted(codes | {code for code in operation.also if code in _REFUSALS})

"""The native door: reads what was asked, hands it on, writes the answer."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

from lineal.graph.errors import (
    Conflict,
    Denied,
    ExpectationFailed,
    Invalid,
    LinealError,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from lineal.protocols.base import Call, Handler, Reply, Route, TooLarge, json_reply
from lineal.protocols.native.asked import Asked
from lineal.protocols.native.operations import OPERATIONS, PREFIX, Operation
from lineal.protocols.native.translate import read_body, read_query
from lineal.protocols.native.wire import Failure, Problem

_ENCODER = msgspec.json.Encoder()

# The first that fits; a kind of error comes before what it is a kind of.
_ERRORS: tuple[tuple[type[Exception], int, Any], ...] = (
    (TooLarge, 413, "too_large"),
    (ExpectationFailed, 409, "expectation_failed"),
    (Conflict, 409, "conflict"),
    (Invalid, 400, "invalid"),
    (NotFound, 404, "not_found"),
    (Denied, 403, "denied"),
    (Unauthenticated, 401, "unauthenticated"),
    (Unavailable, 503, "unavailable"),
)


class Native:
    """Lineal's own protocol over HTTP."""

    name = "native"

    def routes(self) -> Sequence[Route]:
        """One for each operation, and the description of them all."""
        served = [_route(operation) for operation in OPERATIONS]
        return [*served, Route("GET", f"{PREFIX}/openapi.json", _openapi, public=True)]

    def failure(self, error: Exception, call: Call | None) -> Reply:
        """The error by its code, with its words when they are ours."""
        if isinstance(error, RecursionError):
            error = Invalid("the request is nested too deeply")
        for kind, status, code in _ERRORS:
            if isinstance(error, kind):
                return json_reply(Failure(Problem(code, str(error), _detail(error))), status)
        words = str(error) if isinstance(error, LinealError) else "an error of the server; its log tells more"
        return json_reply(Failure(Problem("internal", words)), 500)


def _route(operation: Operation) -> Route:
    return Route(
        operation.method,
        PREFIX + operation.path,
        _handler(operation),
        operation.inline,
        operation.streams,
        operation.public,
    )


def _handler(operation: Operation) -> Handler:
    decoder = _decoder(operation)
    handle = operation.handler

    def asked(call: Call) -> Asked[Any, Any]:
        query = read_query(operation.query, call.query) if operation.query is not None else None
        return Asked(call, query, read_body(decoder, call.body) if decoder is not None else None)

    if inspect.iscoroutinefunction(handle):

        async def waiting(call: Call) -> Reply:
            return _reply(operation, await handle(asked(call)))

        return waiting

    def blocking(call: Call) -> Reply:
        return _reply(operation, handle(asked(call)))

    return blocking


def _decoder(operation: Operation) -> msgspec.json.Decoder[Any] | None:
    return msgspec.json.Decoder(operation.body) if operation.body is not None else None


def _reply(operation: Operation, answer: Any) -> Reply:
    if isinstance(answer, Reply):
        return answer
    if operation.answer is None:
        return Reply(operation.status)
    return Reply(operation.status, _ENCODER.encode(answer))


def _detail(error: Exception) -> dict[str, Any] | None:
    if not isinstance(error, ExpectationFailed):
        return None
    return {
        "code": error.expect.code,
        "ref": str(error.expect.ref),
        "that": msgspec.to_builtins(error.expect.that),
        "actual": msgspec.to_builtins(error.actual, enc_hook=str),
    }


@cache
def _document() -> bytes:
    from lineal.protocols.native.openapi import document

    return msgspec.json.encode(document())


def _openapi(call: Call) -> Reply:
    return Reply(200, _document())

"""Errors in the Model Registry's shape."""

from __future__ import annotations

from http import HTTPStatus

from lineal.graph.errors import (
    Conflict,
    Denied,
    Invalid,
    LinealError,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from lineal.protocols.base import Call, Reply, TooLarge, WrongMethod, json_reply


class Unprocessable(Invalid):
    """A field that must be there is not."""


# The first that fits; a kind of error comes before what it is a kind of.
_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (TooLarge, 413),
    (WrongMethod, 405),
    (Unprocessable, 422),
    (Conflict, 409),
    (Invalid, 400),
    (NotFound, 404),
    (Denied, 403),
    (Unauthenticated, 401),
    (Unavailable, 503),
)


def failure(error: Exception, call: Call | None) -> Reply:
    """An error as `code` and `message`; the code is the name of a status, and not always of this answer's."""
    status = next((number for kind, number in _STATUSES if isinstance(error, kind)), 500)
    known = isinstance(error, LinealError)
    message = str(error) if known else "an error of the server; its log tells more"
    code = 400 if status == 422 else status
    return json_reply({"code": HTTPStatus(code).phrase, "message": message}, status)

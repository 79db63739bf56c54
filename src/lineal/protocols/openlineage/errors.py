"""Errors as Marquez tells them: `code` and `message`."""

from __future__ import annotations

from lineal.graph.errors import (
    Conflict,
    Denied,
    Invalid,
    LinealError,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from lineal.protocols.base import Call, Reply, TooLarge, json_reply


class Incomplete(Invalid):
    """A field that must be there is missing, or is of the wrong type."""


class WrongMedia(Invalid):
    """The body is said to be no JSON."""


# The first that fits; a kind of error comes before what it is a kind of.
_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (TooLarge, 413),
    (WrongMedia, 415),
    (Incomplete, 422),
    (Conflict, 409),
    (Invalid, 400),
    (NotFound, 404),
    (Denied, 403),
    (Unauthenticated, 401),
    (Unavailable, 503),
)


def status_of(error: Exception) -> int:
    """The status of an answer that tells of the error."""
    return next((number for kind, number in _STATUSES if isinstance(error, kind)), 500)


def words_of(error: Exception) -> str:
    """What may be told of an error."""
    return str(error) if isinstance(error, LinealError) else "an error of the server; its log tells more"


def failure(error: Exception, call: Call | None) -> Reply:
    """An error as `code`, the status, and `message`."""
    status = status_of(error)
    return json_reply({"code": status, "message": words_of(error)}, status)

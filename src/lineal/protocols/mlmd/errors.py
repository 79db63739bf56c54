"""From errors of the graph to the status codes of gRPC that ML Metadata's clients know."""

from __future__ import annotations

from enum import IntEnum

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
from lineal.protocols.base import Status, TooLarge


class Code(IntEnum):
    """The status codes of gRPC that are used here."""

    INVALID_ARGUMENT = 3
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


class Refused(LinealError):
    """A rule of ML Metadata's own is broken."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


TAKEN = "taken"
"""Code of the expectation that a name or an external id is nobody's."""

# The first that fits; a kind of error comes before what it is a kind of.
_CODES: tuple[tuple[type[Exception], Code], ...] = (
    (TooLarge, Code.RESOURCE_EXHAUSTED),
    (Conflict, Code.ABORTED),
    (Invalid, Code.INVALID_ARGUMENT),
    (NotFound, Code.NOT_FOUND),
    (Denied, Code.PERMISSION_DENIED),
    (Unauthenticated, Code.UNAUTHENTICATED),
    (Unavailable, Code.UNAVAILABLE),
)


def status(error: Exception) -> Status:
    """Code and message of an error; what is not ours says no more than that it happened."""
    if isinstance(error, Refused):
        return Status(error.code, str(error))
    if isinstance(error, ExpectationFailed) and error.expect.code == TAKEN:
        return Status(Code.ALREADY_EXISTS, f"there is something at {error.expect.ref} already")
    if isinstance(error, RecursionError):
        return Status(Code.INVALID_ARGUMENT, "the request is nested too deeply")
    for kind, code in _CODES:
        if isinstance(error, kind):
            return Status(code, str(error))
    return Status(Code.INTERNAL, "an error of the server; its log tells more")


def invalid(message: str) -> Refused:
    """The request makes no sense."""
    return Refused(Code.INVALID_ARGUMENT, message)


def missing(message: str) -> Refused:
    """There is no such thing."""
    return Refused(Code.NOT_FOUND, message)


def taken(message: str) -> Refused:
    """There is such a thing already."""
    return Refused(Code.ALREADY_EXISTS, message)

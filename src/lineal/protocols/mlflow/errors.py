"""MLflow's error codes, and how each error of the graph is told in them."""

from __future__ import annotations

from typing import Any

from lineal.graph.change import UnsetOrEqual
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
from lineal.protocols.base import Reply, TooLarge, Unserved, WrongMethod, json_reply
from lineal.protocols.mlflow import refusals

INVALID = "INVALID_PARAMETER_VALUE"
MISSING = "RESOURCE_DOES_NOT_EXIST"
EXISTS = "RESOURCE_ALREADY_EXISTS"
NOT_IMPLEMENTED = "NOT_IMPLEMENTED"
INVALID_STATE = "INVALID_STATE"
INTERNAL = "INTERNAL_ERROR"

_STATUS = {
    INVALID: 400,
    "BAD_REQUEST": 400,
    EXISTS: 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    MISSING: 404,
    "ENDPOINT_NOT_FOUND": 404,
    "RESOURCE_CONFLICT": 409,
    INVALID_STATE: 500,
    INTERNAL: 500,
    NOT_IMPLEMENTED: 501,
    "TEMPORARILY_UNAVAILABLE": 503,
}

# The first that fits; a kind of error comes before what it is a kind of.
_CODES: tuple[tuple[type[Exception], str], ...] = (
    (Unserved, "ENDPOINT_NOT_FOUND"),
    (NotFound, MISSING),
    (Conflict, EXISTS),
    (Denied, "PERMISSION_DENIED"),
    (Unauthenticated, "UNAUTHENTICATED"),
    (Unavailable, "TEMPORARILY_UNAVAILABLE"),
    (Invalid, INVALID),
)


class Refused(LinealError):
    """A rule of MLflow's that the graph does not know is broken."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def invalid(message: str) -> Refused:
    """What the client sent is wrong."""
    return Refused(INVALID, message)


def missing(kind: str, number: str) -> Refused:
    """There is no run, experiment or logged model of this id."""
    return Refused(MISSING, _MISSING[kind].format(number))


def failure(error: Exception) -> Reply:
    """The answer that tells an error."""
    if isinstance(error, WrongMethod):
        return Reply(
            405, b"Method Not Allowed", "text/html; charset=utf-8", [("Allow", ", ".join(error.allowed))]
        )
    code, message = _told(error)
    status = 413 if isinstance(error, TooLarge) else _STATUS.get(code, 500)
    reply = json_reply({"error_code": code, "message": message}, status)
    if isinstance(error, Unauthenticated):
        return reply._replace(headers=[("WWW-Authenticate", 'Basic realm="mlflow"')])
    return reply


def _told(error: Exception) -> tuple[str, str]:
    if isinstance(error, Refused):
        return error.code, str(error)
    if isinstance(error, ExpectationFailed):
        return _expectation(error)
    if isinstance(error, RecursionError):
        return INVALID, "The request is nested too deeply."
    if isinstance(error, Unserved) and (why := refusals.reason(error.path)):
        return "ENDPOINT_NOT_FOUND", f"{error}: {why}. docs/reference/operations.md tells what is served."
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code, _SENTENCES.get(code, "{}").format(error)
    return INTERNAL, "an error of the server; its log tells more"


_SENTENCES = {
    "UNAUTHENTICATED": "You are not authenticated. ({})",
    "PERMISSION_DENIED": "Permission denied. ({})",
}
"""Words by which clients recognise an error, around what there is to tell of it."""

_MISSING = {
    "run": "Run with id={} not found",
    "experiment": "No Experiment with id={} exists",
    "logged_model": "Logged model with ID '{}' not found.",
}


def _expectation(error: ExpectationFailed) -> tuple[str, str]:
    """The precondition that does not hold, recognised by the code that the door gave it."""
    number = getattr(error.expect.ref, "id", "")
    match error.expect.code:
        case "run" | "experiment" | "logged_model" as kind:
            return _not_in_state(kind, number, error.actual)
        case "experiment_state":
            return MISSING, _MISSING["experiment"].format(number)
        case "experiment_rename":
            return INVALID_STATE, "Cannot rename a non-active experiment."
        case "experiment_name":
            return EXISTS, _taken(getattr(error.expect.ref, "name", ""), error.actual)
        case "param" | "params" as code:
            return INVALID, _changed_params(error, code == "param")
        case _:
            return "RESOURCE_CONFLICT", str(error)


def _not_in_state(kind: str, number: str, state: Any) -> tuple[str, str]:
    if state is None:
        return MISSING, _MISSING[kind].format(number)
    return INVALID, f"The {kind} {number} must be in the 'active' state. Current state is {state}."


def _taken(name: str, state: Any) -> str:
    if state == "deleted":
        return f"Experiment(name={name}) already exists in deleted state. Restore it, or choose another name."
    return f"Experiment(name={name}) already exists."


def _changed_params(error: ExpectationFailed, single: bool) -> str:
    assert isinstance(error.expect.that, UnsetOrEqual)
    run, wanted = getattr(error.expect.ref, "id", ""), error.expect.that.properties
    changed = [(key.removeprefix("param."), old, wanted[key]) for key, old in dict(error.actual).items()]
    if single:
        key, old, new = changed[0]
        return (
            f"Changing param values is not allowed. Param with key='{key}' was already logged with value='{old}'"
            f" for run ID='{run}'. Attempted logging new value '{new}'."
        )
    listed = [{"key": key, "old_value": old, "new_value": new} for key, old, new in changed]
    return f"Changing param values is not allowed. Params were already logged='{listed}' for run ID='{run}'."

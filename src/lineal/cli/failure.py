"""Errors as one line that says what to do next."""

from __future__ import annotations

from lineal.graph import errors

_NEXT: dict[type[Exception], str] = {
    errors.NotFound: "look for it with `lineal search WORDS`",
    errors.Unauthenticated: "give --token or LINEAL_TOKEN; `lineal token create USER --data DIR` makes one",
    errors.Unavailable: "is it running? Start one with `lineal serve`, or say --server URL or --data DIR",
    errors.Denied: "ask an admin for a grant; `lineal why REF --who YOU` tells what decides",
}


class UserError(errors.LinealError):
    """A command cannot go on; the message says what to do."""


def explain(error: Exception) -> str:
    """The error in one line, with the next step where there is a general one."""
    if isinstance(error, errors.LinealError | OSError):
        advice = next((text for kind, text in _NEXT.items() if isinstance(error, kind)), "")
        return _one_line(str(error)) + (f"; {advice}" if advice else "")
    return (
        f"{type(error).__name__}: {_one_line(str(error))}; this should not happen: "
        "run it again with --debug and report what it shows"
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())

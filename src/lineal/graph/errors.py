"""What can go wrong, in the graph's own words. A door maps each of these to its protocol's error shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from lineal.graph.change import Expect


NOT_JSON = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What msgspec raises at what is no JSON, or not of the shape asked for."""


class LinealError(Exception):
    """Base of every error that Lineal raises on purpose; `str(error)` may be shown to the caller."""


class Invalid(LinealError):
    """The request cannot be understood or breaks a rule of the graph."""


class NotFound(LinealError):
    """Nothing visible to the caller stands at this address."""


class Conflict(LinealError):
    """The change contradicts what is stored, such as a name that is taken."""


class Denied(LinealError):
    """The caller may see the entity but not do this to it."""


class Unauthenticated(LinealError):
    """Credentials are missing, unknown or expired."""


class Unavailable(LinealError):
    """The store cannot answer now; the same request may succeed later."""


class ExpectationFailed(Conflict):
    """A precondition of a change does not hold; nothing of the change was applied.

    Attributes:
        expect: the precondition, whose `code` tells a door which of its rules it stated.
        actual: what was found instead, for messages.
    """

    def __init__(self, expect: Expect, actual: Any = None) -> None:
        super().__init__(f"expected {expect.that} of {expect.ref}, found {actual!r}")
        self.expect = expect
        self.actual = actual

"""Making a change from what was read, over again when somebody else came in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lineal.catalog.session import Session
from lineal.graph.errors import Conflict, Denied, ExpectationFailed, NotFound
from lineal.protocols.addresses import CHANGED, make_way

T = TypeVar("T")
_ATTEMPTS = 20


def attempt(session: Session, make: Callable[[bool], T]) -> T:
    """Prepare a change and apply it, again when another client came in between.

    Args:
        session: of who calls.
        make: does it, with or without the data sets at the places of artifacts. They are a service to other tools;
            where the caller may not touch them, the call succeeds without.

    Raises:
        Conflict: others came in between over and over.
    """
    placed = True
    for _ in range(_ATTEMPTS):
        try:
            return make(placed)
        except ExpectationFailed as error:
            if not make_way(session, error.expect.ref) and error.expect.code != CHANGED:
                raise
        except (Denied, NotFound):
            if not placed:
                raise
            placed = False
    raise Conflict("other clients changed the same things over and over; try again")

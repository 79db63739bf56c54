"""Changes that depend on what was read: decided anew when somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from lineal.catalog.session import Session
from lineal.graph.change import AnyOperation, AtRevision, Change, Expect
from lineal.graph.errors import Conflict, ExpectationFailed, LinealError, NotFound, Unavailable
from lineal.graph.model import ById, Entity
from lineal.protocols.mlflow.errors import EXISTS, Refused

T = TypeVar("T")

AGAIN, TAKEN = "again", "taken"
"""Codes of preconditions: what was read has changed since; the name or id is somebody else's."""
_ATTEMPTS = 100


def settled(session: Session, decide: Callable[[], tuple[Sequence[AnyOperation], T]], taken: str = "") -> T:
    """Commit what `decide` reads and concludes, as if nobody else had written in between.

    Args:
        session: of the caller.
        decide: answers operations, with preconditions of the code AGAIN on what they follow from, and whatever
            the caller wants to know of it. It is asked once more for as long as a precondition does not hold.
        taken: what to say when a precondition of the code TAKEN does not hold, or an address is another's.

    Raises:
        Refused: that is so, or `decide` refuses.
        Unavailable: others were faster too often.
    """
    failure: LinealError | None = None
    for _ in range(_ATTEMPTS):
        operations, told = decide()
        try:
            if operations:
                session.commit(Change(list(operations)))
            return told
        except Conflict as error:
            if not isinstance(error, ExpectationFailed) or error.expect.code != AGAIN:
                raise Refused(EXISTS, taken) if taken else error from None
            failure = Unavailable("others change the same thing all the time; try again")
        except NotFound as error:
            # Removed for good since it was read; `decide` finds that out.
            failure = error
    raise failure or Unavailable("nothing was tried")


def unchanged(entity: Entity) -> Expect:
    """The precondition that an entity is as it was read."""
    return Expect(ById(entity.id), AtRevision(entity.revision), AGAIN)

"""Experiments, in which everything of evaluation but data sets is at home, and names that are unique within one."""

from __future__ import annotations

import time

from lineal.catalog.session import Session
from lineal.graph.change import AnyOperation, Expect, Present, PutEntity, Remove, TheExternal
from lineal.graph.model import ByExternal, ById, Entity, External
from lineal.graph.query import Compare, attribute
from lineal.protocols.base import Call
from lineal.protocols.mlflow import translate
from lineal.protocols.mlflow.errors import INVALID, Refused, invalid, missing
from lineal.protocols.mlflow.evaluation.settle import AGAIN
from lineal.protocols.mlflow.experiments import find_experiment
from lineal.protocols.mlflow.validate import MOST_FOUND

_INT32 = 2**31


def active(session: Session, number: str) -> Entity:
    """An experiment; to what asks so, a deleted one is not there.

    Raises:
        Refused: there is none to see, it is deleted, or the id is not a number.
    """
    found = find_experiment(session, number)
    if found.state != "active":
        raise missing("experiment", number)
    return found


def usable(session: Session, number: str) -> Entity:
    """An experiment; of a deleted one it is told that it is.

    Raises:
        Refused: there is none to see, it is deleted, or the id is not a number.
    """
    found = find_experiment(session, number)
    if found.state != "active":
        raise Refused(
            INVALID,
            f"The experiment {translate.experiment_id(found)} must be in the 'active' state."
            f" Current state is {found.state}.",
        )
    return found


def still_active(experiment: Entity) -> Expect:
    """The precondition that an experiment was not deleted since it was read."""
    return Expect(ById(experiment.id), Present(kind="experiment"), AGAIN)


def at_home(experiment: Entity) -> Compare:
    """The condition that an entity is at home there."""
    return attribute("home", "=", experiment.id)


def named(protocol: str, experiment: Entity, name: str) -> ByExternal:
    """The address of what has this name within an experiment."""
    return ByExternal(protocol, f"{translate.experiment_id(experiment)}/{name}")


def number_of(session: Session, entity: Entity) -> str:
    """The id of the experiment in which an entity is at home."""
    homes = session.get_many([entity.home or 0], ("external",))
    return translate.experiment_id(homes[0]) if homes else str(entity.home or 0)


def as_int32(number: str) -> int | None:
    """An experiment's id where the protocol has 32 bits for it; None when they do not suffice."""
    return int(number) if 0 <= int(number) < _INT32 else None


def user_of(call: Call) -> str | None:
    """Who asks, if a server with accounts is asked."""
    principal = call.session.principal
    return principal.name if principal.id > 0 else None


def page_size(asked: int) -> int:
    """The number of results asked for; Refused when it is out of bounds."""
    if not 1 <= asked <= MOST_FOUND:
        raise invalid(f"max_results must be between 1 and {MOST_FOUND}.")
    return asked


def moved_name(
    protocol: str, entity: Entity, experiment: Entity, names: tuple[str, str]
) -> list[AnyOperation]:
    """An address by name, moved from an old name to a new one; Conflict when that is another's."""
    old, new = (named(protocol, experiment, name) for name in names)
    if old == new:
        return []
    ref = ById(entity.id)
    return [
        Remove(ref, TheExternal(old.protocol, old.id)),
        PutEntity(ref, external=[External(new.protocol, new.id)]),
    ]


def home_of(session: Session, entity: Entity) -> Entity:
    """The experiment in which an entity is at home; NotFound when it may not be seen."""
    return session.get(ById(entity.home or 0), ("external",))


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000

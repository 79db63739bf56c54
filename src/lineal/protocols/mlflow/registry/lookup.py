"""Finding models and versions, and changing what was found."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from lineal.catalog.session import Session
from lineal.graph.change import AnyOperation, AtRevision, Change, Commit, Expect, PutEntity
from lineal.graph.errors import ExpectationFailed, NotFound
from lineal.graph.mlflow.registry import is_foreign, version_ref
from lineal.graph.model import ById, ByName, Entity, Properties
from lineal.protocols.base import Call
from lineal.protocols.mlflow.errors import MISSING, Refused
from lineal.protocols.mlflow.experiments import namespace_of
from lineal.protocols.mlflow.registry import validate

MOVED = "moved"
"""Code of an expectation that says that nobody else was quicker."""

_ATTEMPTS = 200
_TOO_LARGE = 2**63
_LONGEST_WAIT = 0.05
_MOST_FOREIGN = 10_000


class Located(NamedTuple):
    """A version, and the model that it is one of."""

    model: Entity
    version: Entity


class Registry:
    """The models of one namespace, as far as the caller may see them."""

    def __init__(self, call: Call) -> None:
        self.session: Session = call.session
        self.namespace = namespace_of(call)

    def ref(self, name: str) -> ByName:
        """The address of a model."""
        return ByName("model", name, self.namespace)

    def model(self, name: str) -> Entity:
        """A model; Refused when there is none to see."""
        found = self.session.look_up(self.ref(validate.model_name(name)), ("properties",), active=True)
        if found is None:
            raise Refused(MISSING, f"Registered Model with name={name} not found")
        return found

    def version(self, name: str, number: str) -> Located:
        """A version; Refused when there is none to see."""
        validate.model_name(name)
        wanted = validate.version(number)
        model = self.session.look_up(self.ref(name), ("properties",), active=True)
        if model is not None:
            with contextlib.suppress(NotFound):
                return Located(model, self.numbered(model, wanted))
        raise Refused(MISSING, f"Model Version (name={name}, version={wanted}) not found")

    def numbered(self, model: Entity, number: int) -> Entity:
        """The version of a model with this number; NotFound when there is none to see."""
        found = self.session.look_up(version_ref(model, number), ("properties",), active=True)
        if found is not None:
            return found
        foreign = self._active(number) if 0 < number < _TOO_LARGE else None
        if foreign and foreign.home == model.id and _is_version_of_another_tool(foreign):
            return foreign
        raise NotFound(f"no version {number} of {model.name!r}")

    def _active(self, number: int) -> Entity | None:
        return self.session.look_up(ById(number), ("properties",), active=True)

    def commit(self, build: Callable[[], Sequence[AnyOperation]]) -> Commit:
        """Commit what `build` makes of what it reads, anew whenever somebody else was quicker.

        Raises:
            Refused: others were quicker every time.
        """
        for attempt in range(_ATTEMPTS):
            try:
                return self.session.commit(Change(list(build())))
            except ExpectationFailed as error:
                if error.expect.code != MOVED:
                    raise
            time.sleep(random.random() * min(0.001 * attempt, _LONGEST_WAIT))
        raise Refused(
            "TEMPORARILY_UNAVAILABLE", "The model is being changed by others all the time; try again."
        )

    def mark(self, find: Callable[[], Entity], properties: Properties) -> None:
        """Change properties of a model or a version without making it newer, as MLflow does with tags."""

        def build() -> list[AnyOperation]:
            found = find()
            put = PutEntity(ById(found.id), kind=found.kind, properties=properties, updated=found.updated)
            return [unchanged(found), put]

        self.commit(build)


def _is_version_of_another_tool(entity: Entity) -> bool:
    return entity.kind == "model_version" and is_foreign(entity)


def unchanged(entity: Entity) -> Expect:
    """That nobody has changed the entity since it was read."""
    return Expect(ById(entity.id), AtRevision(entity.revision), MOVED)


def now() -> int:
    """Milliseconds since the epoch."""
    return int(time.time() * 1000)
